"""F12, are the gaps above the noise: sizes of the gaps of placebo pairs and of real pairs on one axis."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.forest import axis
from bias_harness.reporting.charts.scene import (
    STEP,
    WIDE,
    Label,
    Line,
    Mark,
    Scale,
    Scene,
    Sign,
    around,
    lines,
    most,
    stacked,
)
from bias_harness.reporting.judged import SIGNS, Key, kind_of
from bias_harness.reporting.texts import Texts


@dataclass(frozen=True)
class StripDot:
    """A size as it is shown, without its sign: of other neutral words alone (`placebo`), or of a gap with its word."""

    group: str
    label: str
    percent: float
    placebo: bool
    word: Key = "explored"


@dataclass(frozen=True)
class Strip:
    """All dots; one line a group. The axis reaches to `least` at least."""

    dots: tuple[StripDot, ...]
    least: float = 1.0

    @property
    def groups(self) -> list[str]:
        """The groups in order of appearance."""
        return list(dict.fromkeys(d.group for d in self.dots))

    def table(self) -> Table:
        """One row a dot."""
        columns = (Column("model"), Column("comparison"), Column("placebo"), Column("size", "gap"))
        return Table(columns, [(d.group, d.label, "x" if d.placebo else "", d.percent) for d in self.dots])

    def limits(self) -> tuple[float, float]:
        """From zero to a little beyond the largest."""
        return 0.0, max(self.least, around([d.percent for d in self.dots])[1])

    def scene(self, texts: Texts, width: int) -> Scene:
        """Hollow circles above the line for other words alone, below it the gaps with the signs of their words."""
        wide = width >= WIDE
        names = [lines(group, *((225,) if wide else (330, 12))) for group in self.groups]
        more = most(names)
        left, row = (230, 40 + more) if wide else (16, 58 + more)
        x = Scale(*self.limits(), left, width - 20)
        marks: list[Mark] = []
        labels: list[Label] = []
        for index, group in enumerate(self.groups):
            y = row * index + (row / 2 if wide else row - 22)
            marks.append(Line(left, y, width - 12, y, "grid"))
            name = names[index]
            labels += stacked(0, y + 4 + STEP * (len(name) - 1) / 2 if wide else y - 18, name)
            for d in self.dots:
                if d.group == group:
                    kind = "dot hollow" if d.placebo else kind_of(d.word)
                    shape, shift = ("circle", -8) if d.placebo else (SIGNS[d.word], 8)
                    marks.append(Sign(x(d.percent), y + shift, kind, shape, 4.5))
        bottom = row * len(self.groups) + 4
        marks.insert(0, Line(x(0), 0, x(0), bottom, "zero"))
        return Scene(width, bottom + 24, tuple(marks), (*labels, *axis(texts, x, bottom, width)))
