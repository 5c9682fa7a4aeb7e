"""The same comparison in several experiments -> its gap over them together.

Gaps are ratios, so that languages and currencies may differ. One number has two ranges: one is about these experiments
(other jobs, other ways of saying it), the other takes them for a sample and is about other experiments like them.
Neither makes a word: a word is earned within a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.estimating.estimators.pooling import dersimonian_laird, shared_people
from bias_harness.estimating.judgement import Gap
from bias_harness.estimating.seen import Gaps, Part, Seen, alone, combined, gap_shown, in_common, seen_of
from bias_harness.estimating.words import SAME_ALPHA
from bias_harness.outcome import Measure, Outcome

Z = 1.959963984540054
Method = Literal["experiments", "experiments_and_jobs", "none"]
NO_WORD = "a word is earned within a run, by its own family of comparisons and by what other choices make of it"
"""Why nothing is asserted of several experiments together."""


@dataclass(frozen=True, slots=True)
class Across:
    """One comparison over several experiments together; level minus reference, in log units of pay and per cent.

    `gaps` are the experiments' own, each with its 95 % interval alone, and `weights` what each counts for (they sum to
    1). `gap` is their mean, with the 95 % interval that is about these experiments (other jobs and other ways of saying
    it); `others` is the same mean with the 95 % interval for other experiments like these. `method` says how that was
    made: `experiments` (random effects over independent experiments: Hartung, Knapp, Sidik and Jonkman, never narrower
    than with the plain standard error), `experiments_and_jobs` (all asked about the same jobs: both are random), `none`
    (some share their jobs and others do not; or nothing varies), where `others` is None. `tau` is the standard
    deviation of the experiments' true gaps (log), `i2` its share of what their gaps differ by (0 to 1),
    `differ_p_value` Cochran's test that they are alike (of independent experiments alone: over shared jobs the luck of
    words cannot be told from a difference, and is in `tau`). `jobs` are the distinct ones, `shared_jobs` what all have.
    """

    parts: tuple[str, ...]
    endpoints: tuple[str, ...]
    attribute: str
    level: str
    reference: str
    gaps: tuple[Gap, ...]
    weights: tuple[float, ...]
    jobs: int
    shared_jobs: int
    gap: Gap
    others: Gap | None = None
    method: Method = "none"
    tau: float | None = None
    i2: float | None = None
    differ_p_value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with why there is no word."""
        return {**asdict(self), "no_word": NO_WORD}


def across(groups: Sequence[Sequence[Part]], outcome: Outcome) -> list[Across]:
    """Each attribute, level and reference that two parts of a group or more have, over them together.

    Parts with fewer than two jobs are left out. `outcome` says what is measured, which is the same in all.
    """
    measure = outcome.measured
    return [_across(seen, measure) for group in groups for seen in _together(group, linear=not measure.relative)]


def _together(group: Sequence[Part], *, linear: bool) -> Iterator[list[Seen]]:
    found: dict[tuple[str, str, str], list[Seen]] = {}
    for part in group:
        for seen in seen_of(part, linear=linear):
            if len(seen.gaps) > 1:
                found.setdefault(seen.about, []).append(seen)
    yield from (own for own in found.values() if len(own) > 1)


@dataclass(frozen=True)
class _Sample:
    """Experiments taken for a sample: what each counts for, and half the interval for others like them."""

    method: Method
    weights: Array
    half: float | None = None
    tau2: float | None = None
    i2: float | None = None
    differ: float | None = None


def _across(seen: Sequence[Seen], measure: Measure) -> Across:
    shared = in_common(seen)
    tables = shared or [s.gaps for s in seen]
    sample = _sharing(tables) if shared else _independent(seen)
    weights = [float(w) for w in sample.weights]
    mean = combined(seen, tables, weights, weights)
    half = None if mean.still else mean.half(SAME_ALPHA)
    beyond = None if sample.half is None or half is None else max(sample.half, half)
    named = [set(s.gaps) for s in seen]
    return Across(
        tuple(s.part.label for s in seen),
        tuple(s.part.endpoint for s in seen),
        *seen[0].about,
        tuple(alone(s.measured(), measure) for s in seen),
        tuple(weights),
        len(set().union(*tables)),
        len(named[0].intersection(*named[1:])),
        gap_shown(mean.gap, half, measure),
        None if beyond is None else gap_shown(mean.gap, beyond, measure),
        "none" if beyond is None else sample.method,
        None if sample.tau2 is None else sample.tau2**0.5,
        sample.i2,
        sample.differ,
    )


def _sharing(tables: Sequence[Gaps]) -> _Sample:
    """All have the same jobs: the table of experiments and jobs, both random."""
    jobs = sorted(tables[0])
    pooled = shared_people(np.array([[table[job] for job in jobs] for table in tables]))
    even = np.full(len(tables), 1 / len(tables))
    if pooled is None or pooled.conf_high is None:
        return _Sample("none", even)
    half = pooled.conf_high - pooled.estimate
    return _Sample("experiments_and_jobs", even, half, pooled.tau2, pooled.i2)


def _independent(seen: Sequence[Seen]) -> _Sample:
    """No two are about the same jobs: random effects, each with the standard error that its own interval amounts to."""
    even = np.full(len(seen), 1 / len(seen))
    found = [s.measured() for s in seen]
    if any(of.still for of in found) or _some_share(seen):
        return _Sample("none", even)
    sizes = np.array([[of.gap, of.half(SAME_ALPHA) / Z] for of in found])
    pooled = dersimonian_laird(sizes[:, 0], sizes[:, 1])
    if pooled is None or pooled.hk_std_error is None:
        return _Sample("none", even)
    weights = 1 / (sizes[:, 1] ** 2 + pooled.tau2)
    half = t_quantile(1 - SAME_ALPHA / 2, pooled.k - 1) * max(pooled.hk_std_error, pooled.std_error)
    return _Sample("experiments", weights / weights.sum(), half, pooled.tau2, pooled.i2, pooled.q_p_value)


def _some_share(seen: Sequence[Seen]) -> bool:
    """Whether any two are about the same jobs of one list."""
    return any(
        a.part.people == b.part.people and not set(a.gaps).isdisjoint(b.gaps)
        for i, a in enumerate(seen)
        for b in seen[i + 1 :]
    )
