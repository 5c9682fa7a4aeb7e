"""How large a gap has to be to matter, with its unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bias_harness.errors import UsageError

MarginUnit = Literal["log", "fraction", "fall", "per cent", "share", "points"]

_UNITS: Mapping[MarginUnit, tuple[float, Callable[[float], float], Callable[[float], float]]] = {
    "log": (math.log(2), lambda x: x, lambda x: 100 * math.expm1(x)),
    "fraction": (1, math.log1p, lambda x: 100 * x),
    "fall": (1, lambda x: -math.log1p(-x), lambda x: 100 * x),
    "per cent": (100, lambda x: math.log1p(x / 100), lambda x: x),
    "share": (1, lambda x: x, lambda x: 100 * x),
    "points": (math.inf, lambda x: x, lambda x: x),
}
"""Of each unit: what a margin stays below, the margin on the scale of estimates, and as it is shown."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How large a gap has to be to matter, with its unit: `Margin(0.01, "fraction")`. No function takes a bare number.

    Of pay: a `fraction` (0.01: a hundredth more), a `fall` by a fraction (0.01: a hundredth less), the same fraction in
    `per cent`, or a `log`. Of shares of answers: a `share` (0.02: two percentage points). Of a score: its `points`.
    Raises `UsageError` for a number that is none in that unit: below zero, or as much as all there is (5 as a fraction
    would be 500 %).
    """

    value: float
    unit: MarginUnit

    def __post_init__(self) -> None:
        most, *_ = _UNITS[self.unit]
        if not 0 <= self.value < most:
            ends = "0 or more" if math.isinf(most) else f"from 0 to below {most:.3g}"
            raise UsageError(f"a margin of {self.value:g} ({self.unit}) cannot be; in that unit it is {ends}")

    @property
    def bound(self) -> float:
        """On the scale that gaps are estimated on: the log of ratios of pay, shares (0-1) and points as they are."""
        return _UNITS[self.unit][1](self.value)

    @property
    def shown(self) -> float:
        """As gaps are shown: per cent of pay, percentage points of a share, points of a score."""
        return _UNITS[self.unit][2](self.value)
