"""Textbook power of one comparison: the smallest gap that a design will detect, and how many pairs one takes.

`planning` simulates the words themselves; these formulas are what others publish, to compare with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from bias_harness.estimating.estimators.interval import t_quantile
from bias_harness.estimating.estimators.roots import root


@dataclass(frozen=True)
class Spread:
    """Standard deviations on the log scale: of the gap over profiles, wordings and both, and of repeated answers.

    The defaults are assumptions in the range of published audits; a pilot run's variance components replace them.
    """

    gap_profile: float = 0.03
    gap_wording: float = 0.0
    gap_interaction: float = 0.0
    trial: float = 0.06


@dataclass(frozen=True)
class Numbers:
    """A design in numbers: profiles, wordings (times languages) and repeats of each level."""

    profiles: int
    wordings: int
    repeats: int

    @property
    def calls(self) -> int:
        """Answers for one level and its reference."""
        return 2 * self.profiles * self.wordings * self.repeats


def design_variance(numbers: Numbers, spread: Spread, scope: str = "profiles") -> float:
    """SE^2 = (tau_p^2 + tau_pv^2/V + 2 s^2/(V R))/P, plus tau_v^2/V in the scope profiles+wordings.

    In the scope panel only the trials count: 2 s^2/(P V R).
    """
    p, v, r = numbers.profiles, numbers.wordings, numbers.repeats
    trials = 2 * spread.trial**2 / (v * r)
    if scope == "panel":
        return trials / p
    variance = (spread.gap_profile**2 + spread.gap_interaction**2 / v + trials) / p
    return variance + spread.gap_wording**2 / v if scope == "profiles+wordings" else variance


def minimum_detectable(std_error: float, df: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """MDE = (t(1-alpha/2) + t(power)) SE: the gap (same unit) found with that power by a two-sided test."""
    return (t_quantile(1 - alpha / 2, df) + t_quantile(power, df)) * std_error


def equivalence_reach(std_error: float, df: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest margin that TOST confirms with that power at a true gap of zero: (t(1-a) + t((1+power)/2)) SE."""
    return (t_quantile(1 - alpha, df) + t_quantile((1 + power) / 2, df)) * std_error


def power_paired(effect: float, n: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test with standardised effect d_z and n pairs (noncentral t, exact)."""
    df, shift = n - 1, abs(effect) * math.sqrt(n)
    critical = t_quantile(1 - alpha / 2, df)
    if shift > critical + 10:
        return 1.0
    upper = 1 - float(special.nctdtr(df, shift, critical))
    return upper + float(special.nctdtr(df, shift, -critical))


def pairs_needed(effect: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """How many pairs the two-sided paired t test needs for d_z; not rounded (round up)."""
    normal = (float(special.ndtri(1 - alpha / 2) + special.ndtri(power)) / effect) ** 2
    low, high = max(2.0001, 0.9 * normal), normal + 10
    if power_paired(effect, low, alpha) >= power:
        return low
    return root(lambda n: power_paired(effect, n, alpha) - power, low, high, 1e-9)


def questions_needed(
    omega2: float,
    delta: float,
    sigma2: tuple[float, float] = (0.0, 0.0),
    repeats: tuple[float, float] = (1.0, 1.0),
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Miller's (2024, eq. 9) number of questions: (z_a/2 + z_b)^2 (omega^2 + s_A^2/K_A + s_B^2/K_B)/delta^2."""
    z = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    return z**2 * (omega2 + sigma2[0] / repeats[0] + sigma2[1] / repeats[1]) / delta**2
