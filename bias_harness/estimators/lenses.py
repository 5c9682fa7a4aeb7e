"""How others count: tests on single answers and impact ratios, so that published tables can be reproduced.

These are lenses, never verdicts. A test on rows takes a thousand answers about one pair of people for a thousand
people; a four-fifths rule on mean salaries passes a gap of fifteen per cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bias_harness.estimators.interval import Array, t_quantile, t_two_sided


@dataclass(frozen=True)
class Welch:
    """Difference of two means with unequal variances; numbers are None where neither side varies."""

    difference: float | None
    t: float | None
    df: float | None
    p_value: float | None
    conf_low: float | None
    conf_high: float | None
    cohens_d: float | None


def welch(level: Array, reference: Array, confidence: float = 0.95) -> Welch:
    """Welch's t test on rows, with Cohen's d by the pooled standard deviation."""
    n, m = level.size, reference.size
    if n < 2 or m < 2:
        return Welch(None, None, None, None, None, None, None)
    difference = float(level.mean() - reference.mean())
    v, w = float(level.var(ddof=1)) / n, float(reference.var(ddof=1)) / m
    if v + w <= 0:
        return Welch(difference, None, None, None, None, None, None)
    se = math.sqrt(v + w)
    df = (v + w) ** 2 / (v**2 / (n - 1) + w**2 / (m - 1))
    half = t_quantile((1 + confidence) / 2, df) * se
    pooled = math.sqrt(((n - 1) * v * n + (m - 1) * w * m) / (n + m - 2))
    p = t_two_sided(difference / se, df)
    return Welch(difference, difference / se, df, p, difference - half, difference + half, difference / pooled)


def mann_whitney(level: Array, reference: Array) -> tuple[float, float] | None:
    """P(level > reference) + half the ties, and the two-sided p of the rank test (normal, with tie correction)."""
    if level.size == 0 or reference.size == 0 or np.unique(np.concatenate([level, reference])).size < 2:
        return None
    result = stats.mannwhitneyu(level, reference, alternative="two-sided", method="asymptotic")
    return float(result.statistic) / (level.size * reference.size), float(result.pvalue)


@dataclass(frozen=True)
class ImpactRatio:
    """Share above the pooled median per side and their ratio to the higher one; the ratio of means beside it."""

    level_rate: float
    reference_rate: float
    ratio: float | None
    ratio_of_means: float
    ties_at_median: int


def impact_ratio(level: Array, reference: Array) -> ImpactRatio | None:
    """New York's Local Law 144 scoring rate: strictly above the pooled median. None where a side is empty."""
    if level.size == 0 or reference.size == 0:
        return None
    everything = np.concatenate([level, reference])
    median = float(np.median(everything))
    b, a = float((level > median).mean()), float((reference > median).mean())
    best = max(a, b)
    ties = int((everything == median).sum())
    return ImpactRatio(b, a, b / best if best > 0 else None, float(level.mean() / reference.mean()), ties)
