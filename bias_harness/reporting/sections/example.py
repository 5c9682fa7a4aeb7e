"""The example pair of the page: two people, their questions, and the answers; where pairs are few, every answer."""

from __future__ import annotations

from typing import Any

from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.headline import few
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections import who
from bias_harness.reporting.sections.answers import COLUMNS, head_of, said
from bias_harness.reporting.sections.first import imported
from bias_harness.reporting.texts import Texts

MODELS, EVERY = 1, 20
"""Models whose answers to the example are shown; answers of a run with few pairs that are."""


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The first attribute's pair, with the answers of the first models to exactly these two questions."""
    view = View(material, texts)
    made = who.build(material, texts, models=MODELS)
    every = list(_every(view)) if few(Drawings(view).gaps.leading) else []
    intro = made["intro"] if imported(material) else texts("report.example.intro")
    return {"heading": _heading(view), "intro": intro, "pairs": made["pairs"][:1], "every": every}


def _heading(view: View) -> str:
    """Who the two questions are about: a statement of how it was asked, and of nothing else."""
    leading = Drawings(view).gaps.leading
    if not leading:
        return view.texts("report.example.heading")
    j = leading[0]
    who = {"level": view.level(j.attribute, j.level, "one"), "reference": view.level(j.attribute, j.reference, "one")}
    return view.texts("report.example.found", **who)


def _every(view: View) -> list[dict[str, Any]]:
    """All answers about the first attribute."""
    m, name = view.material, next(iter(view.material.attributes))
    rows = m.observations.loc[m.observations["attribute"] == name, [*COLUMNS, "endpoint"]].head(EVERY)
    raw = m.raw(rows["key"].tolist())
    return [
        {"head": f"{view.model(str(r.endpoint))} · {head_of(view, name, r)}", "said": said(view, *raw[str(r.key)])}
        for r in rows.itertuples(index=False)
        if r.key in raw
    ]
