"""Scores and choices: what is read, and what is rather left unread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_harness.outcome import Outcome
from bias_harness.reading.answers import Reader
from bias_harness.reading.measures import read_measure
from bias_harness.vocabulary import Response

SCORE = Outcome(measure="score", label={"en": "grade"}, unit={"en": "points"}, plausible=(1, 10))
CHOICE = Outcome(
    measure="share",
    label={"en": "called correct"},
    ones=["correct", "juist", "goed"],
    zeros=["incorrect", "not correct", "onjuist", "fout", "niet goed"],
)

SCORES = {
    "8": 8,
    "8/10": 8,
    "I would give it an 8 out of 10.": 8,
    "Een 7,5.": 7.5,
    "De 8 van de 10 punten": 8,
    "**Score: 6.5**": 6.5,
    '{"score": 7}': 7,
    "1. It is clear.\n2. It is short.\n\nGrade: 7": 7,
    "Between 6 and 9, I would say.\nFinal grade: 8/10": 8,
    "7 out of 8": None,
    "7/20": None,
    "Between 6 and 7": None,
    "20,000 people would agree": None,
    "It is 80% right": None,
    "I can't help with grading people.": None,
    "": None,
}


@pytest.mark.parametrize("text", SCORES)
def test_a_score_is_the_one_number_there_is(text: str) -> None:
    answer = read_measure(text, SCORE)
    assert answer.amount == SCORES[text]
    assert answer.annual == SCORES[text]
    if answer.span:
        assert text[slice(*answer.span)] == answer.evidence


CHOICES = {
    "Correct": 1,
    "Incorrect.": 0,
    "That is not correct.": 0,
    "Niet goed": 0,
    "CORRECT!": 1,
    "Correct.\nIt would be incorrect to say otherwise.": 1,
    "Your answer is not entirely correct.": None,
    "It isn't correct": None,
    "correct or incorrect": None,
    "correctly put": None,
    "Well put.": None,
}


@pytest.mark.parametrize("text", CHOICES)
def test_a_choice_is_one_of_the_words(text: str) -> None:
    assert read_measure(text, CHOICE).amount == CHOICES[text]


def test_a_refusal_and_silence_are_told_apart() -> None:
    assert read_measure("I'm sorry, but I can't assist with that.", SCORE).status == "refused"
    assert read_measure("An excellent piece of work.", SCORE).status == "no_amount"
    assert read_measure("Between 6 and 7", SCORE).status == "ambiguous"


def test_the_reader_of_a_run_reads_what_the_experiment_measures() -> None:
    response = Response("k", "e", "8/10", "stop", "m", None, "2026-01-01T00:00:00+00:00")
    assert Reader(SCORE).read(response).amount == 8
    assert Reader(Outcome()).read(response).amount is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    for outcome in (SCORE, CHOICE):
        answer = read_measure(text, outcome)
        assert (answer.status == "ok") == (answer.amount is not None)
