"""How sure is this: the range in words, the placebo pairs, other wordings, what has no amount, what was not asked."""

from __future__ import annotations

from typing import Any

from bias_harness.i18n import Texts
from bias_harness.sections.drawings import Drawings
from bias_harness.sections.material import Material, View

USUAL_CONFIDENCE = 0.95


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The sentences with this run's own numbers in them, and two figures."""
    view = View(material, texts)
    drawings = Drawings(view)
    status = material.observations["status"].astype(str)
    analysis = material.audit.experiment.analysis
    usual = analysis.confidence == USUAL_CONFIDENCE
    often = texts(
        "report.sure.often" if usual else "report.sure.often_else", percent=texts.percent(100 * analysis.confidence)
    )
    values = {
        "range": texts(f"report.sure.ranges.{analysis.scope}", often=often),
        "scope": texts(f"report.sure.scopes.{analysis.scope}"),
        "placebo": _placebo(view),
        "wordings": _wordings(view, drawings),
        "answers": texts.number(len(status)),
        "refused": texts.number(int((status == "refused").sum())),
        "unread": texts.number(int(status.isin(["no_amount", "ambiguous", "failed"]).sum())),
        "implausible": texts.number(int(material.observations["implausible"].sum())),
    }
    return {
        "items": [str(item).format(**values) for item in texts.under("report.sure.items").values()],
        "limits": texts.under("report.sure.limits"),
        "strip": drawings.gaps.strip,
    }


def _placebo(view: View) -> str:
    found = [x for e in view.material.estimates.find(family="placebo") for x in e.shown[:1] if x is not None]
    if not found:
        return view.texts("report.sure.placebo_none")
    low, high = view.texts.gap(min(found)), view.texts.gap(max(found))
    return view.texts("report.sure.placebo", low=low, high=high)


def _wordings(view: View, drawings: Drawings) -> str:
    e = view.material.audit.experiment
    if len(e.wordings) * len(e.languages) == 1:
        return view.texts("report.sure.wording_one")
    for headline in drawings.gaps.leading:
        cells = view.material.cells.get((headline.endpoint, headline.attribute, headline.level, "wording"), {})
        found = [x for c in cells.values() for x in c.shown[:1] if x is not None]
        if len(found) > 1:
            names = view.names(headline)
            ends = {"low": view.texts.gap(min(found)), "high": view.texts.gap(max(found))}
            said = {"model": names.model, "level": names.level, "count": len(e.wordings)}
            return view.texts("report.sure.wording_some", **said, **ends)
    return view.texts("report.sure.wording_many", count=len(e.wordings) * len(e.languages))
