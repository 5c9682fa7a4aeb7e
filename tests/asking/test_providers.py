"""The plug point: what a provider must be, and each of those that come with the tool."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from asking import KEY, ask_all, endpoint, logged, request, requests, work
from cases import first
from loopback_server import Seen, Server, error, reply
from places import ROOT

from bias_harness.asking import Tally, Work, in_loop, providers
from bias_harness.asking.providers import Context, Provider, create
from bias_harness.design.experiment import Endpoint, Plant
from bias_harness.errors import FatalError, InputError, TransientError
from bias_harness.outcome import Outcome
from bias_harness.plugins import Plugin
from bias_harness.vocabulary import Response, Trial

DOCS = ROOT / "docs" / "running.md"
EIGHT_LINES = DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    (tmp_path / "parrot.py").write_text(EIGHT_LINES)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("parrot", "parrot:create", "bias_harness.providers")
    monkeypatch.setattr(providers, "plugins", lambda kind: {"parrot": Plugin(kind, "parrot", "parrot 1", point)})
    return Endpoint(name="polly", provider="parrot")


def test_a_provider_can_be_written_in_eight_lines(parrot: Endpoint, tmp_path: Path) -> None:
    assert sum(bool(line.strip()) for line in EIGHT_LINES.splitlines()) == 8
    provider = create(parrot, Context())
    assert isinstance(provider, Provider)
    in_loop(ask_all(tmp_path, [Work(parrot, provider, requests(50, "polly"), Tally("polly", 50))]))
    assert [line["text"] for line in logged(tmp_path)] == [f"question {n}" for n in range(50)]


def test_a_name_that_no_provider_has_is_said_with_the_nearest(parrot: Endpoint) -> None:
    with pytest.raises(InputError, match="there is no provider 'parott'; did you mean 'parrot'"):
        create(replace_provider(parrot, "parott"), Context())


def replace_provider(of: Endpoint, name: str) -> Endpoint:
    return of.model_copy(update={"provider": name})


@pytest.mark.parametrize("name", ["openai_compatible", "anthropic"])
@pytest.mark.parametrize("bad", ["", "  ", "sk-ab\ncd", "sk ab", "sk-ä"])
def test_a_key_that_cannot_be_sent_is_refused_before_anything_is_asked(name: str, bad: str) -> None:
    of = Endpoint(name="e", provider=name, model="m", api_key_env="K")
    with pytest.raises(InputError, match="the variable K") as refused:
        create(of, Context({"K": bad}))
    assert bad.strip() == "" or bad not in str(refused.value)


def test_openai_itself_needs_its_own_variable() -> None:
    with pytest.raises(InputError, match="OPENAI_API_KEY is not set"):
        create(Endpoint(name="e", model="gpt-4o-mini"), Context())


def test_an_account_at_openai_is_not_told_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    with Server() as server:
        in_loop(ask_all(tmp_path, [work(endpoint(server.base_url), requests(1))]))
    assert not any(name.startswith("openai-") for name in server.seen[0].headers)


MESSAGE = {
    "type": "message",
    "model": "claude-x-20260101",
    "stop_reason": "end_turn",
    "content": [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "€ 65."},
        {"type": "text", "text": "000"},
    ],
    "usage": {"input_tokens": 12, "output_tokens": 7},
}


def anthropic(server: Server) -> Endpoint:
    return endpoint(server.base_url.removesuffix("/v1"), provider="anthropic")


def test_anthropics_messages_are_asked_and_read(tmp_path: Path) -> None:
    with Server(lambda _: [reply(json.dumps(MESSAGE).encode())]) as server:
        in_loop(ask_all(tmp_path, [work(anthropic(server), [request(1)])]))
    (seen,) = server.seen
    assert seen.path == "/v1/messages"
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["anthropic-version"] == "2023-06-01"
    assert seen.body == {"max_tokens": 20, "model": "m", "messages": [{"role": "user", "content": "question 1"}]}
    (line,) = logged(tmp_path)
    assert (line["text"], line["finish_reason"], line["served_model"]) == ("€ 65.000", "end_turn", "claude-x-20260101")
    assert line["usage"] == {
        "input_tokens": 12,
        "output_tokens": 7,
        "cost": None,
        "reserved": None,
        "cached_tokens": None,
    }
    assert line["seed"] is None


def test_anthropic_says_no_in_its_own_words(tmp_path: Path) -> None:
    def no(_: Seen):
        body = {"type": "error", "error": {"type": "authentication_error", "message": f"invalid x-api-key {KEY}"}}
        return [reply(json.dumps(body).encode(), 401)]

    async def scene(server: Server) -> str | None:
        doing = work(anthropic(server), requests(10))
        await ask_all(tmp_path, [doing])
        return doing.tally.stopped

    with Server(no) as server:
        stopped = in_loop(scene(server))
    assert stopped == "loop: HTTP 401: authentication_error invalid x-api-key [key]"


def test_an_overloaded_anthropic_is_asked_again(tmp_path: Path) -> None:
    def behave(seen: Seen):
        return [error(529, "Overloaded")] if seen.number < 2 else [reply(json.dumps(MESSAGE).encode())]

    with Server(behave) as server:
        in_loop(ask_all(tmp_path, [work(anthropic(server), [request(1)])]))
    assert logged(tmp_path)[0]["attempts"] == 3


def trial(level: str = "male", language: str = "en", attribute: str = "gender") -> Trial:
    return Trial("sim", language, "terse", "p1", attribute, level, 0, "", 0, 0)


def simulate(plant: Plant, level: str, count: int = 400, language: str = "en", currency: str = "USD") -> list[Response]:
    provider = create(
        Endpoint(name="sim", provider="simulated", plant=plant),
        Context(persona_fields={"p1": "law"}, outcome=Outcome(currency=currency)),
    )

    async def answers() -> list[Response]:
        asked = (replace(request(n, "sim"), trial=trial(level, language)) for n in range(count))
        return [await provider.ask(each) for each in asked]

    return in_loop(answers())


def amounts(answers: list[Response], language: str = "en", currency: str = "USD") -> list[float]:
    """Read by the reader itself, so that every phrase of the advisor is one that it understands."""
    from bias_harness.reading.answers import read_response

    read = [read_response(a, language=language, prompt=None, outcome=Outcome(currency=currency)) for a in answers]
    bad = {a.text for a, r in zip(answers, read, strict=True) if r.status not in ("ok", "refused")}
    assert not bad, bad
    return [r.annual for r in read if r.annual is not None]


@pytest.mark.parametrize(("language", "currency"), first(1, [("en", "USD"), ("nl", "EUR"), ("en", "GBP")]))
def test_the_simulated_advisor_says_what_was_planted(language: str, currency: str) -> None:
    plant = Plant(gaps={"gender": {"female": -0.1}}, trial_sd=0, profile_sd=0, base=100_000, heap=1_000)
    reference = amounts(simulate(plant, "male", language=language, currency=currency), language, currency)
    level = amounts(simulate(plant, "female", language=language, currency=currency), language, currency)
    assert len(reference) == len(level) == 400
    assert sum(level) / sum(reference) - 1 == pytest.approx(-0.1, abs=0.006)


def test_the_simulated_advisor_knows_a_level_only_through_its_plant() -> None:
    plant = Plant(gaps={"gender": {"female": -0.1}}, trial_sd=0.1)
    assert [r.text for r in simulate(plant, "male")] == [r.text for r in simulate(plant, "nonbinary")]
    assert [r.text for r in simulate(plant, "male")] != [r.text for r in simulate(plant, "female")]


def said_in(plant: Plant, *trials: Trial, seed: int | None = 7) -> list[float]:
    """The logs of the amounts, each of so many jobs and ways of saying it."""
    provider = create(Endpoint(name="sim", provider="simulated", plant=plant), Context())

    async def answers() -> list[Response]:
        asked = (replace(request(n, "sim"), trial=one, seed=seed) for n, one in enumerate(trials))
        return [await provider.ask(each) for each in asked]

    return [math.log(a) for a in amounts(in_loop(answers()))]


def test_any_way_of_saying_it_moves_the_answers_as_planted() -> None:
    """Edits of the reference level like expressions of the others; the same in every job, and besides in each."""
    forms = [replace(trial(), edit=f"e{n}") for n in range(400)]
    plain = {"trial_sd": 0, "profile_sd": 0, "heap": 0}
    assert statistics.pstdev(said_in(Plant(**plain), *forms)) == pytest.approx(0, abs=1e-4)
    assert statistics.stdev(said_in(Plant(**plain, word_sd=0.02), *forms)) == pytest.approx(0.02, rel=0.15)
    jobs = [replace(one, persona=f"j{n}/s/p") for n in range(400) for one in (trial(), trial("female"))]
    same = said_in(Plant(**plain, word_sd=0.02), *jobs)
    assert statistics.pstdev(same[::2]) == pytest.approx(0, abs=1e-4)
    apart = said_in(Plant(**plain, word_job_sd=0.02), *jobs)
    assert statistics.stdev(apart[::2]) == pytest.approx(0.02, rel=0.15)


def test_gaps_vary_over_jobs_and_answers_share_their_seed_as_planted() -> None:
    plain = {"profile_sd": 0, "heap": 0, "gaps": {"gender": {"female": 0.0}}}
    jobs = [replace(trial(level), persona=f"j{n}/s/p") for n in range(400) for level in ("male", "female")]
    made = said_in(Plant(**plain, trial_sd=0, job_gap_sd=0.03), *jobs)
    gaps = [b - a for a, b in zip(made[::2], made[1::2], strict=True)]
    assert statistics.stdev(gaps) == pytest.approx(0.03, rel=0.15)
    assert statistics.pstdev(made[::2]) == pytest.approx(0, abs=1e-4)
    noise = said_in(Plant(**plain, trial_sd=0.1, seed_correlation=0.75), *[trial()] * 400)
    assert statistics.stdev(noise) == pytest.approx(0.05, rel=0.15)


def test_rare_jumps_fall_on_the_level_they_are_planted_on() -> None:
    plant = Plant(jumps={"gender": {"female": 0.1}}, trial_sd=0, profile_sd=0)
    for level, share in (("female", 0.1), ("male", 0.0)):
        read = amounts(simulate(plant, level, 1_000))
        assert sum(a < 45_000 for a in read) / 1_000 == pytest.approx(share, abs=0.03)


def test_the_simulated_advisor_repeats_itself_by_its_seed() -> None:
    texts = [[r.text for r in simulate(Plant(seed=seed), "male", 50)] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_the_simulated_advisor_refuses_as_often_as_planted() -> None:
    plant = Plant(refusals={"gender": {"female": 0.3}}, refusal_rate=0.05)
    shares = [1 - len(amounts(simulate(plant, level, 1_000))) / 1_000 for level in ("female", "male")]
    assert shares == [pytest.approx(0.3, abs=0.05), pytest.approx(0.05, abs=0.025)]


def test_the_simulated_advisor_heaps_and_varies_its_words() -> None:
    read = amounts(simulate(Plant(heap=5_000, trial_sd=0.2), "male"))
    assert all(a % 5_000 == 0 for a in read)
    shapes = Counter("".join("0" if c.isdigit() else c for c in r.text or "") for r in simulate(Plant(), "male"))
    assert len(shapes) >= 6


def test_planted_faults_strike_once_each() -> None:
    provider = create(Endpoint(name="sim", provider="simulated", plant=Plant(fault_rate=0.2)), Context())

    async def scene() -> list[int]:
        struck = []
        for number in range(300):
            asked = replace(request(number, "sim"), trial=trial())
            try:
                await provider.ask(asked)
            except TransientError:
                struck.append(number)
                await provider.ask(asked)
        with pytest.raises(FatalError, match="only trials of an experiment"):
            await provider.ask(request(1))
        return struck

    assert 35 < len(in_loop(scene())) < 90
