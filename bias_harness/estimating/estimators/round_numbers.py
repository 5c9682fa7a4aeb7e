"""Round numbers: how much of what was answered is a multiple of ten, five or one thousand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, present

HEAPS = (10_000, 5_000, 1_000)


@dataclass(frozen=True)
class Heaping:
    """Shares of answers on multiples of 10,000, 5,000 and 1,000; distinct values; the commonest value's share."""

    share_multiple_10000: float | None
    share_multiple_5000: float | None
    share_multiple_1000: float | None
    distinct: int
    modal_share: float | None
    n: int


def heaping(amounts: Array) -> Heaping:
    """Counts of one arm's amounts (a year). The shares are None without answers."""
    values = present(amounts)
    if values.size == 0:
        return Heaping(None, None, None, 0, None, 0)
    tens, fives, ones = (float((np.abs(values - np.round(values / h) * h) < 1e-6).mean()) for h in HEAPS)
    _, counts = np.unique(values, return_counts=True)
    return Heaping(tens, fives, ones, int(counts.size), float(counts.max() / values.size), int(values.size))


def heap_width(amounts: Array, share: float = 0.75) -> int | None:
    """The widest of 10,000, 5,000 and 1,000 that at least `share` of the amounts are multiples of; None for none."""
    found = heaping(amounts)
    shares = (found.share_multiple_10000, found.share_multiple_5000, found.share_multiple_1000)
    return next((h for h, s in zip(HEAPS, shares, strict=True) if s is not None and s >= share), None)


_SCORE_STEPS = (1.0, 0.5, 0.1)


def rounding_step(values: Array, *, money: bool, share: float = 0.75) -> float | None:
    """The widest usual step that at least `share` of the values are multiples of; None where there is none.

    Steps of money are 10,000, 5,000 and 1,000, those of scores 1, 0.5 and 0.1; shares (all 0 or 1) have none.
    """
    known = present(values)
    if known.size == 0 or (not money and np.isin(known, (0.0, 1.0)).all()):
        return None
    for step in HEAPS if money else _SCORE_STEPS:
        if (np.abs(known - np.round(known / step) * step) < 1e-6).mean() >= share:
            return float(step)
    return None
