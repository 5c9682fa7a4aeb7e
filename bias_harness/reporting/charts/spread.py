"""F2, small multiples: the box of every level beside all its amounts, counted, group by group on one axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.distribution import counted, grid
from bias_harness.reporting.charts.forest import axis
from bias_harness.reporting.charts.scene import STEP, WIDE, Bar, Label, Line, Mark, Scale, Scene, lines, stacked
from bias_harness.reporting.texts import Texts

BARS = 30
KINDS = ("one", "two hatch", "three", "four hatch")


@dataclass(frozen=True)
class SpreadRow:
    """The amounts of one level in one group of one panel: five numbers, the mean, counts per bar, who gave no amount.

    `order` is the level's place among the levels (0 is the reference).
    """

    panel: str
    group: str
    level: str
    order: int
    n: int
    no_amount: int
    five: tuple[float, float, float, float, float] | None
    mean: float | None
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Spread:
    """All rows, in order of panel (a model), group and level, on the common bars `edges`."""

    rows: tuple[SpreadRow, ...]
    edges: tuple[float, ...]
    currency: str

    @property
    def panels(self) -> list[str]:
        """The panels in order of appearance."""
        return list(dict.fromkeys(r.panel for r in self.rows))

    def panel(self, name: str) -> Spread:
        """One panel alone, on the same bars."""
        return replace(self, rows=tuple(r for r in self.rows if r.panel == name))

    def table(self) -> Table:
        """One row a group and level."""
        money = ("lowest", "quartile_1", "median", "quartile_3", "highest", "mean")
        columns = (
            Column("model"),
            Column("group"),
            Column("level"),
            Column("answers", "count"),
            Column("no_amount", "count"),
            *(Column(name, "money") for name in money),
        )
        rows = [(r.panel, r.group, r.level, r.n, r.no_amount, *(r.five or (None,) * 5), r.mean) for r in self.rows]
        return Table(columns, rows, self.currency)

    def scene(self, texts: Texts, width: int) -> Scene:
        """A small histogram per row over a box with its median."""
        wide = width >= WIDE
        left, right, row, head = (190, width - 8, 40, 26) if wide else (30, width - 30, 56, 26)
        x = Scale(self.edges[0], self.edges[-1], left, right)
        most = max((max(r.counts, default=0) for r in self.rows), default=1) or 1
        marks: list[Mark] = []
        labels: list[Label] = []
        top, group = 0.0, None
        for r in self.rows:
            if r.group != group:
                title = lines(r.group, width, 14)
                group, top = r.group, top + head + STEP * (len(title) - 1)
                labels += stacked(0, top - 8, title, "group")
            words = _words(texts, r, left, wide=wide)
            above = STEP * (len(words) - (2 if wide else 1))
            base = top + row + above - 12
            marks += self._row(r, x, base, 24 / most)
            labels += (
                [*stacked(0, base - 8, words[:-1]), Label(0, base + 6, words[-1], "sub")]
                if wide
                else (stacked(0, base - 30, words))
            )
            top += row + above
        labels += axis(texts, x, top, width, self.currency)
        return Scene(width, top + 24, tuple(marks), tuple(labels))

    def _row(self, r: SpreadRow, x: Scale, base: float, unit: float) -> list[Mark]:
        kind = KINDS[r.order % len(KINDS)]
        marks: list[Mark] = [Line(x.left, base, x.right, base, "grid")]
        for low, high, count in zip(self.edges, self.edges[1:], r.counts, strict=False):
            if count:
                height = max(1.5, unit * count)
                marks.append(Bar(x(low) + 0.4, base - height, x(high) - x(low) - 0.8, height, kind))
        if r.five:
            low, q1, median, q3, high = (x(v) for v in r.five)
            marks += [Line(low, base + 5, high, base + 5, "whisker"), Bar(q1, base + 2, q3 - q1, 6, "box")]
            marks.append(Line(median, base, median, base + 10, "median"))
        return marks


def _words(texts: Texts, r: SpreadRow, left: float, *, wide: bool) -> list[str]:
    """What a row is called and how many it is of, in lines: on a wide page the number is the last."""
    key = "figures.counts" if r.no_amount else "figures.count"
    counts = texts(key, answers=texts.number(r.n), missing=texts.number(r.no_amount))
    if wide:
        return [*lines(r.level, left - 8), counts]
    return lines(f"{r.level} ({counts})", 330, 12)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of one level in one group of one panel, and how many answers had none."""

    panel: str
    group: str
    level: str
    order: int
    values: NDArray[np.float64]
    missing: int


def spread(groups: Iterable[Amounts], currency: str) -> Spread | None:
    """The rows on common bars; None where nobody has an amount."""
    listed = list(groups)
    everything = np.concatenate([g.values for g in listed]) if listed else np.array([])
    if not everything.size:
        return None
    edges = grid([float(everything.min()), float(everything.max())], BARS, 1_000)
    return Spread(tuple(_spread_row(g, edges) for g in listed), edges, currency)


def _spread_row(g: Amounts, edges: Sequence[float]) -> SpreadRow:
    names = (g.panel, g.group, g.level, g.order)
    if not g.values.size:
        return SpreadRow(*names, 0, g.missing, None, None, (0,) * (len(edges) - 1))
    low, q1, median, q3, high = (float(v) for v in np.quantile(g.values, (0, 0.25, 0.5, 0.75, 1)))
    counts = counted(g.values, edges)
    return SpreadRow(*names, len(g.values), g.missing, (low, q1, median, q3, high), float(g.values.mean()), counts)
