"""Standardised paired effects, for the research table only: with heaped answers d is arbitrary."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, stats

from bias_harness.estimators.interval import Array


@dataclass(frozen=True)
class EffectSize:
    """d_z = mean(d)/sd(d) with its noncentral-t interval, d_av (mean over the root mean variance), and g_z = J d_z.

    None where a standard deviation is zero.
    """

    d_z: float | None
    conf_low: float | None
    conf_high: float | None
    d_av: float | None
    correction: float | None
    g_z: float | None


def paired_effect(level: Array, reference: Array, confidence: float = 0.95) -> EffectSize:
    """Effect sizes of level minus reference over pairs (Hedges' exact J; Lakens 2013 for the names)."""
    d = level - reference
    n = d.size
    if n < 2 or d.std(ddof=1) == 0:
        return EffectSize(None, None, None, None, None, None)
    d_z = float(d.mean() / d.std(ddof=1))
    average = math.sqrt((float(level.var(ddof=1)) + float(reference.var(ddof=1))) / 2)
    m = n - 1
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2) if m > 1 else None
    low, high = noncentral_interval(d_z * math.sqrt(n), m, confidence)
    g_z = d_z * correction if correction is not None else None
    d_av = float(d.mean() / average) if average > 0 else None
    return EffectSize(d_z, low / math.sqrt(n), high / math.sqrt(n), d_av, correction, g_z)


def noncentral_interval(t: float, df: float, confidence: float) -> tuple[float, float]:
    """The noncentralities at which t is the upper and the lower quantile; searched within t +- 5, then 10."""
    tail = (1 - confidence) / 2

    def root(probability: float) -> float:
        def above(nc: float) -> float:
            return float(stats.nct.cdf(t, df, nc)) - probability

        for reach in (5.0, 10.0):
            if above(t - reach) * above(t + reach) < 0:
                return float(optimize.brentq(above, t - reach, t + reach))
        return math.nan

    return root(1 - tail), root(tail)
