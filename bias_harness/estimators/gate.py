"""Has the gap moved against a baseline? The rule of the check: a claim of "no worse" needs its own test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import special

from bias_harness.estimators.interval import Array, t_quantile

GateWord = Literal["fail_regressed", "pass_noninferior", "warn_worse_within_margin_unclear", "inconclusive"]


@dataclass(frozen=True)
class Change:
    """New gap minus baseline gap (negative = worse for the level), its 90 % interval and the two one-sided p-values.

    `p_worse`: the change is not below zero. `p_noninferior`: the change is at or below -margin. Null numbers where
    there is no variance to judge by (`status`).
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


def independent(gap: float, se: float, df: float, gap0: float, se0: float, df0: float, margin: float) -> Change:
    """Two runs of different profiles: Welch-Satterthwaite on the difference of their gaps."""
    variance = se**2 + se0**2
    if variance <= 0:
        return _without_variance(gap - gap0, margin)
    dof = variance**2 / (se**4 / df + se0**4 / df0)
    return judge(gap - gap0, math.sqrt(variance), dof, margin)


def paired(new: Array, baseline: Array, margin: float) -> Change:
    """Two runs of the same profiles: t(P-1) on d_p(new) - d_p(baseline)."""
    d = new - baseline
    if d.size < 2:
        change = float(d[0]) if d.size else None
        return Change(change, None, None, None, None, None, None, "inconclusive", "too_few_profiles")
    se = float(d.std(ddof=1) / math.sqrt(d.size))
    if se <= 1e-15:
        return _without_variance(float(d.mean()), margin)
    return judge(float(d.mean()), se, d.size - 1, margin)


def judge(change: float, se: float, df: float, margin: float, alpha: float = 0.05) -> Change:
    """The gate's word: regressed when the whole interval lies below -margin, passed when it lies above."""
    half = t_quantile(1 - alpha, df) * se
    p_worse = float(special.stdtr(df, change / se))
    p_noninferior = float(1 - special.stdtr(df, (change + margin) / se))
    word: GateWord = "inconclusive"
    if change + half < -margin:
        word = "fail_regressed"
    elif change - half > -margin:
        word = "pass_noninferior"
    elif change + half < 0:
        word = "warn_worse_within_margin_unclear"
    return Change(change, se, df, change - half, change + half, p_worse, p_noninferior, word)


def _without_variance(change: float, margin: float) -> Change:
    """Every profile moved alike, as when the answers are the same ones: the value itself decides."""
    word: GateWord = "fail_regressed" if change < -margin else "pass_noninferior"
    return Change(change, 0.0, None, None, None, None, None, word, "degenerate_no_variance")
