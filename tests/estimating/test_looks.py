"""Looking early: the levels of the looks against published ones, and what they hold."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from bias_harness.estimating.estimators.group_sequential import levels, sequential_p, spent
from bias_harness.estimating.looks import WHOLE, Look, looks_of


@pytest.mark.parametrize(
    ("fractions", "z"),
    [((0.4, 0.6, 0.8, 1.0), (3.3569, 2.6803, 2.2898, 2.0310)), ((1 / 3, 2 / 3, 1.0), (3.7103, 2.5114, 1.9930))],
)
def test_the_levels_are_those_of_spending_after_o_brien_and_fleming(
    fractions: tuple[float, ...], z: tuple[float, ...]
) -> None:
    """Bounds as gsDesign's sfLDOF has them, two-sided .05."""
    assert levels(fractions, 0.05) == pytest.approx([2 * scipy.stats.norm.sf(x) for x in z], rel=0.01)


def test_all_looks_together_err_as_often_as_said() -> None:
    random = np.random.default_rng(1)
    steps = random.normal(0, 1, (200_000, 4)) * np.sqrt([0.4, 0.2, 0.2, 0.2])
    z = steps.cumsum(axis=1) / np.sqrt([0.4, 0.6, 0.8, 1.0])
    for alpha in (0.05, 0.01):
        bounds = scipy.stats.norm.isf(np.array(levels((0.4, 0.6, 0.8, 1.0), alpha)) / 2)
        assert (np.abs(z) > bounds).any(axis=1).mean() == pytest.approx(alpha, rel=0.06)


def test_a_p_over_all_looks_is_the_alpha_at_which_its_look_decides() -> None:
    fractions = (0.4, 0.6, 0.8)
    for alpha in (0.2, 0.05, 0.004):
        assert sequential_p(levels(fractions, alpha)[-1], fractions) == pytest.approx(alpha, rel=1e-3)
    assert sequential_p(0.03, (1.0,)) == 0.03
    assert sequential_p(1.0, fractions) == 1.0


def test_one_look_is_no_look_early() -> None:
    assert WHOLE.last
    assert WHOLE.level(0.05) == pytest.approx(0.05, rel=1e-6)
    assert spent(1.0, 0.05) == 0.05


@pytest.mark.parametrize(
    ("planned", "expected"),
    [(12, (12,)), (39, (39,)), (40, (24, 32, 40)), (60, (24, 36, 48, 60)), (100, (40, 60, 80, 100))],
)
def test_it_is_looked_from_twenty_jobs_on_and_never_with_few(planned: int, expected: tuple[int, ...]) -> None:
    assert looks_of(planned) == expected
    assert Look.after(expected, planned).last
