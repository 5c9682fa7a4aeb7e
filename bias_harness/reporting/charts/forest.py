"""F3, the forest of gaps, and F10, the same gap over several runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from bias_harness.estimating.judgement import Judgement
from bias_harness.margin import Margin
from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.scene import (
    LETTER,
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
from bias_harness.reporting.judged import SIGNS, Key, key_of, kind_of, shown
from bias_harness.reporting.texts import Texts

TICK_ROOM, NAME_ROOM = 8, 225
WIDEST = 15
"""How many margins either way an axis shows at least before it cuts ranges off."""


@dataclass(frozen=True)
class ForestRow:
    """One line: per cents (or what gaps are counted in), with `low` and `high` None where there is no interval."""

    group: str
    label: str
    percent: float
    low: float | None
    high: float | None
    word: Key
    jobs: int


@dataclass(frozen=True)
class Forest:
    """Gaps with their intervals, and the half-width of the band that is too small to matter."""

    rows: tuple[ForestRow, ...]
    margin: Margin

    def table(self) -> Table:
        """One row a gap."""
        columns = (
            Column("model"),
            Column("level"),
            Column("percent", "gap"),
            Column("low", "gap"),
            Column("high", "gap"),
            Column("jobs", "count"),
            Column("verdict", "verdict"),
        )
        return Table(columns, [(r.group, r.label, r.percent, r.low, r.high, r.jobs, r.word) for r in self.rows])

    @property
    def words(self) -> list[Key]:
        """The words that occur, in the order of the strength of their signs."""
        return [word for word in SIGNS if any(r.word == word for r in self.rows)]

    def limits(self) -> tuple[float, float]:
        """The ends of the axis: zero and the band are always on it, ranges much wider than the narrowest run off it."""
        half = self.margin.shown
        reaches = [max(abs(r.low), abs(r.high)) for r in self.rows if r.low is not None and r.high is not None]
        largest = max((abs(r.percent) for r in self.rows), default=0.0)
        far = max(3 * largest, WIDEST * half, min(reaches, default=0.0))
        ends = [None if x is None else min(max(x, -far), far) for r in self.rows for x in (r.percent, r.low, r.high)]
        return around(ends, include=(0.0, -1.5 * half, 1.5 * half))

    def scene(self, texts: Texts, width: int) -> Scene:
        """Label, interval, number; on a narrow page the label stands above its interval."""
        wide = width >= WIDE
        more = most(self._name(r, width) for r in self.rows) - (STEP if wide else 0)
        left, right, row, top = (230, width - 150, 30 + more, 8) if wide else (24, width - 20, 44 + more, 6)
        bottom = top + row * len(self.rows)
        x, half = Scale(*self.limits(), left, right), self.margin.shown
        # On a narrow page the band and the zero leave room for the label above each interval.
        strips = (
            [(top, bottom)]
            if wide
            else [(top + row * (i + 1) - 26, top + row * (i + 1)) for i in range(len(self.rows))]
        )
        marks: list[Mark] = [
            mark
            for upper, lower in strips
            for mark in (
                Bar(x(-half), upper, x(half) - x(-half), lower - upper, "band"),
                Line(x(0), upper, x(0), lower, "zero"),
            )
        ]
        labels = axis(texts, x, bottom, width)
        for index, r in enumerate(self.rows):
            middle = top + row * index + (row / 2 if wide else row - 14)
            if r.low is not None and r.high is not None:
                low, high = self.limits()
                inside = [min(max(end, low), high) for end in (r.low, r.high)]
                marks += [Line(x(inside[0]), middle, x(inside[1]), middle, "range")]
                kept = [end for end in (r.low, r.high) if end in inside]
                marks += [Line(x(end), middle - 4, x(end), middle + 4, "range") for end in kept]
            shape = SIGNS[r.word]
            marks.append(Sign(x(r.percent), middle, kind_of(r.word), shape))
            labels += self._words(texts, r, middle, width, wide=wide)
        return Scene(width, bottom + 24, tuple(marks), tuple(labels))

    def _words(self, texts: Texts, r: ForestRow, y: float, width: int, *, wide: bool) -> list[Label]:
        number = texts.size(r.percent)
        if wide:
            between = "" if r.low is None or r.high is None else f"{texts.size(r.low)} … {texts.size(r.high)}"
            name, group = lines(r.label, NAME_ROOM), lines(r.group, NAME_ROOM, 11)
            between_lines = STEP * (len(name) - len(group)) / 2
            return [
                *stacked(0, y - 2 + between_lines, name),
                *stacked(0, y - 2 + between_lines + STEP * len(group), group, "sub"),
                Label(width, y - 2, number, "label", "end"),
                Label(width, y + 11, between, "sub", "end"),
            ]
        return [*stacked(0, y - 14, self._name(r, width)), Label(width, y - 14, number, "label", "end")]

    def _name(self, r: ForestRow, width: int) -> list[str]:
        """What a row is called, in lines: beside its interval where the page is wide, else above it."""
        if width >= WIDE:
            return [*lines(r.label, NAME_ROOM), *lines(r.group, NAME_ROOM, 11)]
        return lines(f"{r.label} · {r.group}" if r.group else r.label, width - 70, 12)


def axis(texts: Texts, x: Scale, y: float, width: float, currency: str = "") -> list[Label]:
    """Numbers under an axis, inside a scene and apart from one another; of gaps where there is no currency."""
    labels: list[Label] = []
    for about in range(6 if x.right - x.left > 300 else 4, 0, -1):
        labels = list(_ticks(texts, x, y, width, x.ticks(about), currency))
        if all(a.x + (letters(a.text) + letters(b.text)) / 2 + TICK_ROOM <= b.x for a, b in pairwise(labels)):
            break
    return labels


def _ticks(texts: Texts, x: Scale, y: float, width: float, values: list[float], currency: str) -> Iterator[Label]:
    whole = all(v == int(v) for v in values)
    for v in values:
        text = texts.money(v, currency, exact=True) if currency else texts.size(v, 0 if whole else None)
        half = letters(text) / 2
        yield Label(min(max(x(v), half), max(half, width - half)), y + 16, text, "tick", "middle")


def letters(text: str, size: float = 11) -> float:
    """About how wide a text is."""
    return LETTER * size * len(text)


def forest(labelled: Iterable[tuple[str, str, Judgement]], margin: Margin) -> Forest:
    """The forest of (group, label, judgement), with the intervals as the words used them.

    Those without a number are left to the tables. `margin` is the smallest gap of interest.
    """
    rows = tuple(
        ForestRow(group, label, value, low, high, key_of(j), j.jobs)
        for group, label, j in labelled
        for value, low, high in [shown(j)]
        if value is not None
    )
    return Forest(rows, margin)
