"""What stands beside the estimates, as typed rows: noise, bounds, shapes, choices, order, lenses and pools.

They are made in `diagnostics`, `sensitivity` and `pooled`; docs/statistics.md says what each number means. Gaps are
level minus reference, in logs unless a name says per cent or money; None is what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bias_harness.estimating.estimators.distribution import Distance
from bias_harness.estimating.estimators.interval import Interval
from bias_harness.estimating.estimators.lenses import ImpactRatio, RowsTest
from bias_harness.estimating.estimators.placebo import FalseAlarms, Floor
from bias_harness.estimating.estimators.round_numbers import Heaping
from bias_harness.estimating.estimators.specification import JointTest
from bias_harness.estimating.estimators.variance import Crossed


@dataclass(frozen=True)
class Row:
    """What a row is about."""

    endpoint: str
    attribute: str
    level: str


@dataclass(frozen=True)
class Answers(Row):
    """What came back for a level, by the status of reading, and what of it the headline uses or not and why.

    `invalid_nonpositive` is not above zero; `outlier_magnitude` lies outside a third to three times the median of its
    person and wording, `outlier_robust` beyond five robust standard deviations; both of these are among the `used`.
    """

    asked: int
    ok: int
    refused: int
    no_amount: int
    ambiguous: int
    failed: int
    range: int
    implausible: int
    invalid_nonpositive: int
    mixed_currency: int
    outlier_magnitude: int
    outlier_robust: int
    used: int


@dataclass(frozen=True)
class Components(Row):
    """Where the amounts of a level vary (log), or its gaps; on gaps `trial` is what trial noise adds to one gap."""

    of: Literal["amounts", "gaps"]
    found: Crossed | None

    @property
    def status(self) -> str:
        """`ok`, or what is missing for components."""
        return "ok" if self.found else "too_few_profiles_or_wordings"


@dataclass(frozen=True)
class AboveFloor:
    """A level's mean absolute treatment gap over `n` pairs, and the judgement's `above_floor` with its interval."""

    level: str
    mean_absolute_gap: float | None
    above_floor: float | None
    above_floor_low: float | None
    above_floor_high: float | None
    n: int


@dataclass(frozen=True)
class Placebo:
    """How large gaps look where there is none, this run's false alarms, and each level above that floor."""

    endpoint: str
    attribute: str
    floor: Floor
    alarms: FalseAlarms
    levels: tuple[AboveFloor, ...]


@dataclass(frozen=True)
class Between:
    """A gap as it was answered (`naive`) and its bounds, averaged over profiles; `conf_*` are the outer 95 % ends."""

    naive: float | None
    low: float | None
    high: float | None
    conf_low: float | None
    conf_high: float | None
    n_profiles: int


@dataclass(frozen=True)
class Silence(Row):
    """The gap if one side answers less often: Lee's bounds in per cent and in the measure's unit, Manski's worst case.

    `answered_*` are the shares of believable answers; `differential` where they differ by more than declared. `percent`
    is None for a measure on a linear scale.
    """

    answered_level: float
    answered_reference: float
    differential: bool
    plain: Between | None
    percent: Between | None
    worst_case: Between | None


@dataclass(frozen=True)
class Percents:
    """A gap in per cent with its interval; `status` says why there is none."""

    percent: float | None
    percent_low: float | None
    percent_high: float | None
    status: str


@dataclass(frozen=True)
class Quantile(Percents):
    """The gap at one quantile of the amounts, within profiles."""

    probability: float


@dataclass(frozen=True)
class Shape(Row):
    """How the amounts of a level lie beside the reference's: quantile gaps, distances, inequality."""

    quantiles: tuple[Quantile, ...]
    pooled_money_quantiles: tuple[float, ...]
    distance: Distance | None
    gini_level: float | None
    gini_reference: float | None


@dataclass(frozen=True)
class RoundNumbers(Row):
    """How round a level's answers are; `same_verdict` the share of draws without the rounding that say the same."""

    shape: Heaping
    width: int | None
    same_verdict: float | None


@dataclass(frozen=True)
class Specification(Percents):
    """The gap under one set of choices: wording ("all" or one), reading of ranges, rule for outliers, scale."""

    wording: str
    range: str
    outliers: str
    scale: str
    p_value: float | None


@dataclass(frozen=True)
class Specifications(Row):
    """The specification curve of a comparison with its joint test."""

    specifications: tuple[Specification, ...]
    joint: JointTest | None


@dataclass(frozen=True)
class Ranked:
    """One model or field of a pool, its gap shrunken towards the others'."""

    name: str
    estimate: float
    percent: float | None


@dataclass(frozen=True)
class Pool:
    """Gaps of one level pooled over `k` models, or over the fields of one endpoint (else that is empty).

    `people` that all models were told about are a shared factor of the pool; 0 where there are none, as over fields.
    `tau2` is the variance between the parts, `i2` its share, `differ_p_value` of the test that they are alike.
    """

    over: Literal["models", "fields"]
    endpoint: str
    attribute: str
    level: str
    k: int
    people: int
    estimate: float
    std_error: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    tau2: float
    i2: float
    differ_p_value: float | None
    percent: float | None
    percent_low: float | None
    percent_high: float | None
    ranking: tuple[Ranked, ...]


@dataclass(frozen=True)
class Lenses(Row):
    """What published audits and laws would count on the same rows; none of it is a verdict."""

    rows: RowsTest
    impact_ratio: ImpactRatio
    impact_ratio_reference: ImpactRatio
    share_at_median: float
    reaches_five_percent_line: bool | None


@dataclass(frozen=True)
class Drift(Row):
    """The slope of the gap, and of each side, over the order of the run (log, the whole run)."""

    gap: Interval
    of_level: Interval
    of_reference: Interval


Block = TypeVar("Block")


def having(rows: Iterable[Block], **wanted: Any) -> list[Block]:
    """The rows whose fields have these values: `having(found.bounds, level="female")`."""
    return [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]
