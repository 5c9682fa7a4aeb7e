"""Gaps of several models or fields together: a random-effects mean, its heterogeneity, and shrunken ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bias_harness.estimators.interval import Array, Interval, from_standard_error


@dataclass(frozen=True)
class Pooled:
    """DerSimonian-Laird: the mean with a Hartung-Knapp t(k-1) interval, tau^2 (not below 0), Q with its p, I^2 (0-1).

    `shrunken` are empirical-Bayes estimates in the order given.
    """

    interval: Interval
    tau2: float
    q: float
    q_p_value: float
    i2: float
    shrunken: tuple[float, ...]


def pool(estimates: Array, std_errors: Array, confidence: float = 0.95) -> Pooled | None:
    """None with fewer than two estimates, or where one has no standard error."""
    k = estimates.size
    if k < 2 or not bool((std_errors > 0).all()):
        return None
    w = 1 / std_errors**2
    fixed = float((w * estimates).sum() / w.sum())
    q = float((w * (estimates - fixed) ** 2).sum())
    tau2 = max(0.0, (q - (k - 1)) / float(w.sum() - (w**2).sum() / w.sum()))
    weights = 1 / (std_errors**2 + tau2)
    mean = float((weights * estimates).sum() / weights.sum())
    scale = float((weights * (estimates - mean) ** 2).sum() / (k - 1))
    std_error = float(np.sqrt(scale / weights.sum()))
    keep = tau2 / (tau2 + std_errors**2)
    shrunken = tuple(float(x) for x in mean + keep * (estimates - mean))
    i2 = max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0
    interval = from_standard_error(mean, std_error, k - 1, confidence, k)
    return Pooled(interval, tau2, q, float(special.chdtrc(k - 1, q)), i2, shrunken)
