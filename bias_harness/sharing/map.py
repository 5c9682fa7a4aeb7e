"""What the columns of a table mean: the map, a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from bias_harness.design.experiment import Name, Strict
from bias_harness.design.personas import Attribute
from bias_harness.handwritten import check, read_yaml
from bias_harness.outcome import Analysis, Outcome, declared

ANY = "any"
ROLES = ("model", "level", "persona", "field", "seniority", "wording", "language", "signal")
MORE = ("text", "amount", "currency", "repeat", "asked_at", "edit")


class Map(Strict):
    """What the columns of a table mean.

    `text` is the column with the raw answers, or `amount` the one with amounts (scores, 1 and 0) that were read
    already, with its `currency` where that is a column too. Every other name is a column, or `=word` for the same word
    in every row. `edit` is the column that names the neutral edit of a question about the reference (empty: as it was
    written). `failed` are texts that stand for no answer.
    """

    name: Name
    title: dict[str, str] = {}
    source: str = ""
    text: str | None = None
    amount: str | None = None
    currency: str | None = None
    model: str
    level: str
    attribute: Attribute
    persona: str = "=one persona"
    field: str = f"={ANY}"
    seniority: str = f"={ANY}"
    wording: str = "=one wording"
    language: str = "=en"
    signal: str = "=0"
    edit: str | None = None
    repeat: str | None = None
    asked_at: str | None = None
    failed: list[str] = ["ERROR", "error", "N/A", ""]
    levels: dict[str, str] = {}
    prompts: dict[str, str] = {}
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: str = Field(default=".", pattern=r"^[.,]$")
    encoding: str = "utf-8-sig"
    outcome: Outcome = Outcome()
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.text is None) == (self.amount is None):
            raise ValueError("name the column of the answers, either as 'text' or as 'amount'")
        if self.currency is not None and (self.amount is None or self.outcome.measured.form != "money"):
            raise ValueError("'currency' goes with 'amount', of salaries; in a 'text' the currency is read")
        declared(self.outcome, self.analysis)
        return self

    def columns(self) -> dict[str, str]:
        """Role -> column, for the roles that are columns of the table."""
        named = {role: getattr(self, role) for role in (*ROLES, *MORE)}
        return {role: column for role, column in named.items() if column is not None and not column.startswith("=")}


def read_map(path: Path) -> Map:
    """The map in a YAML file."""
    return check(Map, read_yaml(path))
