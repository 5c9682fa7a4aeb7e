"""A distribution read as an amount: the mean over what is known to its length, bounds for the rest, or no amount."""

from __future__ import annotations

import math

import pytest

from bias_harness.outcome import Outcome
from bias_harness.probabilities import Probabilities
from bias_harness.reading.answers import Reader
from bias_harness.reading.probabilities import read_probabilities
from bias_harness.vocabulary import Branch, Distribution, Failure, Response

OUTCOME = Outcome(plausible=(15_000, 1_500_000), probabilities=Probabilities(begins="$"))


def distribution(branches: dict[str, float], following: str = "", begins: str = "$") -> Distribution:
    return Distribution(begins, tuple(Branch(text, p) for text, p in branches.items()), 1, following)


def test_the_amount_is_the_geometric_mean_over_the_probabilities() -> None:
    answer = read_probabilities(distribution({"50,": 0.5, "100k": 0.25, " 200000\n": 0.25}), OUTCOME)
    mean = 0.5 * math.log(50_000) + 0.25 * math.log(100_000) + 0.25 * math.log(200_000)
    assert answer.status == "ok"
    assert answer.annual == pytest.approx(math.exp(mean))
    assert (answer.covered, answer.reason) == (1.0, "probabilities")
    assert answer.bound_low == pytest.approx(answer.annual)


def test_what_is_open_is_left_out_and_bounds_say_how_far_it_could_move_the_mean() -> None:
    answer = read_probabilities(distribution({"50,": 0.6, "100,": 0.3, "7": 0.06}), OUTCOME)
    mean = (0.6 * math.log(50_000) + 0.3 * math.log(100_000)) / 0.9
    assert answer.annual == pytest.approx(math.exp(mean))
    assert answer.covered == pytest.approx(0.9)
    assert answer.bound_low == pytest.approx(math.exp(0.9 * mean + 0.1 * math.log(15_000)))
    assert answer.bound_high == pytest.approx(math.exp(0.9 * mean + 0.1 * math.log(1_500_000)))


def test_what_is_no_plausible_amount_is_left_out_and_is_not_open() -> None:
    answer = read_probabilities(distribution({"50,": 0.85, "40 per": 0.05, "5,": 0.05, "0.": 0.05}), OUTCOME)
    assert answer.annual == pytest.approx(50_000)
    assert answer.covered == pytest.approx(0.85)
    assert answer.bound_low == pytest.approx(50_000)


def test_one_comma_may_be_of_a_million_and_is_then_open() -> None:
    answer = read_probabilities(distribution({"50,": 0.9, "1,": 0.1}), OUTCOME)
    assert answer.covered == pytest.approx(0.9)
    assert answer.bound_high > answer.annual


@pytest.mark.parametrize(
    ("following", "amount"), [(",500", 48_000.0), ("k a year", 48_000.0), ("00", None), (" per hour", None)]
)
def test_beside_a_drawn_answer_all_go_on_as_that_one_did(following: str, amount: float | None) -> None:
    answer = read_probabilities(distribution({"48": 0.9}, following), OUTCOME)
    assert answer.annual == (None if amount is None else pytest.approx(amount))


def test_digits_that_come_one_by_one_give_no_amount_and_the_reason() -> None:
    answer = read_probabilities(distribution({"4": 0.5, "5": 0.4}, "8,500"), OUTCOME)
    assert (answer.status, answer.reason) == ("ambiguous", "length_open")


def test_too_little_gives_no_amount_and_the_reason() -> None:
    answer = read_probabilities(distribution({"50,": 0.7, "nothing": 0.3}), OUTCOME)
    assert (answer.status, answer.reason, answer.covered) == ("ambiguous", "little_covered", 0.7)
    few = Outcome(probabilities=Probabilities(begins="$", least_covered=0.5))
    assert read_probabilities(distribution({"50,": 0.7, "nothing": 0.3}), few).status == "ok"


@pytest.mark.parametrize("found", [None, distribution({"50,": 1.0}, begins="€")])
def test_another_beginning_gives_no_amount(found: Distribution | None) -> None:
    assert read_probabilities(found, OUTCOME).reason == "other_beginning"


def test_the_mark_between_groups_is_the_one_that_is_stated() -> None:
    dutch = Outcome(currency="EUR", probabilities=Probabilities(begins="€", thousands="."))
    branches = distribution({"48.": 0.9, "48,": 0.1}, begins="€")
    answer = read_probabilities(branches, dutch)
    assert (answer.annual, answer.covered) == (pytest.approx(48_000), pytest.approx(0.9))


def test_an_amount_a_month_is_read_as_a_year() -> None:
    monthly = Outcome(period="month", probabilities=Probabilities(begins="$"))
    answer = read_probabilities(distribution({"4000\n": 1.0}), monthly)
    assert (answer.annual, answer.period) == (pytest.approx(48_000), "year")


def test_a_text_without_probabilities_is_never_read_as_a_draw() -> None:
    response = Response("k", "e", "$48,000", "stop", "m", None, "")
    assert Reader(OUTCOME).read(response).status == "ambiguous"
    failed = Response("k", "e", None, None, None, None, "", Failure("transient", "no"))
    assert Reader(OUTCOME).read(failed).status == "failed"
