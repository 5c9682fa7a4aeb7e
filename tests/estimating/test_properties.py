"""What must stay the same when the data are turned about in a way that does not matter."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stats_data import observations

from bias_harness.estimating.estimates import Estimates, estimate
from bias_harness.estimating.estimators import (
    cells_of_dense,
    contrast,
    lee_bounds,
    oaxaca_blinder,
    paired_t,
    profiles,
    profiles_and_wordings,
    ratio_of_means,
    sign_flip,
    weighted_paired_t,
)
from bias_harness.outcome import Analysis, Outcome
from bias_harness.vocabulary import Estimate

NUMBERS = [f.name for f in fields(Estimate) if f.type in ("float | None", "int")]
FRAME = observations(people=7, signals=2, edits=("polite",), refused={"female": 0.1, "male": 0.03}, repeats=4)


def estimated(frame: pd.DataFrame) -> Estimates:
    return estimate(frame, analysis=Analysis(resamples=199), outcome=Outcome())


def log_items(found: Estimates) -> list[Estimate]:
    return [e for e in found.items if e.scale == "log"]


BASE = estimated(FRAME)


def same(one: Estimate, other: Estimate, names=NUMBERS) -> None:
    for name in names:
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert a == pytest.approx(b, rel=1e-9, abs=1e-9), name


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = estimated(FRAME.sample(frac=1, random_state=3))
    assert [(e.family, e.level, e.slice) for e in shuffled.items] == [(e.family, e.level, e.slice) for e in BASE.items]
    for one, other in zip(BASE.items, shuffled.items, strict=True):
        same(one, other)
    for name in ("answers", "variance", "bounds", "distribution", "lenses"):
        assert len(getattr(BASE, name)) == len(getattr(shuffled, name)) > 0


def test_plain_columns_say_the_same_as_categories() -> None:
    typed = FRAME.copy()
    for name in ("endpoint", "attribute", "level", "persona", "wording", "edit", "status", "kind", "field"):
        typed[name] = typed[name].astype("category")
    for one, other in zip(BASE.items, estimated(typed).items, strict=True):
        same(one, other)


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.01, 100))
def test_another_unit_of_money_changes_money_alone(factor: float) -> None:
    scaled = estimated(FRAME.assign(annual=FRAME["annual"] * factor))
    for one, other in zip(log_items(BASE), log_items(scaled), strict=True):
        same(one, other, [n for n in NUMBERS if not n.startswith("mean_")])
    one, other = BASE.find(family="money", slice={})[0], scaled.find(family="money", slice={})[0]
    assert other.estimate == pytest.approx(one.estimate * factor)
    assert other.percent == pytest.approx(one.percent)


def test_swapping_the_arms_turns_the_sign() -> None:
    plain = FRAME[FRAME["edit"] == ""]
    base, swapped = estimated(plain), estimated(plain.assign(reference=plain["level"] == "female"))
    one, other = base.headline("bot", "gender", "female"), swapped.headline("bot", "gender", "male")
    assert other.estimate == pytest.approx(-one.estimate)
    assert (other.conf_low, other.conf_high) == (pytest.approx(-one.conf_high), pytest.approx(-one.conf_low))
    assert other.p_value == pytest.approx(one.p_value)
    assert other.verdict == one.verdict
    a, b = base.money(one), swapped.money(other)
    assert b.estimate == pytest.approx(-a.estimate)
    assert 1 + b.percent / 100 == pytest.approx(1 / (1 + a.percent / 100))
    assert swapped.refusal(other).estimate == pytest.approx(-base.refusal(one).estimate)


def test_what_a_profile_earns_anyway_does_not_matter() -> None:
    factor = FRAME["persona"].map(lambda p: 0.5 + int(p[1:]))
    moved = estimated(FRAME.assign(annual=FRAME["annual"] * factor))
    for one, other in zip(log_items(BASE), log_items(moved), strict=True):
        same(one, other, ["estimate", "std_error", "conf_low", "conf_high", "p_value", "simultaneous_low"])


def test_asking_the_same_again_makes_nobody_more_certain() -> None:
    """Every answer twice: the profile is the unit, so the interval stays; only the count of answers doubles."""
    twice = pd.concat([FRAME, FRAME.assign(repeat=FRAME["repeat"] + 100)])
    doubled = estimated(twice)
    one, other = BASE.headline("bot", "gender", "female"), doubled.headline("bot", "gender", "female")
    same(one, other, ["estimate", "std_error", "df", "conf_low", "conf_high", "p_value"])
    assert other.n_answers == 2 * one.n_answers


def test_splitting_the_repeats_averages_to_the_whole() -> None:
    even = FRAME[(FRAME["edit"] == "") & FRAME["annual"].notna()]
    full = observations(people=7, repeats=4)
    halves = [profiles_of(full[full["repeat"] % 2 == k]) for k in (0, 1)]
    assert np.mean(halves, axis=0) == pytest.approx(profiles_of(full))
    assert len(even)


def profiles_of(frame: pd.DataFrame) -> np.ndarray:
    one = estimated(frame).headline("bot", "gender", "female")
    return np.array(list(one.details["profile_gaps"].values()))


GAPS = arrays(float, st.integers(3, 12), elements=st.floats(-1, 1))


@settings(max_examples=60, deadline=None)
@given(GAPS, st.floats(-5, 5))
def test_paired_t_moves_with_its_data(gaps: np.ndarray, shift: float) -> None:
    one, other = paired_t(gaps), paired_t(gaps + shift)
    assert other.estimate == pytest.approx(one.estimate + shift, abs=1e-9)
    if one.status == other.status == "ok":
        assert other.std_error == pytest.approx(one.std_error, rel=1e-3, abs=1e-9)
    assert one.p_value is None or 0 < one.p_value <= 1


@settings(max_examples=60, deadline=None)
@given(GAPS)
def test_equal_weights_are_no_weights(gaps: np.ndarray) -> None:
    one, other = paired_t(gaps), weighted_paired_t(gaps, np.full(gaps.size, 7.0))
    if one.status == other.status == "ok":
        assert other.std_error == pytest.approx(one.std_error, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(GAPS)
def test_a_sign_flip_p_does_not_depend_on_the_sign(gaps: np.ndarray) -> None:
    one, other = sign_flip(gaps), sign_flip(-gaps)
    assert one.p_value == other.p_value >= one.smallest_possible


@settings(max_examples=60, deadline=None)
@given(arrays(float, (5, 4), elements=st.floats(-1, 1)))
def test_the_crossed_interval_is_never_narrower_in_its_standard_error(table: np.ndarray) -> None:
    """Other wordings add variance, they never take any away."""
    crossed, plain = profiles_and_wordings(table), profiles(table)
    if crossed.std_error and plain.std_error:
        assert crossed.std_error >= plain.std_error * (1 - 1e-9)
        assert crossed.estimate == pytest.approx(plain.estimate, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(arrays(float, st.integers(1, 9), elements=st.floats(1, 9)), st.integers(0, 5), st.integers(0, 5))
def test_bounds_hold_what_was_seen(values: np.ndarray, more: int, fewer: int) -> None:
    found = lee_bounds(values, values.size + more, values[::-1] + 1, values.size + fewer)
    assert found.low - 1e-9 <= found.naive <= found.high + 1e-9


def test_money_is_the_difference_of_the_means_it_is_shown_with() -> None:
    for e in BASE.find(scale="money", status="ok"):
        assert e.estimate == pytest.approx(e.mean_level - e.mean_reference, rel=1e-9)
        assert 1 + e.percent / 100 == pytest.approx(e.mean_level / e.mean_reference, rel=1e-9)


def test_the_ratio_of_means_is_symmetric() -> None:
    b, a = np.array([90.0, 110.0, 130.0]), np.array([100.0, 111.0, 140.0])
    one, other = ratio_of_means(b, a), ratio_of_means(a, b)
    assert one.estimate == pytest.approx(-other.estimate)
    assert one.std_error == pytest.approx(other.std_error)


def test_pairs_leave_nothing_for_covariates_to_explain() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(20, 2))
    y = x @ np.array([2.0, -1.0])
    found = oaxaca_blinder((y - 0.3 + random.normal(0, 0.1, 20), x), (y, x))
    assert found.explained == pytest.approx(0.0, abs=1e-12)
    assert found.unexplained == found.gap


def test_cells_of_rows_and_of_a_full_array_are_the_same() -> None:
    amounts = np.random.default_rng(5).lognormal(11, 0.2, (4, 3, 2, 2, 5))
    amounts[0, 0, 0, 0, 0] = amounts[1, 2, 1] = np.nan
    from bias_harness.estimating.estimators import cells_of

    known = np.argwhere(~np.isnan(amounts))
    rows = cells_of(tuple(known[:, :4].T), amounts[tuple(known.T)], amounts.shape[:4])
    dense = cells_of_dense(amounts)
    for name in ("mean", "variance", "log_mean", "log_variance", "count"):
        assert getattr(rows, name) == pytest.approx(getattr(dense, name), nan_ok=True)
    assert contrast(rows, 1, 0).n_pairs == contrast(dense, 1, 0).n_pairs == 22
