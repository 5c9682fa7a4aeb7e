"""Several models or fields together: a random-effects mean, how much they differ, and estimates shrunk towards it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bias_harness.estimating.estimators.interval import Array, t_quantile, t_two_sided

FEW_GROUPS = 10
TINY = 1e-24


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


@dataclass(frozen=True)
class SharedPeople:
    """The mean of a table of gaps, `k` models x `people`, both of them drawn from more than were asked.

    `std_error` and `df` of the mean; `tau2` the variance of the models' true gaps (never below 0), `i2` its share of
    the variance between their means, `differ_p_value` the F test that they are alike. `shrunk` as in `Pooled`.
    """

    k: int
    people: int
    estimate: float
    std_error: float
    df: float
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    tau2: float
    i2: float
    differ_p_value: float | None
    shrunk: tuple[float, ...]


def shared_people(gaps: Array, confidence: float = 0.95) -> SharedPeople | None:
    """Gaps (models x people, NaN where a model lacks one) pooled over both; None below two models or two people.

    All models were told about the same people, so that a person's gap is in every row: the mean's variance is
    (MS_models + MS_people - MS_rest)/(k n) of the two-way table without repeats (Cornfield & Tukey 1956), with
    Satterthwaite's degrees of freedom, and never below what either margin shows by itself. Two models leave one
    degree of freedom. Only people that every model has are used.
    """
    table = gaps[:, ~np.isnan(gaps).any(axis=0)]
    k, n = table.shape
    if k < 2 or n < 2:
        return None
    mean, models, people = float(table.mean()), table.mean(axis=1), table.mean(axis=0)
    rest = table - models[:, None] - people + mean
    squares = (n * models.var(ddof=1), k * people.var(ddof=1), float((rest**2).sum()) / ((k - 1) * (n - 1)))
    freedom = (k - 1, n - 1, (k - 1) * (n - 1))
    variance, df = _of_the_mean([float(x) / table.size for x in squares], freedom)
    between, within = float(squares[0]), float(squares[2])
    tau2 = max(0.0, between - within) / n
    weight = tau2 / (tau2 + within / n) if tau2 else 0.0
    shrunk = tuple(float(x) for x in mean + weight * (models - mean))
    i2 = max(0.0, 1 - within / between) if between > 0 else 0.0
    differ = float(special.fdtrc(freedom[0], freedom[2], between / within)) if within > TINY else None
    std_error = variance**0.5
    if std_error <= 1e-12 * max(1.0, abs(mean)):
        return SharedPeople(k, n, mean, std_error, df, None, None, None, tau2, i2, differ, shrunk)
    half = t_quantile((1 + confidence) / 2, df) * std_error
    p_value = t_two_sided(mean / std_error, df)
    return SharedPeople(k, n, mean, std_error, df, mean - half, mean + half, p_value, tau2, i2, differ, shrunk)


def _of_the_mean(parts: list[float], freedom: tuple[int, int, int]) -> tuple[float, float]:
    """The variance of the mean and its degrees of freedom, from the three mean squares over k n."""
    models, people, rest = parts
    found = [(models, float(freedom[0])), (people, float(freedom[1]))]
    both = models + people - rest
    if both > 0:
        found.append((both, both**2 / sum(x**2 / d for x, d in zip(parts, freedom, strict=True))))
    variance, df = max(found)
    return variance, 1.0 if freedom[0] == 1 else max(df, 1.0)


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
