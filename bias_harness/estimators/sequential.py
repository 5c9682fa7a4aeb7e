"""Looking early without fooling oneself: an interval that holds at every moment of looking."""

from __future__ import annotations

import math

from bias_harness.estimators.interval import Array

FEWEST_PROFILES = 20


def half_width(sd: float, n: int, planned: int, alpha: float = 0.05) -> float | None:
    """Asymptotic confidence sequence (Waudby-Smith et al. 2021) for a mean of n profiles in random order.

    s sqrt(2 (n r^2 + 1)/(n^2 r^2) log(sqrt(n r^2 + 1)/alpha)), r tuned to be tightest at the planned number.
    None below 20 profiles.
    """
    if n < FEWEST_PROFILES:
        return None
    log = -2 * math.log(alpha)
    r2 = (log + math.log(log + 1)) / planned
    return sd * math.sqrt(2 * (n * r2 + 1) / (n**2 * r2) * math.log(math.sqrt(n * r2 + 1) / alpha))


def confidence_sequence(differences: Array, planned: int, alpha: float = 0.05) -> tuple[float, float] | None:
    """The interval for the mean difference after these profiles; None below 20 of them."""
    n = differences.size
    half = half_width(float(differences.std(ddof=1)), n, planned, alpha) if n > 1 else None
    mean = float(differences.mean()) if n else 0.0
    return None if half is None else (mean - half, mean + half)
