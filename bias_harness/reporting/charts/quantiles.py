"""F11, the gap along the distribution: at the low, middle and high amounts."""

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
from bias_harness.reporting.texts import Texts


@dataclass(frozen=True)
class QuantileGap:
    """The gap in per cent at one quantile (0-1) of the amounts, with its band where there is one."""

    label: str
    quantile: float
    percent: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class QuantileGaps:
    """Gaps by quantile, one series a label."""

    points: tuple[QuantileGap, ...]

    def table(self) -> Table:
        """One row a point."""
        columns = (
            Column("level"),
            Column("quantile", "number"),
            Column("percent", "percent"),
            Column("low", "percent"),
            Column("high", "percent"),
        )
        return Table(columns, [(p.label, p.quantile, p.percent, p.low, p.high) for p in self.points])

    def limits(self) -> tuple[float, float]:
        """The ends of the axis; zero is on it."""
        return around([v for p in self.points for v in (p.percent, p.low, p.high)], include=(0.0,))

    def scene(self, texts: Texts, width: int) -> Scene:
        """One line a point, like the forest."""
        left = 230 if width >= WIDE else 150
        names = [lines(f"{p.label} · {texts.percent(100 * p.quantile, 0)}", left - 6, 12) for p in self.points]
        row = 24 + most(names)
        bottom = 6 + row * len(self.points)
        x = Scale(*self.limits(), left, width - 60)
        marks: list[Mark] = [Line(x(0), 4, x(0), bottom, "zero")]
        labels = axis(texts, x, bottom, width)
        for index, p in enumerate(self.points):
            y = 6 + row * index + row / 2
            if p.low is not None and p.high is not None:
                marks.append(Line(x(p.low), y, x(p.high), y, "range"))
            marks.append(Sign(x(p.percent), y, "dot"))
            labels += [
                *stacked(0, y + 4 + STEP * (len(names[index]) - 1) / 2, names[index]),
                Label(width, y + 4, texts.percent(p.percent), "label", "end"),
            ]
        return Scene(width, bottom + 24, tuple(marks), tuple(labels))
