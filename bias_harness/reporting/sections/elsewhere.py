"""Where it differs, in short: every comparison under its word, the figure of all, and the fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.charts.heat import Heat, HeatCell
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.judged import SIGNS, asserts, key_of
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.texts import Texts

NAMED, MODELS, FIELDS = 2, 2, 6
"""Comparisons of one word that are named; models and fields that are shown."""


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """For each attribute after the first what was found; the leading figure; the leading comparison by field."""
    view = View(material, texts)
    drawings = Drawings(view)
    fields = _fields(view, drawings)
    return {
        "heading": fields["heading"] if fields else _heading(view),
        "drawing": drawings.gaps.lead,
        "attributes": [
            {"name": view.attribute(name), "groups": list(_by_word(view, name))} for name in material.attributes
        ]
        if len(material.judgements) > len(drawings.gaps.leading)
        else [],
        "fields": fields,
    }


def _heading(view: View) -> str:
    """How many comparisons have the strongest word that occurs; the topic where there is none."""
    every = view.material.judgements
    for key in SIGNS:
        count = sum(key_of(j) == key for j in every)
        if count:
            said = {"count": view.texts.number(count), "all": view.texts.number(len(every))}
            return view.texts("report.elsewhere.found.word", **said, word=view.texts(f"verdicts.{key}"))
    return view.texts("report.elsewhere.heading")


def _by_word(view: View, attribute: str) -> Iterator[dict[str, str]]:
    """The comparisons of an attribute under their words, the strongest first: `a clear gap: women: $210 less`."""
    own = [j for j in view.material.judgements if j.attribute == attribute]
    for key in (*SIGNS,):
        some = [j for j in own if key_of(j) == key]
        if some:
            shown = some if asserts(key) else []
            named = ", ".join(_named(view, j) for j in shown[:NAMED])
            left = len(some) - len(shown[:NAMED])
            more = view.texts.counted("more_comparisons" if named else "comparisons", left) if left else ""
            yield {"word": view.texts(f"verdicts.{key}"), "who": ", ".join(filter(None, (named, more)))}


def _named(view: View, j: Judgement) -> str:
    outcome, several = view.material.audit.experiment.outcome, len(view.material.endpoints) > 1
    words = Pay(view.texts, outcome).words(j)
    who = view.level(j.attribute, j.level)
    who = view.texts("report.elsewhere.at", who=who, model=view.model(j.endpoint)) if several else who
    return f"{who}: {words.side(words.values()[0])}" if j.differs else who


def _fields(view: View, drawings: Drawings) -> dict[str, Any] | None:
    """The leading comparison of the first models by field: those where zero is left out, and how many others."""
    name = next(iter(view.material.attributes))
    heat = drawings.gaps.heats.get(name)
    if heat is None or not isinstance(heat.chart, Heat) or not drawings.gaps.leading:
        return None
    level = view.level(name, drawings.gaps.leading[0].level, "tag")
    rows = tuple(r for r in heat.chart.rows if r.level == level)[:MODELS]
    title = view.texts("figures.F5.part", part=view.texts("report.where.parts.field"), attribute=view.attribute(name))
    places = next((p[1:] for t, p in heat.chart.groups if t == title), ())
    if not rows or len(places) < 2:
        return None
    lines: list[dict[str, Any]] = [{"name": heat.chart.columns[i], "cells": [r.cells[i] for r in rows]} for i in places]
    told = [line for line in lines if any(_told(c) for c in line["cells"])]
    kept = told if len(told) <= FIELDS else []
    counts = {"told": view.texts.number(len(told)), "all": view.texts.number(len(lines))}
    key = "none" if not told else "some" if len(told) < len(lines) else "every"
    return {
        "title": title,
        "models": [r.model for r in rows],
        "lines": kept,
        "heading": view.texts(f"report.elsewhere.found.{key}", **counts),
        "counted": view.texts(f"report.elsewhere.fields.{key}", **counts),
    }


def _told(cell: HeatCell) -> bool:
    return cell.percent is not None and not cell.unclear and not cell.few
