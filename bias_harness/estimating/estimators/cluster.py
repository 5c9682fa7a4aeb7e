"""Cluster-robust standard errors: for a mean, and for a regression with fixed effects taken out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array, t_quantile


@dataclass(frozen=True)
class ClusteredMean:
    """The mean of all answers. `std_error` carries C/(C-1) and belongs to the t interval with C-1 df.

    `se_uncorrected` is Miller's (2024), `se_iid` the one that ignores clusters. None where one cluster says nothing.
    """

    mean: float
    n: int
    clusters: int
    se_uncorrected: float
    std_error: float | None
    se_iid: float | None
    conf_low: float | None
    conf_high: float | None


def clustered_mean(clusters: Sequence[Array], confidence: float = 0.95) -> ClusteredMean | None:
    """Mean over rows with SE^2 = sum_c (sum_i (y - mean))^2 / n^2 (Miller 2024, appendix A). None without answers."""
    groups = [np.asarray(c, dtype=float) for c in clusters if len(c)]
    if not groups:
        return None
    values = np.concatenate(groups)
    n, c = int(values.size), len(groups)
    mean = float(values.mean())
    plain = math.sqrt(float(sum((g - mean).sum() ** 2 for g in groups))) / n
    iid = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else None
    if c < 2 or plain <= 1e-12 * max(1.0, abs(mean)):
        return ClusteredMean(mean, n, c, plain, None if c < 2 else 0.0, iid, None, None)
    std_error = plain * math.sqrt(c / (c - 1))
    half = t_quantile((1 + confidence) / 2, c - 1) * std_error
    return ClusteredMean(mean, n, c, plain, std_error, iid, mean - half, mean + half)


@dataclass(frozen=True)
class ClusterRegression:
    """Coefficients and their standard errors by kind; all of the same length, one per column of X.

    `naive` ignores clusters. `cr0` is the bare sandwich; `cr1` corrects by G/(G-1) (N-1)/(N-K) with the absorbed
    groups counted in K (statsmodels); `cr1_nested` does not count them (pyfixest); `cr2` is Bell & McCaffrey's
    adjustment; `cr3` the jackknife with the factor of `cr1_nested` (pyfixest's CRV3). Use t with `df` = G-1.
    """

    coefficients: tuple[float, ...]
    naive: tuple[float, ...]
    cr0: tuple[float, ...]
    cr1: tuple[float, ...]
    cr1_nested: tuple[float, ...]
    cr2: tuple[float, ...]
    cr3: tuple[float, ...]
    df: int
    n: int


def cluster_regression(
    y: Array, x: Array, clusters: NDArray[np.int64], absorb: NDArray[np.int64] | None = None
) -> ClusterRegression | None:
    """Least squares of y on x (rows x columns) with robust standard errors for unbalanced data.

    `clusters` codes the profile of each row; `absorb` codes the cell whose fixed effect is taken out (nested within
    clusters); without it a constant is taken out. In a balanced paired design cr2 of the level's dummy is exactly the
    standard error of the headline gap. None for one cluster, or where y is explained without a rest: no certainty is
    made of that.
    """
    x = np.asarray(x, dtype=float).reshape(len(y), -1)
    within = np.zeros(len(y), dtype=np.int64) if absorb is None else np.unique(absorb, return_inverse=True)[1]
    group = np.unique(clusters, return_inverse=True)[1]
    n, k, absorbed, g = len(y), x.shape[1], int(within.max()) + 1, int(group.max()) + 1
    x = np.column_stack([_demeaned(x[:, j], within) for j in range(k)])
    y = _demeaned(np.asarray(y, dtype=float), within)
    gram = x.T @ x
    beta = np.linalg.solve(gram, x.T @ y)
    rest = y - x @ beta
    if g < 2 or float(rest @ rest) <= 1e-20 * max(1.0, float(y @ y)):
        return None
    bread: Array = np.asarray(np.linalg.inv(gram), dtype=np.float64)
    naive = bread * float(rest @ rest) / (n - k - absorbed)
    small = g / (g - 1)
    parts = {power: _sandwich(x, rest, group, bread, power) for power in (0.0, 0.5, 1.0)}
    counted, nested = small * (n - 1) / (n - k - absorbed), small * (n - 1) / (n - k - 1)
    return ClusterRegression(
        tuple(float(b) for b in beta),
        _errors(naive),
        _errors(parts[0.0]),
        _errors(parts[0.0] * counted),
        _errors(parts[0.0] * nested),
        _errors(parts[0.5]),
        _errors(parts[1.0] * nested),
        g - 1,
        n,
    )


def _demeaned(values: Array, groups: NDArray[np.int64]) -> Array:
    means = np.bincount(groups, weights=values) / np.bincount(groups)
    result: Array = values - means[groups]
    return result


def _sandwich(x: Array, rest: Array, group: NDArray[np.int64], bread: Array, power: float) -> Array:
    """Bread (sum_g s_g s_g') bread with s_g = X_g' (I - H_gg)^-power e_g, worked out in the space of the columns.

    With R = bread^(1/2) and B = R X_g'X_g R: X_g'(I - H_gg)^-power = R^-1 (I - B)^-power R X_g'.
    """
    values, vectors = np.linalg.eigh(bread)
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    unroot = np.linalg.inv(root)
    meat = np.zeros_like(bread)
    for one in range(int(group.max()) + 1):
        rows = group == one
        score = x[rows].T @ rest[rows]
        if power:
            leverage, basis = np.linalg.eigh(root @ x[rows].T @ x[rows] @ root)
            shrink = np.maximum(1 - leverage, 1e-12) ** -power
            score = unroot @ (basis * shrink) @ basis.T @ root @ score
        meat += np.outer(score, score)
    result: Array = bread @ meat @ bread
    return result


def _errors(covariance: Array) -> tuple[float, ...]:
    return tuple(float(v) for v in np.sqrt(np.diag(covariance)))
