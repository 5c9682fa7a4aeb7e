"""Planning: the smallest gap a design will detect, and what buys more."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, special

from bias_harness.estimators.interval import t_quantile


@dataclass(frozen=True)
class Spread:
    """Log-scale standard deviations: of the gap over profiles, over profile x wording, of a trial, over wordings."""

    profile: float = 0.03
    interaction: float = 0.02
    trial: float = 0.06
    wording: float = 0.0


def standard_error(spread: Spread, profiles: int, wordings: int, repeats: int) -> float:
    """SE^2 = (tau_p^2 + tau_pv^2/V + 2 s^2/(V R))/P, plus tau_v^2/V where other wordings are to be spoken of."""
    within = spread.interaction**2 / wordings + 2 * spread.trial**2 / (wordings * repeats)
    return math.sqrt((spread.profile**2 + within) / profiles + spread.wording**2 / wordings)


def detectable(
    spread: Spread, profiles: int, wordings: int, repeats: int, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """The smallest log gap found with this power: (t_{1-alpha/2} + t_power) SE with P - 1 df. None for one profile."""
    if profiles < 2:
        return None
    df = profiles - 1
    factor = t_quantile(1 - alpha / 2, df) + t_quantile(power, df)
    return factor * standard_error(spread, profiles, wordings, repeats)


def pairs_needed(d_z: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """How many pairs a two-sided paired t test needs for an effect of d_z (exact, by the noncentral t; not rounded)."""

    def missing(n: float) -> float:
        df, nc = n - 1, abs(d_z) * math.sqrt(n)
        t = t_quantile(1 - alpha / 2, df)
        return float(1 - special.nctdtr(df, nc, t) + special.nctdtr(df, nc, -t)) - power

    z = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    return float(optimize.brentq(missing, 2.01, 2 * (z / d_z) ** 2 + 20))


def items_needed(
    delta: float,
    omega2: float,
    sigma2_a: float = 0.0,
    k_a: float = 1.0,
    sigma2_b: float = 0.0,
    k_b: float = 1.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Miller (2024): (z_{alpha/2} + z_beta)^2 (omega^2 + s_A^2/K_A + s_B^2/K_B) / delta^2 questions."""
    z = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    return z**2 * (omega2 + sigma2_a / k_a + sigma2_b / k_b) / delta**2
