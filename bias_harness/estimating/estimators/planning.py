"""Before a cent is spent: the smallest gap that a design will detect, and what a target would take."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from scipy import optimize, special

from bias_harness.estimating.estimators.interval import t_quantile
from bias_harness.estimating.estimators.signflip import MOST_ENUMERATED
from bias_harness.outcome import Margin

MOST = 100_000


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


def design_df(numbers: Numbers, scope: str = "profiles") -> float:
    """Degrees of freedom planned with: P-1; panel 2 P V (R-1); profiles+wordings the smaller of P-1 and V-1."""
    if scope == "panel":
        return max(1.0, 2 * numbers.profiles * numbers.wordings * (numbers.repeats - 1))
    if scope == "profiles+wordings":
        return max(1.0, min(numbers.profiles - 1, numbers.wordings - 1))
    return max(1.0, numbers.profiles - 1)


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
    return float(optimize.brentq(lambda n: power_paired(effect, n, alpha) - power, low, high, xtol=1e-9))


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


@dataclass(frozen=True)
class Option:
    """A design and what it buys: the smallest detectable gap (log and per cent) and its calls."""

    numbers: Numbers
    calls: int
    mde: float
    percent: float


@dataclass(frozen=True)
class PowerPlan:
    """What a design will detect. `mde` is on the log scale, `percent` its 100 expm1, for 80 % power at alpha 5 %.

    `equivalence` is the smallest margin that can be confirmed; `target` the smallest gap of interest (log). `needed` is
    the design with the fewest profiles that detects the target, `needed_equivalence` that confirms it, the rest kept
    (None where no number of profiles would do). `doubled` says what twice the profiles, wordings or repeats would buy
    at the same price; `best` names the one that buys most. `price` and `price_needed` are US dollars where a price per
    call is known. `warnings` are codes: `sign_flip_never_significant` (five profiles or fewer), `few_profiles`,
    `too_few_wordings`, `no_panel` (one repeat), `target_out_of_reach`.
    """

    now: Option
    scope: str
    equivalence: float
    target: float
    needed: Option | None
    needed_equivalence: Option | None
    doubled: dict[str, Option]
    best: str
    smallest_sign_flip_p: float
    price: float | None
    price_needed: float | None
    warnings: tuple[str, ...]


def plan_power(
    numbers: Numbers,
    margin: Margin,
    spread: Spread | None = None,
    *,
    scope: str = "profiles",
    alpha: float = 0.05,
    power: float = 0.8,
    contrasts: int = 1,
    price_per_call: float | None = None,
) -> PowerPlan:
    """The plan of a design for the smallest gap of interest from a pilot's spread or stated assumptions.

    `contrasts` is the number of levels compared with the reference, each asked as often; it multiplies the calls.
    """
    assumed, target = spread or Spread(), margin.bound

    def option(at: Numbers) -> Option:
        mde = minimum_detectable(design_variance(at, assumed, scope) ** 0.5, design_df(at, scope), alpha, power)
        calls = at.calls // 2 * (contrasts + 1)
        return Option(at, calls, mde, 100 * math.expm1(mde))

    def reach(at: Numbers) -> float:
        return equivalence_reach(design_variance(at, assumed, scope) ** 0.5, design_df(at, scope), alpha, power)

    now = option(numbers)
    doubled = {
        name: option(replace(numbers, **{name: 2 * getattr(numbers, name)}))
        for name in ("profiles", "wordings", "repeats")
    }
    needed = _fewest(numbers, lambda at: option(at).mde <= target)
    sure = _fewest(numbers, lambda at: reach(at) <= target)
    needed_option = option(needed) if needed else None

    def price(of: Option | None) -> float | None:
        return None if of is None or price_per_call is None else of.calls * price_per_call

    return PowerPlan(
        now,
        scope,
        reach(numbers),
        target,
        needed_option,
        option(sure) if sure else None,
        doubled,
        min(doubled, key=lambda name: doubled[name].mde),
        smallest_sign_flip_p(numbers.profiles),
        price(now),
        price(needed_option),
        _warnings(numbers, needed),
    )


def smallest_sign_flip_p(profiles: int, resamples: int = 9_999) -> float:
    """The least two-sided p that a sign-flip test can reach: 2/2^P, or 1/(1 + resamples) where flips are drawn."""
    return min(1.0, 2 / 2**profiles) if profiles <= MOST_ENUMERATED else 1 / (1 + resamples)


def _fewest(numbers: Numbers, enough: Callable[[Numbers], bool]) -> Numbers | None:
    """The fewest profiles with which it is enough, by bisection; None where even 100,000 are not."""
    low, high = 1, MOST
    if not enough(replace(numbers, profiles=high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(replace(numbers, profiles=middle)) else (middle, high)
    return replace(numbers, profiles=high)


Warning_ = Literal["sign_flip_never_significant", "few_profiles", "too_few_wordings", "no_panel", "target_out_of_reach"]


def _warnings(numbers: Numbers, needed: Numbers | None) -> tuple[Warning_, ...]:
    found: list[Warning_] = []
    if smallest_sign_flip_p(numbers.profiles) >= 0.05:
        found.append("sign_flip_never_significant")
    if numbers.profiles < 6:
        found.append("few_profiles")
    if numbers.wordings < 3:
        found.append("too_few_wordings")
    if numbers.repeats < 2:
        found.append("no_panel")
    if needed is None:
        found.append("target_out_of_reach")
    return tuple(found)
