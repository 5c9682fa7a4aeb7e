"""A mean of profile gaps with its t interval: the unit of inference is the profile, not the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
FEWEST_WITHOUT_WARNING = 6


@dataclass(frozen=True)
class Interval:
    """An estimate with its standard error, degrees of freedom, interval and two-sided p; `status` says why not.

    `few_profiles` marks intervals from fewer than six profiles, which are shown with a warning.
    """

    estimate: float | None
    std_error: float | None = None
    df: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None
    n: int = 0
    status: str = "ok"
    few_profiles: bool = False


def t_quantile(probability: float, df: float) -> float:
    """The quantile of Student's t."""
    return float(special.stdtrit(df, probability))


def t_two_sided(t: float, df: float) -> float:
    """The two-sided p of a t value."""
    return float(2 * special.stdtr(df, -abs(t)))


def from_standard_error(estimate: float, std_error: float, df: float, confidence: float, n: int) -> Interval:
    """Estimate -+ t(df) * SE. A standard error of zero gives no interval and no p: `degenerate_no_variance`."""
    if not std_error > 1e-12 * max(1.0, abs(estimate)):
        return Interval(
            estimate, 0.0, df, n=n, status="degenerate_no_variance", few_profiles=n < FEWEST_WITHOUT_WARNING
        )
    half = t_quantile((1 + confidence) / 2, df) * std_error
    p = t_two_sided(estimate / std_error, df)
    few = n < FEWEST_WITHOUT_WARNING
    return Interval(estimate, std_error, df, estimate - half, estimate + half, p, n, few_profiles=few)


def paired_t(differences: Array, confidence: float = 0.95) -> Interval:
    """Mean d_p -+ t(P-1) sd(d_p)/sqrt(P), over the profiles that have a difference (NaN ones are left out).

    One profile gives the estimate alone (`too_few_profiles`), none gives `no_data`; no variance gives neither
    interval nor p (`degenerate_no_variance`).
    """
    d = differences[~np.isnan(differences)]
    if d.size == 0:
        return Interval(None, status="no_data")
    if d.size == 1:
        return Interval(float(d[0]), n=1, status="too_few_profiles", few_profiles=True)
    std_error = float(d.std(ddof=1) / np.sqrt(d.size))
    return from_standard_error(float(d.mean()), std_error, d.size - 1, confidence, d.size)


def ratio_of_means(level: Array, reference: Array, confidence: float = 0.95) -> Interval:
    """log(mean level / mean reference) over profiles, with the delta-method variance of paired means and t(P-1).

    var = s_B^2/(P m_B^2) + s_A^2/(P m_A^2) - 2 cov/(P m_A m_B): the percentage that belongs to a gap in money.
    """
    both = ~np.isnan(level) & ~np.isnan(reference)
    b, a = level[both], reference[both]
    if b.size == 0:
        return Interval(None, status="no_data")
    estimate = float(np.log(b.mean() / a.mean()))
    if b.size == 1:
        return Interval(estimate, n=1, status="too_few_profiles", few_profiles=True)
    relative = b / b.mean() - a / a.mean()
    std_error = float(relative.std(ddof=1) / np.sqrt(b.size))
    return from_standard_error(estimate, std_error, b.size - 1, confidence, b.size)
