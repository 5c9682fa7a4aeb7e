"""A judgement under the other choices that its word must stand: flagged amounts, ends of ranges, unequal silence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bias_harness.estimating.around import moments
from bias_harness.estimating.estimators.arms import JobGaps
from bias_harness.estimating.estimators.bounds import trimmed_shift
from bias_harness.estimating.estimators.cells import Mask
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.judgement import (
    ASSERTS_A_DIFFERENCE,
    ASSERTS_SAMENESS,
    Imbalance,
    Judgement,
    Sensitivity,
    Variation,
    Word,
)
from bias_harness.estimating.measured import gap_between, gap_of, measured_of
from bias_harness.estimating.rows import Rows
from bias_harness.estimating.sides import Chosen, Model, Side
from bias_harness.estimating.words import Rule, bears_out, word_of

UNEVEN = 0.05
"""A difference in silence that an uncorrected test shows at this level puts its bounds into the verdict."""
SMALLEST_SILENCE = 0.02
"""Nothing is called the same where one side is silent by so much more (of all answers), and a test shows it."""


@dataclass(frozen=True)
class Case:
    """A comparison with the headline's judgement and word, before its sensitivities."""

    side: Side
    level: int
    rule: Rule
    about: Judgement
    word: Word
    over_wordings: bool


@dataclass(frozen=True)
class Varied:
    """A model under the other choices that its verdicts must stand; a choice that touches nothing is not made."""

    model: Model

    @cached_property
    def models(self) -> dict[Variation, Model]:
        """The model under each choice that touches any of its answers."""
        attributes = [side.rows for side in self.model.sides]
        return {
            name: Model.of(attributes, choice)
            for name, choice in CHOICES.items()
            if any(TOUCHED[name](rows).any() for rows in attributes)
        }

    def of(self, case: Case, silence: Imbalance) -> tuple[Sensitivity, ...]:
        """The sensitivities of one comparison, each held against the headline's word."""
        place = [s.rows is case.side.rows for s in self.model.sides].index(True)
        made = []
        for name, model in self.models.items():
            share = _share(case.side, case.level, TOUCHED[name](case.side.rows))
            if share:
                made.append(_varied(name, share, model, model.sides[place], case))
        limits = _bounded(self.model, case, silence)
        return (*made, *([limits] if limits else []))


def _flagged(rows: Rows) -> Mask:
    mask: Mask = rows.believable & rows.flags.magnitude
    return mask


def _ranges(rows: Rows) -> Mask:
    mask: Mask = rows.believable & rows.ranged & (np.isfinite(rows.low) | np.isfinite(rows.high))
    return mask


def _without(rows: Rows) -> tuple[Mask, Array]:
    return rows.believable & ~rows.flags.magnitude, rows.scaled


def _end(values: Array, rows: Rows) -> tuple[Mask, Array]:
    known = np.isfinite(values) & (rows.linear | (np.nan_to_num(values) > 0)) & rows.ranged
    read = np.where(known, values, rows.annual)
    return rows.believable, read if rows.linear else np.log(np.where(rows.valued, read, np.nan))


def _low(rows: Rows) -> tuple[Mask, Array]:
    return _end(rows.low, rows)


def _high(rows: Rows) -> tuple[Mask, Array]:
    return _end(rows.high, rows)


CHOICES: dict[Variation, Chosen] = {"without_flagged": _without, "low_ends": _low, "high_ends": _high}
TOUCHED = {"without_flagged": _flagged, "low_ends": _ranges, "high_ends": _ranges}


def _share(side: Side, level: int, touched: Mask) -> float:
    both = np.concatenate([side.at(level), side.at(side.rows.reference or 0)])
    return float(touched[both].mean()) if both.size else 0.0


def _varied(name: Variation, share: float, model: Model, side: Side, case: Case) -> Sensitivity:
    found = measured_of(model, side, case.level, over_wordings=case.over_wordings)
    if found.jobs < 2:
        alone = gap_of(found.gap, None, case.about)
        return Sensitivity(name, share, alone, "cannot_tell", case.word == "cannot_tell")
    other, _ = word_of(found, case.rule)
    half = None if found.still else found.half(case.rule.same if other == "practically_the_same" else case.rule.level)
    held = bears_out(case.word, case.about.gap.estimate if case.about.gap else 0.0, other, found.gap)
    return Sensitivity(name, share, gap_of(found.gap, half, case.about), other, held)


def _bounded(model: Model, case: Case, silence: Imbalance) -> Sensitivity | None:
    """The bounds where one side answered less often; they count against a difference only where a test shows that."""
    shifts = _shifts(case.side, case.level)
    if shifts is None:
        return None
    share, ends, trimmed = shifts
    found = measured_of(model, case.side, case.level, over_wordings=case.over_wordings)
    half = found.half(case.rule.same if case.word in ("practically_the_same", "cannot_tell") else case.rule.level)
    half /= max(1 - trimmed, 1e-6) ** 0.5
    low, high = found.gap + ends[0] - half, found.gap + ends[1] + half
    holds = _holds(case.word, (low, high), case.rule.margin, silence)
    gap = gap_between(found.gap, low, high, case.about)
    return Sensitivity("bounds", share, gap, case.word if holds else "cannot_tell", holds)


def _holds(word: Word, ends: tuple[float, float], margin: float, silence: Imbalance) -> bool:
    """Whether a word stands between the bounds: sameness always has to, a difference where silence is unequal."""
    low, high = ends
    shown = silence.p_value is not None and silence.p_value < UNEVEN
    nearest = min(abs(low), abs(high)) if low * high > 0 else 0.0
    if word in ASSERTS_SAMENESS:
        large = shown and abs(silence.difference or 0.0) > SMALLEST_SILENCE
        return max(abs(low), abs(high)) < margin and not large and (word == "practically_the_same" or nearest > 0)
    if word in ASSERTS_A_DIFFERENCE and shown:
        return nearest > (margin if word == "clear_gap" else 0.0)
    return True


def _shifts(side: Side, level: int) -> tuple[float, tuple[float, float], float] | None:
    """How far trimming moves the gap down and up; the share of answers missing; the share trimmed. None for nothing."""
    rows, of = side.rows, side.gaps[level]
    heard = rows.asked & ~rows.foreign & ~rows.other_currency
    arms = [heard & (rows.level == g) for g in (level, rows.reference or 0)]
    asked = [int(arm.sum()) for arm in arms]
    counted = [int((arm & side.counted).sum()) for arm in arms]
    if min(counted) == 0:
        return None
    rates = [n / m for n, m in zip(counted, asked, strict=True)]
    q = abs(rates[0] - rates[1]) / max(rates)
    if q < 1e-12:
        return None
    of_level = rates[0] > rates[1]
    residuals = _residuals(side, level, of, of_level=of_level)
    down, up = trimmed_shift(residuals, q)
    ends = (down, up) if of_level else (-up, -down)
    return 1 - sum(counted) / sum(asked), ends, q


def _residuals(side: Side, level: int, of: JobGaps, *, of_level: bool) -> Array:
    """Answers of the side that answers more, its person's reference answers and its wording taken off."""
    rows = side.rows
    size, mean, _ = moments(of.reference, of.of_persons.size)
    words = np.bincount(side.reference.wording, minlength=len(rows.wordings))
    sums = np.bincount(side.reference.wording, weights=side.reference.value, minlength=len(rows.wordings))
    at = side.at(level if of_level else rows.reference or 0)
    known = (size[rows.profile[at]] > (0 if of_level else 1)) & (words[rows.wording[at]] > 0)
    at = at[known]
    own = size[rows.profile[at]]
    rest = side.values[at] - (sums / np.maximum(words, 1))[rows.wording[at]] - mean[rows.profile[at]]
    return rest if of_level else rest * np.sqrt(own / np.maximum(own - 1, 1))
