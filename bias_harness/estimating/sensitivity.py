"""Rows of one endpoint and attribute -> the shape of the answers, what hangs on our choices, others' counting.

Every function returns the typed rows of `blocks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from bias_harness.estimating.blocks import Lenses, Quantile, RoundNumbers, Shape, Specification, Specifications
from bias_harness.estimating.comparison import Subject, percent
from bias_harness.estimating.diagnostics import about
from bias_harness.estimating.estimators.cells import Contrast, Mask, contrast, mean_over
from bias_harness.estimating.estimators.distribution import distance_test, gini, profile_quantile_gaps, quantile_gaps
from bias_harness.estimating.estimators.gaps import log_gap
from bias_harness.estimating.estimators.interval import Array, Interval, paired_t, ratio_of_means
from bias_harness.estimating.estimators.lenses import impact_ratios, pay_transparency, rows_test
from bias_harness.estimating.estimators.round_numbers import heap_width, heaping
from bias_harness.estimating.estimators.scopes import profile_means
from bias_harness.estimating.estimators.specification import joint_test
from bias_harness.estimating.estimators.verdicts import verdict

HEAP_DRAWS = 200
RANGES = ("midpoint", "low", "high")
OUTLIERS = ("included", "excluded")
SCALES = ("log", "money")


def distribution(subject: Subject) -> Iterator[Shape]:
    """Per compared level: quantile gaps (within profiles, per cent), distances with p, Gini, share of pairs below."""
    rows, analysis = subject.rows, subject.analysis
    known = rows.believable
    n = len(rows.profiles)
    centre = _profile_centre(subject, known)
    for level in subject.compared:
        sides = [known & (rows.level == g) for g in (level, rows.reference or 0)]
        if not all(s.any() for s in sides):
            continue
        level_side, reference_side = ((np.log(rows.annual[s]), rows.profile[s]) for s in sides)
        by_quantile = profile_quantile_gaps(level_side, reference_side, n, analysis.confidence)
        amounts = [rows.annual[s] for s in sides]
        distance = distance_test(
            (level_side[0] - centre[level_side[1]], level_side[1]),
            (reference_side[0] - centre[reference_side[1]], reference_side[1]),
            n,
            analysis.resamples,
            analysis.seed,
        )
        yield Shape(
            *about(subject, level),
            quantiles=tuple(Quantile(*_percents(i), probability=p) for p, i in by_quantile.items()),
            pooled_money_quantiles=quantile_gaps(*amounts),
            distance=distance,
            gini_level=gini(amounts[0]),
            gini_reference=gini(amounts[1]),
        )


def _profile_centre(subject: Subject, known: Mask) -> Array:
    rows = subject.rows
    n = len(rows.profiles)
    counts = np.bincount(rows.profile[known], minlength=n)
    sums = np.bincount(rows.profile[known], weights=np.log(rows.annual[known]), minlength=n)
    centre: Array = sums / np.maximum(counts, 1)
    return centre


def round_numbers(subject: Subject) -> Iterator[RoundNumbers]:
    """Per level: how round the answers are; per compared level whether undoing the rounding changes the verdict."""
    rows = subject.rows
    known = rows.believable
    width = heap_width(rows.annual[known])
    verdicts = _jittered(subject, known, width) if width else {}
    for level in range(len(rows.levels)):
        shape = heaping(rows.annual[known & (rows.level == level)])
        yield RoundNumbers(*about(subject, level), shape, width, verdicts.get(level))


def _jittered(subject: Subject, known: Mask, width: int) -> dict[int, float]:
    """The share of draws (U(-h/2, h/2) added to every answer) in which the gap keeps its verdict, scope profiles."""
    rows = subject.rows
    at = np.flatnonzero(known)
    shape = (*rows.shape[:3], 1)
    flat = np.ravel_multi_index((rows.profile[at], rows.wording[at], rows.level[at], np.zeros_like(at)), shape)
    count = np.maximum(np.bincount(flat, minlength=int(np.prod(shape))), 1.0)
    random = np.random.default_rng(subject.analysis.seed)
    drawn: dict[int, list[Array]] = {b: [] for b in subject.contrasts}
    for _ in range(HEAP_DRAWS):
        y = np.log(np.maximum(rows.annual[at] + random.uniform(-width / 2, width / 2, at.size), 1.0))
        mean = (np.bincount(flat, weights=y, minlength=count.size) / count).reshape(shape)
        for b, of in subject.contrasts.items():
            gaps = np.where(of.known, mean[:, :, b] - mean[:, :, rows.reference or 0], np.nan)
            drawn[b].append(subject.job_means(profile_means(mean_over(gaps))))
    kept = {}
    for b, of in subject.contrasts.items():
        plain = verdict(
            log_gap(subject.over_jobs(of), "profiles", subject.analysis.confidence), subject.margin, subject.alpha
        )
        if plain is not None:
            words = [_word(subject, gaps) for gaps in drawn[b]]
            kept[b] = sum(word == plain for word in words) / HEAP_DRAWS
    return kept


def _word(subject: Subject, gaps: Array) -> str | None:
    return verdict(paired_t(gaps, subject.analysis.confidence), subject.margin, subject.alpha)


def specification(subject: Subject) -> Iterator[Specifications]:
    """Per compared level: the gap under every wording, reading of ranges, rule for outliers and scale; a joint test."""
    rows, analysis = subject.rows, subject.analysis
    ranges = RANGES if (rows.believable & rows.ranged).any() else RANGES[:1]
    near = rows.believable & ~rows.flags.magnitude
    outliers = OUTLIERS if (rows.believable & rows.flags.magnitude).any() else OUTLIERS[:1]
    ends = {"low": rows.low, "high": rows.high}
    amounts = {r: _or(ends[r], rows.annual) if r in ends else rows.annual for r in ranges}
    masks = {"excluded": near, "included": rows.believable}
    made = {(r, o): rows.cells(masks[o], amounts[r]) for r, o in product(ranges, outliers)}
    wordings: list[int | None] = [None, *(range(len(rows.wordings)) if len(rows.wordings) > 1 else ())]
    for level in subject.compared:
        specs, columns = [], []
        for (r, o), cells in made.items():
            of = contrast(cells, level, rows.reference or 0)
            for w, scale in product(wordings, SCALES):
                one = of if w is None else of.part(None, np.arange(len(rows.wordings)) == w)
                gaps, interval = _specified(subject.over_jobs(one), scale, analysis.confidence)
                name = "all" if w is None else "/".join(x for x in rows.wordings[w] if x)
                specs.append(Specification(*_percents(interval), name, r, o, scale, interval.p_value))
                columns.append(gaps)
        joint = joint_test(np.column_stack(columns), analysis.resamples, analysis.seed)
        yield Specifications(*about(subject, level), tuple(specs), joint)


def _percents(of: Interval) -> tuple[float | None, float | None, float | None, str]:
    return percent(of.estimate), percent(of.conf_low), percent(of.conf_high), of.status


def _or(values: Array, otherwise: Array) -> Array:
    return np.where(np.isfinite(values) & (values > 0), values, otherwise)


def _specified(of: Contrast, scale: str, confidence: float) -> tuple[Array, Interval]:
    """Gaps per job and their interval (log): of the logs, or of the ratio of means."""
    if scale == "log":
        gaps = profile_means(of.log_gaps)
        return gaps, paired_t(gaps, confidence)
    b, a = of.profile_amounts
    mean = of.amounts
    relative = (b - a) / mean[1] if mean else b - a
    return relative, ratio_of_means(b, a, confidence)


def lenses(subject: Subject, comparisons: int) -> Iterator[Lenses]:
    """Per compared level: what published audits and laws would count on the same rows. None of it is a verdict."""
    rows = subject.rows
    known = rows.believable
    groups = {name: rows.annual[known & (rows.level == g)] for g, name in enumerate(rows.levels)}
    ratios, ties = impact_ratios(groups)
    for level in subject.compared:
        name, reference = rows.levels[level], rows.levels[rows.reference or 0]
        test = rows_test(groups[name], groups[reference], comparisons, subject.analysis.confidence)
        ratio, line = ratios[name], pay_transparency(test.percent)
        yield Lenses(*about(subject, level), test, ratio, ratios[reference], ties, line)
