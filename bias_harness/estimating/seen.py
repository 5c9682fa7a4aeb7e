"""The same comparison in several parts (runs, models, wordings): their gaps, and one number made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bias_harness.estimating.estimators.forms import Term
from bias_harness.estimating.judgement import Gap
from bias_harness.estimating.measured import measured_of
from bias_harness.estimating.rows import rows_of
from bias_harness.estimating.sides import Model, Side
from bias_harness.estimating.words import SAME_ALPHA, Measured
from bias_harness.outcome import Measure

Gaps = Mapping[str, float]
"""The gap of each job by its name."""
TINY = 1e-12


@dataclass(frozen=True)
class Part:
    """One of the things compared: what it is called, the endpoint, and the observations that are its own.

    `people` names the list that its jobs are taken from: jobs of one name are the same job within one list only.
    """

    label: str
    endpoint: str
    observations: pd.DataFrame = field(repr=False)
    people: str = ""


@dataclass(frozen=True)
class Seen:
    """A comparison in one part: its model, and the level of an attribute in it."""

    part: Part
    model: Model
    side: Side
    level: int

    @property
    def about(self) -> tuple[str, str, str]:
        """Attribute, level and reference."""
        rows = self.side.rows
        return rows.attribute, rows.levels[self.level], rows.levels[rows.reference or 0]

    @property
    def gaps(self) -> dict[str, float]:
        """The gap of each job that has both sides."""
        of, (_, names) = self.side.gaps[self.level], self.side.jobs
        return {name: float(g) for name, g in zip(names, of.gaps, strict=True) if np.isfinite(g)}

    @property
    def forms_reference(self) -> int:
        """In how many ways the reference was put."""
        return self.side.gaps[self.level].forms[1]

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the forms of both sides bring."""
        return self.model.terms(self.side, self.level)

    def measured(self) -> Measured:
        """The comparison by itself."""
        return measured_of(self.model, self.side, self.level)


def seen_of(part: Part, *, linear: bool) -> Iterator[Seen]:
    """Every comparison of a part that has a gap."""
    rows = part.observations
    own = rows[rows["endpoint"].astype(str) == part.endpoint]
    if own.empty:
        return
    model = Model.of(list(rows_of(own, linear=linear)))
    for side in model.sides:
        for level, of in side.gaps.items():
            if of.jobs:
                yield Seen(part, model, side, level)


def in_common(seen: Sequence[Seen]) -> list[Gaps] | None:
    """The gaps of the jobs that all have, where these are the same jobs and at least half of anybody's; else None.

    Jobs are the same where they have one name in one list of people. With fewer in common, more is lost by leaving out
    the others than is won by pairing.
    """
    tables = [s.gaps for s in seen]
    shared = set(tables[0]).intersection(*tables[1:])
    same_list = len({s.part.people for s in seen}) == 1
    if not same_list or len(shared) < 2 or 2 * len(shared) < min(map(len, tables)):
        return None
    return [{job: gap for job, gap in table.items() if job in shared} for table in tables]


def combined(
    seen: Sequence[Seen], tables: Sequence[Gaps], weights: Sequence[float], shares: Sequence[float]
) -> Measured:
    """The weighted sum of the mean gaps of several parts, with its variance over jobs and the terms of all forms.

    A job is one draw, in however many parts it is: with u_j the sum over the parts that have job j of
    w (gap - mean) / sqrt(J (J - 1)), the variance is the sum of u_j^2. That is the paired one where all have the same
    jobs, and Welch's where none do; degrees of freedom after Satterthwaite, over the groups of jobs that the same
    parts have. `shares` are what the form terms of each part are multiplied by. Every part needs two jobs.
    """
    gaps = [np.array(list(table.values())) for table in tables]
    variance, df = _over_jobs(tables, weights)
    parts = [s.terms for s in seen]
    terms = [Term(t.share * share, t.spread) for own, share in zip(parts, shares, strict=True) for t in own]
    return Measured(
        float(sum(w * g.mean() for w, g in zip(weights, gaps, strict=True))),
        variance,
        min(g.size for g in gaps),
        tuple(terms),
        min(s.forms_reference for s in seen),
        tried=all(any(t.spread.df for t in own) for own in parts),
        job_df=df,
    )


def _over_jobs(tables: Sequence[Gaps], weights: Sequence[float]) -> tuple[float, float]:
    """The variance of the weighted sum and its degrees of freedom."""
    jobs = {job: place for place, job in enumerate(sorted(set().union(*tables)))}
    moved, had_by = np.zeros(len(jobs)), np.zeros(len(jobs), dtype=np.int64)
    for number, (table, weight) in enumerate(zip(tables, weights, strict=True)):
        places, gaps = [jobs[job] for job in table], np.array(list(table.values()))
        moved[places] += weight * (gaps - gaps.mean()) / np.sqrt(gaps.size * (gaps.size - 1))
        had_by[places] += 1 << number
    groups = [moved[had_by == group] for group in np.unique(had_by)]
    squares = [float(group @ group) for group in groups]
    variance = sum(squares)
    fewest = float(max(1, min(map(len, tables)) - 1))
    if np.ptp(moved) < TINY or variance <= 0:
        return 0.0, fewest
    return variance, variance**2 / sum(s**2 / max(g.size - 1, 1) for s, g in zip(squares, groups, strict=True))


def alone(found: Measured, measure: Measure) -> Gap:
    """A gap with the interval of this comparison alone."""
    still = found.jobs < 2 or found.still
    return gap_shown(found.gap, None if still else found.half(SAME_ALPHA), measure)


def gap_shown(estimate: float, half: float | None, measure: Measure) -> Gap:
    """A gap with its interval, in per cent too; in no currency, for the parts may have several."""
    ends = (None, None) if half is None else (estimate - half, estimate + half)
    percents = [None if x is None or not measure.relative else measure.shown(x) for x in (estimate, *ends)]
    return Gap(estimate, *ends, *percents)
