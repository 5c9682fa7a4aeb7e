"""Intersections: what a combination adds to its single gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, Interval, paired_t
from bias_harness.estimating.estimators.signflip import SignFlip, sign_flip


@dataclass(frozen=True)
class Excess:
    """Per profile: the joint gap, the sum of the single gaps, and the joint gap minus that sum."""

    joint: Interval
    singles: Interval
    excess: Interval
    sign_flip: SignFlip | None


def excess(
    joint: Array, singles: list[Array], confidence: float = 0.95, resamples: int = 9_999, seed: int = 0
) -> Excess:
    """`joint` and each of `singles` are gaps per profile against the same reference (log, as a rule).

    For two parts the excess is (B1A1 - B0A1) - (B1A0 - B0A0): negative = the combination is advised less than the
    single gaps add up to. t(P-1) over profiles. Only profiles with all of the gaps count.
    """
    together = np.sum(np.stack(singles), axis=0)
    both = ~np.isnan(joint) & ~np.isnan(together)
    joint, together = joint[both], together[both]
    over = joint - together
    return Excess(
        paired_t(joint, confidence),
        paired_t(together, confidence),
        paired_t(over, confidence),
        sign_flip(over, resamples, seed),
    )


def excess_of_cells(b1a1: Array, b0a1: Array, b1a0: Array, b0a0: Array, confidence: float = 0.95) -> Excess:
    """The same from the mean log amounts per profile of the four combinations of two attributes A and B."""
    return excess(b1a1 - b0a0, [b1a0 - b0a0, b0a1 - b0a0], confidence)
