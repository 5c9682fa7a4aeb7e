"""One panel a model: each drawn as it is alone, then all on the same scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from bias_harness.reporting.charts.facets import Facets
from bias_harness.reporting.charts.mpl.axes import draw, high, narrow
from bias_harness.reporting.texts import Texts

ACROSS = 2
SHARED: Mapping[str, Sequence[tuple[int, str]]] = {
    "Histogram": ((0, "x"), (0, "y")),
    "Slopes": ((0, "y"), (1, "y")),
    "Curve": ((0, "y"),),
    "Dumbbell": ((0, "x"),),
    "QuantileGaps": ((0, "x"), (0, "y")),
    "Spread": ((0, "x"),),
    "Forest": ((0, "x"),),
    "Strip": ((0, "x"),),
}
"""Kind of chart -> the axes of a panel, or of a part, whose numbers mean the same in every one, and the direction."""


@draw.register
def _(chart: Facets, figure: Figure | SubFigure, texts: Texts) -> None:
    across = 1 if narrow(figure) else min(ACROSS, len(chart.panels))
    down = -(-len(chart.panels) // across)
    high(figure, down * max(_height(figure, chart, place, across, texts) for place in range(len(chart.panels))))
    parts = figure.subfigures(down, across, squeeze=False).flat
    drawn = []
    for (name, panel), part in zip(chart.panels, parts, strict=False):
        draw(panel, part, texts)
        part.suptitle(name, fontsize="medium")
        drawn.append(part.axes)
    for place, direction in SHARED[type(chart.panels[0][1]).__name__]:
        _same_scale([axes[place] for axes in drawn], direction)


def _height(figure: Figure | SubFigure, chart: Facets, place: int, across: int, texts: Texts) -> float:
    """How high a panel wants to be, in inches: as high as the chart is alone in that width."""
    width, height = figure.bbox.width / figure.get_dpi(), figure.bbox.height / figure.get_dpi()
    alone = Figure(figsize=(width / across, height / across))
    draw(chart.panels[place][1], alone, texts)
    return float(alone.get_figheight())


def _same_scale(every: Sequence[Axes], direction: str) -> None:
    limits = [axes.get_xlim() if direction == "x" else axes.get_ylim() for axes in every]
    low, high_end = min(min(x) for x in limits), max(max(x) for x in limits)
    for axes in every:
        (axes.set_xlim if direction == "x" else axes.set_ylim)(low, high_end)


def same_scale(charts: Sequence[Any], figures: Sequence[Figure]) -> None:
    """The parts of one figure, not yet laid out, on the scale of them all."""
    first = charts[0]
    panels = first.panels if isinstance(first, Facets) else (("", first),)
    each = len(figures[0].axes) // len(panels) if isinstance(first, Facets) else 1
    for place, direction in SHARED.get(type(panels[0][1]).__name__, ()):
        every = [x for figure in figures for i, x in enumerate(figure.axes) if i % each == place and x.get_visible()]
        _same_scale(every, direction)
