"""What the columns of a table mean: the map, a YAML file."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from bias_harness.design.experiment import Name, Strict
from bias_harness.design.personas import Attribute
from bias_harness.handwritten import check, read_yaml
from bias_harness.outcome import Analysis, Outcome, declared

ANY = "any"
ROLES = ("model", "persona", "job", "field", "seniority", "wording", "language", "signal", "edit")
MORE = ("text", "amount", "currency", "repeat", "asked_at")
Wanted = Annotated[list[str], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class Varied(Strict):
    """One attribute of a table with several: `level` is its column, `levels` what the table calls them.

    An empty cell means that the row is not about this attribute.
    """

    level: str
    attribute: Attribute
    levels: dict[str, str] = {}


@dataclass(frozen=True)
class Cell:
    """Where an answer stands in a row: its column, and the level where that is the column's own."""

    column: str
    level: str | None = None


class Map(Strict):
    """What the columns of a table mean.

    `text` is the column with the raw answers, or `amount` the one with amounts (scores, 1 and 0) that were read
    already, with its `currency` where that is a column too. A table with one column a group names them instead, in
    `texts` or `amounts`: column -> level. Every other name is a column, or `=word` for the same word in every row.
    `failed` are texts that stand for no answer. `where` keeps the rows that have one of the words in a column.
    `persona` is who is asked about, and `job` what that person does: people of one job are no cases of their own.
    Several attributes are listed in `attributes`; the others are then part of who a person is.
    """

    name: Name
    title: dict[str, str] = {}
    source: str = ""
    text: str | None = None
    amount: str | None = None
    texts: dict[str, str] = {}
    amounts: dict[str, str] = {}
    currency: str | None = None
    model: str
    level: str | None = None
    attribute: Attribute | None = None
    attributes: list[Varied] = []
    persona: str = "=one persona"
    job: str = "="
    field: str = f"={ANY}"
    seniority: str = f"={ANY}"
    wording: str = "=one wording"
    language: str = "=en"
    signal: str = "=0"
    edit: str = "="
    repeat: str | None = None
    asked_at: str | None = None
    asked_at_format: str | None = None
    failed: list[str] = ["ERROR", "error", "N/A", ""]
    levels: dict[str, str] = {}
    prompts: dict[str, str] = {}
    where: dict[str, Wanted] = {}
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    sheet: str | None = None
    outcome: Outcome = Outcome()
    analysis: Analysis = Analysis()

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        try:
            codecs.lookup(value or "utf-8")
        except LookupError:
            raise ValueError(f"{value!r} is no encoding; there is utf-8, cp1252, utf-16 and others") from None
        return value

    @field_validator("asked_at_format")
    @classmethod
    def _a_date(cls, value: str | None) -> str | None:
        if value is not None and not ("%d" in value and "%m" in value and ("%Y" in value or "%y" in value)):
            raise ValueError("say where day, month and year stand, as %d-%m-%Y %H:%M")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if sum(map(bool, (self.text, self.amount, self.texts, self.amounts))) != 1:
            raise ValueError("name the column of the answers, either as 'text' or as 'amount'; or several by level, as "
                             "'texts' or as 'amounts'")  # fmt: skip
        if self.currency is not None and (self.read_already is False or self.outcome.measured.form != "money"):
            raise ValueError("'currency' goes with 'amount', of salaries; in a 'text' the currency is read")
        if self.asked_at_format and not self.asked_at:
            raise ValueError("'asked_at_format' says how 'asked_at' is written; name that column")
        self._levels_are_somewhere()
        declared(self.outcome, self.analysis)
        return self

    def _levels_are_somewhere(self) -> None:
        wide = {**self.texts, **self.amounts}
        if self.attributes:
            if wide or self.attribute or self.level or self.levels:
                raise ValueError("'attributes' has an attribute, its 'level' and its 'levels' in every item")
            return
        if self.attribute is None:
            raise ValueError("name the 'attribute' that is varied, with its levels")
        if bool(wide) == bool(self.level):
            raise ValueError("'level' is the column that says which level a row is about; with one column a group "
                             "leave it out, and name those columns in 'texts' or 'amounts'")  # fmt: skip
        unknown = sorted(set(wide.values()) - set(self.attribute.levels))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no level of the attribute {self.attribute.attribute!r}")

    @property
    def read_already(self) -> bool:
        """Whether the answers are amounts, scores or ones and noughts, not texts to be read."""
        return bool(self.amount or self.amounts)

    @property
    def varied(self) -> tuple[Varied, ...]:
        """The attributes, each with its column; the column is empty where every column is a level of its own."""
        if self.attribute is None:
            return tuple(self.attributes)
        return (Varied(level=self.level or "", attribute=self.attribute, levels=self.levels),)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Where the answers of a row stand."""
        wide = self.texts or self.amounts
        return tuple(Cell(c, level) for c, level in wide.items()) or (Cell(self.text or self.amount or ""),)

    @property
    def levels_known(self) -> tuple[str, ...]:
        """What the levels are called."""
        return tuple(level for varied in self.varied for level in varied.attribute.levels)

    @property
    def unit(self) -> Literal["job", "person"]:
        """What stands for others like it: the job where a column tells it, else the person."""
        return "job" if "job" in self.columns() else "person"

    def columns(self) -> dict[str, str]:
        """Role -> column, for the roles that are columns of the table; a filter and a level are roles too."""
        named = {role: getattr(self, role) for role in (*ROLES, *MORE)}
        named |= {f"level of {v.attribute.attribute}": v.level for v in self.varied if v.level}
        named |= {f"where {column}": column for column in self.where}
        named |= {f"answers of {cell.level}": cell.column for cell in self.cells if cell.level is not None}
        return {role: column for role, column in named.items() if column is not None and not column.startswith("=")}


def read_map(path: Path) -> Map:
    """The map in a YAML file."""
    return check(Map, read_yaml(path))


def is_map(path: Path) -> bool:
    """Whether a YAML file is a map and not an experiment, by its keys."""
    data = read_yaml(path).data
    return isinstance(data, dict) and "experiment" not in data and "model" in data
