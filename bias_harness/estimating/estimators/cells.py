"""Answers -> cell means -> paired gaps: the arrays that every paired estimate is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.scopes import profile_means

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Means, variances (ddof 1) and counts of amounts, each of shape profile x wording x level x signal.

    NaN where a cell is empty (variances: where it has one answer). `log_*` are of the natural logarithm; of an outcome
    on a linear scale they are of the amounts themselves, and so are the gaps that are called log elsewhere.
    """

    mean: Array
    variance: Array
    log_mean: Array
    log_variance: Array
    count: Array


def cells_of(
    index: tuple[Codes, Codes, Codes, Codes], amounts: Array, shape: tuple[int, int, int, int], *, linear: bool = False
) -> Cells:
    """The cells of coded answers: `index` holds profile, wording, level and signal codes of each amount.

    Amounts are above zero, unless they are `linear`.
    """
    flat = np.ravel_multi_index(index, shape)
    count = np.bincount(flat, minlength=int(np.prod(shape))).astype(float)
    plain = _moments(flat, amounts, count)
    parts = (*plain, *(plain if linear else _moments(flat, np.log(amounts), count)), count)
    return Cells(*(part.reshape(shape) for part in parts))


def _moments(index: Codes, values: Array, count: Array) -> tuple[Array, Array]:
    mean = _mean(index, values, count)
    squares = np.bincount(index, weights=(values - mean[index]) ** 2, minlength=count.size)
    return mean, np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)


def cells_of_dense(amounts: Array) -> Cells:
    """The cells of a full array of amounts, profile x wording x level x signal x repeat; NaN = no usable answer."""
    count = (~np.isnan(amounts)).sum(axis=-1).astype(float)
    return Cells(*_dense_moments(amounts, count), *_dense_moments(np.log(amounts), count), count)


def _dense_moments(values: Array, count: Array) -> tuple[Array, Array]:
    mean = mean_over(values)
    squares = np.where(np.isnan(values), 0.0, (values - mean[..., None]) ** 2).sum(axis=-1)
    return mean, np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)


def rates_of(index: tuple[Codes, ...], events: Mask, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Share of events and number of answers per cell; the share is NaN where nothing was asked."""
    flat = np.ravel_multi_index(index, shape)
    size = int(np.prod(shape))
    count = np.bincount(flat, minlength=size).astype(float)
    return _mean(flat, events.astype(float), count).reshape(shape), count.reshape(shape)


def _mean(index: Codes, values: Array, count: Array) -> Array:
    sums = np.bincount(index, weights=values, minlength=count.size)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def mean_over(values: Array, axis: int = -1) -> Array:
    """The mean over an axis of what is there; NaN where nothing is."""
    if values.shape[axis] == 1:
        return np.asarray(values.take(0, axis=axis))
    known = ~np.isnan(values)
    counts = known.sum(axis=axis)
    sums = np.where(known, values, 0.0).sum(axis=axis)
    result: Array = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return result


@dataclass(frozen=True)
class Contrast:
    """A level against its reference: paired cells, profile x wording x signal, NaN where a side is empty.

    `log` and `money` are gaps (level minus reference); `level` and `reference` the mean amounts of complete pairs.
    `log_variances`, `variances` and `counts` are those of the level's and the reference's cells; `dropped` counts
    the answers in cells whose partner is empty.
    """

    log: Array
    money: Array
    level: Array
    reference: Array
    log_variances: tuple[Array, Array]
    variances: tuple[Array, Array]
    counts: tuple[Array, Array]
    dropped: Array

    def part(self, profiles: Mask | None = None, wordings: Mask | None = None) -> Contrast:
        """The same for some profiles and wordings (masks; None = all)."""

        def cut(values: Array) -> Array:
            kept = values if profiles is None else values[profiles]
            return kept if wordings is None else kept[:, wordings]

        def two(pair: tuple[Array, Array]) -> tuple[Array, Array]:
            return cut(pair[0]), cut(pair[1])

        return Contrast(
            cut(self.log),
            cut(self.money),
            cut(self.level),
            cut(self.reference),
            two(self.log_variances),
            two(self.variances),
            two(self.counts),
            cut(self.dropped),
        )

    @cached_property
    def log_gaps(self) -> Array:
        """D[p, v] on the log scale: signal by signal, averaged over the signals that both sides have."""
        return mean_over(self.log)

    @cached_property
    def money_gaps(self) -> Array:
        """D[p, v] in money."""
        return mean_over(self.money)

    @cached_property
    def amounts(self) -> tuple[float, float] | None:
        """Mean amount of the level and of the reference over complete pairs; profiles weigh the same. None without."""
        b, a = self.profile_amounts
        known = ~np.isnan(b)
        return (float(b[known].mean()), float(a[known].mean())) if known.any() else None

    @cached_property
    def profile_amounts(self) -> tuple[Array, Array]:
        """Mean amount per profile of the level and of the reference, over complete pairs."""
        return profile_means(mean_over(self.level)), profile_means(mean_over(self.reference))

    @cached_property
    def known(self) -> Mask:
        """Which pairs of cells are complete."""
        mask: Mask = ~np.isnan(self.log)
        return mask

    @cached_property
    def n_pairs(self) -> int:
        """Complete pairs of cells."""
        return int(self.known.sum())

    @cached_property
    def n_answers(self) -> int:
        """Answers in complete pairs."""
        return int(((self.counts[0] + self.counts[1]) * self.known).sum())


def contrast(cells: Cells, level: int, reference: int) -> Contrast:
    """The level's cells against the reference's, pair by pair: same profile, wording and signal."""
    return contrast_of(side(cells, level), side(cells, reference))


def side(cells: Cells, level: int, signal: slice = slice(None)) -> Cells:
    """The cells of one level (and of some signals), as one side of a contrast."""
    return Cells(
        cells.mean[:, :, level, signal],
        cells.variance[:, :, level, signal],
        cells.log_mean[:, :, level, signal],
        cells.log_variance[:, :, level, signal],
        cells.count[:, :, level, signal],
    )


def contrast_of(level: Cells, reference: Cells) -> Contrast:
    """A contrast of two sides of equal shape, profile x wording x signal."""
    both = (level.count > 0) & (reference.count > 0)
    kept_b, kept_a = np.where(both, level.mean, np.nan), np.where(both, reference.mean, np.nan)
    return Contrast(
        np.where(both, level.log_mean - reference.log_mean, np.nan),
        kept_b - kept_a,
        kept_b,
        kept_a,
        (level.log_variance, reference.log_variance),
        (level.variance, reference.variance),
        (level.count, reference.count),
        np.where(both, 0.0, level.count + reference.count),
    )


def over_groups(of: Contrast, group: Codes, n: int) -> Contrast:
    """A contrast of groups of profiles (jobs): gaps and amounts are means over a group's profiles, counts are sums.

    Variances are those of the means' sources and serve no scope but `panel`, which has no need of groups.
    """
    if n == group.size:
        return of

    def mean(values: Array) -> Array:
        known = ~np.isnan(values)
        total, count = np.zeros((n, *values.shape[1:])), np.zeros((n, *values.shape[1:]))
        np.add.at(total, group, np.where(known, values, 0.0))
        np.add.at(count, group, known)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def summed(values: Array) -> Array:
        total = np.zeros((n, *values.shape[1:]))
        np.add.at(total, group, values)
        return total

    b, a = of.variances, of.log_variances
    counts = summed(of.counts[0]), summed(of.counts[1])
    kept = [mean(x) for x in (of.log, of.money, of.level, of.reference, a[0], a[1], b[0], b[1])]
    variances = (kept[4], kept[5]), (kept[6], kept[7])
    return Contrast(kept[0], kept[1], kept[2], kept[3], *variances, counts, summed(of.dropped))
