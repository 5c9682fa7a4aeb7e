"""How sure is this: the range in words, the placebo pairs, other wordings, what has no amount, what was not asked."""

from __future__ import annotations

from typing import Any

from bias_harness.outcome import shown_gap
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.first import imported
from bias_harness.reporting.texts import Texts

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
        "unit": texts(f"report.sure.units.{'one' if _one_profile(material) else 'many'}"),
        "wordings": _wordings(view, drawings),
        "answers": texts.number(len(status)),
        "refused": texts.number(int((status == "refused").sum())),
        "unread": texts.number(int(status.isin(["no_amount", "ambiguous", "failed"]).sum())),
        "implausible": texts.number(int(material.observations["implausible"].sum())),
    }
    return {
        "items": [str(item).format(**values) for item in texts.under("report.sure.items").values()],
        "limits": _limits(view),
        "strip": drawings.gaps.strip,
    }


def _one_profile(material: Material) -> bool:
    return all(e.n_profiles == 1 for e in material.headlines) and bool(material.headlines)


def _limits(view: View) -> list[str]:
    """What was not asked: conversations and CVs neither, unless the questions have turns or came from elsewhere."""
    *most, last = view.texts.under("report.sure.limits")
    block = next(view.material.audit.design.blocks())
    turns = any(m.role == "assistant" for m in view.material.audit.prompter.messages(block, block.variants[0]))
    more = [] if turns or imported(view.material) else [view.texts("report.sure.conversation")]
    return [*most, *more, last]


def _placebo(view: View) -> str:
    found = [x for e in view.material.estimates.find(family="placebo") for x in shown_gap(e)[:1] if x is not None]
    if not found:
        return view.texts("report.sure.placebo_none")
    low, high = view.texts.size(min(found)), view.texts.gap(max(found))
    return view.texts("report.sure.placebo", low=low, high=high)


def _wordings(view: View, drawings: Drawings) -> str:
    e = view.material.audit.experiment
    if len(e.wordings) * len(e.languages) == 1:
        return view.texts("report.sure.wording_one")
    for headline in drawings.gaps.leading:
        cells = view.material.cells.get((headline.endpoint, headline.attribute, headline.level, "wording"), {})
        found = [x for c in cells.values() for x in shown_gap(c)[:1] if x is not None]
        if len(found) > 1:
            names = view.names(headline)
            ends = {"low": view.texts.size(min(found)), "high": view.texts.gap(max(found))}
            said = {"model": names.model, "level": names.level, "count": len(e.wordings)}
            return view.texts("report.sure.wording_some", **said, **ends)
    return view.texts("report.sure.wording_many", count=len(e.wordings) * len(e.languages))
