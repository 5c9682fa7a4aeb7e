"""As stated -> a gross full-time year in the experiment's currency, by one documented rule, or not at all."""

from __future__ import annotations

from bias_harness.outcome import Outcome
from bias_harness.reading.scan import Mention

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


def annual(mention: Mention, outcome: Outcome, *, any_currency: bool = False) -> tuple[float | None, str]:
    """The factor of a mention, or None with a reason: other currency, other basis, or implausible as a year."""
    factor, why = annual_factor(mention, outcome, any_currency=any_currency)
    if factor is None:
        return None, why
    low, high = outcome.plausible
    if not low <= mention.low * factor <= mention.high * factor <= high:
        return None, "implausible"
    return factor, ""
