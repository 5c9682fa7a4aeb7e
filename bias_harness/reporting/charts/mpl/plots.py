"""Importing this teaches `draw` every kind of chart."""

from __future__ import annotations

from bias_harness.reporting.charts.mpl import amounts, facets, gaps
from bias_harness.reporting.charts.mpl.axes import draw

__all__ = ["amounts", "draw", "facets", "gaps"]
