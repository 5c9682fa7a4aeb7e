"""One comparison of a model -> the numbers that its word is made of, and a gap on every scale."""

from __future__ import annotations

import math

from bias_harness.estimating.judgement import Gap, Judgement
from bias_harness.estimating.sides import Model, Side
from bias_harness.estimating.words import Measured
from bias_harness.outcome import FARTHEST


def measured_of(model: Model, side: Side, level: int, *, over_wordings: bool = False) -> Measured:
    """The gap, its job variance and its form terms; `over_wordings` makes other wordings part of what is spoken of."""
    of = side.gaps[level]
    more = side.wordings_term(level) if over_wordings else None
    terms = (*model.terms(side, level), *([more] if more else []))
    tried = any(t.spread.df for t in terms[: -1 if more else None])
    return Measured(of.mean, of.variance, of.jobs, terms, of.forms[1], tried=tried)


def gap_of(estimate: float, half: float | None, about: Judgement) -> Gap:
    """A gap with its interval (none where `half` is None), in per cent and at the reference's mean amount too."""
    if half is None:
        return gap_between(estimate, None, None, about)
    return gap_between(estimate, estimate - half, estimate + half, about)


def gap_between(estimate: float, low: float | None, high: float | None, about: Judgement) -> Gap:
    """A gap with the ends of its interval, in per cent and at the reference's mean amount too."""
    if about.scale != "log":
        return Gap(estimate, low, high)
    percents = [None if x is None else 100 * math.expm1(min(x, FARTHEST)) for x in (estimate, low, high)]
    base = about.mean_reference
    money = [None if x is None or base is None else base * x / 100 for x in percents]
    return Gap(estimate, low, high, percents[0], percents[1], percents[2], money[0], money[1], money[2])
