"""Rows of one endpoint and attribute -> what stands beside the estimates: counts, noise, bounds, shapes, choices.

Every function returns the typed rows of `blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from bias_harness.estimating.blocks import AboveFloor, Answers, Between, Components, Drift, Placebo, Silence
from bias_harness.estimating.coded import STATUSES
from bias_harness.estimating.comparison import Subject, percent
from bias_harness.estimating.estimators.bounds import Bounds, lee_bounds, manski_bounds
from bias_harness.estimating.estimators.cells import Codes, Contrast, Mask, contrast
from bias_harness.estimating.estimators.interval import Array, Interval, paired_t
from bias_harness.estimating.estimators.placebo import false_alarms, placebo_floor
from bias_harness.estimating.estimators.trend import slope_by_profile
from bias_harness.estimating.estimators.variance import crossed_cells
from bias_harness.estimating.judgement import Control
from bias_harness.vocabulary import Estimate


def about(subject: Subject, level: int) -> tuple[str, str, str]:
    """Endpoint, attribute and level, what a row is about."""
    return subject.rows.endpoint, subject.rows.attribute, subject.rows.levels[level]


def answers(subject: Subject) -> Iterator[Answers]:
    """Per level: what came back, and what of it the headline does not use and why."""
    rows = subject.rows
    reasons: Mapping[str, Mask] = {
        "range": rows.ranged,
        "implausible": rows.is_status("ok") & rows.implausible,
        "invalid_nonpositive": rows.is_status("ok") & ~rows.valued & ~rows.foreign & ~rows.implausible,
        "mixed_currency": rows.other_currency | rows.foreign,
        "outlier_magnitude": rows.flags.magnitude,
        "outlier_robust": rows.flags.robust,
        "used": rows.believable,
    }
    for level in range(len(rows.levels)):
        own = rows.level == level
        counts = {status: int((own & rows.is_status(status)).sum()) for status in STATUSES}
        left = {name: int((own & mask).sum()) for name, mask in reasons.items()}
        endpoint, attribute, name = about(subject, level)
        yield Answers(endpoint=endpoint, attribute=attribute, level=name, asked=int(own.sum()), **counts, **left)


def variance(subject: Subject) -> Iterator[Components]:
    """Where the amounts vary, per level, and where the gaps vary, per compared level (log, linear)."""
    cells = subject.cells
    for level in range(len(subject.rows.levels)):
        means = np.where(cells.count[:, :, level, 0] > 0, cells.log_mean[:, :, level, 0], np.nan)
        within, repeats = _within(cells.log_variance[:, :, level, 0], cells.count[:, :, level, 0])
        yield Components(*about(subject, level), "amounts", crossed_cells(means, within, repeats))
    for level, of in subject.contrasts.items():
        noise = [_within(v, c) for v, c in zip(of.log_variances, of.counts, strict=True)]
        known = [x for x in noise if x[0] is not None]
        within = sum(w / r for w, r in known if w is not None) / max(1, of.log.shape[2]) if len(known) == 2 else None
        yield Components(*about(subject, level), "gaps", crossed_cells(of.log_gaps, within, 1.0))


def _within(variances: Array, counts: Array) -> tuple[float | None, float]:
    """Pooled variance of repeated answers, and the harmonic mean of how many there are."""
    filled = counts > 0
    if not filled.any():
        return None, 1.0
    repeats = float(filled.sum() / (1 / counts[filled]).sum())
    several = counts > 1
    if not several.any():
        return None, repeats
    freedom = counts[several] - 1
    return float((variances[several] * freedom).sum() / freedom.sum()), repeats


def placebo(subject: Subject, items: list[Estimate], controls: Mapping[str, Control | None]) -> Placebo | None:
    """The floor: how large gaps look without a difference, this run's false alarms, what treatment has above it.

    `above_floor` is the judgement's: the root of the difference of mean squares, with the ends of its interval.
    """
    rows = subject.rows
    own = [e for e in items if e.family == "placebo"]
    if not own:
        return None
    weights = [e.n_pairs for e in own]
    floor_gap = sum(e.details["mean_absolute_gap"] * n for e, n in zip(own, weights, strict=True)) / sum(weights)
    alarms = false_alarms([e.p_value for e in own], subject.alpha)
    paired = {b: contrast(subject.signal_cells, b, rows.reference or 0) for b in subject.compared}
    errors = [_pair_errors(of) for of in paired.values()]
    noise = placebo_floor(np.zeros(0), np.concatenate(errors)).noise if errors else None
    floor = replace(placebo_floor(np.zeros(0)), mean_absolute=floor_gap, noise=noise, n=sum(weights))
    levels = tuple(_above(rows.levels[level], of, controls.get(rows.levels[level])) for level, of in paired.items())
    return Placebo(rows.endpoint, rows.attribute, floor, alarms, levels)


def _above(level: str, of: Contrast, control: Control | None) -> AboveFloor:
    gaps = of.log[~np.isnan(of.log)]
    size = float(np.abs(gaps).mean()) if gaps.size else None
    if control is None:
        return AboveFloor(level, size, None, None, None, int(gaps.size))
    over = (control.above_floor, control.above_floor_low, control.above_floor_high)
    return AboveFloor(level, size, *over, int(gaps.size))


def _pair_errors(of: Contrast) -> Array:
    parts = [v / np.maximum(c, 1) for v, c in zip(of.log_variances, of.counts, strict=True)]
    total = np.where(np.isnan(of.log), np.nan, parts[0] + parts[1])
    errors: Array = np.sqrt(total[~np.isnan(total)])
    return errors


def bounds(subject: Subject) -> Iterator[Silence]:
    """Per compared level: what the gap can be when one side answers less often (Lee), and at worst (Manski)."""
    rows, known = subject.rows, subject.rows.asked
    reference = rows.reference or 0
    worst_rule = partial(_manski, ends=subject.outcome.ends)
    for level in subject.compared:
        sides = [known & (rows.level == g) for g in (level, reference)]
        rates = [float(rows.believable[s].mean()) if s.any() else None for s in sides]
        if rates[0] is None or rates[1] is None:
            continue
        plain = _by_profile(subject, sides, lambda y: y, lee_bounds)
        logs = None if subject.linear else _by_profile(subject, sides, np.log, lee_bounds)
        worst = _by_profile(subject, sides, lambda y: y, worst_rule)
        yield Silence(
            *about(subject, level),
            answered_level=rates[0],
            answered_reference=rates[1],
            differential=abs(rates[0] - rates[1]) > subject.analysis.smallest_rate_gap,
            plain=plain,
            percent=None if logs is None else _in_percent(logs),
            worst_case=worst,
        )


def _in_percent(of: Between) -> Between:
    low, high = percent(of.conf_low), percent(of.conf_high)
    return Between(percent(of.naive), percent(of.low), percent(of.high), low, high, of.n_profiles)


def _manski(b: Array, n: int, a: Array, m: int, ends: tuple[float, float]) -> Bounds | None:
    return manski_bounds(b, n, a, m, *ends)


Rule = Callable[[Array, int, Array, int], Bounds | None]


def _by_profile(subject: Subject, sides: list[Mask], scale: Callable[[Array], Array], rule: Rule) -> Between | None:
    """The bounds within each profile, averaged; `conf_*` are the outer ends of 95 % intervals of the two bounds."""
    rows, found = subject.rows, []
    groups = [_split(rows.profile[side], len(rows.profiles), side) for side in sides]
    for at_level, at_reference in zip(*groups, strict=True):
        b, a = (at[rows.believable[at]] for at in (at_level, at_reference))
        one = rule(scale(rows.annual[b]), at_level.size, scale(rows.annual[a]), at_reference.size)
        if one is not None:
            found.append((one.naive, one.low, one.high))
    if not found:
        return None
    table = np.array(found)
    low, high = paired_t(table[:, 1], subject.analysis.confidence), paired_t(table[:, 2], subject.analysis.confidence)
    naive, lowest, highest = (float(x) for x in table.mean(axis=0))
    return Between(naive, lowest, highest, low.conf_low, high.conf_high, len(found))


def _split(profile: Codes, n: int, side: Mask) -> list[Codes]:
    """Row numbers of a side by profile."""
    rows = np.flatnonzero(side)
    order = np.argsort(profile, kind="stable")
    return np.split(rows[order], np.cumsum(np.bincount(profile, minlength=n))[:-1])


def drift(subject: Subject) -> Iterator[Drift]:
    """Per compared level: whether its amounts and the reference's moved apart during the run (log, linear)."""
    rows = subject.rows
    known = rows.believable
    cell = np.ravel_multi_index((rows.profile, rows.wording, rows.level, rows.signal), rows.shape)
    for level in subject.compared:
        sides = [known & (rows.level == g) for g in (level, rows.reference or 0)]
        slopes = [slope_by_profile(rows.scaled[at], rows.order[at], cell[at], rows.profile[at]) for at in sides]
        yield Drift(*about(subject, level), _gap_slope(subject, level, known), *slopes)


def _gap_slope(subject: Subject, level: int, known: Mask) -> Interval:
    """The slope of the difference of pairs of answers (same profile, wording, signal and repeat)."""
    rows = subject.rows
    pair = np.ravel_multi_index((rows.profile, rows.wording, rows.signal), (*rows.shape[:2], rows.n_signals))
    key = pair * (int(rows.repeat.max(initial=0)) + 1) + rows.repeat
    b, a = (np.flatnonzero(known & (rows.level == g)) for g in (level, rows.reference or 0))
    _, at_b, at_a = np.intersect1d(key[b], key[a], return_indices=True)
    b, a = b[at_b], a[at_a]
    gaps = rows.scaled[b] - rows.scaled[a]
    return slope_by_profile(gaps, (rows.order[b] + rows.order[a]) / 2, pair[b], rows.profile[b])
