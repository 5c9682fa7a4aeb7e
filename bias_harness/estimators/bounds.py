"""Bounds on a gap when one side answers less often: the missing ones are not missing at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimators.interval import Array


@dataclass(frozen=True)
class Bounds:
    """The lowest and the highest gap (level minus reference) that the missing answers allow.

    `trim` is the share trimmed and `trimmed` the side that answers more often (level, reference or neither).
    """

    low: float
    high: float
    trim: float = 0.0
    trimmed: str = "neither"


def lee(level: Array, n_level: int, reference: Array, n_reference: int) -> Bounds | None:
    """Lee's (2009) trimming bounds: cut the side that answers more from the top, and from the bottom.

    Assumes that whoever answers on the side that answers less would answer on the other too (monotone response).
    The boundary answer counts in part. None where a side has no answer.
    """
    if level.size == 0 or reference.size == 0:
        return None
    rate_b, rate_a = level.size / n_level, reference.size / n_reference
    if rate_b == rate_a:
        gap = float(level.mean() - reference.mean())
        return Bounds(gap, gap)
    if rate_a > rate_b:
        trim = (rate_a - rate_b) / rate_a
        low, high = trimmed_means(reference, trim)
        return Bounds(float(level.mean()) - high, float(level.mean()) - low, trim, "reference")
    trim = (rate_b - rate_a) / rate_b
    low, high = trimmed_means(level, trim)
    return Bounds(low - float(reference.mean()), high - float(reference.mean()), trim, "level")


def trimmed_means(values: Array, trim: float) -> tuple[float, float]:
    """The mean without the top share, and without the bottom share, the boundary value weighted in part."""
    ordered = np.sort(values)
    keep = (1 - trim) * ordered.size
    weights = np.clip(keep - np.arange(ordered.size), 0.0, 1.0)
    return float((ordered * weights).sum() / keep), float((ordered[::-1] * weights).sum() / keep)


def manski(
    level: Array, n_level: int, reference: Array, n_reference: int, lowest: float, highest: float
) -> Bounds | None:
    """Worst-case bounds: every missing answer could be anything from `lowest` to `highest` (Manski 1990)."""
    if n_level == 0 or n_reference == 0:
        return None

    def ends(values: Array, n: int) -> tuple[float, float]:
        missing = n - values.size
        total = float(values.sum())
        return (total + missing * lowest) / n, (total + missing * highest) / n

    (b_low, b_high), (a_low, a_high) = ends(level, n_level), ends(reference, n_reference)
    return Bounds(b_low - a_high, b_high - a_low)
