"""Where it differs: each comparison in a sentence, the forest, heat maps by part of the test, and each profile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bias_harness.estimating.judgement import Judgement
from bias_harness.outcome import Measure
from bias_harness.reporting.charts.heat import Heat
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.first import finding_of
from bias_harness.reporting.texts import Texts

COLUMNS, SENTENCES, FEW, LONG = 7, 12, 4, 30
"""Columns of a heat map side by side; sentences of an attribute in full; levels from which there are extremes; rows of
a forest that is folded away."""


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """One part for each attribute, and the profiles of the leading comparison."""
    view = View(material, texts)
    drawings = Drawings(view)
    return {
        "attributes": [_attribute(view, drawings, name) for name in material.attributes],
        "dumbbells": drawings.amounts.dumbbells,
    }


def _attribute(view: View, drawings: Drawings, name: str) -> dict[str, Any]:
    own = [j for j in view.material.judgements if j.attribute == name]
    reference = view.material.attributes[name].reference
    heat = drawings.gaps.heats.get(name)
    return {
        "name": view.attribute(name),
        "reference": view.level(name, reference),
        "findings": [finding_of(view, j) for j in own[:SENTENCES]],
        "forest": drawings.gaps.forests.get(name),
        "long": len(own) > LONG,
        "heat": heat.chart if heat else None,
        "tables": list(_tables(heat.chart)) if heat and isinstance(heat.chart, Heat) else [],
        "extremes": _extremes(view, own),
        "combined": _combined(view, name),
    }


def _tables(heat: Heat) -> Iterator[tuple[str, list[int]]]:
    """The heat map as tables that a page is wide enough for: a title, and the places of the columns."""
    for title, places in heat.groups:
        pieces = math.ceil(len(places) / COLUMNS)
        each = math.ceil(len(places) / pieces)
        for piece, start in enumerate(range(0, len(places), each), start=1):
            shown = f"{title} ({piece}/{pieces})" if pieces > 1 else title
            yield shown, list(places[start : start + each])


def _combined(view: View, name: str) -> list[dict[str, str]]:
    """Where attributes are combined: the gap of both at once, the sum of the single gaps, and what is over."""
    t, measure, rows = view.texts, view.material.measure, []
    for e in view.material.estimates.find(family="intersections", attribute=name):
        parts = {
            "joint": e.details["joint"],
            "singles": e.details["sum_of_singles"],
            "excess": {"estimate": e.estimate, "conf_low": e.conf_low, "conf_high": e.conf_high},
        }
        said = {"model": view.model(e.endpoint), "level": view.level(name, e.level, "tag")}
        rows.append(said | {key: _interval(t, measure, part) for key, part in parts.items()})
    return rows


def _interval(texts: Texts, measure: Measure, of: Mapping[str, Any]) -> str:
    """`-3.0% (-5.1% … -0.9%)`."""
    value, *ends = (None if of[n] is None else measure.shown(of[n]) for n in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return "–"
    low, high = ends
    between = "" if low is None or high is None else f" ({texts.size(low)} … {texts.size(high)})"
    return texts.size(value) + between


def _extremes(view: View, judgements: list[Judgement]) -> list[str]:
    """The highest against the lowest level of each model, where there are many levels: the largest of N pairs."""
    found = []
    for endpoint in dict.fromkeys(j.endpoint for j in judgements):
        own = [j for j in judgements if j.endpoint == endpoint and j.gap is not None]
        if len(own) < FEW:
            continue
        gaps = {own[0].reference: 0.0} | {j.level: j.gap.estimate for j in own if j.gap is not None}
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
