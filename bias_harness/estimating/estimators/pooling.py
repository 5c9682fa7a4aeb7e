"""Several models or fields together: a random-effects mean, how much they differ, and estimates shrunk towards it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bias_harness.estimating.estimators.interval import Array, t_quantile, t_two_sided

FEW_GROUPS = 10


@dataclass(frozen=True)
class Pooled:
    """DerSimonian-Laird: `tau2` (never below 0), Cochran's `q` with its p, `i2` (0-1), the mean and its intervals.

    `conf_low`, `conf_high` and `p_value` use Hartung & Knapp's standard error with t(k-1), as few groups need;
    `hk_std_error` is theirs, `std_error` the plain one, `dl_conf_*` the plain normal interval. `shrunk` are the
    empirical-Bayes estimates, for ranking.
    """

    k: int
    estimate: float
    std_error: float
    hk_std_error: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    dl_conf_low: float
    dl_conf_high: float
    tau2: float
    q: float
    q_p_value: float | None
    i2: float
    shrunk: tuple[float, ...]


def dersimonian_laird(estimates: Array, std_errors: Array, confidence: float = 0.95) -> Pooled | None:
    """Random effects over k groups (DerSimonian & Laird 1986). None where no group has a standard error above zero."""
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    known = np.isfinite(y) & (s > 0)
    y, v = y[known], s[known] ** 2
    k = int(y.size)
    if k == 0:
        return None
    w = 1 / v
    fixed = float(w @ y / w.sum())
    q = float(w @ (y - fixed) ** 2)
    scale = float(w.sum() - (w**2).sum() / w.sum())
    tau2 = max(0.0, (q - (k - 1)) / scale) if k > 1 and scale > 0 else 0.0
    w_star = 1 / (v + tau2)
    mean = float(w_star @ y / w_star.sum())
    std_error = float(w_star.sum() ** -0.5)
    z = float(special.ndtri((1 + confidence) / 2)) * std_error
    hk, low, high, p = _hartung_knapp(y, w_star, mean, confidence)
    shrunk = (tau2 * y + v * mean) / (tau2 + v)
    return Pooled(
        k,
        mean,
        std_error,
        hk,
        low,
        high,
        p,
        mean - z,
        mean + z,
        tau2,
        q,
        float(special.chdtrc(k - 1, q)) if k > 1 else None,
        max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0,
        tuple(float(x) for x in shrunk),
    )


def _hartung_knapp(
    y: Array, w: Array, mean: float, confidence: float
) -> tuple[float | None, float | None, float | None, float | None]:
    """Standard error, interval and p after Hartung & Knapp (2001); None for one group or groups that are all alike."""
    if y.size < 2:
        return None, None, None, None
    std_error = float(np.sqrt(w @ (y - mean) ** 2 / ((y.size - 1) * w.sum())))
    if std_error <= 1e-12 * max(1.0, abs(mean)):
        return std_error, None, None, None
    half = t_quantile((1 + confidence) / 2, y.size - 1) * std_error
    return std_error, mean - half, mean + half, t_two_sided(mean / std_error, y.size - 1)
