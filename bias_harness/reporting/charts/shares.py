"""F8, what became of the questions, and F9, where the variation comes from: bars that add up to a whole."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Column, Table, Unit
from bias_harness.reporting.charts.scene import STEP, WIDE, Bar, Label, Line, Mark, Scale, Scene, lines, most, stacked
from bias_harness.reporting.texts import Texts

SEGMENTS = ("one pale", "two hatch", "three", "four hatch", "five")


@dataclass(frozen=True)
class SharesRow:
    """One bar: its parts as numbers (answers, or variances), in the order of `Shares.parts`."""

    group: str
    label: str
    values: tuple[float, ...]

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return sum(self.values)


@dataclass(frozen=True)
class Shares:
    """Bars of the same parts. `unit` is that of the parts' numbers."""

    rows: tuple[SharesRow, ...]
    parts: tuple[str, ...]
    unit: Unit = "count"

    def table(self) -> Table:
        """One row a part of a bar, with its share of the bar in per cent."""
        columns = (
            Column("model"),
            Column("level"),
            Column("part"),
            Column("value", self.unit),
            Column("share", "percent"),
        )
        rows = [
            (r.group, r.label, part, value, 100 * value / r.total if r.total else None)
            for r in self.rows
            for part, value in zip(self.parts, r.values, strict=True)
        ]
        return Table(columns, rows)

    def scene(self, texts: Texts, width: int) -> Scene:
        """Bars from 0 to 100 per cent, each part with its own filling; the first share is written beside."""
        wide = width >= WIDE
        names = [_name(r, wide=wide) for r in self.rows]
        more = most(names) - (STEP if wide else 0)
        left, right, row, top = (230, width - 60, 30 + more, 4) if wide else (2, width - 52, 44 + more, 0)
        x = Scale(0, 100, left, right)
        marks: list[Mark] = []
        labels: list[Label] = []
        for index, r in enumerate(self.rows):
            y = top + row * index + (6 if wide else 20 + more)
            if wide:
                group = lines(r.group, 225, 11)
                label = names[index][: -len(group)]
                last = y + 7 + STEP * (len(label) - 1)
                labels += [*stacked(0, last, label), *stacked(0, last + STEP * len(group), group, "sub")]
            else:
                labels += stacked(0, y - 5, names[index])
            marks += _segments(r, x, y)
            share = 100 * r.values[0] / r.total if r.total else 0.0
            labels.append(Label(width, y + 13, texts.percent(share, 0) if r.total else "–", "label", "end"))
        bottom = top + row * len(self.rows) + 6
        marks += [Line(x(v), top, x(v), bottom, "grid") for v in (0, 50, 100)]
        labels += [Label(x(v), bottom + 14, texts.percent(v, 0), "tick", "middle") for v in (50,)]
        return Scene(width, bottom + 22, tuple(marks), tuple(labels))


def _name(r: SharesRow, *, wide: bool) -> list[str]:
    """What a bar is called, in lines."""
    return [*lines(r.label, 225), *lines(r.group, 225, 11)] if wide else lines(f"{r.label} · {r.group}", 330, 12)


def _segments(r: SharesRow, x: Scale, y: float) -> list[Mark]:
    marks: list[Mark] = []
    done = 0.0
    for value, kind in zip(r.values, SEGMENTS, strict=False):
        share = 100 * value / r.total if r.total else 0.0
        if share:
            marks.append(Bar(x(done), y, x(done + share) - x(done), 16, f"{kind} edged"))
        done += share
    return marks
