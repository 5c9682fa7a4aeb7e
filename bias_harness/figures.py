"""Estimates + observations -> figures: what is drawn, as data, and the same as SVG and PNG files.

The data objects are what the page draws inline too, so that picture, table and sentence share their numbers.
Blue and vermillion (Okabe & Ito), with a second sign (marker, hatch) for those who do not see the colours.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_harness.vocabulary import Estimate

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#8a8a8a"
MOST_BARS = 40


@dataclass(frozen=True)
class ForestRow:
    """One line of the forest: per cents, with `low` and `high` None where there is no interval."""

    label: str
    group: str
    percent: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Forest:
    """All lines, the half-width of the band that does not matter (per cent), and the axis' ends."""

    rows: tuple[ForestRow, ...]
    margin: float
    low: float
    high: float

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis, zero among them."""
        return ticks(self.low, self.high)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from `low` to `high`."""
    step = next(s * 10**e for e in range(-3, 9) for s in (1, 2, 5) if (high - low) / (s * 10**e) <= about)
    first = -(-low // step)
    return [round(step * i, 10) for i in range(int(first), int(high // step) + 1)]


def forest(labelled: Iterable[tuple[str, str, Estimate]], margin: float) -> Forest:
    """The forest of (group, label, log estimate); estimates without a number are left to the table."""
    rows = tuple(
        ForestRow(label, group, e.percent, e.percent_low, e.percent_high, e.verdict or "none")
        for group, label, e in labelled
        if e.percent is not None
    )
    ends = [x for r in rows for x in (r.percent, r.low, r.high) if x is not None] + [-100 * margin, 100 * margin, 0.0]
    room = 0.05 * (max(ends) - min(ends))
    return Forest(rows, 100 * margin, min(ends) - room, max(ends) + room)


@dataclass(frozen=True)
class Histogram:
    """How often each amount was advised to each of two levels: counts per bar, bars from `edges[i]` to `edges[i+1]`."""

    levels: tuple[str, str]
    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], tuple[int, ...]]
    currency: str

    @property
    def most(self) -> int:
        """The tallest bar."""
        return max((max(c, default=0) for c in self.counts), default=0)


def histogram(amounts: tuple[Sequence[float], Sequence[float]], levels: tuple[str, str], currency: str) -> Histogram:
    """Counts on a common grid: 5,000 wide, wider where the amounts spread too far for that."""
    everything = [*amounts[0], *amounts[1]]
    low, high = min(everything), max(everything)
    width = next(w for w in (5_000, 10_000, 20_000, 50_000, 100_000, 1e6, 1e9) if (high - low) / w <= MOST_BARS)
    start = int(low // width)
    bars = int(high // width) - start + 1
    counted = [Counter(int(x // width) - start for x in side) for side in amounts]
    edges = tuple((start + i) * width for i in range(bars + 1))
    return Histogram(levels, edges, tuple(tuple(c[i] for i in range(bars)) for c in counted), currency)  # type: ignore[arg-type]


def files_of(forest_: Forest, histogram_: Histogram | None, titles: tuple[str, str]) -> dict[str, bytes]:
    """The figures as files: name -> bytes of SVG, PNG and the CSV of what is drawn. The same bytes every time."""
    made: dict[str, bytes] = {}
    with mpl.rc_context({"svg.hashsalt": "bias_harness", "svg.fonttype": "none", "font.size": 9}):
        if forest_.rows:
            figure = Figure(figsize=(7, 1.2 + 0.32 * len(forest_.rows)), layout="constrained")
            _draw_forest(figure.subplots(), forest_, titles[0])
            made |= _saved(figure, "F3-forest")
            made["F3-forest.csv"] = _csv(
                ("group", "label", "percent", "low", "high", "verdict"),
                [(r.group, r.label, r.percent, r.low, r.high, r.verdict) for r in forest_.rows],
            )
        if histogram_ is not None:
            figure = Figure(figsize=(7, 3.2), layout="constrained")
            _draw_histogram(figure.subplots(), histogram_, titles[1])
            made |= _saved(figure, "F1-distribution")
            made["F1-distribution.csv"] = _csv(
                ("from", "to", *histogram_.levels),
                list(zip(histogram_.edges, histogram_.edges[1:], *histogram_.counts, strict=False)),
            )
    return made


def _saved(figure: Figure, name: str) -> dict[str, bytes]:
    made = {}
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
        made[f"{name}.{kind}"] = buffer.getvalue()
    return made


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(["" if v is None else v for v in row] for row in rows)
    return text.getvalue().encode()


def _draw_forest(axes: Axes, data: Forest, title: str) -> None:
    places = range(len(data.rows), 0, -1)
    axes.axvspan(-data.margin, data.margin, color="0.9", lw=0)
    axes.axvline(0, color="0.3", lw=0.8)
    for place, row in zip(places, data.rows, strict=True):
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=BLUE, lw=1.6)
        marker = {"gap_meaningful": "D", "inconclusive": "o", "none": "x"}.get(row.verdict, "s")
        axes.plot(row.percent, place, marker, color=VERMILLION if marker == "D" else BLUE, ms=5)
    axes.set_yticks(list(places), [f"{r.group}: {r.label}" for r in data.rows])
    axes.set_xlim(data.low, data.high)
    axes.set_ylim(0.4, len(data.rows) + 0.6)
    axes.set_xlabel("%")
    axes.set_title(title, fontsize=10, loc="left")


def _draw_histogram(axes: Axes, data: Histogram, title: str) -> None:
    width = data.edges[1] - data.edges[0]
    for shift, counts, level, colour, hatch in zip(
        (0.0, 0.5), data.counts, data.levels, (BLUE, VERMILLION), ("", "///"), strict=True
    ):
        left = [e + shift * width for e in data.edges[:-1]]
        axes.bar(left, counts, width / 2, align="edge", color=colour, hatch=hatch, edgecolor="white", label=level)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=10, loc="left")
