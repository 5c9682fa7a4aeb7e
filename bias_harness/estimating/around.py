"""What stands around a judgement's numbers: money, pairs, the negative control, sensitivities, what it would take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bias_harness.estimating.estimators.arms import Arm, JobGaps
from bias_harness.estimating.estimators.cells import Codes
from bias_harness.estimating.estimators.forms import FormSpread, Term
from bias_harness.estimating.estimators.interval import Array, paired_t
from bias_harness.estimating.judgement import (
    Control,
    Needed,
    Pairs,
)
from bias_harness.estimating.looks import WHOLE
from bias_harness.estimating.sides import Side
from bias_harness.estimating.words import Measured, Rule

MOST_JOBS = 100_000


def money_of(side: Side, level: int) -> dict[str, Any]:
    """Mean amounts of level and reference over jobs, their difference, and whether it points the way of the gap."""
    of, rows = side.gaps[level], side.rows
    there = np.isfinite(of.of_persons)
    if not there.any():
        return {}
    codes, names = side.jobs
    means = []
    for g in (level, rows.reference or 0):
        at = side.at(g)
        sums = np.bincount(rows.profile[at], weights=rows.annual[at], minlength=there.size)
        counts = np.bincount(rows.profile[at], minlength=there.size)
        persons = (sums / np.maximum(counts, 1))[there]
        jobs = np.bincount(codes[there], weights=persons, minlength=len(names))
        in_job = np.bincount(codes[there], minlength=len(names))
        means.append(float((jobs[in_job > 0] / in_job[in_job > 0]).mean()))
    difference = means[0] - means[1]
    agree = difference * of.mean >= 0 or min(abs(of.mean), abs(difference) / max(abs(means[1]), 1e-9)) < 1e-9
    return {
        "mean_level": means[0],
        "mean_reference": means[1],
        "mean_difference": difference,
        "averages_agree": bool(agree),
    }


def pairs_of(of: JobGaps) -> Pairs | None:
    """Pairs of the same person and wording; of the same person where the two sides share no wording there."""
    means = [_by_wording(arm, of.of_persons.size) for arm in (of.level, of.reference)]
    width = min(m.shape[1] for m in means)
    gaps = means[0][:, :width] - means[1][:, :width]
    gaps = gaps[np.isfinite(gaps)]
    if not gaps.size:
        gaps = of.of_persons[np.isfinite(of.of_persons)]
    if not gaps.size:
        return None
    lower, higher = int((gaps < -1e-9).sum()), int((gaps > 1e-9).sum())
    return Pairs(lower, int(gaps.size) - lower - higher, higher)


def _by_wording(arm: Arm, persons: int) -> Array:
    words = int(arm.wording.max(initial=0)) + 1
    key = arm.person * words + arm.wording
    counts = np.bincount(key, minlength=persons * words)
    sums = np.bincount(key, weights=arm.value, minlength=persons * words)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(persons, words)


def control_of(of: JobGaps, reference: FormSpread, job_of: Codes) -> Control | None:
    """The spread of neutral forms, and how much pairs of level and reference differ beyond pairs of neutral answers."""
    size_b, mean_b, square_b = moments(of.level, of.of_persons.size)
    size_a, mean_a, square_a = moments(of.reference, of.of_persons.size)
    known = (size_b > 0) & (size_a > 1)
    spread = float(np.sqrt(reference.forms)) if reference.df else None
    noise = float(np.sqrt(reference.noise)) if reference.df else None
    if not known.any():
        return None if spread is None else Control(spread, noise, None, None, None, None)
    n_b, n_a = size_b[known], size_a[known]
    own_b, own_a = (np.maximum(s - m**2, 0.0)[known] for s, m in ((square_b, mean_b), (square_a, mean_a)))
    neutral = own_a * n_a / (n_a - 1)
    of_level = np.where(n_b > 1, own_b * n_b / np.maximum(n_b - 1, 1), neutral)
    beyond = (mean_b - mean_a)[known] ** 2 - of_level / n_b - neutral / n_a
    in_job = np.bincount(job_of[known])
    over = paired_t(np.bincount(job_of[known], weights=beyond)[in_job > 0] / in_job[in_job > 0])
    roots = [None if x is None else float(np.sqrt(max(x, 0.0))) for x in (over.estimate, over.conf_low, over.conf_high)]
    return Control(spread, noise, float(np.sqrt(2 * neutral.mean())), *roots)


def moments(arm: Arm, persons: int) -> tuple[Array, Array, Array]:
    """Cells, mean and mean square of an arm by person."""
    size = np.bincount(arm.person, minlength=persons).astype(float)
    part = np.maximum(size, 1)
    mean = np.bincount(arm.person, weights=arm.value, minlength=persons) / part
    return size, mean, np.bincount(arm.person, weights=arm.value**2, minlength=persons) / part


def at_jobs(found: Measured, jobs: int) -> Measured:
    """The same comparison as it would be expected at another number of jobs: what forms do of themselves stays."""
    shrink = found.jobs / jobs
    terms = tuple(
        Term(t.share, replace(s, forms=max(s.forms - s.noise, 0.0) + s.noise * shrink, noise=s.noise * shrink))
        for t in found.terms
        for s in (t.spread,)
    )
    return replace(found, variance=found.variance * shrink, jobs=jobs, terms=terms)


def needed_of(found: Measured, rule: Rule) -> Needed:
    """The jobs at which the family's interval, at one look, is no wider than the margin either way, all else equal."""
    whole = replace(rule, look=WHOLE)

    def wide(jobs: int) -> float:
        return at_jobs(found, jobs).half(whole.level)

    if found.jobs < 2 or wide(MOST_JOBS) > rule.margin:
        return Needed(None, more_forms=True)
    low, high = found.jobs, MOST_JOBS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wide(middle) <= rule.margin else (middle, high)
    return Needed(high, more_forms=found.forms_reference < 3)
