"""What is measured: the measures, a gap that matters with its unit, and what is declared about the statistics.

A measure is one object here, and nothing elsewhere asks for its name: what depends on it is a field of `Measure`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from bias_harness.errors import UsageError
from bias_harness.handwritten import Share, Strict
from bias_harness.margin import Margin, MarginUnit
from bias_harness.probabilities import Probabilities
from bias_harness.vocabulary import Basis, Estimate, Period, Scale, Scope

Form = Literal["money", "number", "word"]
Shown = tuple[float | None, float | None, float | None]

FARTHEST = 50.0
"""The log gap beyond which a per cent is that of this one: an interval of next to no answers has ends out of reach."""


@dataclass(frozen=True)
class Measure:
    """A kind of outcome, and everything that depends on which one it is.

    `form` is what an answer is: an amount of money, a number, or one of certain words; reading, simulating and
    importing go by it. `scale` is that of the headline: `log` where gaps are ratios. `takes` are the keys of an outcome
    that not every measure has, `needs` those it cannot do without. `margin_key` is the key of the analysis with the
    smallest gap that matters, in `margin_unit`. `factor` is what a value or difference is multiplied with to be shown
    (100: as per cent), `digits` how many decimals it then has. `fixed_ends` are the lowest and highest answer where no
    experiment can choose them. `colour_step` is what one step of colour stands for, as gaps are shown (None: the
    margin). `assumed` is the standard deviation of repeated answers before anything is known, in parts of the range of
    answers (None: what power planning assumes of pay). `locale` names the file of words that is laid over those of
    salaries. `without` are the sections, figures, columns and blocks of estimates that say nothing about it.
    `estimator` names the estimates of its gaps.
    """

    name: str
    form: Form
    scale: Scale
    takes: tuple[str, ...]
    needs: tuple[str, ...]
    margin_key: Literal["smallest_gap", "smallest_rate_gap", "smallest_difference"]
    margin_unit: MarginUnit
    factor: float
    digits: int
    fixed_ends: tuple[float, float] | None = None
    colour_step: float | None = None
    assumed: float | None = None
    locale: str | None = None
    without: frozenset[str] = frozenset()
    estimator: str = "paired gap"

    @property
    def relative(self) -> bool:
        """Whether gaps are ratios (of pay) and not differences."""
        return self.scale == "log"

    def has(self, part: str) -> bool:
        """Whether a section, figure (F1), column or block of estimates says something about this measure."""
        return part not in self.without

    def margin(self, analysis: Analysis) -> Margin:
        """The smallest gap that matters. Raises `UsageError` where the analysis does not declare it."""
        value: float | None = getattr(analysis, self.margin_key)
        if value is None:
            raise UsageError(f"a {self.name} needs analysis.{self.margin_key}, and it is not declared")
        return Margin(value, self.margin_unit)

    def step(self, margin: Margin) -> float:
        """What one step of colour stands for, as gaps are shown."""
        return margin.shown if self.colour_step is None else self.colour_step

    def shown(self, gap: float) -> float:
        """A gap on the scale of the headline as it is shown: per cent, percentage points, points of the score."""
        return 100 * math.expm1(min(gap, FARTHEST)) if self.relative else self.factor * gap

    def assumed_sd(self, ends: tuple[float, float]) -> float | None:
        """The standard deviation of repeated answers before anything is known, in the unit of the answers."""
        return None if self.assumed is None else self.assumed * (ends[1] - ends[0])


_MONEY_KEYS = (
    *("currency", "period", "basis", "range_rule", "multiplier", "holiday_allowance", "format", "probabilities"),
    *("hours_per_year", "days_per_year", "weeks_per_year", "months_per_year"),
)
_OF_PAY_ALONE = frozenset(
    {
        *("study", "worksheet"),
        *("F1", "F2", "F4", "F7"),
        *("distribution", "heaping", "specification", "lenses"),
        "money",
    }
)

SALARY = Measure(
    name="salary",
    form="money",
    scale="log",
    takes=(*_MONEY_KEYS, "plausible"),
    needs=(),
    margin_key="smallest_gap",
    margin_unit="fraction",
    factor=100,
    digits=1,
    colour_step=1.0,
)
SCORE = Measure(
    name="score",
    form="number",
    scale="difference",
    takes=("label", "unit", "plausible"),
    needs=("label", "unit", "plausible"),
    margin_key="smallest_difference",
    margin_unit="points",
    factor=1,
    digits=2,
    assumed=0.1,
    locale="measured",
    without=_OF_PAY_ALONE,
)
SHARE = Measure(
    name="share",
    form="word",
    scale="difference",
    takes=("label", "ones", "zeros"),
    needs=("label", "ones", "zeros"),
    margin_key="smallest_rate_gap",
    margin_unit="share",
    factor=100,
    digits=1,
    fixed_ends=(0.0, 1.0),
    assumed=0.5,
    locale="measured",
    without=_OF_PAY_ALONE,
)
BY_PROBABILITIES = replace(
    SALARY,
    name="salary_by_probabilities",
    locale="probabilities",
    without=frozenset({"distribution", "heaping"}),
    estimator="paired gap of mean log amounts given a form of answer",
)
"""A salary whose amounts are means over a model's own probabilities: another estimand than that of drawn answers."""
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in (SALARY, SCORE, SHARE)}
NAMED: Mapping[str, Measure] = {**MEASURES, BY_PROBABILITIES.name: BY_PROBABILITIES}
"""By the name that estimates and judgements carry."""

_WANTED = {
    "label": "what is measured, as {en: grade, nl: cijfer}",
    "unit": "what it is counted in, as {en: points, nl: punten}",
    "plausible": "the ends of the scale, as [1, 10]",
    "ones": "the words that count as one, as [correct]",
    "zeros": "the words that count as nought, as [incorrect]",
}
_KEYS = tuple(dict.fromkeys(key for measure in MEASURES.values() for key in measure.takes))


def shown_gap(e: Estimate) -> Shown:
    """The gap and its interval as readers see them: per cents of pay, percentage points of a share, points.

    A difference of rates (of refusals) is one of shares, whatever is measured.
    """
    if e.scale not in ("rate", "difference"):
        return e.percent, e.percent_low, e.percent_high
    measure = SHARE if e.scale == "rate" or e.outcome == SHARE.name else SCORE
    value, low, high = (None if x is None else measure.shown(x) for x in (e.estimate, e.conf_low, e.conf_high))
    if measure.fixed_ends and low is not None and high is not None:  # no two shares are further apart than all and none
        low, high = max(low, -100.0), min(high, 100.0)
    return value, low, high


class Outcome(Strict):
    """What is measured, the unit that answers are converted to, and the one documented rule of conversion.

    A `salary` is an amount of money a year and its gaps are ratios. A `score` is a number between the two ends of
    `plausible`, a `share` an answer that is one of the words of `ones` or of `zeros`; their gaps are differences:
    points of the score, shares of the answers. They need a `label` (what is measured) and the score a `unit`.
    With `probabilities` a salary is read from the model's probabilities, which is another estimand.
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
    probabilities: Probabilities | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.plausible[0] >= self.plausible[1]:
            raise ValueError("plausible is [lowest, highest], the lowest first")
        return self

    @model_validator(mode="after")
    def _fits_the_measure(self) -> Self:
        given = {name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default}
        takers = {key: [m.name for m in MEASURES.values() if key in m.takes] for key in _KEYS}
        wrong = [key for key, names in takers.items() if key in given and self.measure not in names]
        if wrong:
            raise ValueError(f"{wrong[0]} is for a {' or '.join(takers[wrong[0]])}, and this measures a {self.measure}")
        missing = [name for name in self.measured.needs if name not in given]
        if missing:
            raise ValueError(f"a {self.measure} needs {missing[0]}: {_WANTED[missing[0]]}")
        return self

    @property
    def measured(self) -> Measure:
        """The measure that `measure` names: everything that depends on which one it is."""
        return BY_PROBABILITIES if self.probabilities is not None else MEASURES[self.measure]

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest answer that is believed."""
        return self.measured.fixed_ends or self.plausible

    @property
    def described(self) -> str:
        """What an answer is counted in, for a codebook: `EUR per year, gross`, or `grade (score)`."""
        if self.measured.form == "money":
            return f"{self.currency} per {self.period}, {self.basis}"
        return f"{_english(self.label)} ({self.measure})"

    def sized(self, value: float) -> str:
        """A size as gaps are shown (see `Measure.shown`) with its unit, for a terminal: `2.4%`, `0.25 points`."""
        unit = {"money": "%", "word": " percentage points", "number": f" {_english(self.unit)}"}[self.measured.form]
        return f"{value:.{self.measured.digits}f}{unit}"


def _english(words: Mapping[str, str]) -> str:
    return words.get("en") or next(iter(words.values()), "")


class Analysis(Strict):
    """What is declared about the statistics before anything is asked; it is part of the experiment's hash.

    The smallest gap that matters: `smallest_gap` of salaries (a ratio), `smallest_rate_gap` of shares,
    `smallest_difference` of scores (in their unit). `unit` is what is counted and stands for others like it: a job, or
    the person where nothing says which people have the same job.
    """

    smallest_gap: Share = 0.02
    smallest_rate_gap: Share = 0.02
    smallest_difference: float | None = Field(default=None, gt=0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    scope: Scope = "profiles"
    unit: Literal["job", "person"] = "job"
    resamples: PositiveInt = 9_999
    seed: int = 20_260_101


CAME_LATER = {
    "outcome": ("measure", "label", "unit", "ones", "zeros", "probabilities"),
    "analysis": ("smallest_difference", "unit"),
}
"""Keys that an experiment of format 1 did not have at first: at their default they are no part of its digests, so that
what was recorded before stays comparable."""


def declared(outcome: Outcome, analysis: Analysis) -> None:
    """Raise `ValueError` where the smallest difference of a score is not declared, or declared for nothing."""
    wanted = outcome.measured.margin_key == "smallest_difference"
    if wanted != (analysis.smallest_difference is not None):
        said = f"a {outcome.measure} needs" if wanted else f"a {outcome.measure} has no"
        raise ValueError(f"{said} analysis.smallest_difference: the smallest difference of scores that matters")
