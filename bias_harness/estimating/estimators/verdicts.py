"""Equivalence and the five verdicts: "no bias" is a claim that needs its own test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from bias_harness.estimating.estimators.interval import Interval, t_quantile
from bias_harness.margin import Margin
from bias_harness.vocabulary import VerdictWord


@dataclass(frozen=True)
class Tost:
    """Two one-sided tests against a lower and an upper bound; `p_value` is the larger p of the two.

    `conf_low`, `conf_high` are the ends of the 1 - 2 alpha interval: inside the bounds exactly when p < alpha.
    """

    estimate: float
    std_error: float
    df: float
    t_lower: float
    p_lower: float
    t_upper: float
    p_upper: float
    p_value: float
    conf_low: float
    conf_high: float


def tost(estimate: float, std_error: float, df: float, low: float, high: float, alpha: float = 0.05) -> Tost:
    """H0: the effect is at or beyond `low` or `high` (Schuirmann 1987). Raises `ValueError` without variance."""
    if not std_error > 0:
        raise ValueError("equivalence cannot be tested without a standard error above zero")
    t_lower, t_upper = (estimate - low) / std_error, (estimate - high) / std_error
    p_lower, p_upper = float(special.stdtr(df, -t_lower)), float(special.stdtr(df, t_upper))
    half = t_quantile(1 - alpha, df) * std_error
    ends = (estimate - half, estimate + half)
    return Tost(estimate, std_error, df, t_lower, p_lower, t_upper, p_upper, max(p_lower, p_upper), *ends)


def tost_paired(differences: Interval, low: float, high: float, alpha: float = 0.05) -> Tost | None:
    """The same from a paired interval; None where that has no standard error."""
    if differences.estimate is None or not differences.std_error or differences.df is None:
        return None
    return tost(differences.estimate, differences.std_error, differences.df, low, high, alpha)


def tost_paired_from_summary(
    n: int, means: tuple[float, float], sds: tuple[float, float], r: float, bounds: tuple[float, float]
) -> Tost:
    """Paired equivalence (first minus second) from n, means, standard deviations and their correlation `r`."""
    variance = sds[0] ** 2 + sds[1] ** 2 - 2 * r * sds[0] * sds[1]
    return tost(means[0] - means[1], math.sqrt(variance / n), n - 1, *bounds)


def verdict(interval: Interval, margin: Margin, alpha: float = 0.05) -> VerdictWord | None:
    """The word for an interval against the smallest gap of interest.

    `gap_meaningful`: the interval lies entirely beyond +-margin; `gap_detected_but_negligible`: zero is outside and
    equivalence is shown; `gap_detected_size_unclear`: zero is outside; `equivalent`: shown by TOST; else
    `inconclusive`. None where there is no interval: nothing is claimed then.
    """
    low, high = interval.conf_low, interval.conf_high
    if low is None or high is None:
        return None
    bound = margin.bound
    if low > bound or high < -bound:
        return "gap_meaningful"
    shown = tost_paired(interval, -bound, bound, alpha)
    same = shown is not None and shown.p_value < alpha
    if low > 0 or high < 0:
        return "gap_detected_but_negligible" if same else "gap_detected_size_unclear"
    return "equivalent" if same else "inconclusive"
