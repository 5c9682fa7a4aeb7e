"""What every figure on matplotlib axes is drawn with. The colours are the style sheet's; each has a sign too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_harness.reporting.texts import Texts

HATCHES = ("", "////", "....", "xxxx", "----")
MARKERS = {"diamond": "D", "triangle": "^", "square": "s", "circle": "o", "cross": "x"}
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


def sized(figure: Figure, rows: float, each: float, extra: float = 1.0) -> Axes:
    """An empty figure, as high as its rows want; `each` and `extra` in inches."""
    figure.set_size_inches(figure.get_figwidth(), min(TALLEST, extra + each * rows))
    axes: Axes = figure.subplots()
    return axes


def money(axis: Any, texts: Texts, currency: str) -> None:
    """Amounts along an axis."""
    axis.set_major_formatter(lambda value, _: texts.money(value, currency, exact=True))


def gaps(axis: Any, texts: Texts) -> None:
    """Gaps along an axis, per cent or in their own unit."""
    axis.set_major_formatter(lambda value, _: texts.size(value, 0 if value == int(value) else None))


def named_rows(axes: Axes, names: Sequence[str]) -> None:
    """A name at each place of the upright axis, the first on top."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
