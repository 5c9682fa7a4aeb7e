"""The same comparison seen twice -> whether its gap changed: from run to run, or between models, wordings, languages.

Job by job, by the rule of the judgement: one interval of two half-widths, one family over all changes that are looked
at together, and the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bias_harness.estimating.judgement import Because, Gap, Word
from bias_harness.estimating.measured import measured_of
from bias_harness.estimating.rows import rows_of
from bias_harness.estimating.sides import Model, Side
from bias_harness.estimating.words import SAME_ALPHA, Measured, Rule, word_of
from bias_harness.outcome import Analysis, Measure, Outcome


@dataclass(frozen=True)
class Part:
    """One of the things compared: what it is called, and the observations of one endpoint that are its own."""

    label: str
    endpoint: str
    observations: pd.DataFrame = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A gap in `other` minus the same gap in `base`, over the `jobs` that both have.

    `before` and `after` are each side's gap with its own 95 % interval (this comparison alone); `change` has the
    interval that its word used, simultaneous over the `family_size` changes looked at together. Word, reasons and
    margin mean what they mean of a judgement; the word is None where fewer than two jobs are shared.
    """

    base: str
    other: str
    endpoint: str
    other_endpoint: str
    attribute: str
    level: str
    reference: str
    jobs: int
    margin: float
    family_size: int
    before: Gap
    after: Gap
    change: Gap | None = None
    word: Word | None = None
    because: tuple[Because, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def changes_of(groups: Sequence[Sequence[Part]], *, analysis: Analysis, outcome: Outcome) -> list[Change]:
    """Every part of a group against the group's first, for each attribute and level that both have.

    `analysis` and `outcome` are those of the base. All changes that come out are one family (Bonferroni). What the
    forms of both sides do is counted on both sides, as if it were independent: where the two share their words, the
    interval is rather too wide than too narrow.
    """
    measure = outcome.measured
    found = [pair for group in groups for pair in _pairs(group, linear=not measure.relative)]
    rule = Rule(measure.margin(analysis).bound, 1 - analysis.confidence, sum(p.tested for p in found))
    return [pair.change(rule, measure) for pair in found]


@dataclass(frozen=True)
class _Seen:
    """One side of a change: the part, its model, and the level of an attribute in it."""

    part: Part
    model: Model
    side: Side
    level: int

    @property
    def gaps(self) -> dict[str, float]:
        of, (_, names) = self.side.gaps[self.level], self.side.jobs
        return {name: float(g) for name, g in zip(names, of.gaps, strict=True) if np.isfinite(g)}

    @property
    def forms_reference(self) -> int:
        return self.side.gaps[self.level].forms[1]

    def measured(self) -> Measured:
        return measured_of(self.model, self.side, self.level)


@dataclass(frozen=True)
class _Pair:
    base: _Seen
    other: _Seen

    @property
    def moved(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        old, new = self.base.gaps, self.other.gaps
        return np.array([new[job] - old[job] for job in sorted(old) if job in new])

    @property
    def tested(self) -> bool:
        return self.moved.size > 1

    def change(self, rule: Rule, measure: Measure) -> Change:
        rows, moved = self.base.side.rows, self.moved
        before, after = (_alone(seen.measured(), measure) for seen in (self.base, self.other))
        about = (rows.attribute, rows.levels[self.base.level], rows.levels[rows.reference or 0])
        ends = (self.base.part.endpoint, self.other.part.endpoint)
        made = (self.base.part.label, self.other.part.label, *ends, *about, int(moved.size), rule.margin)
        if not self.tested:
            return Change(*made, rule.family_size, before, after)
        found = self._measured(moved)
        word, because = word_of(found, rule)
        half = None if found.still else found.half(SAME_ALPHA if word == "practically_the_same" else rule.level)
        return Change(*made, rule.family_size, before, after, _gap(found.gap, half, measure), word, because)

    def _measured(self, moved: np.ndarray[Any, np.dtype[np.float64]]) -> Measured:
        both = [s.model.terms(s.side, s.level) for s in (self.base, self.other)]
        tried = all(any(t.spread.df for t in terms) for terms in both)
        variance = float(moved.var(ddof=1)) / moved.size
        variance = 0.0 if np.ptp(moved) < 1e-12 else variance
        forms = min(self.base.forms_reference, self.other.forms_reference)
        return Measured(float(moved.mean()), variance, int(moved.size), (*both[0], *both[1]), forms, tried=tried)


def _alone(found: Measured, measure: Measure) -> Gap:
    still = found.jobs < 2 or found.still
    return _gap(found.gap, None if still else found.half(SAME_ALPHA), measure)


def _gap(estimate: float, half: float | None, measure: Measure) -> Gap:
    ends = (None, None) if half is None else (estimate - half, estimate + half)
    percents = [None if x is None or not measure.relative else measure.shown(x) for x in (estimate, *ends)]
    return Gap(estimate, *ends, *percents)


def _pairs(group: Sequence[Part], *, linear: bool) -> Iterator[_Pair]:
    seen = [list(_seen(part, linear=linear)) for part in group]
    by_place = [{(s.side.rows.attribute, s.side.rows.levels[s.level]): s for s in one} for one in seen]
    for place, base in by_place[0].items():
        for others in by_place[1:]:
            if place in others:
                yield _Pair(base, others[place])


def _seen(part: Part, *, linear: bool) -> Iterator[_Seen]:
    rows = part.observations
    own = rows[rows["endpoint"].astype(str) == part.endpoint]
    if own.empty:
        return
    model = Model.of(list(rows_of(own, linear=linear)))
    for side in model.sides:
        for level, of in side.gaps.items():
            if of.jobs:
                yield _Seen(part, model, side, level)
