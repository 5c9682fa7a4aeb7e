"""Quantiles by group, without a loop over groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array


def grouped_quantiles(values: Array, groups: NDArray[np.int64], n_groups: int, probabilities: Sequence[float]) -> Array:
    """Quantiles (type 7, as numpy and R) of each group: an array groups x probabilities, NaN for empty groups."""
    counts = np.bincount(groups, minlength=n_groups)
    ordered = values[np.lexsort((values, groups))]
    if ordered.size == 0:
        return np.full((n_groups, len(probabilities)), np.nan)
    first = np.r_[0, np.cumsum(counts)[:-1]]
    place = np.asarray(probabilities)[None, :] * np.maximum(counts - 1, 0)[:, None]
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0)[:, None])
    start = np.minimum(first, ordered.size - 1)[:, None]
    low = ordered[np.minimum(start + below, ordered.size - 1)]
    high = ordered[np.minimum(start + above, ordered.size - 1)]
    result: Array = np.where((counts > 0)[:, None], low + (place - below) * (high - low), np.nan)
    return result
