"""What every chart has: its numbers as a table, and its marks as a scene."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bias_harness.reporting.texts import Texts

Unit = Literal["text", "verdict", "gap", "percent", "points", "money", "count", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` is its name in CSV and under `figures.columns` in the texts; the unit says how it is shown."""

    key: str
    unit: Unit = "text"


@dataclass(frozen=True)
class Table:
    """The numbers that are drawn, unrounded; None where there is none. Per cents are per cents, not fractions."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    currency: str = ""

    def shown(self, texts: Texts) -> list[list[str]]:
        """Every cell as the language writes it."""
        return [[self._shown(texts, c.unit, v) for c, v in zip(self.columns, row, strict=True)] for row in self.rows]

    def _shown(self, texts: Texts, unit: Unit, value: Any) -> str:
        if value is None:
            return "–"
        if unit == "verdict":
            return texts(f"verdicts.{value}")
        if unit == "gap":
            return texts.size(value)
        if unit == "percent":
            return texts.percent(value)
        if unit == "points":
            return texts("figures.points", number=texts.number(value, 1))
        if unit == "money":
            return texts.money(value, self.currency, exact=True)
        if unit == "count":
            return texts.number(value)
        return texts.number(value, 3) if unit == "number" else str(value)

    def to_csv(self) -> bytes:
        """The table as CSV with `key`s for a head; empty where there is no number."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([c.key for c in self.columns])
        writer.writerows(["" if v is None else v for v in row] for row in self.rows)
        return text.getvalue().encode()


class Chart(Protocol):
    """A figure's data."""

    def table(self) -> Table:
        """The numbers."""
        ...


@dataclass(frozen=True)
class Drawing:
    """A chart with its words. `id` is its one name, on the page, of its files and in the command: F3-gender, F7-gpt.

    `counted` says how many answers, of how many jobs and when, the numbers are of.
    """

    id: str
    title: str
    alt: str
    chart: Chart
    note: str = ""
    counted: str = ""

    @property
    def caption(self) -> str:
        """What stands under the figure in a paper: its title, what its marks mean, and of how many answers it is."""
        parts = [f"{self.title}." if self.title[-1:] not in ".?!" else self.title, self.note, self.counted]
        return " ".join(filter(None, parts)) + "\n"

    @property
    def family(self) -> str:
        """F1 ... F12."""
        return self.id.split("-")[0]
