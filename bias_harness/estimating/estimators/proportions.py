"""Rates of refusals and other non-answers, and their differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special


def wilson(x: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval of one rate x/n (1927); None without trials."""
    if n == 0:
        return None
    z = float(special.ndtri((1 + confidence) / 2))
    rate, z2 = x / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    return (0.0 if x == 0 else max(0.0, centre - half), 1.0 if x == n else min(1.0, centre + half))


def clopper_pearson(x: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """The exact interval of one rate x/n (1934), never too narrow; None without trials."""
    if n == 0:
        return None
    tail = (1 - confidence) / 2
    low = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(special.betaincinv(x + 1, n - x, 1 - tail))
    return low, high


def newcombe(x1: int, n1: int, x2: int, n2: int, confidence: float = 0.95) -> tuple[float, float, float] | None:
    """Difference x1/n1 - x2/n2 with Newcombe's hybrid score interval (1998, method 10); None without trials."""
    first, second = wilson(x1, n1, confidence), wilson(x2, n2, confidence)
    if first is None or second is None:
        return None
    p1, p2 = x1 / n1, x2 / n2
    low = math.hypot(p1 - first[0], second[1] - p2)
    high = math.hypot(first[1] - p1, p2 - second[0])
    return p1 - p2, p1 - p2 - low, p1 - p2 + high


@dataclass(frozen=True)
class McNemar:
    """Discordant pairs: `only_level` and `only_reference` had the event alone. `p_value` is two-sided and exact."""

    only_level: int
    only_reference: int
    p_value: float | None


def mcnemar(only_level: int, only_reference: int) -> McNemar:
    """The exact binomial test on discordant pairs (one repeat only: pairs must be independent). None without any."""
    n = only_level + only_reference
    if n == 0:
        return McNemar(only_level, only_reference, None)
    tail = float(special.bdtr(min(only_level, only_reference), n, 0.5))
    return McNemar(only_level, only_reference, min(1.0, 2 * tail))
