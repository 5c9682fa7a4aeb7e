"""How sure is this: the range in words, what other words do, what became of every answer, and what was not asked."""

from __future__ import annotations

from typing import Any

from bias_harness.estimating.judgement import Judgement
from bias_harness.outcome import shown_gap
from bias_harness.reporting.accounting import accounts_table, totals
from bias_harness.reporting.confirmed import confirmed_said
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.headline import few
from bias_harness.reporting.judged import holds_together
from bias_harness.reporting.labelled import labelled
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.first import imported
from bias_harness.reporting.texts import Texts

USUAL_CONFIDENCE = 0.95


def in_short(material: Material, texts: Texts) -> dict[str, Any]:
    """The range, what is counted, what asking otherwise did, and what was not asked: without a table or a figure."""
    view = View(material, texts)
    counts = totals(material.estimates.accounts)
    numbers = {name: texts.number(n) for name, n in counts.items()}
    counted = "counted_all" if counts["counted"] == counts["asked"] else "counted"
    items = texts.under("report.sure.items")
    quiet = few(Drawings(view).gaps.leading)
    ranges = [] if quiet else [str(items["range"]).format(range=_range(material, texts))]
    return {
        "heading": texts(f"report.certain.found.{_scope(material)}"),
        "items": [
            *ranges,
            _said_of_units(view, ranged=not quiet),
            str(items["wordings"]).format(wordings=_wordings(view, Drawings(view))),
            texts(f"report.certain.{counted}", **numbers),
        ],
        "limits": _limits(view),
    }


def _said_of_units(view: View, *, ranged: bool = True) -> str:
    """What is counted as one; where no range is shown, nothing is said of where it comes from."""
    unit = _unit(view.material)
    return view.texts(f"report.sure.units.{'alone' if unit == 'one' and not ranged else unit}")


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The sentences with this run's own numbers in them, the account of its answers, and a figure."""
    view = View(material, texts)
    drawings = Drawings(view)
    values = {
        "range": _range(material, texts),
        "scope": texts(f"report.sure.scopes.{_scope(material)}"),
        "words": _words(view, drawings),
        "unit": _said_of_units(view),
        "wordings": _wordings(view, drawings),
        **{name: texts.number(n) for name, n in totals(material.estimates.accounts).items()},
    }
    return {
        "items": [
            *_items(texts, values),
            *([reread] if (reread := labelled(view, drawings.gaps.leading)) else []),
            *confirmed_said(view),
        ],
        "limits": _limits(view),
        "strip": drawings.gaps.strip,
        "accounts": accounts_table(view),
    }


def _items(texts: Texts, values: dict[str, str]) -> list[str]:
    return [str(item).format(**values) for item in texts.under("report.sure.items").values()]


def _range(material: Material, texts: Texts) -> str:
    """What the range means, and for how many comparisons at once it holds."""
    analysis = material.audit.experiment.analysis
    usual = analysis.confidence == USUAL_CONFIDENCE
    often = texts(
        "report.sure.often" if usual else "report.sure.often_else", percent=texts.percent(100 * analysis.confidence)
    )
    said = texts(f"report.sure.ranges.{'cases' if _of_cases(material) else 'jobs'}", often=often)
    most = max(map(holds_together, material.judgements), default=1)
    return f"{said} {texts('report.sure.at_once', count=texts.number(most))}" if most > 1 else said


def _scope(material: Material) -> str:
    if _of_cases(material):
        return "cases"
    return "jobs" if all(j.wordings_fixed for j in material.judgements) else "wordings"


def _of_cases(material: Material) -> bool:
    """Whether everything that is said is about exactly these cases."""
    told = [j for j in material.judgements if j.status != "no_data"]
    return bool(told) and all(j.basis == "cases" for j in told)


def _unit(material: Material) -> str:
    told = [j for j in material.judgements if j.status != "no_data"]
    if any(j.jobs == 1 for j in told):
        return "one"
    return "people" if any(j.job_is_person for j in told) else "many"


def _limits(view: View) -> list[str]:
    """What was not asked: conversations and CVs neither, unless the questions have turns or came from elsewhere."""
    *most, last = view.texts.under("report.sure.limits")
    block = next(view.material.audit.design.blocks())
    turns = any(m.role == "assistant" for m in view.material.audit.prompter.messages(block, block.variants[0]))
    more = [] if turns or imported(view.material) else [view.texts("report.sure.conversation")]
    return [*most, *more, last]


def _words(view: View, drawings: Drawings) -> str:
    """What other neutral words alone do: the numbers of the figure beside it, from the judgements' control."""
    t, moved = view.texts, drawings.gaps.moved
    if not moved:
        return t("report.sure.words_none")
    forms = max(j.forms_reference for j in view.material.judgements if j.endpoint in moved)
    low, high = min(moved.values()), max(moved.values())
    if t.gap(low) == t.gap(high):
        return t("report.sure.words_one", forms=t.counted("forms", forms), moved=t.gap(low))
    return t("report.sure.words", forms=t.counted("forms", forms), low=t.size(low), high=t.gap(high))


def _wordings(view: View, drawings: Drawings) -> str:
    e = view.material.audit.experiment
    if len(e.wordings) * len(e.languages) == 1:
        return view.texts("report.sure.wording_one")
    for j in drawings.gaps.leading:
        found = _by_wording(view, j)
        if len(found) > 1:
            names = view.names(j)
            ends = {"low": view.texts.size(min(found)), "high": view.texts.gap(max(found))}
            said = {"model": names.model, "level": names.level, "count": len(e.wordings)}
            return view.texts("report.sure.wording_some", **said, **ends)
    return view.texts("report.sure.wording_many", count=len(e.wordings) * len(e.languages))


def _by_wording(view: View, j: Judgement) -> list[float]:
    cells = view.material.cells.get((j.endpoint, j.attribute, j.level, "wording"), {})
    return [x for c in cells.values() for x in shown_gap(c)[:1] if x is not None]
