"""Where it differs: every headline in a sentence, the forest, heat maps by part of the test, and profile by profile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from bias_harness.reporting.charts.heat import Heat
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.first import finding_of
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Estimate

COLUMNS, SENTENCES, FEW, LONG = 7, 12, 4, 30
"""Columns of a heat map side by side; sentences of an attribute in full; levels from which there are extremes; rows of
a forest that is folded away."""


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """One part for each attribute, and the profiles of the leading comparison."""
    view = View(material, texts)
    drawings = Drawings(view)
    return {
        "attributes": [_attribute(view, drawings, name) for name in material.attributes],
        "dumbbells": drawings.amounts.dumbbells[:3],
    }


def _attribute(view: View, drawings: Drawings, name: str) -> dict[str, Any]:
    headlines = [e for e in view.material.headlines if e.attribute == name]
    reference = view.material.attributes[name].reference
    heat = drawings.gaps.heats.get(name)
    return {
        "name": view.attribute(name),
        "reference": view.level(name, reference),
        "findings": [finding_of(view, e) for e in headlines[:SENTENCES]],
        "forest": drawings.gaps.forests.get(name),
        "long": len(headlines) > LONG,
        "heat": heat.chart if heat else None,
        "tables": list(_tables(heat.chart)) if heat and isinstance(heat.chart, Heat) else [],
        "extremes": _extremes(view, headlines),
    }


def _tables(heat: Heat) -> Iterator[tuple[str, list[int]]]:
    """The heat map as tables that a page is wide enough for: a title, and the places of the columns."""
    for title, places in heat.groups:
        pieces = math.ceil(len(places) / COLUMNS)
        each = math.ceil(len(places) / pieces)
        for piece, start in enumerate(range(0, len(places), each), start=1):
            shown = f"{title} ({piece}/{pieces})" if pieces > 1 else title
            yield shown, list(places[start : start + each])


def _extremes(view: View, headlines: list[Estimate]) -> list[str]:
    """The highest against the lowest level of each model, where there are many levels: the largest of N pairs."""
    found = []
    for endpoint in dict.fromkeys(e.endpoint for e in headlines):
        own = [e for e in headlines if e.endpoint == endpoint and e.estimate is not None]
        if len(own) < FEW:
            continue
        gaps = {own[0].reference: 0.0} | {e.level: e.estimate or 0.0 for e in own}
        highest, lowest = max(gaps, key=lambda k: gaps[k]), min(gaps, key=lambda k: gaps[k])
        apart = view.material.measure.shown(gaps[lowest] - gaps[highest])
        found.append(
            view.texts(
                "report.where.extreme",
                model=view.model(endpoint),
                highest=view.level(own[0].attribute, highest),
                lowest=view.level(own[0].attribute, lowest),
                percent=view.texts.gap(-apart),
                pairs=view.texts.number(len(gaps) * (len(gaps) - 1) // 2),
            )
        )
    return found
