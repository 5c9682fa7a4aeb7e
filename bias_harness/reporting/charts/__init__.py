"""Estimates + observations -> figures: what is drawn, as data, and from the same data SVG, PNG and PDF files.

One module per family. A chart knows three things: its numbers as a `Table`, its marks as a `Scene` (which the page
turns into inline SVG), and, in `plots`, its axes in matplotlib, which is imported there and nowhere else. Picture,
table and file so share their numbers. No sentence stands here: labels come in, titles come from the texts.
"""

from __future__ import annotations

from bias_harness.reporting.charts.chart import Chart, Column, Drawing, Table
from bias_harness.reporting.charts.scene import Scene

__all__ = ["Chart", "Column", "Drawing", "Scene", "Table"]
