"""The placebo floor: how large gaps look between people who do not differ in the attribute at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, present
from bias_harness.estimating.estimators.proportions import wilson


@dataclass(frozen=True)
class Floor:
    """Mean absolute placebo gap (log) over `n` pairs; `noise` is what trial noise alone would give: s sqrt(2/pi).

    `above(x)` is a mean absolute gap with the floor taken off: without that, noise is ranked as bias.
    """

    mean_absolute: float | None
    noise: float | None
    n: int

    def above(self, mean_absolute: float | None) -> float | None:
        """The part of a mean absolute treatment gap that the placebo pairs do not show; negative = below the floor."""
        if mean_absolute is None or self.mean_absolute is None:
            return None
        return mean_absolute - self.mean_absolute


def placebo_floor(gaps: Array, std_errors: Array | None = None) -> Floor:
    """The floor from placebo gaps per pair of cells; `std_errors` are their standard errors from trial noise."""
    known = present(gaps)
    noise = None
    if std_errors is not None:
        errors = present(std_errors)
        noise = float(errors.mean()) * math.sqrt(2 / math.pi) if errors.size else None
    return Floor(float(np.abs(known).mean()) if known.size else None, noise, int(known.size))


@dataclass(frozen=True)
class FalseAlarms:
    """How many placebo tests came out below alpha, their share, and its Wilson interval."""

    alarms: int
    tests: int
    rate: float | None
    conf_low: float | None
    conf_high: float | None


def false_alarms(p_values: Sequence[float | None], alpha: float = 0.05) -> FalseAlarms:
    """The false-alarm rate of this very run; tests without a p are left out."""
    known = [p for p in p_values if p is not None]
    alarms = sum(p < alpha for p in known)
    ends = wilson(alarms, len(known))
    low, high = ends or (None, None)
    return FalseAlarms(alarms, len(known), alarms / len(known) if known else None, low, high)
