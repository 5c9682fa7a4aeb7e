"""Rank statistics on profile gaps, as a check that one far-off profile does not carry the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from bias_harness.estimating.estimators.interval import Array, present

MOST_EXACT = 50
MOST_PROFILES = 2_000


@dataclass(frozen=True)
class Ranked:
    """Hodges-Lehmann's estimate (median of Walsh averages) with its interval, and Wilcoxon's signed-rank p.

    `zeros` gaps are exactly zero: Wilcoxon drops them, the estimate keeps them. The p is exact up to 50 profiles
    without ties, else by the normal approximation with the correction for ties.
    """

    estimate: float
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    w_plus: float
    zeros: int
    n: int


def hodges_lehmann(gaps: Array, confidence: float = 0.95) -> Ranked | None:
    """Median of all (d_i + d_j)/2 with i <= j; interval by the order statistics of the Walsh averages.

    None without gaps or for more than 2,000 of them. No interval where so few gaps cannot reach the confidence, or
    where nothing varies.
    """
    d = present(gaps)
    n = int(d.size)
    if not 0 < n <= MOST_PROFILES:
        return None
    upper = np.triu_indices(n)
    walsh = np.sort((d[upper[0]] + d[upper[1]]) / 2)
    low, high = _walsh_interval(walsh, n, confidence)
    p, w_plus, zeros = wilcoxon(d)
    return Ranked(float(np.median(walsh)), low, high, p, w_plus, zeros, n)


def _walsh_interval(walsh: Array, n: int, confidence: float) -> tuple[float | None, float | None]:
    tail = (1 - confidence) / 2
    rank = _signed_rank_quantile(tail, n)
    if rank < 1 or np.ptp(walsh) == 0:
        return None, None
    return float(walsh[rank - 1]), float(walsh[walsh.size - rank])


def _signed_rank_quantile(probability: float, n: int) -> int:
    """The smallest w with P(W <= w) >= probability, as R's qsignrank: the rank of the interval's lower end."""
    if n <= MOST_EXACT:
        return int(np.searchsorted(np.cumsum(_signed_rank(n)), probability, side="left"))
    mean, variance = n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24
    return int(np.floor(mean + float(special.ndtri(probability)) * variance**0.5 + 0.5))


@lru_cache(maxsize=64)
def _signed_rank(n: int) -> Array:
    """P(W = w) under the null, w from 0 to n(n+1)/2."""
    counts = np.array([1.0])
    for rank in range(1, n + 1):
        grown = np.zeros(counts.size + rank)
        grown[: counts.size] += counts
        grown[rank:] += counts
        counts = grown / 2
    return counts


def wilcoxon(gaps: Array) -> tuple[float | None, float, int]:
    """Two-sided p of the signed-rank test with zeros dropped (Wilcoxon 1945), W+, and how many zeros there were."""
    d = present(gaps)
    kept = d[d != 0]
    zeros, n = int(d.size - kept.size), int(kept.size)
    if n == 0:
        return None, 0.0, zeros
    ranks, ties = _average_ranks(np.abs(kept))
    w_plus = float(ranks[kept > 0].sum())
    smaller = min(w_plus, n * (n + 1) / 2 - w_plus)
    if n <= MOST_EXACT and not ties.size and not zeros:
        tail = float(np.cumsum(_signed_rank(n))[int(smaller)])
        return min(1.0, 2 * tail), w_plus, zeros
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48
    z = (smaller - n * (n + 1) / 4) / variance**0.5
    return min(1.0, 2 * float(special.ndtr(z))), w_plus, zeros


def _average_ranks(values: Array) -> tuple[Array, Array]:
    """Mid-ranks from 1, and the sizes of groups of ties."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle = last - (counts - 1) / 2
    return middle[inverse], counts[counts > 1].astype(float)


def mann_whitney(first: Array, second: Array) -> tuple[float | None, float | None]:
    """Two-sided p (normal; ties and continuity corrected) and P(first > second) + P(tie)/2, for unpaired rows."""
    a, b = present(first), present(second)
    if not a.size or not b.size:
        return None, None
    ranks, ties = _average_ranks(np.r_[a, b])
    n = a.size + b.size
    u = float(ranks[: a.size].sum()) - a.size * (a.size + 1) / 2
    area = u / (a.size * b.size)
    variance = a.size * b.size / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
    if variance <= 0:
        return None, area
    z = max(0.0, abs(u - a.size * b.size / 2) - 0.5) / variance**0.5
    return min(1.0, 2 * float(special.ndtr(-z))), area
