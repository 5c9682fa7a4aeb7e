"""What a check keeps of a run, what it tolerates, and what it says: snapshot, policy, gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, NotRequired

import pandas as pd
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from bias_harness.estimating.estimates import Estimates, profile_gaps
from bias_harness.vocabulary import Estimate

FORMAT = 1


@dataclass(frozen=True)
class Side:
    """One endpoint, attribute and level in a snapshot: profile -> log gap, and gaps in shares of answers.

    `refusal_gaps` are of refusals, `silent_gaps` of answers that are none and yet give no amount that counts. `placebo`
    is the largest typical gap, in per cent and without its sign, between two ways of saying the same.
    """

    endpoint: str
    attribute: str
    level: str
    reference: str
    log_gaps: Mapping[str, float]
    refusal_gaps: Mapping[str, float]
    percent: float | None
    verdict: str | None
    silent_gaps: Mapping[str, float] = field(default_factory=dict)
    placebo: float | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.endpoint, self.attribute, self.level


Share = Annotated[float, Field(ge=-1, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class BaselineSide(TypedDict):
    """One side in the file; what came after the first version may be missing."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    endpoint: str
    attribute: str
    level: str
    reference: str
    log_gaps: dict[str, Finite]
    refusal_gaps: dict[str, Share]
    percent: Finite | None
    verdict: str | None
    silent_gaps: NotRequired[dict[str, Share]]
    placebo: NotRequired[Finite | None]


class Baseline(TypedDict):
    """The file `baseline.json`."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    format: int
    experiment: str
    digests: dict[str, str]
    reader: str
    sides: list[BaselineSide]
    readings: dict[str, tuple[str, Finite | None]]
    made_of: dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """What a check needs of a run; the file `baseline.json` of a fixture."""

    experiment: str
    digests: Mapping[str, str]
    reader: str
    sides: tuple[Side, ...]
    readings: Mapping[str, tuple[str, float | None]]
    made_of: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `baseline.json`."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Baseline) -> Snapshot:
        """The inverse of `to_dict`."""
        sides = tuple(Side(**dict[str, Any](**side)) for side in data["sides"])
        readings = {key: (status, amount) for key, (status, amount) in data["readings"].items()}
        return cls(data["experiment"], data["digests"], data["reader"], sides, readings, data["made_of"])


def snapshot(
    experiment: str,
    digests: Mapping[str, str],
    reader: str,
    observations: pd.DataFrame,
    estimates: Estimates,
    made_of: Mapping[str, Any],
) -> Snapshot:
    """What a later check will compare with."""
    sides = tuple(_side(observations, estimates, e) for e in estimates.find(family="headline"))
    amounts = observations["annual"].astype(object).where(observations["annual"].notna(), None)
    rows = zip(observations["key"], observations["status"].astype(str), amounts, strict=True)
    return Snapshot(
        experiment, digests, reader, sides, {key: (status, amount) for key, status, amount in rows}, made_of
    )


def _side(observations: pd.DataFrame, estimates: Estimates, e: Estimate) -> Side:
    gaps = profile_gaps(observations, e.endpoint, e.attribute, e.level, e.reference)
    status = observations["status"].astype(str)
    refused = status == "refused"
    silent = ~refused & ((status != "ok") | observations["annual"].isna() | observations["implausible"])
    placebos = estimates.find(family="placebo", endpoint=e.endpoint, attribute=e.attribute)
    return Side(
        e.endpoint,
        e.attribute,
        e.level,
        e.reference,
        gaps,
        _share_gaps(observations, refused, e),
        e.percent,
        _verdict(estimates, e),
        _share_gaps(observations, silent, e),
        max((abs(p.percent) for p in placebos if p.percent is not None), default=None),
    )


def _verdict(estimates: Estimates, e: Estimate) -> str | None:
    """The headline's word; a difference in these cases, all of it beyond the margin, is one that a check can gate.

    A check compares the same cases, so it needs no other jobs to hold for.
    """
    j = estimates.judgements.of(e.endpoint, e.attribute, e.level)
    if j is None or j.basis != "cases" or not j.differs or j.gap is None or j.gap.low is None or j.gap.high is None:
        return e.verdict
    return "gap_meaningful" if j.gap.low > j.margin or j.gap.high < -j.margin else e.verdict


def _share_gaps(observations: pd.DataFrame, happened: pd.Series, e: Estimate) -> dict[str, float]:
    """By profile: the share of the level's answers to which it happened, minus that of the reference's."""
    asked = (
        (observations["endpoint"] == e.endpoint)
        & (observations["attribute"] == e.attribute)
        & (observations["edit"].astype(str) == "")
        & (observations["status"].astype(str) != "failed")
    )
    rows = observations[asked]
    shares = happened[asked].astype(float)
    rates = shares.groupby([rows["persona"].astype(str), rows["level"].astype(str)]).mean().unstack()
    if e.level not in rates or e.reference not in rates:
        return {}
    gaps = (rates[e.level] - rates[e.reference]).dropna()
    return {str(p): float(g) for p, g in gaps.items()}
