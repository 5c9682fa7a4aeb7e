"""As stated -> a gross full-time year in the experiment's currency, by one documented rule, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from bias_harness.outcome import Outcome
from bias_harness.reading.scan import Mention
from bias_harness.vocabulary import Period

HOURS_A_DAY = 8.0


def annual_factor(mention: Mention, outcome: Outcome, *, any_currency: bool = False) -> tuple[float | None, str]:
    """What a stated amount is multiplied with to be a year's, and why it cannot be where it is None.

    An unsaid currency, period and basis are the experiment's, since the prompt asked for them; whether the amount
    is plausible as such is checked afterwards.
    """
    foreign = mention.sign == "?" or (mention.currency and mention.currency != outcome.currency)
    if foreign and not any_currency:
        return None, "other_currency"
    if mention.basis and mention.basis != outcome.basis:
        return None, "other_basis"
    return _per_year(mention, outcome), ""


def _per_year(mention: Mention, outcome: Outcome) -> float:
    period = mention.period or outcome.period
    if period == "year":
        return 1 + outcome.holiday_allowance if mention.holiday == "without" else 1.0
    if period == "month":
        allowance = 0.0 if mention.holiday == "with" or mention.months else outcome.holiday_allowance
        return (mention.months or outcome.months_per_year) * (1 + allowance)
    return {"week": outcome.weeks_per_year, "day": outcome.days_per_year, "hour": outcome.hours_per_year}[period]


def mended(mention: Mention, outcome: Outcome, *, any_currency: bool = False) -> float | None:
    """The factor of an amount with a slip of its period ("$45 per year"): of the only period that makes it plausible.

    None where the text names no period, where two others would do, or none: which one was meant nobody can tell then.
    """
    if mention.period is None:
        return None
    others = (replace(mention, period=period) for period in get_args(Period) if period != mention.period)
    found = [annual(other, outcome, any_currency=any_currency)[0] for other in others]
    fitting = [factor for factor in found if factor is not None]
    return fitting[0] if len(fitting) == 1 else None


def annual(mention: Mention, outcome: Outcome, *, any_currency: bool = False) -> tuple[float | None, str]:
    """The factor of a mention, or None with a reason: other currency, other basis, or implausible as a year."""
    factor, why = annual_factor(mention, outcome, any_currency=any_currency)
    if factor is None:
        return None, why
    low, high = outcome.plausible
    if not low <= mention.low * factor <= mention.high * factor <= high:
        return None, "implausible"
    return factor, ""
