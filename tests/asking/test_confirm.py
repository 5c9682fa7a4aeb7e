"""`confirm:`: a second turn about an answer is kept beside it, told by level, and changes no number."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cases import first
from command_line import type_in
from loopback_server import Seen, Server, Step, completion, reply

from bias_harness import pipeline
from bias_harness.errors import InputError
from bias_harness.results import Found, RunFolder, merge
from bias_harness.results.in_flight import InFlight, left_in_flight
from bias_harness.runs import Run

EXPERIMENT = """\
experiment: advice
personas: {people: us-jobs, jobs: 8}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse]
rotation: {edits: 3, expressions: 3, reference_answers: 3, level_answers: 3}
"""
BOT = """\
import json, zlib
from pathlib import Path

def reply(messages):
    with Path("asked.jsonl").open("a") as file:
        file.write(json.dumps(messages) + "\\n")
    place = zlib.crc32(messages[0]["content"].encode()) % 100
    amount = 60_000 + 500 * place
    if len(messages) > 1:
        said = None if place < 10 else amount + (20_000 if place > 89 else 0)
        return json.dumps({"amount": said, "currency": "USD", "period": "year"})
    if place < 10:
        return "I'm sorry, but I can't give a specific salary figure."
    if place < 30:
        return "Aim high, but stay realistic; you know your own worth best."
    return f"I would ask for ${amount:,} a year."
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a product that at times refuses, says nothing, or names another amount afterwards."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "bot_confirm.py").write_text(BOT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(confirm: str | None, endpoint: str = 'function: "bot_confirm:reply"', more: str = "") -> str:
    said = "" if confirm is None else f"confirm: {confirm}\n"
    path = Path("experiments/advice.yaml")
    path.write_text(f"{EXPERIMENT}{said}{more}endpoints:\n  - {{name: bot, {endpoint}}}\n")
    return str(path)


def ran(confirm: str | None, name: str, endpoint: str = 'function: "bot_confirm:reply"') -> Run:
    return pipeline.run(pipeline.load_experiment(written(confirm, endpoint)), name=name)


def conversations() -> list[list[dict[str, str]]]:
    return [json.loads(line) for line in Path("asked.jsonl").read_text().splitlines()]


def test_the_answers_and_their_numbers_stay_what_they_were(place: Path) -> None:
    plain, asked = ran(None, "plain"), ran("all", "asked")
    assert asked.audit.digests == plain.audit.digests
    assert asked.audit.digest == plain.audit.digest
    columns = ["key", "status", "annual", "reason"]
    assert asked.observations[columns].equals(plain.observations[columns])
    assert asked.estimates.to_dict() == plain.estimates.to_dict()
    assert asked.manifest.endpoints["bot"].answered == plain.manifest.endpoints["bot"].answered
    assert plain.confirmations is None


def test_a_second_turn_goes_on_with_the_same_conversation(place: Path) -> None:
    run = ran("all", "asked")
    first, second = ([c for c in conversations() if len(c) == n] for n in (1, 3))
    assert len(second) == len(first) == len(run.observations["key"].unique())
    opened = {c[0]["content"]: c for c in first}
    for question, answer, again in second:
        assert [m["role"] for m in (question, answer, again)] == ["user", "assistant", "user"]
        assert question["content"] in opened
        assert "Which one gross amount a year in US dollars" in again["content"]


def test_each_account_stands_under_one_word_by_level(place: Path) -> None:
    run = ran("all", "asked")
    found = run.confirmations
    assert found is not None
    status = run.observations.astype({"level": str, "status": str})
    for level in found.levels:
        own = status[status["level"] == level.level]
        counts = own["status"].value_counts()
        assert level.asked == len(own)
        assert level.unread_named == counts.get("no_amount", 0) + counts.get("ambiguous", 0)
        assert level.alike + level.other == counts.get("ok", 0) + counts.get("refused", 0)
    assert sum(level.other for level in found.levels) > 0
    assert sum(level.unread_named for level in found.levels) > 0
    said = " ".join(run.headlines)
    named = sum(level.unread_named for level in found.levels)
    assert f"{named} answers could not be read; asked again which amount was meant, {named} gave one" in said


def test_nothing_is_asked_twice(place: Path) -> None:
    ran("all", "asked")
    before = len(conversations())
    ran("all", "asked")
    assert len(conversations()) == before


def test_only_what_could_not_be_read_is_asked_about_where_that_is_wanted(place: Path) -> None:
    run = ran("unread", "asked")
    unread = run.observations["status"].astype(str).isin(["no_amount", "ambiguous"])
    asked_again = [c for c in conversations() if len(c) == 3]
    assert len(asked_again) == len(run.observations.loc[unread, "key"].unique()) > 0
    assert run.observations.loc[unread, "annual"].isna().all()


@pytest.mark.parametrize(
    ("confirm", "each"), first(2, [("{sample: 5}", 5), ("{sample: 25%}", 6), ("{sample: 1000}", 24)])
)
def test_a_sample_has_as_many_of_each_level(place: Path, confirm: str, each: int) -> None:
    run = ran(confirm, "asked")
    assert run.confirmations is not None
    assert {level.level: level.asked for level in run.confirmations.levels} == {"female": each, "male": each}
    assert pipeline.plan(run.audit).endpoints[0].second_turns == 2 * each
    assert ran(confirm, "again").confirmations == run.confirmations


@pytest.mark.parametrize(
    ("confirm", "said"),
    [
        ("most", "all, unread, or a sample"),
        ("{sample: 1.5}", "a share of each level's answers"),
        ("{sample: 0}", "a share of each level's answers"),
        ("{sampel: 3}", "'sampel' is not a key here"),
    ],
)
def test_what_cannot_be_is_said_with_its_line(place: Path, confirm: str, said: str) -> None:
    with pytest.raises(InputError, match=r"advice.yaml, line 6") as caught:
        pipeline.load_experiment(written(confirm))
    assert said in str(caught.value)


def test_an_endpoint_that_takes_one_question_is_told_apart(place: Path) -> None:
    alone = 'http: {url: "http://127.0.0.1:9/x", body: {question: "{question}"}}'
    with pytest.raises(InputError, match="the endpoint 'bot' is sent one question alone"):
        pipeline.load_experiment(written("all", alone))


def test_scores_are_not_confirmed(place: Path) -> None:
    score = "outcome: {measure: score, label: {en: grade}, unit: {en: points}, plausible: [1, 10]}\n"
    with pytest.raises(InputError, match="none is read from a text here"):
        pipeline.load_experiment(written("all", more=score + "analysis: {smallest_difference: 0.5}\n"))


def _in_words(messages: Sequence[dict[str, Any]]) -> str:
    """A fixed advice, and afterwards the amount that stands in it."""
    told = [m for m in messages if m["role"] == "assistant"]
    if not told:
        return "I would ask for $81,000 a year."
    found = re.search(r"\$([\d,]+)", told[-1]["content"])
    assert found is not None
    return f'{{"amount": {found[1].replace(",", "")}}}'


def chat(seen: Seen) -> Sequence[Step]:
    return [reply(completion(_in_words(seen.body["messages"])))]


def anthropic(seen: Seen) -> Sequence[Step]:
    text = {"type": "text", "text": _in_words(seen.body["messages"])}
    usage = {"input_tokens": 10, "output_tokens": 5}
    made = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [text], "usage": usage}
    return [reply(json.dumps(made | {"stop_reason": "end_turn", "stop_sequence": None}).encode())]


def product(seen: Seen) -> Sequence[Step]:
    return [reply(json.dumps({"said": _in_words(seen.body["talk"])}).encode())]


@pytest.mark.parametrize(
    ("behave", "endpoint"),
    first(
        2,
        [
            (chat, 'model: m, base_url: "URL"'),
            (anthropic, 'provider: anthropic, model: m, base_url: "URL", api_key_env: CONFIRM_KEY'),
            (product, 'http: {url: "URL/ask", body: {talk: "{messages}"}, text_at: said}'),
            (None, "plant: {}"),
        ],
    ),
)
def test_every_door_takes_a_second_turn(
    place: Path, behave: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIRM_KEY", "none-is-needed-here")
    if behave is None:
        run = ran("all", "asked", endpoint)
    else:
        with Server(behave) as server:
            run = ran("all", "asked", endpoint.replace("URL", server.base_url))
    assert not run.stopped
    assert run.confirmations is not None
    assert all(level.alike == level.asked == 24 for level in run.confirmations.levels)


def test_second_turns_are_in_the_plan_and_in_the_budget(place: Path) -> None:
    with Server(chat) as server:
        paid = f'model: m, base_url: "{server.base_url}", price: {{input_per_million: 1000, output_per_million: 1000}}'
        plain = pipeline.plan(pipeline.load_experiment(written(None, paid))).endpoints[0]
        audit = pipeline.load_experiment(written("all", paid))
        more = pipeline.plan(audit).endpoints[0]
        assert more.requests == plain.requests == more.second_turns
        assert more.input_tokens > 2 * plain.input_tokens
        assert all(getattr(more, p) > getattr(plain, p) for p in ("price_low", "price_usual", "price_high"))
        stopped = pipeline.run(audit, name="poor", budget=48 * 0.015 + 1.5)
        counted = Counter(
            seen.body["messages"][-2]["role"] == "assistant"
            for seen in server.seen[1:]
            if len(seen.body["messages"]) > 1
        )
        assert 0 < counted[True] < 48
        assert "the budget of US$ 2.22 is used up" in stopped.stopped[0]
        assert stopped.manifest.endpoints["bot"].in_all.cost == pytest.approx(0.015 * (48 + counted[True]))
        whole = pipeline.run(audit, name="poor", budget=10)
    assert not whole.stopped
    assert whole.manifest.status == "success"
    assert whole.manifest.endpoints["bot"].in_all.answered == 48


def test_a_recording_keeps_its_second_turns_and_a_check_tells_them(place: Path) -> None:
    path = written("all")
    for words in (("record", path, "--into", "fixture"), ("accept", "fixture", "--why", "the first")):
        assert type_in(*words, cwd=place).returncode == 0
    asked = len(conversations())
    said = type_in("check", "fixture", "--offline", cwd=place).stdout
    assert "48 recorded answers, and 48 second turns" in said
    assert "asked again" in said
    assert "the models name what was read in" in said
    replayed = ran("all", "replayed", "run: fixture")
    assert len(conversations()) == asked
    assert [level.alike for level in replayed.confirmations.levels] == [
        level.alike for level in pipeline.load_run("fixture").confirmations.levels
    ]


def test_a_model_that_misreports_its_advice_to_one_level_raises_an_alarm_and_moves_nothing(place: Path) -> None:
    jobs = EXPERIMENT.replace("jobs: 8", "jobs: 40")
    runs = {}
    for name, plant in (("one", "{gender: {female: 30%}}"), ("both", "{gender: {female: 30%, male: 30%}}")):
        Path("experiments/advice.yaml").write_text(
            f"{jobs}confirm: all\nendpoints:\n  - {{name: bot, plant: {{misreports: {plant}}}}}\n"
        )
        runs[name] = pipeline.run(pipeline.load_experiment("experiments/advice.yaml"), name=name)
    one, both = (runs[name].confirmations for name in ("one", "both"))
    assert {(a.level, a.what) for a in one.alarms} == {("female", "differ"), ("female", "shift")}
    assert not both.alarms
    assert runs["one"].judgements.items == runs["both"].judgements.items
    assert "Nothing here was corrected by it" in " ".join(runs["one"].headlines)


def test_second_turns_are_counted_apart_from_a_full_parts_index(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bias_harness.results.log.PART_LINES", 20)
    run = ran("all", "asked")
    before = len(conversations())
    assert len(run.folder.logs) > 1
    again = ran("all", "asked")
    assert len(conversations()) == before
    assert again.manifest.endpoints["bot"].in_all == run.manifest.endpoints["bot"].in_all
    assert again.manifest.endpoints["bot"].in_all.answered == 48
    assert run.responses().column("confirms").null_count == 48


def test_parts_are_merged_with_their_second_turns_and_twice_is_once(place: Path) -> None:
    audit = pipeline.load_experiment(written("all"))
    parts = [pipeline.run(audit, shard=(i, 2)).folder for i in (1, 2)]
    whole = RunFolder(place / "results/whole")
    assert merge(parts, whole).added == 96
    assert merge(parts, whole).added == 0
    merged = pipeline.load_run(whole.path)
    assert merged.manifest.endpoints["bot"].in_all.answered == 48
    assert merged.manifest.status == "success"
    assert merged.confirmations == ran("all", "asked").confirmations


def test_what_is_in_flight_is_known_as_a_second_turn_after_a_crash(tmp_path: Path) -> None:
    flying = InFlight(tmp_path / "flight")
    flying.hold("a" * 64, "bot", 0.5, "b" * 64)
    flying.hold("c" * 64, "bot", 0.5)
    found = Found()
    for response in left_in_flight(tmp_path / "flight"):
        found.take(response)
    assert found.endpoints["bot"].failed == 1
    assert found.cost == 1.0
    assert "a" * 64 not in found.settled()
