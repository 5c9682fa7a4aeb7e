"""F6, the specification curve: the same gap under every way of asking and counting, smallest first."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Column, Table
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
    stacked,
)
from bias_harness.reporting.texts import Texts


@dataclass(frozen=True)
class Specification:
    """One way of asking and counting: (choice, value) pairs, and the gap it gives in per cent."""

    choices: tuple[tuple[str, str], ...]
    percent: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Curve:
    """All specifications by their gap."""

    specifications: tuple[Specification, ...]

    @property
    def values(self) -> list[tuple[str, str]]:
        """Every (choice, value) in order of appearance, choice by choice."""
        seen = dict.fromkeys(c for s in self.specifications for c in s.choices)
        order = list(dict.fromkeys(name for name, _ in seen))
        return sorted(seen, key=lambda c: order.index(c[0]))

    def table(self) -> Table:
        """One row a specification."""
        columns = (
            Column("specification"),
            Column("percent", "percent"),
            Column("low", "percent"),
            Column("high", "percent"),
        )
        return Table(
            columns,
            [("; ".join(f"{k}: {v}" for k, v in s.choices), s.percent, s.low, s.high) for s in self.specifications],
        )

    def limits(self) -> tuple[float, float]:
        """The ends of the gap's axis; zero is on it."""
        return around([v for s in self.specifications for v in (s.percent, s.low, s.high)], include=(0.0,))

    def scene(self, texts: Texts, width: int) -> Scene:
        """Estimates with their ranges above, the choices as a matrix of dots below."""
        left = 190 if width >= WIDE else 118
        top, bottom = 10.0, 170.0
        y = Scale(*self.limits(), bottom, top)
        x = Scale(0, max(1, len(self.specifications) - 1), left + 8, width - 8)
        marks: list[Mark] = [Line(left, y(0), width, y(0), "zero")]
        for index, s in enumerate(self.specifications):
            if s.low is not None and s.high is not None:
                marks.append(Line(x(index), y(s.low), x(index), y(s.high), "range thin"))
            marks.append(Sign(x(index), y(s.percent), "dot", size=3))
        labels = [
            Label(left - 6, y(v) + 4, texts.percent(v, 0 if v == int(v) else 1), "tick", "end") for v in y.ticks(5)
        ]
        level = bottom
        for name, value in self.values:
            choice = lines(f"{name}: {value}", left, 11)
            level += 18 + STEP * (len(choice) - 1)
            labels += stacked(0, level + 4, choice, "sub")
            marks.append(Line(left, level, width, level, "grid"))
            marks += [
                Sign(x(i), level, "dot", "square", 3)
                for i, s in enumerate(self.specifications)
                if (name, value) in s.choices
            ]
        return Scene(width, level + 18, tuple(marks), tuple(labels))
