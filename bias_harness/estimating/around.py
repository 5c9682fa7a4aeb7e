"""What stands around a judgement's numbers: money, pairs, the negative control, sensitivities, what it would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bias_harness.estimating.estimators.arms import Arm, JobGaps
from bias_harness.estimating.estimators.bounds import trimmed_shift
from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.estimators.forms import FormSpread, Term
from bias_harness.estimating.estimators.interval import Array, paired_t
from bias_harness.estimating.judgement import (
    ASSERTS_A_DIFFERENCE,
    Control,
    Imbalance,
    Judgement,
    Needed,
    Pairs,
    Sensitivity,
    Variation,
    Word,
)
from bias_harness.estimating.measured import gap_between, gap_of, measured_of
from bias_harness.estimating.rows import Rows
from bias_harness.estimating.sides import Chosen, Model, Side
from bias_harness.estimating.words import SAME_ALPHA, Measured, Rule, bears_out, word_of

MOST_JOBS = 100_000
UNEVEN = 0.05
"""A difference in silence that an uncorrected test shows at this level puts its bounds into the verdict."""


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
    size_b, mean_b, square_b = _moments(of.level, of.of_persons.size)
    size_a, mean_a, square_a = _moments(of.reference, of.of_persons.size)
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


def _moments(arm: Arm, persons: int) -> tuple[Array, Array, Array]:
    """Cells, mean and mean square of an arm by person."""
    size = np.bincount(arm.person, minlength=persons).astype(float)
    part = np.maximum(size, 1)
    mean = np.bincount(arm.person, weights=arm.value, minlength=persons) / part
    return size, mean, np.bincount(arm.person, weights=arm.value**2, minlength=persons) / part


def needed_of(found: Measured, rule: Rule) -> Needed:
    """The jobs at which the family's interval is no wider than the margin either way, other things equal."""

    def wide(jobs: int) -> float:
        shrink = found.jobs / jobs
        terms = tuple(
            Term(t.share, replace(s, forms=max(s.forms - s.noise, 0.0) + s.noise * shrink, noise=s.noise * shrink))
            for t in found.terms
            for s in (t.spread,)
        )
        return replace(found, variance=found.variance * shrink, jobs=jobs, terms=terms).half(rule.level)

    if found.jobs < 2 or wide(MOST_JOBS) > rule.margin:
        return Needed(None, more_forms=True)
    low, high = found.jobs, MOST_JOBS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wide(middle) <= rule.margin else (middle, high)
    return Needed(high, more_forms=found.forms_reference < 3)


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

    def of(
        self, side: Side, level: int, rule: Rule, silence: Imbalance, headline: tuple[Judgement, Word]
    ) -> tuple[Sensitivity, ...]:
        """The sensitivities of one comparison, each held against the headline's word."""
        about, word = headline
        place = [s.rows is side.rows for s in self.model.sides].index(True)
        made = []
        for name, model in self.models.items():
            share = _share(side, level, TOUCHED[name](side.rows))
            if share:
                made.append(_varied(name, share, model, (model.sides[place], level), rule, about, word))
        limits = _bounded(self.model, side, level, rule, silence, about, word)
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


def _varied(
    name: Variation,
    share: float,
    model: Model,
    at: tuple[Side, int],
    rule: Rule,
    about: Judgement,
    word: Word,
) -> Sensitivity:
    found = measured_of(model, *at)
    if found.jobs < 2:
        return Sensitivity(name, share, gap_of(found.gap, None, about), "cannot_tell", word == "cannot_tell")
    other, _ = word_of(found, rule)
    half = None if found.still else found.half(SAME_ALPHA if other == "practically_the_same" else rule.level)
    held = bears_out(word, about.gap.estimate if about.gap else 0.0, other, found.gap)
    return Sensitivity(name, share, gap_of(found.gap, half, about), other, held)


def _bounded(
    model: Model, side: Side, level: int, rule: Rule, silence: Imbalance, about: Judgement, word: Word
) -> Sensitivity | None:
    """The bounds where one side answered less often; they count against a difference only where a test shows that."""
    shifts = _shifts(side, level)
    if shifts is None:
        return None
    share, ends, trimmed = shifts
    found = measured_of(model, side, level)
    half = found.half(SAME_ALPHA if word in ("practically_the_same", "cannot_tell") else rule.level)
    half /= max(1 - trimmed, 1e-6) ** 0.5
    low, high = found.gap + ends[0] - half, found.gap + ends[1] + half
    gap = gap_between(found.gap, low, high, about)
    shown = silence.p_value is not None and silence.p_value < UNEVEN
    inside = max(abs(low), abs(high)) < rule.margin
    nearest = min(abs(low), abs(high)) if low * high > 0 else 0.0
    if word in ("practically_the_same", "difference_too_small_to_matter"):
        large = shown and abs(silence.difference or 0.0) > SMALLEST_SILENCE
        holds = inside and not large and (word == "practically_the_same" or nearest > 0)
    elif word in ASSERTS_A_DIFFERENCE and shown:
        holds = nearest > (rule.margin if word == "clear_gap" else 0.0)
    else:
        holds = True
    return Sensitivity("bounds", share, gap, word if holds else "cannot_tell", holds)


SMALLEST_SILENCE = 0.02


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
    size, mean, _ = _moments(of.reference, of.of_persons.size)
    words = np.bincount(side.reference.wording, minlength=len(rows.wordings))
    sums = np.bincount(side.reference.wording, weights=side.reference.value, minlength=len(rows.wordings))
    at = side.at(level if of_level else rows.reference or 0)
    known = (size[rows.profile[at]] > (0 if of_level else 1)) & (words[rows.wording[at]] > 0)
    at = at[known]
    own = size[rows.profile[at]]
    rest = side.values[at] - (sums / np.maximum(words, 1))[rows.wording[at]] - mean[rows.profile[at]]
    return rest if of_level else rest * np.sqrt(own / np.maximum(own - 1, 1))
