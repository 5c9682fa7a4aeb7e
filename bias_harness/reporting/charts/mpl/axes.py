"""What every figure on matplotlib axes is drawn with. The colours are the style sheet's; each has a sign too."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from bias_harness.reporting.texts import Texts

HATCHES = ("", "////", "....", "xxxx", "----")
MARKERS = {"diamond": "D", "triangle": "^", "square": "s", "circle": "o", "cross": "x"}
GREY, BAND = "0.4", "0.9"
TALLEST = 40.0
"""Inches: beyond it rows are drawn closer together."""
LINE, LETTER, NAMES, COLUMN = 1.3, 0.52, 0.4, 5.0
"""A line and a letter (of the size of type), the share of the width that names may have; a wide column (inches)."""


@singledispatch
def draw(chart: Any, figure: Figure | SubFigure, texts: Texts) -> None:
    """Draw a chart on an empty figure, whose size is made to fit."""
    raise TypeError(f"{figure} in {texts.language}: no axes are known for {type(chart).__name__}")


def colours(count: int) -> list[str]:
    """The first colours of the style sheet, round and round."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key().get("color", ["0.2"])
    return [cycle[i % len(cycle)] for i in range(count)]


def high(figure: Figure | SubFigure, inches: float) -> None:
    """Makes a figure so high, or as high as figures may be. A part of one has the height that it is given."""
    if isinstance(figure, Figure):
        figure.set_size_inches(figure.get_figwidth(), min(TALLEST, inches))


def sized(figure: Figure | SubFigure, names: Sequence[str], each: float, extra: float = 1.0) -> Axes:
    """Axes with a named row for each, as high as the rows and their names want; `each` and `extra` in inches."""
    high(figure, extra + row_height(figure, names, each) * len(names))
    axes: Axes = figure.subplots()
    named_rows(axes, names)
    return axes


def row_height(figure: Figure | SubFigure, names: Sequence[str], each: float) -> float:
    """The height of a row (inches): `each`, or what the lines of the longest name want."""
    lines = max((name.count("\n") + 1 for name in wrapped(figure, names)), default=1)
    return max(each, LINE * lines * float(mpl.rcParams["font.size"]) / 72)


def narrow(figure: Figure | SubFigure) -> bool:
    """Whether it is a column wide, so that its parts stand under each other."""
    return _width(figure) < COLUMN


def legend_below(figure: Figure | SubFigure, columns: int) -> None:
    """What the signs mean, under the figure."""
    figure.legend(loc="outside lower center", ncols=max(1, columns - 1) if narrow(figure) else columns)


def _width(figure: Figure | SubFigure) -> float:
    """Inches."""
    return figure.get_figwidth() if isinstance(figure, Figure) else figure.bbox.width / figure.figure.dpi


def wrapped(figure: Figure | SubFigure, names: Sequence[str]) -> list[str]:
    """The same, broken into lines that leave most of the width to the marks."""
    letters = int(NAMES * 72 * _width(figure) / (LETTER * mpl.rcParams["font.size"]))
    return [textwrap.fill(name, max(letters, 12)) for name in names]


def counts(axis: Any) -> None:
    """Whole numbers along an axis."""
    axis.set_major_locator(MaxNLocator(integer=True))


def money(axis: Any, texts: Texts, currency: str) -> None:
    """Amounts along an axis."""
    axis.set_major_formatter(lambda value, _: texts.money(value, currency, exact=True))


def gaps(axis: Any, texts: Texts) -> None:
    """Gaps along an axis, per cent or in their own unit."""
    axis.set_major_formatter(lambda value, _: texts.size(value, 0 if value == int(value) else None))


def named_rows(axes: Axes, names: Sequence[str]) -> None:
    """A name at each place of the upright axis, the first on top."""
    figure = axes.get_figure()
    axes.set_yticks(range(len(names)), wrapped(figure, names) if figure else list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
