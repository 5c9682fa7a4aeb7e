"""What was accepted: every answer as it was read, what it said, and what it was made of. The file `baseline.json`.

It keeps answers and no estimates, so that a later recording can be compared question by question, and a later reader or
rule has all that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, NotRequired, TypedDict

import pandas as pd
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict as StrictTypedDict

from bias_harness.errors import InputError
from bias_harness.estimating.judgement import Judgements

FORMAT = 2
IDENTITY = ("endpoint", "attribute", "persona", "wording", "language", "level", "signal", "edit", "repeat")
TEXT = (*(name for name in IDENTITY if name not in ("signal", "repeat")), "status", "job")
READ = ("status", "annual", "implausible", "currency")
KEY = 12
"""So much of a request's key is kept: enough to find the answer again."""
ENOUGH = 0.8

Finite = Annotated[float, Field(allow_inf_nan=False)]
Kept = tuple[str, str, str, str, str, str, int, str, int, str, Finite | None, bool, str, str]
"""One answer in the file: `IDENTITY`, `READ`, and the beginning of its key."""


@dataclass(frozen=True)
class Said:
    """What the recording said of one comparison when it was accepted; per cent, negative = the level is advised less.

    The interval is the one that made the word; None where there is none.
    """

    endpoint: str
    attribute: str
    level: str
    reference: str
    word: str | None
    percent: float | None
    percent_low: float | None
    percent_high: float | None


class Baseline(StrictTypedDict):
    """The file `baseline.json`."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    format: int
    experiment: str
    why: str
    digests: dict[str, str]
    reader: str
    said: list[Said]
    made_of: dict[str, Any]
    references: dict[str, str]
    jobs: dict[str, str]
    answers: list[Kept]


class Baseline1(StrictTypedDict):
    """The same file as format 1 had it: gaps of profiles, and how each answer was read by its key."""

    __pydantic_config__ = ConfigDict(extra="ignore")  # type: ignore[misc]
    format: int
    experiment: str
    digests: dict[str, str]
    reader: str
    readings: dict[str, tuple[str, Finite | None]]
    made_of: dict[str, Any]
    sides: NotRequired[list[dict[str, Any]]]


class _Head(TypedDict):
    """What a table of answers does not say of itself."""

    references: dict[str, str]
    jobs: dict[str, str]


@dataclass(frozen=True)
class Snapshot:
    """A recording as a check compares it: its answers as read, in the columns of observations that a change needs."""

    experiment: str
    digests: Mapping[str, str]
    reader: str
    answers: pd.DataFrame = field(repr=False)
    said: tuple[Said, ...] = ()
    made_of: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    def to_json(self) -> str:
        """The text of `baseline.json`: an answer a line, so that a difference shows which."""
        frame = self.answers
        head: _Head = {
            "references": dict(frame.loc[frame["reference"], ["attribute", "level"]].drop_duplicates().to_numpy()),
            "jobs": dict(frame[["persona", "job"]].drop_duplicates().to_numpy()),
        }
        data = {
            "format": FORMAT,
            "experiment": self.experiment,
            "why": self.why,
            "digests": dict(self.digests),
            "reader": self.reader,
            "said": [asdict(one) for one in self.said],
            "made_of": dict(self.made_of),
            **head,
        }
        text = json.dumps(data, indent=1, sort_keys=True, allow_nan=False)
        rows = [
            json.dumps(row, separators=(",", ":")) for row in sorted(_rows(frame), key=lambda row: row[: len(IDENTITY)])
        ]
        return f"{text[:-2]},\n" + ' "answers": [\n' + ",\n".join(rows) + "\n ]\n}\n"

    @classmethod
    def of_file(cls, data: Baseline) -> Snapshot:
        """The inverse of `to_json`, of data that was checked."""
        columns = [*IDENTITY, *READ, "key"]
        frame = pd.DataFrame(data["answers"], columns=columns).astype({"annual": float, "implausible": bool})
        frame["job"] = frame["persona"].map(data["jobs"]).fillna("")
        frame["reference"] = frame["attribute"].map(data["references"]) == frame["level"]
        frame = frame.astype(dict.fromkeys(TEXT, "category"))
        made = (data["experiment"], data["digests"], data["reader"], frame, tuple(data["said"]), data["made_of"])
        return cls(*made, data["why"])

    @classmethod
    def of_format_1(cls, data: Baseline1, recorded: pd.DataFrame, ends: tuple[float, float], source: str) -> Snapshot:
        """What format 1 kept by key, for the questions of the recording beside it.

        Raises `InputError` where that was asked in another way, so that its keys say nothing about these.
        """
        readings, own = data["readings"], answers_of(recorded)
        there = own["whole_key"].isin(list(readings))
        if there.sum() < ENOUGH * len(readings):
            raise InputError(
                f"{source} is of format 1, which kept no questions, and the recording beside it asked other ones; "
                "accept the recording as it stands"
            )
        frame = own[there].copy()
        now = frame["annual"]
        frame["status"] = pd.Categorical([readings[key][0] for key in frame["whole_key"]])
        frame["annual"] = pd.Series([readings[key][1] for key in frame["whole_key"]], dtype=float, index=frame.index)
        outside = frame["annual"].notna() & ~frame["annual"].between(*ends)
        frame["implausible"] = frame["implausible"].where((now == frame["annual"]) | now.isna(), outside)
        return cls(data["experiment"], data["digests"], data["reader"], frame, (), data["made_of"])


def answers_of(observations: pd.DataFrame) -> pd.DataFrame:
    """The columns of observations that a comparison needs; `key` is the beginning of `whole_key`."""
    frame = observations[[*IDENTITY, "status", "annual", "implausible", "job", "reference"]].astype(
        dict.fromkeys(TEXT, "category")
    )
    currency = observations["currency"].astype(object)
    keys = observations["key"].astype(str)
    return frame.assign(currency=currency.where(currency.notna(), ""), key=keys.str[:KEY], whole_key=keys)


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    table = frame[[*IDENTITY, *READ, "key"]].astype(object)
    return table.where(table.notna(), None).to_numpy().tolist()


def said_of(judgements: Judgements) -> tuple[Said, ...]:
    """What a recording says of every comparison."""
    return tuple(
        Said(
            *(j.endpoint, j.attribute, j.level, j.reference, j.word),
            *((None,) * 3 if j.gap is None else (j.gap.percent, j.gap.percent_low, j.gap.percent_high)),
        )
        for j in judgements.items
    )
