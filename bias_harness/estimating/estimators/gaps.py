"""The interval of a contrast in each scope, for estimates of cells and of whole runs alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators import scopes
from bias_harness.estimating.estimators.cells import Contrast, mean_over
from bias_harness.estimating.estimators.interval import Array, Interval, ratio_of_means
from bias_harness.vocabulary import Scope

SCOPES: tuple[Scope, ...] = ("profiles", "panel", "profiles+wordings")


@dataclass(frozen=True)
class Money:
    """A gap in money, the per cent that belongs to it (log ratio of means), and the two means."""

    gap: Interval
    ratio: Interval
    mean_level: float | None
    mean_reference: float | None


def log_gap(of: Contrast, scope: Scope, confidence: float = 0.95) -> Interval:
    """The mean log gap of a contrast in a scope."""
    if scope == "panel":
        return scopes.panel(of.log, of.log_variances, of.counts, confidence)
    rule = scopes.profiles if scope == "profiles" else scopes.profiles_and_wordings
    return rule(of.log_gaps, confidence)


def money_gap(of: Contrast, scope: Scope, confidence: float = 0.95) -> Money:
    """The mean gap in money of a contrast in a scope, with its own per cent: the ratio of means, never the log gap."""
    amounts = of.amounts
    if amounts is None:
        nothing = Interval(None, status="no_data")
        return Money(nothing, nothing, None, None)
    b, a = amounts
    ratio = float(np.log(b / a))
    if scope == "profiles":
        gap = scopes.profiles(of.money_gaps, confidence)
        return Money(gap, ratio_of_means(*of.profile_amounts, confidence), b, a)
    if scope == "panel":
        relative = (of.variances[0] / b**2, of.variances[1] / a**2)
        same = np.where(np.isnan(of.log), np.nan, ratio)
        gap = scopes.panel(of.money, of.variances, of.counts, confidence)
        return Money(gap, scopes.panel(same, relative, of.counts, confidence), b, a)
    gap = scopes.profiles_and_wordings(of.money_gaps, confidence)
    linear: Array = mean_over(of.level) / b - mean_over(of.reference) / a + ratio
    return Money(gap, scopes.profiles_and_wordings(linear, confidence), b, a)
