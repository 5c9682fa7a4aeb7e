"""Whether silence, amounts not believable or answers not clear befell a level and its reference unequally often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bias_harness.estimating.estimators.arms import arm_of, job_gaps, level_spread, reference_spread
from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.estimators.forms import form_p, form_terms
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.proportions import exact_within
from bias_harness.estimating.judgement import UNEVEN, Imbalance, Uneven
from bias_harness.estimating.sides import Side

RUN_LEVEL = 0.01
"""At most this share of runs without any difference has a finding of this kind anywhere."""


def imbalances_of(sides: Sequence[Side], family_size: int) -> list[Imbalance]:
    """Every event of every comparison of a model, tested within the run's family of `family_size` tests."""
    return [found for side in sides for found in _of(side, family_size)]


def _of(side: Side, family_size: int) -> Iterator[Imbalance]:
    rows = side.rows
    silent = rows.asked & ~rows.valued & ~rows.foreign & ~rows.implausible
    odd = (rows.is_status("ok") & rows.implausible) | (rows.valued & rows.flags.magnitude)
    events: dict[Uneven, Mask] = {"silence": silent, "flags": odd, "unclear": rows.is_status("ambiguous")}
    for level in rows.compared:
        for what in UNEVEN:
            yield _tested(side, level, what, events[what], family_size)


def _tested(side: Side, level: int, what: Uneven, event: Mask, family_size: int) -> Imbalance:
    rows = side.rows
    sides = [np.flatnonzero(rows.asked & (rows.level == g)) for g in (level, rows.reference or 0)]
    shares = [float(event[at].mean()) if at.size else None for at in sides]
    p = unequal_shares(side, sides, event) if all(at.size for at in sides) else None
    difference = None if shares[0] is None or shares[1] is None else shares[0] - shares[1]
    found = p is not None and p * family_size < RUN_LEVEL
    reference = rows.levels[rows.reference or 0]
    about = (rows.endpoint, rows.attribute, rows.levels[level], reference, what)
    return Imbalance(*about, shares[0], shares[1], difference, p, family_size, found)


def unequal_shares(side: Side, sides: Sequence[Codes], event: Mask) -> float:
    """The p of unequal shares of an event among the rows of two sides, a level's and the reference's.

    The larger one of the closed form on shares (jobs and forms random) and of the exact test within jobs.
    """
    rows, (codes, names) = side.rows, side.jobs
    if not any(event[at].any() for at in sides):
        return 1.0
    asked = [np.bincount(codes[rows.profile[at]], minlength=len(names)) for at in sides]
    events = [np.bincount(codes[rows.profile[at[event[at]]]], minlength=len(names)) for at in sides]
    exact = exact_within(events[0], asked[0], events[1], asked[1])
    return max(exact, unequal_means(side, sides, event.astype(float)))


def unequal_means(side: Side, sides: Sequence[Codes], values: Array) -> float:
    """The p of unequal means of the rows of two sides, by the closed form of judgements: jobs and forms random."""
    rows, (codes, names) = side.rows, side.jobs
    arms = [
        arm_of(
            rows.profile[at],
            rows.wording[at],
            rows.signal[at] * len(rows.edits) + rows.edit[at],
            values[at],
        )
        for at in sides
    ]
    of = job_gaps(arms[0], arms[1], codes, len(names))
    if of.jobs < 2:
        return 1.0
    if of.variance == 0:
        return 1.0 if of.mean == 0 else 2.0 ** (1 - min(of.jobs, 50))
    terms = form_terms(level_spread(of, codes), reference_spread(arms[1]), of.c_level, of.c_reference)
    return form_p(of.mean, of.variance, of.jobs, terms)
