"""Beyond the mean: quantile gaps, distances between distributions, inequality within one side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bias_harness.estimators.interval import Array

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def quantile_gaps(level: Array, reference: Array) -> dict[float, float] | None:
    """Level minus reference at each of five quantiles (type 7). With heaped answers these jump: never a headline."""
    if level.size == 0 or reference.size == 0:
        return None
    b, a = np.quantile(level, QUANTILES), np.quantile(reference, QUANTILES)
    return {q: float(x - y) for q, x, y in zip(QUANTILES, b, a, strict=True)}


@dataclass(frozen=True)
class Distance:
    """Kolmogorov-Smirnov's D and Wasserstein's W1, with p-values from swapping labels within profiles."""

    ks: float
    w1: float
    ks_p_value: float
    w1_p_value: float
    resamples: int


def distance(level: Array, reference: Array, profile_b: Array, profile_a: Array, resamples: int, seed: int) -> Distance:
    """Distances of two samples; the null permutes the labels of single answers within each profile."""
    values = np.concatenate([level, reference])
    profiles = np.concatenate([profile_b, profile_a])
    side = np.concatenate([np.ones(level.size, bool), np.zeros(reference.size, bool)])
    observed = _distances(values[side], values[~side])
    random = np.random.default_rng(seed)
    order = np.argsort(profiles, kind="stable")
    hits = np.zeros(2)
    for _ in range(resamples):
        shuffled = np.lexsort((random.random(values.size), profiles))
        swapped = np.empty_like(side)
        swapped[order] = side[shuffled]
        hits += np.array(_distances(values[swapped], values[~swapped])) >= np.array(observed) - 1e-12
    p = (1 + hits) / (1 + resamples)
    return Distance(observed[0], observed[1], float(p[0]), float(p[1]), resamples)


def _distances(b: Array, a: Array) -> tuple[float, float]:
    grid = np.unique(np.concatenate([b, a]))
    f = np.searchsorted(np.sort(b), grid, side="right") / b.size
    g = np.searchsorted(np.sort(a), grid, side="right") / a.size
    return float(np.abs(f - g).max()), float((np.abs(f - g)[:-1] * np.diff(grid)).sum())


def gini(values: Array) -> float | None:
    """Sum (2i - n - 1) x_i / (n sum x); 0 for equal values, None for none."""
    if values.size == 0 or values.sum() <= 0:
        return None
    x, n = np.sort(values), values.size
    return float(((2 * np.arange(1, n + 1) - n - 1) * x).sum() / (n * x.sum()))


@dataclass(frozen=True)
class Shift:
    """Hodges-Lehmann's estimate with its exact Walsh-average interval, Wilcoxon's p, and how many differences are 0."""

    estimate: float
    conf_low: float
    conf_high: float
    p_value: float | None
    zeros: int


def hodges_lehmann(differences: Array, confidence: float = 0.95) -> Shift | None:
    """The median of Walsh averages; the interval by the signed-rank distribution. None below two differences."""
    d = np.sort(differences[~np.isnan(differences)])
    n = d.size
    if n < 2:
        return None
    first, second = np.triu_indices(n)
    walsh = np.sort((d[first] + d[second]) / 2)
    cut = _signed_rank_quantile(n, (1 - confidence) / 2)
    zeros = int((d == 0).sum())
    p = float(stats.wilcoxon(d[d != 0]).pvalue) if zeros < n else None
    return Shift(float(np.median(walsh)), float(walsh[cut]), float(walsh[-cut - 1]), p, zeros)


def _signed_rank_quantile(n: int, tail: float) -> int:
    """The largest k with P(W < k) <= tail under the null, at least 0: how many Walsh averages are cut at each end."""
    chances = np.zeros(n * (n + 1) // 2 + 1)
    chances[0] = 1.0
    for rank in range(1, n + 1):
        shifted = np.zeros_like(chances)
        shifted[rank:] = chances[:-rank]
        chances = (chances + shifted) / 2
    return max(0, int(np.searchsorted(np.cumsum(chances), tail, side="right")))
