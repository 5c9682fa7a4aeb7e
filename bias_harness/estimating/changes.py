"""The same comparison seen twice -> whether its gap changed: from run to run, or between models, wordings, languages.

By the rule of the judgement: one interval of two half-widths, one family over all changes that are looked at together,
and the same words. Job by job where both have the same jobs, else with jobs of each side's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bias_harness.estimating.judgement import Because, Gap, Word
from bias_harness.estimating.seen import Gaps, Part, Seen, alone, combined, gap_shown, in_common, seen_of
from bias_harness.estimating.words import SAME_ALPHA, Measured, Rule, word_of
from bias_harness.outcome import Analysis, Measure, Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """A gap in `other` minus the same gap in `base`.

    `paired` where both have the same jobs: the change is then over the `jobs` that both have. Else it is the difference
    of the two mean gaps, over `jobs` of the base and `other_jobs` of the other. `before` and `after` are each side's
    gap with its own 95 % interval (this comparison alone); `change` has the interval that its word used, simultaneous
    over the `family_size` changes looked at together. All are ratios where pay is measured, so that the sides may have
    different currencies. Word, reasons and margin mean what they mean of a judgement; the word is None where a side has
    fewer than two jobs.
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
    paired: bool = True
    other_jobs: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def changes_of(groups: Sequence[Sequence[Part]], *, analysis: Analysis, outcome: Outcome) -> list[Change]:
    """Every part of a group against the group's first, for each attribute, level and reference that both have.

    `analysis` and `outcome` are those of the base. All changes that come out are one family (Bonferroni). What the
    forms of both sides do is counted on both sides, as if it were independent: where the two share their words, the
    interval is rather too wide than too narrow.
    """
    measure = outcome.measured
    found = [pair for group in groups for pair in _pairs(group, linear=not measure.relative)]
    rule = Rule(measure.margin(analysis).bound, 1 - analysis.confidence, sum(p.tested for p in found))
    return [pair.change(rule, measure) for pair in found]


@dataclass(frozen=True)
class _Pair:
    """A comparison in the base and in another part: the jobs of each that count, and whether they are the same."""

    base: Seen
    other: Seen
    tables: tuple[Gaps, Gaps]
    paired: bool

    @classmethod
    def of(cls, base: Seen, other: Seen) -> _Pair:
        shared = in_common([base, other])
        old, new = shared or (base.gaps, other.gaps)
        return cls(base, other, (old, new), shared is not None)

    @property
    def tested(self) -> bool:
        return min(map(len, self.tables)) > 1

    def change(self, rule: Rule, measure: Measure) -> Change:
        before, after = (alone(seen.measured(), measure) for seen in (self.base, self.other))
        ends = (self.base.part.endpoint, self.other.part.endpoint)
        jobs, others = map(len, self.tables)
        made = (self.base.part.label, self.other.part.label, *ends, *self.base.about, jobs, rule.margin)
        rests: dict[str, Any] = {"paired": self.paired, "other_jobs": None if self.paired else others}
        if not self.tested:
            return Change(*made, rule.family_size, before, after, **rests)
        found = self._measured()
        word, because = word_of(found, rule)
        half = None if found.still else found.half(SAME_ALPHA if word == "practically_the_same" else rule.level)
        change = gap_shown(found.gap, half, measure)
        return Change(*made, rule.family_size, before, after, change, word, because, **rests)

    def _measured(self) -> Measured:
        return combined([self.base, self.other], self.tables, (-1.0, 1.0), (1.0, 1.0))


def _pairs(group: Sequence[Part], *, linear: bool) -> Iterator[_Pair]:
    seen = [{s.about: s for s in seen_of(part, linear=linear)} for part in group]
    for about, base in seen[0].items():
        for others in seen[1:]:
            if about in others:
                yield _Pair.of(base, others[about])
