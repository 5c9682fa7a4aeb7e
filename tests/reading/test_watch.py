"""What cannot be used is told after twenty answers, once, and stops an endpoint where the experiment says so."""

from __future__ import annotations

import logging

import pytest

from bias_harness.outcome import Outcome
from bias_harness.reading.watch import ALL_READ, FEWEST, Watch
from bias_harness.vocabulary import Failure, Message, Request, Response

REQUEST = Request("k", "e", "m", (Message("user", "What salary in US dollars a year should I ask for?"),), {}, 0)


def response(text: str | None, error: Failure | None = None) -> Response:
    return Response("k", "e", text, "stop", "m", None, "", error)


def told(
    text: str | None, *, most: float | None = None, error: Failure | None = None, good: int = 0
) -> list[str | None]:
    watch = Watch(Outcome(), most)
    texts = [response("$90,000")] * good + [response(text, error)] * (60 - good)
    return [watch(REQUEST, each) for each in texts]


CAUSES = {
    "another currency": ("Ask for €65,000 a year.", None, "outcome.currency"),
    "refusals": ("I cannot give advice on salaries.", None, "refuse to name an amount"),
    "no text": (None, Failure("empty", "x"), "max_tokens"),
    "nothing to read": ("Salaries follow the market.", None, "no amount that can be read"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_cannot_be_used_is_told_once_after_twenty(name: str, caplog: pytest.LogCaptureFixture) -> None:
    text, error, words = CAUSES[name]
    with caplog.at_level(logging.WARNING):
        assert told(text, error=error) == [None] * 60
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"e: {FEWEST} of {FEWEST} answers")
    assert words in said


def test_what_can_be_used_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert told("x", good=60, most=0.1) == [None] * 60
        told("Salaries follow the market.", good=31)
    assert caplog.records == []


def test_an_endpoint_is_given_up_where_the_experiment_says_so() -> None:
    given = told("Salaries follow the market.", most=0.3, good=15)
    assert next(i for i, reason in enumerate(given) if reason) == 21, "7 of 22 are more than 30 per cent"
    assert "max_unread_share" in str(given[21])


def test_a_long_run_is_not_read_twice_over(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, read = Watch(Outcome()), []
    watch._reader.read = lambda *a, **k: read.append(1) or Watch(Outcome())._reader._text("$90,000", None, None)  # type: ignore[method-assign]
    for _ in range(1_100):
        watch(REQUEST, response("$90,000"))
    assert len(read) == ALL_READ + 100
