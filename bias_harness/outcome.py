"""What is measured: its unit, its scale, the smallest gap that matters, and what is declared about the statistics."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from bias_harness.handwritten import Share, Strict
from bias_harness.vocabulary import Basis, Period, Scope

_MONEY = ("salary",)


_ONLY_FOR: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("currency", "period", "basis", "range_rule", "multiplier", "holiday_allowance", "format"), _MONEY),
    **dict.fromkeys(("hours_per_year", "days_per_year", "weeks_per_year", "months_per_year"), _MONEY),
    "plausible": ("salary", "score"),
    "label": ("score", "share"),
    "unit": ("score",),
    "ones": ("share",),
    "zeros": ("share",),
}


_NEEDED_FOR: dict[str, tuple[str, ...]] = {
    "salary": (),
    "score": ("label", "unit", "plausible"),
    "share": ("label", "ones", "zeros"),
}


_WANTED = {
    "label": "what is measured, as {en: grade, nl: cijfer}",
    "unit": "what it is counted in, as {en: points, nl: punten}",
    "plausible": "the ends of the scale, as [1, 10]",
    "ones": "the words that count as one, as [correct]",
    "zeros": "the words that count as nought, as [incorrect]",
}


class Outcome(Strict):
    """What is measured, the unit that answers are converted to, and the one documented rule of conversion.

    A `salary` is an amount of money a year and its gaps are ratios. A `score` is a number between the two ends of
    `plausible`, a `share` an answer that is one of the words of `ones` or of `zeros`; their gaps are differences:
    points of the score, shares of the answers. They need a `label` (what is measured) and the score a `unit`.
    """

    measure: Literal["salary", "score", "share"] = "salary"
    label: dict[str, str] = {}
    unit: dict[str, str] = {}
    ones: list[str] = []
    zeros: list[str] = []
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    period: Period = "year"
    basis: Basis = "gross"
    plausible: tuple[float, float] = (10_000, 2_000_000)
    range_rule: Literal["midpoint", "low", "high"] = "midpoint"
    multiplier: float = Field(default=1, gt=0)
    hours_per_year: float = Field(default=2_080, gt=0)
    days_per_year: float = Field(default=260, gt=0)
    weeks_per_year: float = Field(default=52, gt=0)
    months_per_year: float = Field(default=12, gt=0)
    holiday_allowance: Share = 0.0
    format: Literal["text", "json"] = "text"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.plausible[0] >= self.plausible[1]:
            raise ValueError("plausible is [lowest, highest], the lowest first")
        return self

    @model_validator(mode="after")
    def _fits_the_measure(self) -> Self:
        given = {name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default}
        wrong = [name for name in _ONLY_FOR if name in given and self.measure not in _ONLY_FOR[name]]
        if wrong:
            raise ValueError(
                f"{wrong[0]} is for a {' or '.join(_ONLY_FOR[wrong[0]])}, and this measures a {self.measure}"
            )
        wanted = {"salary": (), "score": ("label", "unit", "plausible"), "share": ("label", "ones", "zeros")}[
            self.measure
        ]
        missing = [name for name in wanted if name not in given]
        if missing:
            raise ValueError(f"a {self.measure} needs {missing[0]}: {_WANTED[missing[0]]}")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest answer that is believed."""
        return (0.0, 1.0) if self.measure == "share" else self.plausible


class Analysis(Strict):
    """What is declared about the statistics before anything is asked; it is part of the experiment's hash.

    The smallest gap that matters: `smallest_gap` of salaries (a ratio), `smallest_rate_gap` of shares,
    `smallest_difference` of scores (in their unit).
    """

    smallest_gap: Share = 0.02
    smallest_rate_gap: Share = 0.02
    smallest_difference: float | None = Field(default=None, gt=0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    scope: Scope = "profiles"
    resamples: PositiveInt = 9_999
    seed: int = 20_260_101


CAME_LATER = {"outcome": ("measure", "label", "unit", "ones", "zeros"), "analysis": ("smallest_difference",)}
"""Keys that an experiment of format 1 did not have at first: at their default they are no part of its digests, so that
what was recorded before stays comparable."""


def margin_of(outcome: Outcome, analysis: Analysis) -> float:
    """The smallest gap that matters on the scale of the headline: log, points of a score, or a difference of shares."""
    if outcome.measure == "salary":
        return math.log1p(analysis.smallest_gap)
    return analysis.smallest_difference or analysis.smallest_rate_gap


def declared(outcome: Outcome, analysis: Analysis) -> None:
    """Raise `ValueError` where the smallest difference of a score is not declared, or declared for nothing."""
    if (outcome.measure == "score") != (analysis.smallest_difference is not None):
        wanted = "a score needs" if outcome.measure == "score" else f"a {outcome.measure} has no"
        raise ValueError(f"{wanted} analysis.smallest_difference: the smallest difference of scores that matters")
