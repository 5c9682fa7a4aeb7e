"""Standardised effects: for the research table only. With heaped salaries a standard deviation is arbitrary."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from bias_harness.estimating.estimators.interval import Array, present
from bias_harness.estimating.estimators.roots import root


@dataclass(frozen=True)
class PairedEffect:
    """d_z = mean(d)/sd(d) with a noncentral-t interval, and g_z = J d_z corrected for small samples (J exact).

    `d_av` divides by the root mean square of the two arms' standard deviations (None without the arms). All None
    where the differences do not vary: an effect size is not defined then, never infinite.
    """

    d_z: float | None
    g_z: float | None
    j: float | None
    conf_low: float | None
    conf_high: float | None
    d_av: float | None
    n: int


def small_sample_factor(df: float) -> float:
    """Hedges' exact correction J = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)) (Hedges 1981)."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def paired_effect(
    differences: Array, arms: tuple[Array, Array] | None = None, confidence: float = 0.95
) -> PairedEffect:
    """Standardised mean of paired differences (level minus reference); `arms` are the two sides, for `d_av`."""
    d = present(differences)
    n = int(d.size)
    sd = float(d.std(ddof=1)) if n > 1 else 0.0
    if n < 2 or sd <= 1e-12 * max(1.0, abs(float(d.mean()))):
        return PairedEffect(None, None, None, None, None, None, n)
    d_z = float(d.mean()) / sd
    j = small_sample_factor(n - 1) if n > 2 else None
    ends = [
        _noncentrality(d_z * math.sqrt(n), n - 1, q) / math.sqrt(n)
        for q in ((1 + confidence) / 2, (1 - confidence) / 2)
    ]
    d_av = None
    if arms is not None:
        spread = math.sqrt((float(arms[0].var(ddof=1)) + float(arms[1].var(ddof=1))) / 2)
        d_av = float(d.mean()) / spread if spread > 0 else None
    return PairedEffect(d_z, None if j is None else j * d_z, j, ends[0], ends[1], d_av, n)


def _noncentrality(t: float, df: float, probability: float) -> float:
    """The noncentrality at which P(T <= t) is `probability`; the distribution function falls as it grows."""
    width = 5.0
    while True:
        low, high = t - width, t + width
        below = float(special.nctdtr(df, low, t)) - probability
        above = float(special.nctdtr(df, high, t)) - probability
        if below > 0 > above or width > 300:
            break
        width *= 1.5
    return root(lambda nc: float(special.nctdtr(df, nc, t)) - probability, low, high, 1e-12)


def cohens_d(first: Array, second: Array) -> float | None:
    """(mean(first) - mean(second)) / pooled SD of unpaired samples; None without variance."""
    a, b = present(first), present(second)
    if a.size < 2 or b.size < 2:
        return None
    pooled = ((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / (a.size + b.size - 2)
    return float((a.mean() - b.mean()) / math.sqrt(pooled)) if pooled > 0 else None
