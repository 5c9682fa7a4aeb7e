"""F5, the heat map: a number in every cell; grey where it rests on few jobs, hatched where nothing can be told."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.judged import Key, asserts

FEWEST_JOBS = 3
"""A cell with fewer jobs is grey: a standard deviation of its own takes three."""
STRONGEST = 12.0
"""The gap, in smallest gaps that matter or in per cent, from which on the colour is at its strongest."""


@dataclass(frozen=True)
class HeatCell:
    """A gap as it is shown, its interval, and a link to the answers behind it; no `percent`: no data.

    Of a judgement `word` is the key of its word and the interval is the one that the word used. What is explored has no
    word: its interval is simultaneous over the cells, and its colour comes from that. `jobs` is what it rests on,
    `step` what counts as one per cent for the colour.
    """

    percent: float | None
    low: float | None = None
    high: float | None = None
    word: Key | None = None
    jobs: int = 0
    n: int = 0
    link: str = ""
    step: float = 1.0

    @property
    def few(self) -> bool:
        """Whether it rests on too few jobs for any colour."""
        return self.percent is not None and self.word is None and self.jobs < FEWEST_JOBS

    @property
    def unclear(self) -> bool:
        """Whether nothing can be told: the word asserts no difference, or the interval of what is explored has zero."""
        if self.percent is None or self.few:
            return False
        if self.word is not None and self.word != "explored":
            return not asserts(self.word)
        return self.low is None or self.high is None or self.low * self.high <= 0

    @property
    def tone(self) -> str:
        """less0 ... less4 or more0 ... more4: the sign and how strong; pale where nothing can be told, grey for few."""
        if self.percent is None:
            return "nothing"
        if self.few:
            return "few"
        if self.unclear:
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
            Column("jobs", "count"),
            Column("answers", "count"),
            Column("verdict", "verdict"),
        )
        rows = [
            (r.model, r.level, part, c.percent, c.low, c.high, c.jobs, c.n, c.word)
            for r in self.rows
            for part, c in zip(self.columns, r.cells, strict=True)
        ]
        return Table(columns, rows)
