"""Probabilities instead of draws: walked on a begun answer, or beside the one answer of an endpoint; never made up."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from asking import KEY
from loopback_server import Seen, Server, completion, reply

from bias_harness.asking.providers import Context, create, embedded
from bias_harness.asking.providers.walking import alternatives, at_temperature, beside, walk
from bias_harness.asking.received import received
from bias_harness.design.experiment import Endpoint, Experiment
from bias_harness.errors import FatalError, TransientError
from bias_harness.outcome import Outcome
from bias_harness.probabilities import SENT, Probabilities
from bias_harness.results.lines import dump_line, read_line
from bias_harness.vocabulary import Branch, Distribution, Message, Request, Response

ANSWERS = {"48,000": 0.3, "52,500": 0.25, "120,000": 0.2, "95000": 0.12, "85k": 0.09, "about 70,000": 0.04}
"""What a model answers behind its dollar sign, and how often."""
OUTCOME = Outcome(probabilities=Probabilities(begins="$"))


def letters(so_far: str, answers: dict[str, float] = ANSWERS) -> list[tuple[str, float]]:
    """The next letter of a model that writes one letter a token; nothing where the answer ends."""
    counts: Counter[str] = Counter()
    for text, share in answers.items():
        whole = f"${text}"
        if whole.startswith(so_far):
            counts[whole[len(so_far) : len(so_far) + 1]] += share  # type: ignore[assignment]
    total = sum(counts.values())
    return [(letter, share / total) for letter, share in counts.items()]


def test_a_walk_finds_every_amount_to_its_length_with_its_probability() -> None:
    found = walk("$", letters)
    said = {branch.text: round(branch.probability, 4) for branch in found.branches}
    assert said == {"48,": 0.3, "52,": 0.25, "120,": 0.2, "95000\n": 0.12, "85k": 0.09, "a": 0.04}
    assert found.questions < 20


def test_a_branch_of_less_than_a_hundredth_is_not_walked_and_stays_as_it_is() -> None:
    found = walk("$", lambda so_far: letters(so_far, {"48,000": 0.995, "700,000": 0.005}))
    assert {branch.text for branch in found.branches} == {"48,", "7"}


def test_a_walk_ends_when_enough_is_known() -> None:
    asked: list[str] = []

    def ask(so_far: str) -> list[tuple[str, float]]:
        asked.append(so_far)
        return letters(so_far, {"48,000": 0.93, "512345678": 0.07})

    walk("$", ask)
    assert asked == ["$", "$4", "$48"]


def test_a_temperature_is_what_drawing_at_it_would_give() -> None:
    cooler = dict(at_temperature([("a", 0.8), ("b", 0.2)], 0.5))
    assert cooler["a"] == pytest.approx(0.64 / 0.68)
    assert at_temperature([("a", 0.8)], 1) == [("a", 0.8)]
    left_out = dict(at_temperature([("a", 0.5), ("b", 0.25)], 0.5))
    assert sum(left_out.values()) < 1  # what is beyond the alternatives keeps a share


class LettersEngine:
    """The local engine, of a model that writes one letter a token."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def handle_chat_completions(self, body: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(body)
        found = letters(body["messages"][-1]["content"])
        top = [{"token": text, "logprob": math.log(share)} for text, share in found]
        content = [{**top[0], "top_logprobs": top}] if body.get("logprobs") else None
        choice = {"message": {"content": "x"}, "finish_reason": "length", "logprobs": {"content": content}}
        return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}


def begun(**sampling: Any) -> Request:
    messages = (Message("user", "What salary should I ask for?"), Message("assistant", "$"))
    return Request("a" * 64, "local", "m", messages, {"temperature": 1.0, **SENT, **sampling}, 0, 5)


async def _asked(provider: Any, request: Request) -> Response:
    try:
        return await provider.ask(request)
    finally:
        await provider.aclose()


def run(provider: Any, request: Request) -> Response:
    import asyncio

    return asyncio.run(_asked(provider, request))


def test_the_local_model_is_asked_one_token_at_a_time_on_the_begun_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LettersEngine()
    monkeypatch.setattr(embedded, "start", lambda _: engine)
    response = run(embedded.Embedded(Path("m.gguf"), "M", "tiny model"), begun(max_tokens=24))
    assert {body["max_tokens"] for body in engine.sent} == {1}
    assert [body["messages"][-1]["content"] for body in engine.sent][:2] == ["$", "$4"]
    assert response.probabilities is not None
    assert response.probabilities.branches[0] == Branch("48,", 0.3)
    assert response.text.startswith("$48,… 30 %")
    assert (response.usage.input_tokens, response.usage.output_tokens) == (9, len(engine.sent))


def test_an_engine_without_log_probabilities_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LettersEngine()
    monkeypatch.setattr(embedded, "start", lambda _: engine)
    with pytest.raises(FatalError, match="took logprobs and top_logprobs and gave none"):
        run(embedded.Embedded(Path("m.gguf"), "M", "tiny model"), begun(logprobs=False))


def place(drawn: str, others: dict[str, float], log: float | None = None) -> dict[str, Any]:
    top = [{"token": text, "logprob": math.log(share)} for text, share in others.items()]
    logprob = log if log is not None else next(t["logprob"] for t in top if t["token"] == drawn)
    return {"token": drawn, "logprob": logprob, "top_logprobs": top}


GROUPS = {"48": 0.4, "52": 0.3, "120": 0.2}
COMMAS = {"content": [place("$", {"$": 0.9, "I": 0.1}), place("48", GROUPS), place(",", {",": 0.9, ".": 0.1})]}


def test_beside_an_answer_the_alternatives_of_the_first_digits_are_kept() -> None:
    found = beside("$", COMMAS)
    assert found == Distribution("$", (Branch("48", 0.4), Branch("52", 0.3), Branch("120", 0.2)), 1, ",")


def test_what_was_drawn_before_the_digits_must_be_the_stated_beginning() -> None:
    assert beside("$", {"content": [place("Ask for $", {"Ask for $": 0.5, "$": 0.5}), *COMMAS["content"][1:]]}) is None
    assert beside("€", COMMAS) is None
    assert beside("$", {"content": [place("No", {"No": 0.5, "$": 0.5})]}) is None


def test_a_token_that_was_not_looked_at_has_no_probability_and_the_drawn_one_counts_once() -> None:
    odd = place("48", {"48": 0.4, "52": 0.3})
    odd["top_logprobs"] += [{"token": "7", "logprob": -9999.0}, {"token": "8", "logprob": 0.5}, {"token": "9"}]
    assert dict(alternatives(odd)) == {"48": pytest.approx(0.4), "52": pytest.approx(0.3)}
    outside = place("99", {"48": 0.4, "52": 0.3}, log=math.log(0.01))
    assert dict(alternatives(outside))["99"] == pytest.approx(0.01)


def endpoint_answering(logprobs: Any) -> Any:
    def behave(seen: Seen) -> list[bytes]:
        assert seen.body["logprobs"] is True
        assert seen.body["top_logprobs"] == 20
        return [reply(completion("$48,000", logprobs=logprobs))]

    return behave


def hosted(server: Server) -> Any:
    endpoint = Endpoint(name="e", model="m", base_url=server.base_url, api_key_env="A_KEY")
    return create(endpoint, Context({"A_KEY": KEY}, outcome=OUTCOME))


def question() -> Request:
    return Request("a" * 64, "e", "m", (Message("user", "How much?"),), {"temperature": 1.0, **SENT}, 0)


def test_an_endpoint_gives_its_probabilities_in_the_one_call() -> None:
    with Server(endpoint_answering(COMMAS)) as server:
        response = run(hosted(server), question())
        assert len(server.seen) == 1
    assert response.text == "$48,000"
    assert response.probabilities == beside("$", COMMAS)


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, {"content": None}, {"content": []}, {"content": [{"token": "$", "logprob": 0.0, "top_logprobs": []}]}],
    ids=["null", "empty", "null content", "no content", "no alternatives"],
)
def test_an_endpoint_that_takes_logprobs_and_gives_none_is_a_clear_error(logprobs: Any) -> None:
    with Server(endpoint_answering(logprobs)) as server, pytest.raises(FatalError, match="gave none with its answer"):
        run(hosted(server), question())


KEPT = Response(
    "a" * 64, "e", "$48,000", "stop", "m", None, "2026-11-25T12:00:00+00:00", probabilities=beside("$", COMMAS)
)


def test_probabilities_are_kept_in_the_log_as_they_came() -> None:
    assert read_line(dump_line(KEPT)) == KEPT


@pytest.mark.parametrize("odd", [-0.1, 0.9])
def test_probabilities_that_cannot_be_are_no_response_and_no_line(odd: float) -> None:
    wrong = Distribution("$", (Branch("48", 0.4), Branch("52", odd)), 1)
    with pytest.raises(TransientError, match="add up to more than 1"):
        received(question(), Response("a" * 64, "e", "$48,000", "stop", "m", None, "", probabilities=wrong))
    line = json.loads(dump_line(KEPT))
    line["probabilities"]["branches"][1]["probability"] = odd
    assert read_line(json.dumps(line).encode()) is None


LOCAL = {"name": "local", "provider": "embedded", "model": "smollm2-135m"}
HOSTED = {"name": "e", "model": "m", "base_url": "http://127.0.0.1:1/v1"}


@pytest.mark.parametrize(
    ("endpoint", "changes", "said"),
    [
        ({"name": "a", "provider": "anthropic", "model": "m"}, {}, "gives no probabilities"),
        (HOSTED, {"sampling": {"temperature": 0.7}}, "agree at temperature 1"),
        (LOCAL, {"sampling": {"temperature": 0}}, "from 0.1 to 1"),
        (LOCAL, {"sampling": {"top_p": 0.9}}, "leave sampling.top_p out"),
        (LOCAL, {"repeats": 3}, "the same each time"),
        (LOCAL, {"outcome": {"format": "json"}}, "leave outcome.format out"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused_in_a_sentence(endpoint: Any, changes: Any, said: str) -> None:
    outcome = {"probabilities": {"begins": "$"}, **changes.get("outcome", {})}
    data = {"experiment": "x", "personas": {"people": "p"}, "attributes": ["gender"], "endpoints": [endpoint]}
    with pytest.raises(ValueError, match=said):
        Experiment(**{**data, **changes, "outcome": outcome})
