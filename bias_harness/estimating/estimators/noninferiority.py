"""The regression gate: whether a gap is worse than it was, by more than a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.margin import Margin

GateWord = Literal[
    "fail_regressed", "pass_noninferior", "warn_worse_within_margin_unclear", "inconclusive", "not_comparable"
]


@dataclass(frozen=True)
class Change:
    """The change of a gap (new minus baseline; negative = worse for the level when `harm` is -1) and its verdict.

    `conf_low`, `conf_high` are the ends of the 1 - 2 alpha interval, so each is a one-sided 1 - alpha bound. `p_worse`
    tests that the change is not for the worse, `p_noninferior` that it is worse than the margin or equal to it. `mde`
    is the smallest worsening that such data would show with 80 % power. `n` counts profiles (paired gates).
    """

    change: float | None
    std_error: float | None
    df: float | None
    conf_low: float | None
    conf_high: float | None
    p_worse: float | None
    p_noninferior: float | None
    verdict: GateWord
    status: str = "ok"
    mde: float | None = None
    n: int = 0


def independent(
    new: tuple[float, float, float],
    baseline: tuple[float, float, float],
    margin: Margin,
    *,
    harm: int = -1,
    alpha: float = 0.05,
) -> Change:
    """Two unpaired runs, each (gap, standard error, df): SE^2 adds up, df after Welch and Satterthwaite."""
    (g1, s1, d1), (g0, s0, d0) = new, baseline
    change, total = g1 - g0, s1**2 + s0**2
    if not total > 0:
        return _without_variance(change, margin.bound, harm, 0)
    df = total**2 / (s1**4 / d1 + s0**4 / d0)
    return _decided(change, total**0.5, df, margin.bound, harm, alpha, 0)


def paired(new: Array, baseline: Array, margin: Margin, *, harm: int = -1, alpha: float = 0.05) -> Change:
    """The same profiles in both runs: a t test on d_p(new) - d_p(baseline) with df = P - 1.

    `new` and `baseline` are gaps per profile, in the same order; profiles without a gap on a side (NaN) are left out.
    """
    if len(new) != len(baseline):
        return _unjudged("not_comparable", None, "not_comparable", 0)
    moved = np.asarray(new, dtype=float) - np.asarray(baseline, dtype=float)
    moved = moved[~np.isnan(moved)]
    if moved.size < 2:
        status = "too_few_profiles" if moved.size else "no_data"
        return _unjudged("inconclusive", float(moved[0]) if moved.size else None, status, moved.size)
    mean, std_error = float(moved.mean()), float(moved.std(ddof=1)) / moved.size**0.5
    if std_error <= 1e-12 * max(1.0, abs(mean)):
        return _without_variance(mean, margin.bound, harm, moved.size)
    return _decided(mean, std_error, moved.size - 1, margin.bound, harm, alpha, moved.size)


def _unjudged(word: GateWord, change: float | None, status: str, n: int) -> Change:
    return Change(change, None, None, None, None, None, None, word, status, n=n)


def _decided(change: float, std_error: float, df: float, bound: float, harm: int, alpha: float, n: int) -> Change:
    """Worse means in the direction of `harm`; the decision is made on better = -harm * change."""
    half = t_quantile(1 - alpha, df) * std_error
    better = -harm * change
    worst, best = better - half, better + half
    word: GateWord = "inconclusive"
    if best < -bound:
        word = "fail_regressed"
    elif worst > -bound:
        word = "pass_noninferior"
    elif best < 0:
        word = "warn_worse_within_margin_unclear"
    p_worse = float(special.stdtr(df, better / std_error))
    p_noninferior = float(special.stdtr(df, -(better + bound) / std_error))
    mde = (t_quantile(1 - alpha, df) + t_quantile(0.8, df)) * std_error
    ends = (change - half, change + half)
    return Change(change, std_error, df, *ends, p_worse, p_noninferior, word, mde=mde, n=n)


def _without_variance(change: float, bound: float, harm: int, n: int) -> Change:
    """Every profile moved alike, as recorded or deterministic answers do: no test, the value itself decides."""
    word: GateWord = "fail_regressed" if -harm * change < -bound else "pass_noninferior"
    return Change(change, 0.0, None, None, None, None, None, word, "degenerate_no_variance", n=n)
