"""F5, the heat map: a number in every cell; hatched where nothing can be told, crossed where nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Column, Table

STRONGEST = 12.0
"""The gap, in smallest gaps that matter or in per cent, from which on the colour is at its strongest."""


@dataclass(frozen=True)
class HeatCell:
    """A gap as it is shown with its interval, the verdict and a link to the answers behind it; all None: no data.

    `step` is what counts as one per cent for the colour.
    """

    percent: float | None
    low: float | None = None
    high: float | None = None
    verdict: str = "none"
    n: int = 0
    link: str = ""
    step: float = 1.0

    @property
    def tone(self) -> str:
        """less0 ... less4 or more0 ... more4: the sign and how strong; pale where nothing can be told."""
        if self.percent is None:
            return "nothing"
        if self.verdict in ("inconclusive", "none"):
            return "less0" if self.percent < 0 else "more0"
        strength = min(4, round(4 * abs(self.percent) / self.step / STRONGEST))
        return f"{'less' if self.percent < 0 else 'more'}{strength}"


@dataclass(frozen=True)
class HeatRow:
    """One model and level."""

    model: str
    level: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Heat:
    """Rows of cells under the parts of the test (`columns`).

    `groups` are what is read together: a title and the places of its columns.
    """

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    groups: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def table(self) -> Table:
        """One row a cell."""
        columns = (
            Column("model"),
            Column("level"),
            Column("part"),
            Column("percent", "gap"),
            Column("low", "gap"),
            Column("high", "gap"),
            Column("answers", "count"),
            Column("verdict", "verdict"),
        )
        rows = [
            (r.model, r.level, part, c.percent, c.low, c.high, c.n, c.verdict)
            for r in self.rows
            for part, c in zip(self.columns, r.cells, strict=True)
        ]
        return Table(columns, rows)
