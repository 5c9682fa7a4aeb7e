"""Adjusted p-values over a family; what could not be tested is left out of the family and stays None."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.estimating.estimators.matrix_products import product
from bias_harness.estimating.estimators.signflip import TIE, is_exact, p_from_hits, sign_table

Ps = Sequence[float | None]
FEWEST = 3


def _known(p_values: Ps) -> list[tuple[float, int]]:
    """The p-values that exist with their places, in rising order; NaN counts as missing."""
    return sorted((p, i) for i, p in enumerate(p_values) if p is not None and not math.isnan(p))


def holm(p_values: Ps) -> list[float | None]:
    """Holm's step-down: max over the smaller ones of (m - rank) p, capped at 1 (Holm 1979)."""
    known = _known(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, (len(known) - rank) * p)
        adjusted[index] = min(1.0, running)
    return adjusted


def benjamini_hochberg(p_values: Ps) -> list[float | None]:
    """The false discovery rate's step-up: min over the larger ones of m p / rank (Benjamini & Hochberg 1995)."""
    return _step_up(p_values, 1.0)


def benjamini_yekutieli(p_values: Ps) -> list[float | None]:
    """Benjamini-Hochberg times the harmonic number of the family: holds under any dependence (2001)."""
    return _step_up(p_values, sum(1 / i for i in range(1, len(_known(p_values)) + 1)))


def _step_up(p_values: Ps, factor: float) -> list[float | None]:
    known = _known(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 1.0
    for rank in range(len(known), 0, -1):
        p, index = known[rank - 1]
        running = min(running, factor * len(known) * p / rank)
        adjusted[index] = running
    return adjusted


def bonferroni(p_values: Ps) -> list[float | None]:
    """Each p times the size of the family, capped at 1."""
    known = _known(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    for p, index in known:
        adjusted[index] = min(1.0, len(known) * p)
    return adjusted


@dataclass(frozen=True)
class MaxT:
    """Joint sign flips of whole profiles over a family of cells (Westfall & Young 1993, single step).

    `critical[j]` is the c of the simultaneous interval estimate_j -+ c SE_j, `p_adjusted[j]` the family-wise p; both
    None for a cell that has fewer than three profiles or no variance.
    """

    critical: tuple[float | None, ...]
    p_adjusted: tuple[float | None, ...]
    n_flips: int
    exact: bool


def max_t(gaps: Array, resamples: int = 9_999, seed: int = 0, confidence: float = 0.95) -> MaxT:
    """Simultaneous intervals and p-values for the cells of a family. `gaps` is profiles x cells; NaN = not in it.

    Gaps are centred before they are flipped: a real gap would else widen its own interval, tenfold and more. Each flip
    turns the sign of a profile in all cells at once, so the correlation between cells is kept. Cells with unlike
    numbers of profiles are first put on one footing: t is mapped to a normal deviate of the same tail (Wallace 1959),
    which changes nothing where the degrees of freedom are equal. The critical value is the 1-alpha quantile of the
    maximum over flips, and never below the cell's own t quantile.
    """
    known = ~np.isnan(gaps)
    n = known.sum(axis=0).astype(float)
    filled = np.where(known, gaps, 0.0)
    signs = sign_table(gaps.shape[0], resamples, seed)
    exact = is_exact(gaps.shape[0])
    cells = np.flatnonzero((n >= FEWEST) & (_spread(gaps, known, n) > TIE))
    nothing: tuple[float | None, ...] = (None,) * gaps.shape[1]
    if cells.size == 0:
        return MaxT(nothing, nothing, len(signs), exact)
    n, filled, known = n[cells], filled[:, cells], known[:, cells]
    centred = np.where(known, filled - filled.sum(axis=0) / n, 0.0)
    maxima = _largest_deviates(product(signs, centred / np.sqrt(n * (centred**2).sum(axis=0))), n)
    observed = _deviates(np.abs((filled / np.sqrt(n * (filled**2).sum(axis=0))).sum(axis=0)), n)
    critical, adjusted = list(nothing), list(nothing)
    limit = float(np.quantile(maxima, confidence, method="higher"))
    for place, j in enumerate(cells):
        hits = int((maxima >= observed[place] - TIE * max(1.0, observed[place])).sum())
        adjusted[j] = p_from_hits(hits, len(signs), exact=exact)
        critical[j] = _to_t(limit, float(n[place]) - 1, confidence)
    return MaxT(tuple(critical), tuple(adjusted), len(signs), exact)


def _spread(gaps: Array, known: NDArray[np.bool_], n: Array) -> Array:
    """The standard deviation of each cell's gaps, relative to their size."""
    means = np.where(known, gaps, 0.0).sum(axis=0) / np.maximum(n, 1)
    rest = np.where(known, gaps - means, 0.0)
    result: Array = np.sqrt((rest**2).sum(axis=0) / np.maximum(n, 1)) / np.maximum(1.0, np.abs(means))
    return result


def _largest_deviates(shares: Array, n: Array) -> Array:
    """The largest deviate of each flip. The deviate grows with |share|, so only the largest of each n is mapped."""
    largest = [_deviates(np.abs(shares[:, n == size]).max(axis=1), size) for size in np.unique(n)]
    result: Array = np.max(largest, axis=0)
    return result


def _deviates(share: Array, n: Array | float) -> Array:
    """|t| as a normal deviate, from share = |sum| / sqrt(n sum of squares): t^2 = (n - 1) share^2 / (1 - share^2)."""
    df = n - 1
    odds = share**2 / np.maximum(1 - share**2, TIE)
    result: Array = (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(odds))
    return result


def _to_t(deviate: float, df: float, confidence: float) -> float:
    exponent = (deviate * (8 * df + 3) / (8 * df + 1)) ** 2 / df
    own = t_quantile((1 + confidence) / 2, df)
    return max(own, math.sqrt(df * math.expm1(min(exponent, 700.0))))
