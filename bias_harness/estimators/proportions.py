"""Rates of refusals and other non-answers, and their differences."""

from __future__ import annotations

import math

from scipy import special


def wilson(x: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval of one rate; None without trials."""
    if n == 0:
        return None
    z = float(special.ndtri((1 + confidence) / 2))
    rate, z2 = x / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(x1: int, n1: int, x2: int, n2: int, confidence: float = 0.95) -> tuple[float, float, float] | None:
    """Difference x1/n1 - x2/n2 with Newcombe's hybrid score interval (1998, method 10); None without trials."""
    first, second = wilson(x1, n1, confidence), wilson(x2, n2, confidence)
    if first is None or second is None:
        return None
    p1, p2 = x1 / n1, x2 / n2
    low = math.hypot(p1 - first[0], second[1] - p2)
    high = math.hypot(first[1] - p1, p2 - second[0])
    return p1 - p2, p1 - p2 - low, p1 - p2 + high


def clopper_pearson(x: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """The exact interval of one rate; None without trials."""
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(x, n - x + 1, tail)) if x > 0 else 0.0
    high = float(special.betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0
    return low, high


def mcnemar_exact(only_level: int, only_reference: int) -> float | None:
    """Two-sided exact p of the discordant pairs; None where there are none."""
    n = only_level + only_reference
    if n == 0:
        return None
    return min(1.0, 2 * float(special.bdtr(min(only_level, only_reference), n, 0.5)))
