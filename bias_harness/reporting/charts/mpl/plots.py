"""Importing this gives every kind of chart its axes in matplotlib; nothing else imports matplotlib."""

from __future__ import annotations

from bias_harness.reporting.charts.mpl import amounts, gaps
from bias_harness.reporting.charts.mpl.axes import draw

__all__ = ["amounts", "draw", "gaps"]
