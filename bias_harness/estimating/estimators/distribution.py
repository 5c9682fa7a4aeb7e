"""Beyond the mean: quantile gaps, distances between the two distributions, inequality within an arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array, Interval, paired_t, present
from bias_harness.estimating.estimators.matrix_products import product
from bias_harness.estimating.estimators.quantiles import grouped_quantiles
from bias_harness.estimating.estimators.signflip import TIE, is_exact, p_from_hits, sign_table

PROBABILITIES = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_GRID = 128


def quantile_gaps(
    level: Array, reference: Array, probabilities: tuple[float, ...] = PROBABILITIES
) -> tuple[float, ...]:
    """Quantile of the level minus quantile of the reference (type 7), all answers of an arm together."""
    b, a = np.quantile(present(level), probabilities), np.quantile(present(reference), probabilities)
    return tuple(float(x) for x in b - a)


def profile_quantile_gaps(
    level: tuple[Array, NDArray[np.int64]],
    reference: tuple[Array, NDArray[np.int64]],
    n_profiles: int,
    confidence: float = 0.95,
) -> dict[float, Interval]:
    """Quantile gaps within each profile, averaged over profiles with t(P-1). Each side is (values, profile codes)."""
    b = grouped_quantiles(*level, n_profiles, PROBABILITIES)
    a = grouped_quantiles(*reference, n_profiles, PROBABILITIES)
    return {p: paired_t(b[:, j] - a[:, j], confidence) for j, p in enumerate(PROBABILITIES)}


def gini(amounts: Array) -> float | None:
    """Sum (2i - n - 1) x_i / (n sum x) of sorted amounts; 0 for equal ones, None without answers."""
    x = np.sort(present(amounts))
    if x.size == 0 or x.sum() <= 0:
        return None
    return float(((2 * np.arange(1, x.size + 1) - x.size - 1) * x).sum() / (x.size * x.sum()))


@dataclass(frozen=True)
class Distance:
    """Kolmogorov-Smirnov's and Wasserstein's (first) distance. The p-values are by swapping labels within profiles.

    The textbook p of two independent samples is not given: the answers are neither independent nor without ties.
    """

    ks: float
    wasserstein: float
    ks_p_value: float | None
    wasserstein_p_value: float | None


def distances(level: Array, reference: Array) -> Distance | None:
    """The two distances between two arms, without p-values; None where an arm is empty."""
    b, a = np.sort(present(level)), np.sort(present(reference))
    if b.size == 0 or a.size == 0:
        return None
    grid = np.unique(np.r_[b, a])
    gap = np.searchsorted(b, grid, side="right") / b.size - np.searchsorted(a, grid, side="right") / a.size
    return Distance(float(np.abs(gap).max()), float(np.abs(gap[:-1]) @ np.diff(grid)), None, None)


def distance_test(
    level: tuple[Array, NDArray[np.int64]],
    reference: tuple[Array, NDArray[np.int64]],
    n_profiles: int,
    resamples: int = 9_999,
    seed: int = 0,
) -> Distance | None:
    """The distances between arms whose profiles weigh the same, with p by joint sign flips of whole profiles.

    A flip swaps the two labels of everything a profile was told. Values are compared on at most 128 points (the
    distinct values where there are no more). Each side is (values, profile codes).
    """
    grid = np.unique(np.r_[level[0], reference[0]])
    if grid.size == 0:
        return None
    if grid.size > MOST_GRID:
        grid = np.unique(np.quantile(grid, np.linspace(0, 1, MOST_GRID)))
    curves = [_shares(*side, grid, n_profiles) for side in (level, reference)]
    gaps = curves[0] - curves[1]
    gaps = gaps[~np.isnan(gaps).any(axis=1)]
    if not len(gaps):
        return None
    widths = np.diff(grid, append=grid[-1])
    signs = sign_table(len(gaps), resamples, seed)
    exact = is_exact(len(gaps))
    swapped = np.abs(product(signs, gaps)) / len(gaps)
    observed = np.abs(gaps.mean(axis=0))
    found = []
    for statistic, one in ((swapped.max(axis=1), observed.max()), (product(swapped, widths), observed @ widths)):
        hits = int((statistic >= one - TIE * max(1.0, float(one))).sum())
        found.append((float(one), p_from_hits(hits, len(signs), exact=exact)))
    return Distance(found[0][0], found[1][0], found[0][1], found[1][1])


def _shares(values: Array, groups: NDArray[np.int64], grid: Array, n_groups: int) -> Array:
    """Share of each group's values at or below each grid point: groups x points, NaN for empty groups."""
    place = np.searchsorted(grid, values, side="left")
    inside = place < grid.size
    flat = groups[inside] * grid.size + place[inside]
    counts = np.bincount(flat, minlength=n_groups * grid.size).reshape(n_groups, grid.size).cumsum(axis=1)
    totals = np.bincount(groups, minlength=n_groups).astype(float)
    with np.errstate(invalid="ignore"):
        result: Array = np.where(totals[:, None] > 0, counts / np.maximum(totals, 1)[:, None], np.nan)
    return result


@dataclass(frozen=True)
class PairShares:
    """Of N pairs of cells: the share in which the level is advised less, more or the same, and the largest gap.

    `largest` is "the largest of `n` pairs", with its place in the array that was given; never a finding by itself.
    """

    n: int
    less: float | None
    more: float | None
    same: float | None
    largest: float | None
    largest_at: tuple[int, ...] | None


def pair_shares(gaps: Array) -> PairShares:
    """Counts over an array of paired gaps (NaN = no pair)."""
    known = gaps[~np.isnan(gaps)]
    if known.size == 0:
        return PairShares(0, None, None, None, None, None)
    at = np.unravel_index(int(np.nanargmax(np.abs(gaps))), gaps.shape)
    where = tuple(int(i) for i in at)
    less, more = float((known < -TIE).mean()), float((known > TIE).mean())
    return PairShares(int(known.size), less, more, 1 - less - more, float(gaps[where]), where)
