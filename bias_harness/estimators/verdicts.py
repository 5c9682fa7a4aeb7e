"""Equivalence and the five verdicts: "no bias" is a claim that needs its own test."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import special

from bias_harness.estimators.interval import Interval, t_quantile
from bias_harness.vocabulary import VerdictWord


@dataclass(frozen=True)
class Tost:
    """Two one-sided tests against -margin and +margin; `p_value` is the larger one."""

    p_lower: float
    p_upper: float
    p_value: float
    conf_low: float
    conf_high: float


def tost(estimate: float, std_error: float, df: float, low: float, high: float, alpha: float = 0.05) -> Tost:
    """H0: the effect is at or beyond `low` or `high`. The interval is the 1 - 2 alpha one."""
    p_lower = float(1 - special.stdtr(df, (estimate - low) / std_error))
    p_upper = float(special.stdtr(df, (estimate - high) / std_error))
    half = t_quantile(1 - alpha, df) * std_error
    return Tost(p_lower, p_upper, max(p_lower, p_upper), estimate - half, estimate + half)


def verdict(interval: Interval, margin: float, alpha: float = 0.05) -> VerdictWord | None:
    """The word for an interval against the smallest gap of interest (same scale, positive)."""
    low, high = interval.conf_low, interval.conf_high
    if interval.estimate is None or interval.std_error is None or interval.df is None or low is None or high is None:
        return None
    if low > margin or high < -margin:
        return "gap_meaningful"
    same = tost(interval.estimate, interval.std_error, interval.df, -margin, margin, alpha).p_value < alpha
    if low > 0 or high < 0:
        return "gap_detected_but_negligible" if same else "gap_detected_size_unclear"
    return "equivalent" if same else "inconclusive"
