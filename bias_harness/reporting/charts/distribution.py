"""F1, the amounts of two levels counted on one axis: bars, no smoothed curve, for answers come in round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike

from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.charts.forest import axis
from bias_harness.reporting.charts.scene import WIDE, Bar, Label, Line, Mark, Scale, Scene
from bias_harness.reporting.texts import Texts

MOST_BARS = 40
WIDTHS = (1, 2.5, 5)
NARROWEST = 5_000.0
"""The finest grid: nearly all answers are multiples of 5,000."""


@dataclass(frozen=True)
class Histogram:
    """How often each amount was advised to each of two levels; bar i is from `edges[i]` up to `edges[i + 1]`."""

    levels: tuple[str, str]
    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], tuple[int, ...]]
    means: tuple[float, float]
    currency: str

    @property
    def most(self) -> int:
        """The tallest bar."""
        return max(max(c, default=0) for c in self.counts)

    def table(self) -> Table:
        """One row a bar that is not empty."""
        columns = (Column("from", "money"), Column("to", "money"), Column("level"), Column("answers", "count"))
        rows = [
            (self.edges[i], self.edges[i + 1], level, counts[i])
            for i in range(len(self.edges) - 1)
            for level, counts in zip(self.levels, self.counts, strict=True)
            if counts[i]
        ]
        return Table(columns, rows, self.currency)

    def scene(self, texts: Texts, width: int) -> Scene:
        """The second level (the reference) plain, the first one hatched over it; a line at each mean."""
        top, bottom = 46.0, 46.0 + (200 if width >= WIDE else 150)
        x = Scale(self.edges[0], self.edges[-1], 30, width - 30)
        y = Scale(0, self.most, bottom, top)
        marks: list[Mark] = []
        for counts, kind in ((self.counts[1], "one pale"), (self.counts[0], "two hatch")):
            for low, high, count in zip(self.edges, self.edges[1:], counts, strict=False):
                if count:
                    marks.append(Bar(x(low) + 0.5, y(count), x(high) - x(low) - 1, bottom - y(count), kind))
        marks.append(Line(30, bottom, width - 30, bottom, "zero"))
        marks += [
            Line(x(m), top - 4, x(m), bottom, k) for m, k in zip(self.means, ("mean two", "mean one"), strict=True)
        ]
        labels = axis(texts, x, bottom, width, self.currency) + self._means(texts, x)
        return Scene(width, bottom + 24, tuple(marks), tuple(labels))

    def _means(self, texts: Texts, x: Scale) -> list[Label]:
        """The two means above their lines, the one with the lower mean to the left of its line."""
        found = []
        for index, line in ((0, 14), (1, 32)):
            left = self.means[index] <= self.means[1 - index]
            text = texts(
                "figures.mean",
                level=self.levels[index],
                amount=texts.money(self.means[index], self.currency, exact=True),
            )
            place = x(self.means[index])
            wanted = 0.56 * 12 * len(text)
            anchor = "end" if (left and place > wanted) or place + wanted > x.right + 30 else "start"
            place = max(place, wanted) if anchor == "end" else place
            found.append(Label(place, line, text, "sub", anchor))
        return found


def grid(amounts: Sequence[float], most: int = MOST_BARS, narrowest: float = NARROWEST) -> tuple[float, ...]:
    """Edges of at most `most` bars of one round width that hold all amounts; none is narrower than `narrowest`."""
    low, high = min(amounts), max(amounts)
    width = narrowest
    while math.floor(high / width) - math.floor(low / width) >= most:
        power = 10.0 ** math.floor(math.log10(width))
        width = next((s * power for s in WIDTHS if s * power > width), 10 * power)
    first, last = math.floor(low / width), math.floor(high / width)
    return tuple((first + i) * width for i in range(last - first + 2))


def counted(amounts: ArrayLike, edges: Sequence[float]) -> tuple[int, ...]:
    """How many amounts lie in each bar: from an edge up to, and not on, the next."""
    places = np.clip(np.searchsorted(edges, np.asarray(amounts, dtype=float), side="right") - 1, 0, len(edges) - 2)
    return tuple(int(c) for c in np.bincount(places, minlength=len(edges) - 1))


def histogram(amounts: tuple[Sequence[float], Sequence[float]], levels: tuple[str, str], currency: str) -> Histogram:
    """The counts of both levels on a common grid. Neither side may be empty."""
    edges = grid([*amounts[0], *amounts[1]])
    sides = (counted(amounts[0], edges), counted(amounts[1], edges))
    return Histogram(levels, edges, sides, (fmean(amounts[0]), fmean(amounts[1])), currency)
