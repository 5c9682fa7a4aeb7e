"""Looking early: an asymptotic confidence sequence that holds at every look, at the price of a wider interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bias_harness.estimating.estimators.interval import Array, present

FEWEST_PROFILES = 20


@dataclass(frozen=True)
class Look:
    """The running mean after n profiles with ends that hold for all n at once."""

    n: int
    estimate: float
    conf_low: float
    conf_high: float


def tuned_rho(planned: int, alpha: float = 0.05) -> float:
    """The rho for which the sequence is narrowest at the planned n (Waudby-Smith et al. 2021, eq. 30)."""
    return math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned)


def half_width(n: int, sd: float, rho: float, alpha: float = 0.05) -> float:
    """Half the width after n profiles: sd sqrt(2 (n rho^2 + 1)/(n^2 rho^2) log(sqrt(n rho^2 + 1)/alpha))."""
    m = n * rho**2 + 1
    return sd * math.sqrt(2 * m / (n**2 * rho**2) * math.log(math.sqrt(m) / alpha))


def confidence_sequence(gaps: Array, planned: int, alpha: float = 0.05) -> list[Look] | None:
    """Looks after 20, 21 ... profiles, which must come in random order. None for fewer than 20 profiles."""
    d = present(gaps)
    if d.size < FEWEST_PROFILES:
        return None
    rho = tuned_rho(planned, alpha)
    looks = []
    for n in range(FEWEST_PROFILES, d.size + 1):
        mean, half = float(d[:n].mean()), half_width(n, float(d[:n].std(ddof=1)), rho, alpha)
        looks.append(Look(n, mean, mean - half, mean + half))
    return looks
