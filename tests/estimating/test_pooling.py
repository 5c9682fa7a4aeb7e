"""Models that were asked about the same people are pooled with the people as a shared factor."""

from __future__ import annotations

import numpy as np
import pytest
from stats_data import observations

from bias_harness.estimating.blocks import having
from bias_harness.estimating.estimates import estimate
from bias_harness.estimating.estimators import dersimonian_laird, shared_people
from bias_harness.outcome import Analysis, Outcome


def table(rng: np.random.Generator, *, models: float, people: float, k: int = 5, n: int = 20) -> np.ndarray:
    return rng.normal(0, models, (k, 1)) + rng.normal(0, people, (1, n)) + rng.normal(0, 0.02, (k, n))


@pytest.mark.parametrize(("models", "people"), [(0.0, 0.02), (0.02, 0.02), (0.02, 0.0), (0.0, 0.0)])
def test_the_interval_holds_the_mean_whoever_varies(models: float, people: float) -> None:
    rng = np.random.default_rng(7)
    found = [shared_people(table(rng, models=models, people=people)) for _ in range(400)]
    held = np.mean([f.conf_low <= 0 <= f.conf_high for f in found])
    assert 0.92 <= held <= 0.995


def test_groups_of_their_own_would_deny_the_shared_people() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        gaps = table(rng, models=0.0, people=0.02)
        found = dersimonian_laird(gaps.mean(axis=1), gaps.std(axis=1, ddof=1) / np.sqrt(gaps.shape[1]))
        held += found.conf_low <= 0 <= found.conf_high
    assert held < 170


def test_the_parts_of_a_known_table() -> None:
    gaps = np.array([[0.0, 2.0, 4.0], [1.0, 3.0, 8.0]])
    found = shared_people(np.column_stack([gaps, [np.nan, 1.0]]))
    # means 2, 4; people .5, 2.5, 6; MS of models 6, of people 15.5, of the rest 1.5
    assert (found.k, found.people, found.estimate) == (2, 3, 3.0)
    assert found.std_error == pytest.approx(((6 + 15.5 - 1.5) / 6) ** 0.5)
    assert found.df == 1
    assert (found.tau2, found.i2) == (pytest.approx(1.5), pytest.approx(0.75))
    assert found.shrunk == pytest.approx((3 - 0.75, 3 + 0.75))


def test_one_model_or_one_person_is_no_pool_and_equal_gaps_have_no_range() -> None:
    assert shared_people(np.zeros((1, 9))) is None
    assert shared_people(np.zeros((4, 1))) is None
    same = shared_people(np.full((3, 5), -0.05))
    assert (same.estimate, same.conf_low, same.p_value) == (pytest.approx(-0.05), None, None)


def test_models_that_share_no_job_are_groups() -> None:
    frame = observations(people=12, endpoints=("one", "two"))
    apart = frame.assign(persona=frame["endpoint"].astype(str) + frame["persona"].astype(str), job="")
    analysis = Analysis(resamples=199)
    shared, groups = (estimate(f, analysis=analysis, outcome=Outcome()).pooling for f in (frame, apart))
    assert [p.people for p in having(shared, over="models")] == [12]
    assert [p.people for p in having(groups, over="models")] == [0]
