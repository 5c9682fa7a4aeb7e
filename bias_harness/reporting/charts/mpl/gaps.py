"""Figures of gaps on matplotlib axes: forest, heat map, strip, curve, quantiles, timeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from bias_harness.reporting.charts.curve import Curve
from bias_harness.reporting.charts.forest import Forest
from bias_harness.reporting.charts.heat import STRONGEST, Heat, HeatCell
from bias_harness.reporting.charts.mpl.axes import (
    BAND,
    GREY,
    MARKERS,
    colours,
    draw,
    gaps,
    high,
    legend_below,
    named_rows,
    sized,
    wrapped,
)
from bias_harness.reporting.charts.quantiles import QuantileGaps
from bias_harness.reporting.charts.strip import Strip
from bias_harness.reporting.charts.timeline import Timeline
from bias_harness.reporting.judged import SIGNS
from bias_harness.reporting.texts import Texts


@draw.register
def _(chart: Forest, figure: Figure | SubFigure, texts: Texts) -> None:
    axes = sized(figure, [f"{r.group}: {r.label}" for r in chart.rows], 0.24)
    axes.axvspan(-chart.margin.shown, chart.margin.shown, color=BAND, lw=0)
    axes.axvline(0, color=GREY, lw=0.8)
    one, two = colours(2)
    ranges = [(y, r.low, r.high) for y, r in enumerate(chart.rows) if r.low is not None and r.high is not None]
    axes.hlines([y for y, _, _ in ranges], [low for _, low, _ in ranges], [high for _, _, high in ranges], color=one)
    for word in chart.words:
        own = [(r.percent, place) for place, r in enumerate(chart.rows) if r.word == word]
        colour = two if word == "clear_gap" else one
        axes.plot([x for x, _ in own], [y for _, y in own], MARKERS[SIGNS[word]], color=colour, ls="none")
    axes.set_xlim(*chart.limits())
    gaps(axes.xaxis, texts)
    axes.set_xlabel(texts("figures.gap_percent"))


@draw.register
def _(chart: Heat, figure: Figure | SubFigure, texts: Texts) -> None:
    """The longer side runs downwards, where there is room for names and numbers alike."""
    rows = [f"{r.model}: {r.level}".removeprefix(": ") for r in chart.rows]
    cells, down, across = [r.cells for r in chart.rows], rows, list(chart.columns)
    if len(chart.columns) > len(rows):
        cells, down, across = list(zip(*cells, strict=True)), list(chart.columns), rows
    high(figure, 1.4 + 0.2 * len(down))
    axes: Axes = figure.subplots()
    shares = [[_share(cell) for cell in row] for row in cells]
    axes.pcolormesh(np.array(shares), cmap="PuOr", vmin=0, vmax=1, edgecolors="0.85", lw=0.5)
    axes.margins(0)
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            _cell(axes, x, y, cell, texts)
    axes.set_yticks([y + 0.5 for y in range(len(down))], wrapped(figure, down))
    axes.invert_yaxis()
    slant: dict[str, Any] = {"rotation": 30, "ha": "right"} if len(across) > 1 else {}
    axes.set_xticks([x + 0.5 for x in range(len(across))], across, **slant)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _cell(axes: Axes, x: int, y: int, cell: HeatCell, texts: Texts) -> None:
    if cell.few:
        axes.add_patch(Rectangle((x, y), 1, 1, color=BAND, lw=0))
    elif cell.unclear:
        axes.add_patch(Rectangle((x, y), 1, 1, fill=False, hatch="///", ec="0.75", lw=0))
    text = "×" if cell.percent is None else texts.size(cell.percent)
    axes.text(x + 0.5, y + 0.5, text, ha="center", va="center")


def _share(cell: HeatCell) -> float:
    """The place on a colour map from orange (less) over white to purple (more)."""
    gap = 0.0 if cell.unclear or cell.few else cell.percent or 0.0
    return max(0.0, min(1.0, 0.5 + 0.35 * gap / cell.step / STRONGEST))


@draw.register
def _(chart: Strip, figure: Figure | SubFigure, texts: Texts) -> None:
    axes = sized(figure, chart.groups, 0.4)
    one, two = colours(2)
    hollow = [(d.percent, chart.groups.index(d.group) - 0.15) for d in chart.dots if d.placebo]
    axes.plot([x for x, _ in hollow], [y for _, y in hollow], "o", mfc="none", mec=one, label=texts("figures.placebo"))
    for word in dict.fromkeys(d.word for d in chart.dots if not d.placebo):
        own = [(d.percent, chart.groups.index(d.group) + 0.15) for d in chart.dots if d.word == word and not d.placebo]
        colour, label = (two if word == "clear_gap" else one), texts(f"verdicts.{word}")
        axes.plot([x for x, _ in own], [y for _, y in own], MARKERS[SIGNS[word]], color=colour, ls="none", label=label)
    axes.set_xlim(*chart.limits())
    gaps(axes.xaxis, texts)
    axes.set_xlabel(texts("figures.size_percent"))
    legend_below(figure, 2)


@draw.register
def _(chart: Curve, figure: Figure | SubFigure, texts: Texts) -> None:
    rows = len(chart.values)
    high(figure, 2.6 + 0.18 * rows)
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
    gaps(above.yaxis, texts)
    above.set_ylabel(texts("figures.gap_percent"))
    named_rows(below, [f"{name}: {value}" for name, value in chart.values])
    below.set_xticks([])


@draw.register
def _(chart: QuantileGaps, figure: Figure | SubFigure, texts: Texts) -> None:
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
    gaps(axes.yaxis, texts)
    axes.legend()


@draw.register
def _(chart: Timeline, figure: Figure | SubFigure, texts: Texts) -> None:
    axes: Axes = figure.subplots()
    base = chart.points[0].percent
    axes.axhspan(base - chart.margin.shown, base + chart.margin.shown, color=BAND, lw=0)
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
    gaps(axes.yaxis, texts)
    axes.set_ylabel(texts("figures.gap_percent"))
