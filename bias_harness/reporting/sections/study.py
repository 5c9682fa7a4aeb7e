"""In the spirit of the study: the distributions of two groups, and their spread over the fields."""

from __future__ import annotations

from typing import Any

from bias_harness.reporting.charts.spread import Spread
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.texts import Texts

PANELS = 3


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The histogram of each model, and for each attribute the spread of the first models."""
    drawings = Drawings(View(material, texts))
    spreads = []
    for drawing in drawings.amounts.spreads.values():
        chart = drawing.chart
        if isinstance(chart, Spread):
            spreads.append((drawing, [(name, chart.panel(name)) for name in chart.panels[:PANELS]]))
    return {"histograms": drawings.amounts.histograms, "spreads": spreads}
