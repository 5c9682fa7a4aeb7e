"""The standard error of a mean over clusters of unequal size, as evaluation papers give it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bias_harness.estimators.interval import Interval, from_standard_error


def clustered_mean(
    clusters: Sequence[Sequence[float]], confidence: float = 0.95, *, corrected: bool = True
) -> Interval:
    """The mean of all values with SE^2 = sum over clusters of (sum of residuals)^2 / n^2 (Miller 2024, appendix A).

    `corrected` multiplies by C/(C-1) for C clusters; the interval is t(C-1). One cluster gives no interval.
    """
    values = np.concatenate([np.asarray(c, dtype=float) for c in clusters]) if clusters else np.array([])
    if values.size == 0:
        return Interval(None, status="no_data")
    mean, count = float(values.mean()), len(clusters)
    if count < 2:
        return Interval(mean, n=values.size, status="too_few_profiles")
    total = sum(float((np.asarray(c, dtype=float) - mean).sum()) ** 2 for c in clusters)
    factor = count / (count - 1) if corrected else 1.0
    return from_standard_error(mean, float(np.sqrt(factor * total)) / values.size, count - 1, confidence, count)
