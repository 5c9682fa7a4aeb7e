"""Drift over the run: whether the gap, or the amounts, moved while the questions were asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array, Interval, paired_t


def slope_by_profile(
    values: Array, order: Array, cells: NDArray[np.int64], profiles: NDArray[np.int64], confidence: float = 0.95
) -> Interval:
    """The slope of values on their place in the run (0 = first, 1 = last), centred by cell, averaged over profiles.

    One least-squares slope per profile, then t(P-1): log units from the run's beginning to its end.
    """
    known = np.isfinite(values) & np.isfinite(order)
    y, x = _centred(values[known], cells[known]), _centred(order[known], cells[known])
    if y.size == 0:
        return Interval(None, status="no_data")
    who = profiles[known]
    products = np.bincount(who, weights=x * y)
    squares = np.bincount(who, weights=x * x)
    slopes = np.where(squares > 1e-12, products / np.maximum(squares, 1e-300), np.nan)
    return paired_t(slopes, confidence)


def _centred(values: Array, cells: NDArray[np.int64]) -> Array:
    _, codes = np.unique(cells, return_inverse=True)
    means = np.bincount(codes, weights=values) / np.bincount(codes)
    result: Array = values - means[codes]
    return result
