"""Charts on matplotlib axes, one function a family. The colours are the style sheet's; each has a sign too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bias_harness.figures.curve import Curve
from bias_harness.figures.distribution import Histogram
from bias_harness.figures.forest import Forest
from bias_harness.figures.heat import STRONGEST, Heat, HeatCell
from bias_harness.figures.pairs import Dumbbell, Slopes
from bias_harness.figures.quantiles import QuantileGaps
from bias_harness.figures.shares import Shares
from bias_harness.figures.spread import Spread
from bias_harness.figures.strip import Strip
from bias_harness.figures.timeline import Timeline
from bias_harness.i18n import Texts

HATCHES = ("", "////", "....", "xxxx", "----")
MARKERS = {
    "gap_meaningful": "D",
    "gap_detected_size_unclear": "^",
    "gap_detected_but_negligible": "s",
    "equivalent": "s",
    "inconclusive": "o",
    "none": "x",
}
GREY, BAND = "0.4", "0.9"
TALLEST = 40.0
"""Inches: beyond it rows are drawn closer together."""


@singledispatch
def draw(chart: Any, figure: Figure, texts: Texts) -> None:
    """Draw a chart on an empty figure, whose size is made to fit."""
    raise TypeError(f"{figure} in {texts.language}: no axes are known for {type(chart).__name__}")


def colours(count: int) -> list[str]:
    """The first colours of the style sheet, round and round."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key().get("color", ["0.2"])
    return [cycle[i % len(cycle)] for i in range(count)]


def _sized(figure: Figure, rows: float, each: float, extra: float = 1.0) -> Axes:
    figure.set_size_inches(figure.get_figwidth(), min(TALLEST, extra + each * rows))
    axes: Axes = figure.subplots()
    return axes


def _money(axis: Any, texts: Texts, currency: str) -> None:
    axis.set_major_formatter(lambda value, _: texts.money(value, currency, exact=True))


def _gaps(axis: Any, texts: Texts) -> None:
    axis.set_major_formatter(lambda value, _: texts.size(value, 0 if value == int(value) else None))


@draw.register
def _(chart: Forest, figure: Figure, texts: Texts) -> None:
    axes = _sized(figure, len(chart.rows), 0.24)
    axes.axvspan(-chart.margin, chart.margin, color=BAND, lw=0)
    axes.axvline(0, color=GREY, lw=0.8)
    one, two = colours(2)
    ranges = [(y, r.low, r.high) for y, r in enumerate(chart.rows) if r.low is not None and r.high is not None]
    axes.hlines([y for y, _, _ in ranges], [low for _, low, _ in ranges], [high for _, _, high in ranges], color=one)
    for verdict in dict.fromkeys(r.verdict for r in chart.rows):
        own = [(r.percent, place) for place, r in enumerate(chart.rows) if r.verdict == verdict]
        colour = two if verdict == "gap_meaningful" else one
        axes.plot([x for x, _ in own], [y for _, y in own], MARKERS[verdict], color=colour, ls="none")
    _rows(axes, [f"{r.group}: {r.label}" for r in chart.rows])
    axes.set_xlim(*chart.limits())
    _gaps(axes.xaxis, texts)
    axes.set_xlabel(texts("figures.gap_percent"))


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


@draw.register
def _(chart: Histogram, figure: Figure, texts: Texts) -> None:
    axes: Axes = figure.subplots()
    one, two = colours(2)
    width = chart.edges[1] - chart.edges[0]
    left = chart.edges[:-1]
    axes.bar(left, chart.counts[1], width * 0.94, align="edge", color=one, alpha=0.55, label=chart.levels[1])
    axes.bar(left, chart.counts[0], width * 0.94, align="edge", fc="none", ec=two, hatch="////", label=chart.levels[0])
    for mean, colour, dashes in zip(chart.means, (two, one), ("--", "-"), strict=True):
        axes.axvline(mean, color=colour, ls=dashes, lw=1)
    _money(axes.xaxis, texts, chart.currency)
    axes.set_xlabel(texts("figures.amount"))
    axes.set_ylabel(texts("figures.answers"))
    axes.legend()


@draw.register
def _(chart: Spread, figure: Figure, texts: Texts) -> None:
    panels = chart.panels
    rows = max(sum(r.panel == p for r in chart.rows) for p in panels)
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    figure.set_size_inches(figure.get_figwidth(), min(TALLEST, 0.9 + down * (0.5 + 0.2 * rows)))
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for index, (name, axes) in enumerate(zip(panels, grid.flat, strict=False)):
        _boxes(axes, chart.panel(name))
        axes.set_title(name)
        _money(axes.xaxis, texts, chart.currency)
        axes.locator_params(axis="x", nbins=4)
        shown = [f"{r.group}, {r.level} ({r.n}/{r.no_amount})" for r in chart.panel(name).rows]
        _rows(axes, shown if index % across == 0 else ["" for _ in shown])
    figure.supxlabel(texts("figures.amount"), fontsize="medium")


def _boxes(axes: Axes, chart: Spread) -> None:
    """One level at a time, so that a hundred rows stay a few artists."""
    most = max((max(r.counts) for r in chart.rows), default=1) or 1
    for order in dict.fromkeys(r.order for r in chart.rows):
        rows = [(place, r.five, r.counts) for place, r in enumerate(chart.rows) if r.order == order and r.five]
        places, fives, colour = [p for p, _, _ in rows], [f for _, f, _ in rows], colours(order + 1)[-1]
        axes.hlines(places, [f[0] for f in fives], [f[4] for f in fives], color=GREY, lw=0.6)
        axes.hlines(places, [f[1] for f in fives], [f[3] for f in fives], color=colour, lw=4)
        ends = [p - 0.24 for p in places], [p + 0.24 for p in places]
        axes.vlines([f[2] for f in fives], *ends, color="0.1", lw=1.4)
        bars = [_steps(chart.edges, counts, place + 0.48, 0.34 / most) for place, _, counts in rows]
        axes.add_collection(PolyCollection(bars, facecolors=colour, lw=0))


def _steps(edges: Sequence[float], counts: Sequence[int], base: float, unit: float) -> list[tuple[float, float]]:
    """The outline of a small histogram standing on `base` (the axis points down)."""
    tops = [base - unit * c for c in counts]
    outline = [(x, y) for low, high, y in zip(edges, edges[1:], tops, strict=False) for x, y in ((low, y), (high, y))]
    return [(edges[0], base), *outline, (edges[-1], base)]


@draw.register
def _(chart: Heat, figure: Figure, texts: Texts) -> None:
    axes = _sized(figure, len(chart.rows), 0.3, 1.4)
    shares = [[_share(cell) for cell in row.cells] for row in chart.rows]
    axes.pcolormesh(np.array(shares), cmap="PuOr", vmin=0, vmax=1, edgecolors="0.85", lw=0.5)
    axes.margins(0)
    size = "small" if len(chart.columns) > 8 else "medium"
    for y, row in enumerate(chart.rows):
        for x, cell in enumerate(row.cells):
            if cell.verdict in ("inconclusive", "none") and cell.percent is not None:
                axes.add_patch(Rectangle((x, y), 1, 1, fill=False, hatch="///", ec="0.75", lw=0))
            text = "×" if cell.percent is None else texts.size(cell.percent)
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=size)
    axes.set_yticks(
        [y + 0.5 for y in range(len(chart.rows))], [f"{r.model}: {r.level}".removeprefix(": ") for r in chart.rows]
    )
    axes.invert_yaxis()
    axes.set_xticks([x + 0.5 for x in range(len(chart.columns))], chart.columns, rotation=30, ha="right")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _share(cell: HeatCell) -> float:
    """The place on a colour map from orange (less) over white to purple (more)."""
    gap = cell.percent or 0.0
    return max(0.0, min(1.0, 0.5 + 0.35 * gap / cell.step / STRONGEST))


@draw.register
def _(chart: Dumbbell, figure: Figure, texts: Texts) -> None:
    axes = _sized(figure, len(chart.rows), 0.18)
    one, two = colours(2)
    places = list(range(len(chart.rows)))
    axes.hlines(places, [r.reference for r in chart.rows], [r.level for r in chart.rows], color=GREY, lw=0.8)
    axes.plot([r.reference for r in chart.rows], places, "o", color=one, label=chart.levels[1])
    axes.plot([r.level for r in chart.rows], places, "D", color=two, label=chart.levels[0])
    _rows(axes, [r.profile for r in chart.rows])
    _money(axes.xaxis, texts, chart.currency)
    axes.set_xlabel(texts("figures.amount"))
    axes.legend(loc="best")


@draw.register
def _(chart: Slopes, figure: Figure, texts: Texts) -> None:
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    one, two = colours(2)
    slopes = [[(0.0, r.reference), (1.0, r.level)] for r in chart.pairs.rows]
    left.add_collection(LineCollection(slopes, colors=GREY, linewidths=0.5))
    count = len(chart.pairs.rows)
    left.plot([0] * count, [r.reference for r in chart.pairs.rows], "o", color=one, ms=3)
    left.plot([1] * count, [r.level for r in chart.pairs.rows], "D", color=two, ms=3)
    left.set_xticks([0, 1], [chart.pairs.levels[1], chart.pairs.levels[0]])
    left.set_xlim(-0.3, 1.3)
    right.axhline(0, color=GREY, lw=0.8)
    right.plot([0] * count, [r.level - r.reference for r in chart.pairs.rows], "o", color=GREY, alpha=0.5, ms=3)
    gap = chart.gap
    if gap.conf_low is not None and gap.conf_high is not None:
        right.plot([0.5, 0.5], [gap.conf_low, gap.conf_high], color=two, lw=1.6)
    if gap.estimate is not None:
        right.plot(0.5, gap.estimate, "D", color=two)
    right.set_xticks([0, 0.5], [texts("figures.profiles"), texts("figures.difference")])
    right.set_xlim(-0.4, 0.9)
    right.set_ylim(*chart.limits())
    for axes in (left, right):
        _money(axes.yaxis, texts, chart.pairs.currency)


@draw.register
def _(chart: Shares, figure: Figure, texts: Texts) -> None:
    axes = _sized(figure, len(chart.rows), 0.3, 1.2)
    done = [0.0] * len(chart.rows)
    for index, (part, colour) in enumerate(zip(chart.parts, [*colours(4), "0.6"], strict=False)):
        shares = [100 * r.values[index] / r.total if r.total else 0.0 for r in chart.rows]
        own = [(place, share, start) for place, (share, start) in enumerate(zip(shares, done, strict=True)) if share]
        if not own:
            continue
        style: dict[str, Any] = {"color": colour, "hatch": HATCHES[index], "ec": "white", "label": part}
        axes.barh([y for y, _, _ in own], [x for _, x, _ in own], 0.6, [start for _, _, start in own], **style)
        done = [a + b for a, b in zip(done, shares, strict=True)]
    _rows(axes, [f"{r.group}: {r.label}" for r in chart.rows])
    _gaps(axes.xaxis, texts)
    figure.legend(loc="outside lower center", ncols=3)


@draw.register
def _(chart: Strip, figure: Figure, texts: Texts) -> None:
    axes = _sized(figure, len(chart.groups), 0.4)
    one, two = colours(2)
    for placebo, marker, face, colour, name, shift in (
        (True, "o", "none", one, "figures.placebo", -0.15),
        (False, "D", two, two, "figures.real", 0.15),
    ):
        dots = [(d.percent, chart.groups.index(d.group) + shift) for d in chart.dots if d.placebo == placebo]
        axes.plot([x for x, _ in dots], [y for _, y in dots], marker, mfc=face, mec=colour, label=texts(name))
    _rows(axes, chart.groups)
    axes.set_xlim(*chart.limits())
    _gaps(axes.xaxis, texts)
    axes.set_xlabel(texts("figures.size_percent"))
    figure.legend(loc="outside lower center", ncols=2)


@draw.register
def _(chart: Curve, figure: Figure, texts: Texts) -> None:
    rows = len(chart.values)
    figure.set_size_inches(figure.get_figwidth(), min(TALLEST, 2.6 + 0.18 * rows))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.3 + 0.18 * rows])
    one, _ = colours(2)
    for place, s in enumerate(chart.specifications):
        if s.low is not None and s.high is not None:
            above.plot([place, place], [s.low, s.high], color=one, lw=0.8)
        above.plot(place, s.percent, "o", color=one, ms=3)
        for row, value in enumerate(chart.values):
            if value in s.choices:
                below.plot(place, row, "s", color="0.2", ms=2.5)
    above.axhline(0, color=GREY, lw=0.8)
    _gaps(above.yaxis, texts)
    above.set_ylabel(texts("figures.gap_percent"))
    _rows(below, [f"{name}: {value}" for name, value in chart.values])
    below.set_xticks([])


@draw.register
def _(chart: QuantileGaps, figure: Figure, texts: Texts) -> None:
    axes: Axes = figure.subplots()
    axes.axhline(0, color=GREY, lw=0.8)
    labels = list(dict.fromkeys(p.label for p in chart.points))
    for index, (label, colour) in enumerate(zip(labels, colours(len(labels)), strict=True)):
        points = [p for p in chart.points if p.label == label]
        x = [p.quantile + 0.008 * index for p in points]
        axes.plot(x, [p.percent for p in points], "osD^"[index % 4] + "-", color=colour, label=label)
        for place, p in zip(x, points, strict=True):
            if p.low is not None and p.high is not None:
                axes.plot([place, place], [p.low, p.high], color=colour, lw=0.8)
    axes.set_xlabel(texts("figures.quantile"))
    axes.set_ylabel(texts("figures.gap_percent"))
    _gaps(axes.yaxis, texts)
    axes.legend()


@draw.register
def _(chart: Timeline, figure: Figure, texts: Texts) -> None:
    axes: Axes = figure.subplots()
    base = chart.points[0].percent
    axes.axhspan(base - chart.margin, base + chart.margin, color=BAND, lw=0)
    axes.axhline(0, color=GREY, lw=0.8)
    one, _ = colours(2)
    axes.axhline(base, color=one, lw=0.8, ls="--")
    for place, p in enumerate(chart.points):
        if p.low is not None and p.high is not None:
            axes.plot([place, place], [p.low, p.high], color=one)
        axes.plot(place, p.percent, "s" if place == 0 else "o", color=one)
    axes.set_xticks(range(len(chart.points)), [p.run for p in chart.points], rotation=30, ha="right")
    axes.set_xlim(-0.5, len(chart.points) - 0.5)
    axes.set_ylim(*chart.limits())
    _gaps(axes.yaxis, texts)
    axes.set_ylabel(texts("figures.gap_percent"))
