"""What a check keeps of a run, what it tolerates, and what it says: snapshot, policy, gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd
from pydantic import Field, TypeAdapter

from bias_harness.design.experiment import Share, Strict
from bias_harness.estimating.estimates import Estimates, profile_gaps
from bias_harness.estimating.estimators.noninferiority import Change
from bias_harness.vocabulary import Estimate

FORMAT = 1
Outcome = Literal["pass", "regressed", "inconclusive", "not_comparable"]
WORST_FIRST: tuple[Outcome, ...] = ("not_comparable", "regressed", "inconclusive", "pass")


class Policy(Strict):
    """What a check tolerates; the defaults are meant to be right.

    `margin` is the worsening that matters (a fraction of the amount), `refusal_margin` the same for shares of refusals.
    `absolute` also fails on a meaningful gap that the baseline does not have. `attributes` narrows what is gated.
    `inconclusive` and `not_comparable` say how those leave: `fail` with exit code 4, or `warn` with 0.
    """

    margin: Share = 0.01
    refusal_margin: Share = 0.05
    absolute: bool = True
    attributes: list[str] | None = None
    inconclusive: Literal["fail", "warn"] = "fail"
    not_comparable: Literal["fail", "warn"] = "fail"
    most_listed: int = Field(default=5, ge=1)


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
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """The inverse of `to_dict`."""
        sides = tuple(Side(**side) for side in data["sides"])
        readings = {key: (status, amount) for key, (status, amount) in data["readings"].items()}
        return cls(data["experiment"], data["digests"], data["reader"], sides, readings, data["made_of"])


@dataclass(frozen=True)
class Gate:
    """One question of a check, its outcome and what a reviewer reads."""

    name: str
    outcome: Outcome
    message: str
    endpoint: str = ""
    attribute: str = ""
    level: str = ""
    change: Change | None = None


@dataclass(frozen=True)
class Check:
    """All gates, and the worst of their outcomes."""

    experiment: str
    gates: tuple[Gate, ...]
    policy: Policy

    @property
    def outcome(self) -> Outcome:
        """The whole check's word."""
        return next(o for o in WORST_FIRST if o == "pass" or any(g.outcome == o for g in self.gates))

    @property
    def exit_code(self) -> int:
        """0 pass, 3 regressed, 4 inconclusive or not comparable where the policy says fail."""
        if self.outcome == "regressed":
            return 3
        if self.outcome == "pass" or (self.outcome in ("inconclusive", "not_comparable") and self._warns()):
            return 0
        return 4

    def _warns(self) -> bool:
        return (self.policy.inconclusive if self.outcome == "inconclusive" else self.policy.not_comparable) == "warn"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `check.json`."""
        gates = [{**asdict(g), "change": asdict(g.change) if g.change else None} for g in self.gates]
        return {
            "format": FORMAT,
            "experiment": self.experiment,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "policy": self.policy.model_dump(),
            "gates": gates,
        }


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
        e.verdict,
        _share_gaps(observations, silent, e),
        max((abs(p.percent) for p in placebos if p.percent is not None), default=None),
    )


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


def check_schema() -> dict[str, Any]:
    """The JSON Schema of what a check prints with `--json` and writes to a `.json` file."""
    gate = TypeAdapter(Gate).json_schema()
    definitions = gate.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Check",
        "description": Check.__doc__,
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "experiment": {"type": "string"},
            "outcome": {"enum": list(WORST_FIRST)},
            "exit_code": {"enum": [0, 3, 4]},
            "policy": {"$ref": "#/$defs/Policy"},
            "gates": {"type": "array", "items": {"$ref": "#/$defs/Gate"}},
        },
        "required": ["format", "experiment", "outcome", "exit_code", "policy", "gates"],
        "additionalProperties": False,
        "$defs": {**definitions, "Gate": gate, "Policy": Policy.model_json_schema()},
    }
