"""Charts on matplotlib axes: importing this makes `draw` know every family."""

from __future__ import annotations

from bias_harness.reporting.charts.mpl.axes import draw

__all__ = ["draw", "plots_amounts", "plots_gaps"]
