"""A chart with more rows than a page has room for, as several of the same kind with fewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch
from itertools import pairwise
from typing import Any

from bias_harness.reporting.charts.facets import Facets
from bias_harness.reporting.charts.forest import Forest
from bias_harness.reporting.charts.heat import Heat
from bias_harness.reporting.charts.pairs import Dumbbell
from bias_harness.reporting.charts.shares import Shares
from bias_harness.reporting.charts.spread import Spread
from bias_harness.reporting.charts.strip import Strip

Unit = Any
Made = tuple[Sequence[Unit], Callable[[Sequence[Unit]], Any]]
"""What a chart can be divided between, and the chart of some of these."""


def in_parts(chart: Any, count: int) -> list[Any]:
    """The chart in so many parts, in order and nearly alike in size; empty where it has not so many to divide."""
    units, of_some = divided(chart)
    if count > len(units):
        return []
    ends = [round(len(units) * place / count) for place in range(count + 1)]
    return [of_some(units[low:high]) for low, high in pairwise(ends)]


@singledispatch
def divided(chart: Any) -> Made:
    """Its units, and what makes a chart of some. What is one picture has none."""
    return (), lambda _: chart


@divided.register(Forest)
@divided.register(Dumbbell)
@divided.register(Shares)
def _(chart: Any) -> Made:
    return chart.rows, lambda rows: replace(chart, rows=tuple(rows))


@divided.register
def _(chart: Spread) -> Made:
    """Between the groups of a panel, whose levels stay together."""
    groups = list(dict.fromkeys((r.panel, r.group) for r in chart.rows))
    return groups, lambda some: replace(chart, rows=tuple(r for r in chart.rows if (r.panel, r.group) in some))


@divided.register
def _(chart: Strip) -> Made:
    return chart.groups, lambda some: replace(chart, dots=tuple(d for d in chart.dots if d.group in some))


@divided.register
def _(chart: Facets) -> Made:
    return chart.panels, lambda panels: replace(chart, panels=tuple(panels))


@divided.register
def _(chart: Heat) -> Made:
    """Along the longer side, which runs downwards."""
    if len(chart.rows) >= len(chart.columns):
        return chart.rows, lambda rows: replace(chart, rows=tuple(rows))

    def of_columns(places: Sequence[int]) -> Heat:
        rows = tuple(replace(r, cells=tuple(r.cells[i] for i in places)) for r in chart.rows)
        return replace(chart, columns=tuple(chart.columns[i] for i in places), rows=rows, groups=())

    return range(len(chart.columns)), of_columns
