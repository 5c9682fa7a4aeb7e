"""Round numbers: how many of the amounts sit on them, and how few different ones there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimators.interval import Array


@dataclass(frozen=True)
class Heaping:
    """Shares on multiples of 10,000, 5,000 and 1,000, how many values differ, and the share of the commonest."""

    on_10000: float
    on_5000: float
    on_1000: float
    distinct: int
    modal_share: float
    n: int


def heaping(values: Array) -> Heaping | None:
    """None where there is no value."""
    if values.size == 0:
        return None
    kinds, counts = np.unique(values, return_counts=True)
    ten, five, one = (float((np.abs(values % base) < 1e-9).mean()) for base in (10_000, 5_000, 1_000))
    return Heaping(ten, five, one, int(kinds.size), float(counts.max() / values.size), int(values.size))
