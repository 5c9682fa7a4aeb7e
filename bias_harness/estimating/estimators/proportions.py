"""Rates of refusals and other non-answers, and their differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
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


def exact_within(
    events_level: NDArray[np.int64],
    asked_level: NDArray[np.int64],
    events_reference: NDArray[np.int64],
    asked_reference: NDArray[np.int64],
) -> float:
    """The exact two-sided p of unequal shares within strata (jobs): conditional on each job's number of events.

    Under no difference the level's events of a job are hypergeometric; their sum over jobs is compared with its exact
    distribution (Cochran 1954, exact form), twice the smaller tail. 1 where nothing can be told.
    """
    events = events_level + events_reference
    asked = asked_level + asked_reference
    useful = (events > 0) & (events < asked) & (asked_level > 0) & (asked_reference > 0)
    if not useful.any():
        return 1.0
    distribution = np.ones(1)
    for k, n, m in zip(events[useful], asked_level[useful], asked_reference[useful], strict=True):
        distribution = np.convolve(distribution, _hypergeometric(int(k), int(n), int(m)))
    at = round(float(events_level[useful].sum()))
    return float(min(1.0, 2 * min(distribution[: at + 1].sum(), distribution[at:].sum())))


@lru_cache(maxsize=4096)
def _hypergeometric(k: int, n: int, m: int) -> NDArray[np.float64]:
    """The chances of 0 to k events among the n of the level when k of all n + m have one."""
    x = np.arange(k + 1)
    possible = (x <= n) & (k - x <= m)
    x = np.where(possible, x, max(0, k - m))
    logs = _log_choose(n, x) + _log_choose(m, k - x) - _log_choose(n + m, np.array(k))
    chances: NDArray[np.float64] = np.where(possible, np.exp(logs), 0.0)
    return chances


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return found
