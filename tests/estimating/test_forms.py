"""The closed form of the rule: its check numbers, and least squares written out with whole matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bias_harness.estimating.estimators import (
    FormSpread,
    Term,
    arm_of,
    exact_within,
    form_p,
    form_spread,
    form_terms,
    half_width,
    job_gaps,
    level_spread,
    pooled,
)

CHECK = (Term(0.375, FormSpread(2.97710e-4, 5.92701e-4, 10)),)


@pytest.mark.parametrize(("alpha", "expected"), [(0.05, 0.0235426), (0.10, 0.0191505)])
def test_the_half_width_has_its_check_numbers(alpha, expected):
    assert half_width(alpha, 7.02069e-5, 18, CHECK) == pytest.approx(expected, abs=5e-8)


def test_p_has_its_check_number_and_is_where_the_interval_reaches_zero():
    p = form_p(-0.0198375, 7.02069e-5, 18, CHECK)
    assert p == pytest.approx(0.0898956, abs=1e-6)
    assert half_width(p, 7.02069e-5, 18, CHECK) == pytest.approx(0.0198375, rel=1e-6)


def test_without_forms_it_is_the_t_interval_over_jobs():
    gaps = np.random.default_rng(1).normal(0, 0.03, 12)
    found = half_width(0.05, gaps.var(ddof=1) / 12, 12, ())
    assert found == pytest.approx(2.200985160082949 * gaps.std(ddof=1) / math.sqrt(12))


def written_out(y, block, wording, form):
    """Q, W and kappa by projectors on whole matrices."""
    x = np.column_stack([np.eye(block.max() + 1)[block], np.eye(wording.max() + 1)[wording]])
    m = np.eye(y.size) - x @ np.linalg.pinv(x)
    forms = np.eye(form.max() + 1)[form]
    left = m @ forms
    f = np.linalg.matrix_rank(left)
    q = y @ left @ np.linalg.pinv(left) @ y
    kappa = np.trace(forms.T @ left) / f
    w = y.size - np.linalg.matrix_rank(x) - f
    return q / (f * kappa), (y @ m @ y - q) / (w * kappa), f


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_spread_is_that_of_whole_matrices(missing):
    random = np.random.default_rng(3)
    block, place = np.divmod(np.arange(60), 4)
    form, wording = np.arange(60) % 6, (place + np.arange(60) // 6) % 2
    kept = random.random(60) >= missing
    block, wording, form, y = (a[kept] for a in (block, wording, form, random.normal(11, 0.1, 60)))
    found = form_spread(y, block, wording, form)
    assert (found.forms, found.noise, found.df) == pytest.approx(written_out(y, block, wording, form))


def test_balanced_and_complete_it_is_the_variance_of_the_form_means():
    y = np.random.default_rng(5).normal(size=(9, 4))
    block, form = np.divmod(np.arange(36), 4)
    found = form_spread(y.ravel(), block, np.zeros(36, dtype=int), form)
    assert found.forms == pytest.approx(y.mean(axis=0).var(ddof=1))
    assert found.df == 3


def test_an_arm_that_is_asked_once_a_job_tells_its_forms_apart_between_jobs():
    random = np.random.default_rng(7)
    jobs = np.arange(12)
    reference = arm_of(np.repeat(jobs, 2), np.tile([0, 1], 12), np.arange(24) % 6, random.normal(11, 0.1, 24))
    level = arm_of(jobs, jobs % 2, jobs % 3, random.normal(11, 0.1, 12))
    of = job_gaps(level, reference, jobs, 12)
    found = level_spread(of, jobs)
    assert found.df == 2
    x = np.column_stack([np.ones(12), np.eye(2)[jobs % 2]])
    m = np.eye(12) - x @ np.linalg.pinv(x)
    left = m @ np.eye(3)[jobs % 3]
    q = of.gaps @ left @ np.linalg.pinv(left) @ of.gaps
    assert found.forms == pytest.approx(q / np.trace(np.eye(3)[jobs % 3].T @ left))


def test_the_shares_of_forms_in_the_gap_are_counted():
    jobs = np.repeat(np.arange(6), 4)
    level = arm_of(jobs, np.zeros(24, dtype=int), np.tile(np.arange(4), 6), np.ones(24))
    of = job_gaps(level, level, np.arange(6), 6)
    assert (of.c_level, of.c_reference, of.forms) == (pytest.approx(0.25), pytest.approx(0.25), (4, 4))


def test_names_that_vary_more_than_edits_are_not_pooled_with_them():
    names, edits = FormSpread(25e-4, 1e-4, 5, 60), FormSpread(1e-4, 1e-4, 11, 100)
    assert len(form_terms(names, edits, 0.2, 0.1)) == 2
    assert len(form_terms(edits, edits, 0.2, 0.1)) == 1
    assert form_terms(edits, edits, 0.2, 0.1)[0].spread.df == 22
    assert pooled([names, edits]).forms == pytest.approx((5 * 25e-4 + 11 * 1e-4) / 16)


def test_a_wording_that_only_the_level_has_does_not_count():
    jobs = np.arange(8)
    reference = arm_of(jobs, np.zeros(8, dtype=int), jobs % 2, np.full(8, 11.0))
    twice = arm_of(np.tile(jobs, 2), np.repeat([0, 1], 8), np.zeros(16, dtype=int), np.repeat([10.9, 5.0], 8))
    assert job_gaps(twice, reference, jobs, 8).mean == pytest.approx(-0.1)


def test_the_exact_test_is_fishers_in_one_job_and_sees_nothing_without_events():
    from scipy.stats import hypergeom

    one = [np.array([x]) for x in (7, 10, 1, 10)]
    expected = 2 * hypergeom(20, 8, 10).sf(6)
    assert exact_within(*one) == pytest.approx(expected)
    assert exact_within(*(np.array([x]) for x in (0, 10, 0, 10))) == 1.0
