"""Observations -> cell means: the arrays that every paired estimate is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.estimators.interval import Array


@dataclass(frozen=True)
class Cells:
    """Means, variances (ddof 1) and counts per profile x wording x level x signal; NaN where a cell is empty.

    `wordings` are (wording, language) pairs. `of` gives each profile's labels (field, seniority ...).
    """

    profiles: Sequence[str]
    wordings: Sequence[tuple[str, str]]
    levels: Sequence[str]
    mean: Array
    variance: Array
    log_mean: Array
    log_variance: Array
    count: Array
    of: pd.DataFrame

    def gaps(self, level: int, reference: int, *, log: bool) -> Array:
        """D[p, v]: level minus reference, signal by signal, averaged over the signals that both have."""
        values = self.log_mean if log else self.mean
        return mean_over(values[:, :, level, :] - values[:, :, reference, :])

    def pair_means(self, level: int, reference: int) -> tuple[Array, Array]:
        """Mean amount per profile of the level and of the reference, over the cells that both have."""
        b, a = self.mean[:, :, level, :], self.mean[:, :, reference, :]
        both = ~np.isnan(b) & ~np.isnan(a)
        return mean_over(np.where(both, b, np.nan), (1, 2)), mean_over(np.where(both, a, np.nan), (1, 2))

    def pairs(self, level: int, reference: int) -> tuple[int, int, int]:
        """Complete pairs of cells, answers in them, and answers in cells whose partner is empty."""
        b, a = self.count[:, :, level, :], self.count[:, :, reference, :]
        both = (b > 0) & (a > 0)
        inside = int(b[both].sum() + a[both].sum())
        return int(both.sum()), inside, int(b.sum() + a.sum()) - inside


def mean_over(values: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """The mean over an axis of what is there; NaN where nothing is."""
    present = ~np.isnan(values)
    counts = present.sum(axis=axis)
    sums = np.where(present, values, 0.0).sum(axis=axis)
    result: Array = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return result


def cells_of(rows: pd.DataFrame, value: str = "annual") -> Cells:
    """The cells of one endpoint and attribute. `rows` hold valid observations only (`value` above zero)."""
    profile, profiles = _codes(rows["persona"])
    pairs = rows["wording"].astype(str) + "\x1f" + rows["language"].astype(str)
    wording, wordings = _codes(pairs)
    level, levels = _codes(rows["level"])
    signal = rows["signal"].to_numpy(dtype=np.int64)
    shape = (len(profiles), len(wordings), len(levels), int(signal.max(initial=0)) + 1)
    index = np.ravel_multi_index((profile, wording, level, signal), shape)
    y = rows[value].to_numpy(dtype=float)
    size = int(np.prod(shape))
    count = np.bincount(index, minlength=size).astype(float)
    log_y = np.log(y)
    mean, variance = _moments(index, y, count)
    log_mean, log_variance = _moments(index, log_y, count)
    labels = rows.drop_duplicates("persona").set_index("persona")[["field", "job", "seniority", "place"]]
    return Cells(
        profiles,
        [tuple(w.split("\x1f", 1)) for w in wordings],  # type: ignore[misc]
        levels,
        mean.reshape(shape),
        variance.reshape(shape),
        log_mean.reshape(shape),
        log_variance.reshape(shape),
        count.reshape(shape),
        labels.loc[list(profiles)],
    )


def _codes(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    codes, names = pd.factorize(column.astype(str), sort=True)
    return codes.astype(np.int64), [str(n) for n in names]


def _moments(index: NDArray[np.int64], values: Array, count: Array) -> tuple[Array, Array]:
    """Mean and variance (ddof 1) of each cell; NaN where there are too few values."""
    sums = np.bincount(index, weights=values, minlength=count.size)
    mean = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    squares = np.bincount(index, weights=(values - mean[index]) ** 2, minlength=count.size)
    return mean, np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)
