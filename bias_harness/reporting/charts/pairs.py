"""F7, the dumbbell, and F4, the estimation plot: one line a profile, from the reference to the level."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.estimating.judgement import Gap
from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.forest import axis
from bias_harness.reporting.charts.scene import (
    STEP,
    WIDE,
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
from bias_harness.reporting.judged import SIGNS, Key, kind_of
from bias_harness.reporting.texts import Texts


@dataclass(frozen=True)
class PairRow:
    """A profile's mean amount as the reference and as the level."""

    profile: str
    reference: float
    level: float

    @property
    def percent(self) -> float:
        """The gap in per cent of the reference."""
        return 100 * (self.level / self.reference - 1)


@dataclass(frozen=True)
class Dumbbell:
    """Profiles by their gap, the most negative first. `levels` are the names of the level and of the reference."""

    rows: tuple[PairRow, ...]
    levels: tuple[str, str]
    currency: str

    def table(self) -> Table:
        """One row a profile."""
        columns = (
            Column("profile"),
            Column("mean_reference", "money"),
            Column("mean_level", "money"),
            Column("percent", "percent"),
        )
        return Table(columns, [(r.profile, r.reference, r.level, r.percent) for r in self.rows], self.currency)

    def scene(self, texts: Texts, width: int) -> Scene:
        """Two signs a profile: a circle for the reference, a diamond for the level."""
        wide = width >= WIDE
        names = [lines(r.profile, 285 if wide else 270, 13) for r in self.rows]
        more = most(names)
        left, right, row, top = (300, width - 70, 24 + more, 8) if wide else (30, width - 30, 40 + more, 6)
        low, high = around(v for r in self.rows for v in (r.reference, r.level))
        x = Scale(low, high, left, right)
        bottom = top + row * len(self.rows)
        marks: list[Mark] = []
        labels = axis(texts, x, bottom, width, self.currency)
        for index, r in enumerate(self.rows):
            y = top + row * index + (row / 2 if wide else row - 12)
            marks += [Line(left, y, right, y, "grid"), Line(x(r.reference), y, x(r.level), y, "range")]
            marks += [Sign(x(r.reference), y, "dot"), Sign(x(r.level), y, "dot clear", "diamond")]
            name = names[index]
            labels += stacked(0, y + (4 + STEP * (len(name) - 1) / 2 if wide else -12), name)
            labels.append(Label(width, y + (4 if wide else -12), texts.percent(r.percent), "label", "end"))
        return Scene(width, bottom + 24, tuple(marks), tuple(labels))


@dataclass(frozen=True)
class Slopes:
    """The same pairs as slopes, beside the mean gap in money with its interval and the sign of its word."""

    pairs: Dumbbell
    gap: Gap
    word: Key

    def table(self) -> Table:
        """The pairs, and the mean gap in the last row (in the currency)."""
        rows: list[tuple[str | float | None, ...]] = [
            (r.profile, r.reference, r.level, r.level - r.reference, None, None) for r in self.pairs.rows
        ]
        g = self.gap
        rows.append(("", None, None, g.money or 0.0, g.money_low, g.money_high))
        names = ("mean_reference", "mean_level", "gap", "low", "high")
        return Table((Column("profile"), *(Column(n, "money") for n in names)), rows, self.pairs.currency)

    def scene(self, texts: Texts, width: int) -> Scene:
        """Slopes on the left, the gap on an axis of its own on the right."""
        half = width * 0.55
        names = [lines(name, half / 2, 12) for name in self.pairs.levels]
        top, bottom = 30.0 + most(names), 290.0 + most(names)
        y = Scale(*around(v for r in self.pairs.rows for v in (r.reference, r.level)), bottom, top)
        a, b = width * 0.18, width * 0.45
        marks: list[Mark] = []
        for r in self.pairs.rows:
            marks.append(Line(a, y(r.reference), b, y(r.level), "slope"))
            marks += [Sign(a, y(r.reference), "dot", size=3), Sign(b, y(r.level), "dot clear", "diamond", 3)]
        labels = [Label(0, y(v) + 4, texts.money(v, self.pairs.currency, exact=True), "tick") for v in y.ticks(5)]
        labels += [
            *stacked(a, top - 12, names[1], "label", "middle"),
            *stacked(b, top - 12, names[0], "label", "middle"),
        ]
        return Scene(
            width,
            bottom + 20,
            (*marks, *self._gap(half, width, top, bottom)),
            (*labels, *self._ends(texts, width, top, bottom)),
        )

    def limits(self) -> tuple[float, float]:
        """The ends of the gap's axis; zero is always on it."""
        gaps = [r.level - r.reference for r in self.pairs.rows]
        return around([*gaps, self.gap.money_low, self.gap.money_high], include=(0.0,))

    def _gap(self, left: float, width: int, top: float, bottom: float) -> list[Mark]:
        y, x = Scale(*self.limits(), bottom, top), (left + width) / 2 - 20
        marks: list[Mark] = [Line(left + 12, y(0), width - 60, y(0), "zero")]
        marks += [Sign(x - 18, y(r.level - r.reference), "dot faint", size=3) for r in self.pairs.rows]
        if self.gap.money_low is not None and self.gap.money_high is not None:
            marks.append(
                Bar(x + 7, y(self.gap.money_high), 2, y(self.gap.money_low) - y(self.gap.money_high), "range-box")
            )
        if self.gap.money is not None:
            marks.append(Sign(x + 8, y(self.gap.money), kind_of(self.word), SIGNS[self.word], 6))
        return marks

    def _ends(self, texts: Texts, width: int, top: float, bottom: float) -> list[Label]:
        y = Scale(*self.limits(), bottom, top)
        shown = [
            Label(width, y(v) + 4, texts.money(v, self.pairs.currency, exact=True), "tick", "end") for v in y.ticks(5)
        ]
        return [*shown, Label(width, top - 12, texts("figures.difference"), "label", "end")]
