"""Looking at growing data a few times: the levels at which it may be decided, so that all looks together err once.

Spending of the O'Brien-Fleming type (Lan & DeMets 1983): at the fraction t of the planned data either side has spent
2 - 2 Phi(z / sqrt(t)) of its alpha/2, z the 1 - alpha/4 quantile of the normal distribution. The statistic moves as a
Brownian motion; the level of each look follows by integration from look to look (Armitage, McPherson & Rowe 1969).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import special

from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.roots import root

POINTS = 301
_LEAST = 1e-12
_FARTHEST = 9.0


def levels(fractions: Sequence[float], alpha: float) -> tuple[float, ...]:
    """The nominal two-sided level of every look at these rising fractions (0 to 1) of the planned data.

    An interval at the level of its look, read at every look, errs in `alpha` of all cases at most. At .05 and looks at
    40, 60, 80 and 100 %: .0008, .0075, .0224, .0428. A single look at 1 has `alpha` itself.
    """
    return _levels(tuple(fractions), alpha)


def sequential_p(p_value: float, fractions: Sequence[float]) -> float:
    """The two-sided p of the last of these looks as it counts: the least alpha at which that look would decide."""
    if tuple(fractions) == (1.0,) or p_value >= 1:
        return min(p_value, 1.0)

    def short(log_alpha: float) -> float:
        return math.log(max(levels(fractions, math.exp(log_alpha))[-1], 1e-300)) - math.log(max(p_value, _LEAST))

    most = math.log(0.5)
    if short(most) <= 0:
        return 1.0
    least = math.log(_LEAST)
    if short(least) >= 0:
        return _LEAST
    return math.exp(root(short, least, most, 1e-4))


def spent(fraction: float, alpha: float) -> float:
    """How much of a two-sided alpha may have been spent at a fraction of the planned data."""
    if fraction >= 1:
        return alpha
    z = float(special.ndtri(1 - alpha / 4))
    return float(4 * special.ndtr(-z / math.sqrt(fraction)))


@lru_cache(maxsize=4096)
def _levels(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    made: list[float] = []
    before, density, grid = 0.0, np.ones(1), np.zeros(1)
    for place, t in enumerate(fractions):
        spend = spent(t, alpha) - (spent(fractions[place - 1], alpha) if place else 0.0)
        step = math.sqrt(t - before)
        bound = _bound(density, grid, step, max(spend, 0.0), math.sqrt(t))
        made.append(float(2 * special.ndtr(-bound / math.sqrt(t))))
        density, grid = _moved(density, grid, step, bound)
        before = t
    return tuple(made)


def _bound(density: Array, grid: Array, step: float, spend: float, scale: float) -> float:
    """The bound of the process at which a look spends just so much; the process has this density at the last look."""

    def over(bound: float) -> float:
        beyond = special.ndtr((-bound - grid) / step) + special.ndtr((grid - bound) / step)
        return float(density @ beyond) - spend

    most = _FARTHEST * scale
    return most if over(most) >= 0 else root(over, 0.0, most, 1e-10)


def _moved(density: Array, grid: Array, step: float, bound: float) -> tuple[Array, Array]:
    """The density of the process inside the bound at the next look, as weights on a grid (Simpson's rule)."""
    new = np.linspace(-bound, bound, POINTS)
    simpson = np.ones(POINTS)
    simpson[1:-1:2], simpson[2:-1:2] = 4.0, 2.0
    apart = (new[:, None] - grid[None, :]) / step
    heights = (np.exp(-0.5 * apart**2) @ density) / (step * math.sqrt(2 * math.pi))
    return np.asarray(heights * simpson * (new[1] - new[0]) / 3), new
