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

    `n` counts what was averaged (profiles as a rule). `few_profiles` marks intervals from fewer than six profiles,
    which are shown with a warning. `t` is the test statistic against zero.
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

    @property
    def t(self) -> float | None:
        """Estimate over standard error; None where there is no variance to divide by."""
        if self.estimate is None or not self.std_error or self.p_value is None:
            return None
        return self.estimate / self.std_error


def present(values: Array) -> Array:
    """The finite values, as a flat float array: NaN stands for a profile without a pair."""
    flat = np.asarray(values, dtype=float).ravel()
    kept: Array = flat[np.isfinite(flat)]
    return kept


def t_quantile(probability: float, df: float) -> float:
    """The quantile of Student's t."""
    return float(special.stdtrit(df, probability))


def t_two_sided(t: float, df: float) -> float:
    """The two-sided p of a t value."""
    return float(2 * special.stdtr(df, -abs(t)))


def from_standard_error(estimate: float, std_error: float, df: float, confidence: float, n: int) -> Interval:
    """Estimate -+ t(df) * SE. A standard error of zero gives no interval and no p: `degenerate_no_variance`."""
    few = n < FEWEST_WITHOUT_WARNING
    if not std_error > 1e-12 * max(1.0, abs(estimate)):
        return Interval(estimate, 0.0, df, n=n, status="degenerate_no_variance", few_profiles=few)
    half = t_quantile((1 + confidence) / 2, df) * std_error
    p = t_two_sided(estimate / std_error, df)
    return Interval(estimate, std_error, df, estimate - half, estimate + half, p, n, few_profiles=few)


def paired_t(differences: Array, confidence: float = 0.95) -> Interval:
    """Mean d_p -+ t(P-1) sd(d_p)/sqrt(P), over the profiles that have a difference (NaN ones are left out).

    One profile gives the estimate alone (`too_few_profiles`), none gives `no_data`; no variance gives neither
    interval nor p (`degenerate_no_variance`). Same numbers as `scipy.stats.ttest_rel` where that has any.
    """
    d = present(differences)
    if d.size == 0:
        return Interval(None, status="no_data")
    if d.size == 1:
        return Interval(float(d[0]), n=1, status="too_few_profiles", few_profiles=True)
    std_error = float(d.std(ddof=1) / np.sqrt(d.size))
    return from_standard_error(float(d.mean()), std_error, d.size - 1, confidence, d.size)


def moderated_t(differences: Array, whole: Array, confidence: float = 0.95) -> Interval:
    """`paired_t` of a thin cell: from three differences on by its own variance, of two by one that borrows from all.

    Of two: s~^2 = (4 s0^2 + s^2)/5 with s0 that of the `whole` design, on n + 3 degrees of freedom. With more
    it has its own variance, for a cell may vary more than the others do.
    """
    d, others = present(differences), present(whole)
    if d.size != 2 or others.size < 3:
        return paired_t(differences, confidence)
    variance = (4 * float(others.var(ddof=1)) + float(d.var(ddof=1))) / 5
    return from_standard_error(float(d.mean()), (variance / 2) ** 0.5, 5.0, confidence, 2)


def weighted_paired_t(differences: Array, weights: Array, confidence: float = 0.95) -> Interval:
    """Sum w_p d_p with population weights (they are made to sum to 1), SE^2 = P/(P-1) sum w_p^2 (d_p - mean)^2, t(P-1).

    Equal weights give `paired_t`. Raises `ValueError` for weights that are negative or sum to nothing.
    """
    d, w = np.asarray(differences, dtype=float), np.asarray(weights, dtype=float)
    known = np.isfinite(d)
    d, w = d[known], w[known]
    if d.size == 0:
        return Interval(None, status="no_data")
    if (w < 0).any() or not w.sum() > 0:
        raise ValueError("weights are not negative and sum to more than zero")
    w = w / w.sum()
    estimate = float(w @ d)
    if d.size == 1:
        return Interval(estimate, n=1, status="too_few_profiles", few_profiles=True)
    variance = float((w**2 * (d - estimate) ** 2).sum()) * d.size / (d.size - 1)
    return from_standard_error(estimate, variance**0.5, d.size - 1, confidence, d.size)


def welch_t(first: Array, second: Array, confidence: float = 0.95) -> Interval:
    """Mean(first) - mean(second) for unpaired samples with unequal variances: Welch's t and Satterthwaite's df.

    What published audits do with single answers; as a lens only, for it ignores both pairs and profiles.
    """
    a, b = present(first), present(second)
    if a.size == 0 or b.size == 0:
        return Interval(None, status="no_data")
    estimate = float(a.mean() - b.mean())
    if a.size < 2 or b.size < 2:
        return Interval(estimate, n=a.size + b.size, status="too_few_repeats", few_profiles=True)
    parts = a.var(ddof=1) / a.size, b.var(ddof=1) / b.size
    total = float(sum(parts))
    if total <= 0:
        return Interval(estimate, 0.0, n=a.size + b.size, status="degenerate_no_variance")
    df = total**2 / float(parts[0] ** 2 / (a.size - 1) + parts[1] ** 2 / (b.size - 1))
    return from_standard_error(estimate, total**0.5, df, confidence, a.size + b.size)


def ratio_of_means(level: Array, reference: Array, confidence: float = 0.95) -> Interval:
    """log(mean level / mean reference) over profiles, with the delta-method variance of paired means and t(P-1).

    var = s_B^2/(P m_B^2) + s_A^2/(P m_A^2) - 2 cov/(P m_A m_B): the percentage that belongs to a gap in money.
    """
    level, reference = np.asarray(level, dtype=float), np.asarray(reference, dtype=float)
    both = np.isfinite(level) & np.isfinite(reference)
    b, a = level[both], reference[both]
    if b.size == 0:
        return Interval(None, status="no_data")
    if b.mean() <= 0 or a.mean() <= 0:
        return Interval(None, n=b.size, status="invalid_nonpositive")
    estimate = float(np.log(b.mean() / a.mean()))
    if b.size == 1:
        return Interval(estimate, n=1, status="too_few_profiles", few_profiles=True)
    relative = b / b.mean() - a / a.mean()
    std_error = float(relative.std(ddof=1) / np.sqrt(b.size))
    return from_standard_error(estimate, std_error, b.size - 1, confidence, b.size)
