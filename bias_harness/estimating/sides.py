"""Rows of one model -> arms, job gaps and the spread of forms: what its judgements are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bias_harness.estimating.estimators.arms import Arm, JobGaps, arm_of, job_gaps, level_spread, reference_spread
from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.estimators.forms import NOTHING, FormSpread, Term, form_terms, pooled
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.round_numbers import rounding_step
from bias_harness.estimating.estimators.scopes import FEWEST_WORDINGS, two_way
from bias_harness.estimating.rows import Rows

Chosen = Callable[[Rows], tuple[Mask, Array]]
"""Which rows of an attribute count, and their values on the scale of the gap."""


def believable(rows: Rows) -> tuple[Mask, Array]:
    """The headline's choice: every amount within the plausible ends, its unit read, in its person's own currency."""
    return rows.believable, rows.scaled


@dataclass(frozen=True)
class Side:
    """One attribute of a model under one choice of rows: its arms by level, and which job each person has."""

    rows: Rows
    counted: Mask
    values: Array
    linear: bool

    @property
    def jobs(self) -> tuple[Codes, tuple[str, ...]]:
        """The job of each person as codes, and the jobs' names."""
        return self.rows.jobs

    def at(self, level: int) -> Codes:
        """The rows of a level that count."""
        return np.flatnonzero(self.counted & (self.rows.level == level))

    @cached_property
    def arms(self) -> Mapping[int, Arm]:
        """The cells of every level."""
        return {level: self._arm(level) for level in range(len(self.rows.levels))}

    def _arm(self, level: int) -> Arm:
        rows, at = self.rows, self.at(level)
        form = rows.signal[at] * len(rows.edits) + rows.edit[at]
        return arm_of(rows.profile[at], rows.wording[at], form, self.values[at])

    @property
    def reference(self) -> Arm:
        """The cells of the reference level, edited or not."""
        return self.arms[self.rows.reference or 0]

    @cached_property
    def gaps(self) -> Mapping[int, JobGaps]:
        """The job gaps of every compared level."""
        codes, names = self.jobs
        return {b: job_gaps(self.arms[b], self.reference, codes, len(names)) for b in self.rows.compared}

    @cached_property
    def level_spread(self) -> FormSpread:
        """The spread of the forms of the levels, pooled."""
        return pooled(level_spread(of, self.jobs[0]) for of in self.gaps.values())

    @cached_property
    def reference_spread(self) -> FormSpread:
        """The spread of the forms of the reference."""
        arm = self.reference
        return reference_spread(arm) if arm.value.size else NOTHING

    def wordings_term(self, level: int) -> Term | None:
        """The part of the variance that wordings bring when they too are a sample, as ways of saying both sides.

        From the gaps by job and wording, over the jobs that have every wording; None for fewer than three wordings or
        fewer than two such jobs.
        """
        of, (codes, names) = self.gaps[level], self.jobs
        words = len(self.rows.wordings)
        table = _cell_means(of.level, codes, len(names), words) - _cell_means(of.reference, codes, len(names), words)
        complete = table[np.isfinite(table).all(axis=1)]
        if words < FEWEST_WORDINGS or len(complete) < 2:
            return None
        _, _, ms_words, ms_rest = two_way(complete)
        return Term(1 / words, FormSpread(ms_words / len(complete), ms_rest / len(complete), words - 1.0))

    def half_step(self, level: int) -> float:
        """Half the rounding step of the answers on the scale of the gap; 0 where they are not round."""
        both = np.concatenate([self.at(level), self.at(self.rows.reference or 0)])
        amounts = self.rows.annual[both]
        step = rounding_step(amounts, money=not self.linear)
        if not step or not amounts.size:
            return 0.0
        return step / 2 if self.linear else step / 2 / float(amounts.mean())


@dataclass(frozen=True)
class Model:
    """All attributes of one model under one choice of rows: reference arms are pooled, never over models."""

    sides: Sequence[Side]

    @classmethod
    def of(cls, attributes: Sequence[Rows], choice: Chosen = believable) -> Model:
        """The model's arms under a choice of rows."""
        return cls([Side(rows, *choice(rows), linear=rows.linear) for rows in attributes])

    @cached_property
    def references(self) -> FormSpread:
        """The spread of the forms of all reference arms; an arm that several attributes share counts once."""
        distinct = {side.reference.value.tobytes(): side for side in self.sides if side.rows.reference is not None}
        return pooled(side.reference_spread for side in distinct.values())

    def terms(self, side: Side, level: int) -> tuple[Term, ...]:
        """The form terms of a comparison, none below half a rounding step over the root of the jobs."""
        of = side.gaps[level]
        raw = form_terms(side.level_spread, self.references, of.c_level, of.c_reference)
        if of.jobs == 0 or (of.variance == 0 and not any(t.spread.forms for t in raw)):
            return raw
        floor = side.half_step(level) ** 2 / of.jobs
        return tuple(Term(t.share, t.spread.at_least(floor)) for t in raw)


def _cell_means(arm: Arm, job_of: Codes, jobs: int, words: int) -> Array:
    """The mean of an arm by job and wording; NaN where it has nothing."""
    key = job_of[arm.person] * words + arm.wording
    count = np.bincount(key, minlength=jobs * words)
    sums = np.bincount(key, weights=arm.value, minlength=jobs * words)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan).reshape(jobs, words)
