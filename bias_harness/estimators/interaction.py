"""Intersections: whether a combination costs more than its parts together."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.estimators.interval import Array, Interval, paired_t


@dataclass(frozen=True)
class Intersection:
    """The joint gap, the two single gaps, their sum, and the excess of the joint over the sum: all on the log scale."""

    joint: Interval
    first: Interval
    second: Interval
    total: Interval
    excess: Interval


def intersection(both: Array, first: Array, second: Array, neither: Array, confidence: float = 0.95) -> Intersection:
    """Per-profile means of log amounts for the four combinations; excess = (both - second) - (first - neither)."""
    return Intersection(
        paired_t(both - neither, confidence),
        paired_t(first - neither, confidence),
        paired_t(second - neither, confidence),
        paired_t(first + second - 2 * neither, confidence),
        paired_t(both - first - second + neither, confidence),
    )
