"""F10, the gap over several runs: with its interval, the baseline's gap and the margin around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bias_harness.margin import Margin
from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.scene import (
    STEP,
    Bar,
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

NAME_ROOM = 64
"""The least that the name of a run is given; where runs are closer together, only some of them are named."""


@dataclass(frozen=True)
class TimelinePoint:
    """One run's gap in per cent."""

    run: str
    percent: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Timeline:
    """Runs in order; the first is the baseline. `margin` is how much worse is still accepted."""

    points: tuple[TimelinePoint, ...]
    margin: Margin

    def table(self) -> Table:
        """One row a run."""
        columns = (Column("run"), Column("percent", "percent"), Column("low", "percent"), Column("high", "percent"))
        return Table(columns, [(p.run, p.percent, p.low, p.high) for p in self.points])

    def limits(self) -> tuple[float, float]:
        """The ends of the axis; zero and the margin are on it."""
        base = self.points[0].percent
        ends = [v for p in self.points for v in (p.percent, p.low, p.high)]
        half = self.margin.shown
        return around(ends, include=(0.0, base - half, base + half))

    def scene(self, texts: Texts, width: int) -> Scene:
        """Runs from left to right; the band is the baseline's gap with the margin on both sides."""
        left, top, bottom = 52.0, 10.0, 220.0
        y = Scale(*self.limits(), bottom, top)
        step = (width - left) / len(self.points)
        every = math.ceil(NAME_ROOM / step)
        room = every * step
        last = (width - room / 2 - left) / step
        names = [lines(p.run, room, 11) if i % every == 0 and i < last else [""] for i, p in enumerate(self.points)]
        base, half = self.points[0].percent, self.margin.shown
        high = y(base + half)
        marks: list[Mark] = [
            Bar(left, high, width - left, y(base - half) - high, "band"),
            Line(left, y(0), width, y(0), "zero"),
            Line(left, y(base), width, y(base), "mean one"),
        ]
        labels = [
            Label(left - 6, y(v) + 4, texts.percent(v, 0 if v == int(v) else 1), "tick", "end") for v in y.ticks(6)
        ]
        for index, p in enumerate(self.points):
            x = left + step * (index + 0.5)
            if p.low is not None and p.high is not None:
                marks.append(Line(x, y(p.low), x, y(p.high), "range"))
            marks.append(Sign(x, y(p.percent), "dot", "square" if index == 0 else "circle"))
            under = bottom + 18 + STEP * (len(names[index]) - 1)
            labels += stacked(x, under, names[index], "sub", "middle")
        return Scene(width, bottom + 30 + most(names), tuple(marks), tuple(labels))
