"""Figures of amounts and answers on matplotlib axes: histogram, spread, pairs, shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure, SubFigure

from bias_harness.reporting.charts.distribution import Histogram
from bias_harness.reporting.charts.mpl.axes import (
    GREY,
    HATCHES,
    MARKERS,
    colours,
    counts,
    draw,
    gaps,
    high,
    legend_below,
    money,
    named_rows,
    narrow,
    row_height,
    sized,
)
from bias_harness.reporting.charts.pairs import Dumbbell, Slopes
from bias_harness.reporting.charts.shares import Shares
from bias_harness.reporting.charts.spread import Spread, SpreadRow
from bias_harness.reporting.judged import SIGNS
from bias_harness.reporting.texts import Texts


@draw.register
def _(chart: Histogram, figure: Figure | SubFigure, texts: Texts) -> None:
    axes: Axes = figure.subplots()
    one, two = colours(2)
    width = chart.edges[1] - chart.edges[0]
    left = chart.edges[:-1]
    axes.bar(left, chart.counts[1], width * 0.94, align="edge", color=one, alpha=0.55, label=chart.levels[1])
    axes.bar(left, chart.counts[0], width * 0.94, align="edge", fc="none", ec=two, hatch="////", label=chart.levels[0])
    for mean, colour, dashes in zip(chart.means, (two, one), ("--", "-"), strict=True):
        axes.axvline(mean, color=colour, ls=dashes, lw=1)
    money(axes.xaxis, texts, chart.currency)
    axes.set_xlabel(texts("figures.amount"))
    counts(axes.yaxis)
    axes.set_ylabel(texts("figures.answers"))
    axes.legend()


@draw.register
def _(chart: Spread, figure: Figure | SubFigure, texts: Texts) -> None:
    panels = chart.panels
    rows = max(sum(r.panel == p for r in chart.rows) for p in panels)
    across = min(1 if narrow(figure) else 3, len(panels))
    down = -(-len(panels) // across)
    names = [_row_name(r) for r in chart.panel(panels[0]).rows]
    high(figure, 0.9 + down * (0.5 + row_height(figure, names, 0.2) * rows))
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for index, (name, axes) in enumerate(zip(panels, grid.flat, strict=False)):
        _boxes(axes, chart.panel(name))
        axes.set_title(name)
        money(axes.xaxis, texts, chart.currency)
        axes.locator_params(axis="x", nbins=4)
        shown = [_row_name(r) for r in chart.panel(name).rows]
        named_rows(axes, shown if index % across == 0 else ["" for _ in shown])
    figure.supxlabel(texts("figures.amount"), fontsize="medium")


def _row_name(row: SpreadRow) -> str:
    missing = f"/{row.no_amount}" if row.no_amount else ""
    return f"{row.group}, {row.level} ({row.n}{missing})"


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
def _(chart: Dumbbell, figure: Figure | SubFigure, texts: Texts) -> None:
    axes = sized(figure, [r.profile for r in chart.rows], 0.18)
    one, two = colours(2)
    places = list(range(len(chart.rows)))
    axes.hlines(places, [r.reference for r in chart.rows], [r.level for r in chart.rows], color=GREY, lw=0.8)
    axes.plot([r.reference for r in chart.rows], places, "o", color=one, label=chart.levels[1])
    axes.plot([r.level for r in chart.rows], places, "D", color=two, label=chart.levels[0])
    money(axes.xaxis, texts, chart.currency)
    axes.set_xlabel(texts("figures.amount"))
    axes.legend(loc="best")


@draw.register
def _(chart: Slopes, figure: Figure | SubFigure, texts: Texts) -> None:
    if narrow(figure):
        high(figure, 4.5)
        left, right = figure.subplots(2, 1, height_ratios=[3, 2])
    else:
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
    if gap.money_low is not None and gap.money_high is not None:
        right.plot([0.5, 0.5], [gap.money_low, gap.money_high], color=one, lw=1.6)
    if gap.money is not None:
        right.plot(0.5, gap.money, MARKERS[SIGNS[chart.word]], color=two if chart.word == "clear_gap" else one)
    right.set_xticks([0, 0.5], [texts("figures.profiles"), texts("figures.difference")])
    right.set_xlim(-0.4, 0.9)
    right.set_ylim(*chart.limits())
    for axes in (left, right):
        money(axes.yaxis, texts, chart.pairs.currency)


@draw.register
def _(chart: Shares, figure: Figure | SubFigure, texts: Texts) -> None:
    axes = sized(figure, [f"{r.group}: {r.label}" for r in chart.rows], 0.3, 1.2)
    done = [0.0] * len(chart.rows)
    for index, (part, colour) in enumerate(zip(chart.parts, [*colours(4), "0.6"], strict=False)):
        shares = [100 * r.values[index] / r.total if r.total else 0.0 for r in chart.rows]
        own = [(place, share, start) for place, (share, start) in enumerate(zip(shares, done, strict=True)) if share]
        if not own:
            continue
        style: dict[str, Any] = {"color": colour, "hatch": HATCHES[index], "ec": "white", "label": part}
        axes.barh([y for y, _, _ in own], [x for _, x, _ in own], 0.6, [start for _, _, start in own], **style)
        done = [a + b for a, b in zip(done, shares, strict=True)]
    gaps(axes.xaxis, texts)
    legend_below(figure, 3)
