"""The first screen: what came out, in one sentence a model, what kind of model it was, and one figure."""

from __future__ import annotations

from typing import Any

from bias_harness.outcome import shown_gap
from bias_harness.reporting.difference_sentences import difference
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sentences import finding
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Estimate

REAL = ("model", "product")


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """`banners` on what answered, `findings` for every headline, `shown` for the leading ones, and the forest."""
    view = View(material, texts)
    drawings = Drawings(view)
    leading = set(map(id, drawings.gaps.leading))
    name, *others = material.attributes
    return {
        "banners": banners(material, texts),
        "real": _real(view),
        "attribute": view.attribute(name),
        "others": ", ".join(view.attribute(other) for other in others),
        "findings": [finding_of(view, e) for e in material.headlines],
        "shown": [finding_of(view, e) for e in material.headlines if id(e) in leading],
        "drawing": drawings.gaps.first,
        "unfinished": unfinished(material, texts),
        "empty": material.observations.empty,
        "imported": imported(material),
        "result": any(e.status != "no_data" for e in material.headlines),
    }


def finding_of(view: View, e: Estimate) -> dict[str, str]:
    """The verdict word, its key, the sentence, the numbers in small print, and the link to the answers."""
    names, refusals = view.names(e), view.material.refusals(e)
    if e.scale == "difference":
        panels = view.material.estimates.panel(e)
        found = difference(view.texts, e, refusals, names, view.material.margin, panels[0] if panels else None)
    else:
        money, panel = view.material.money(e) or e, view.material.estimates.panel(e)
        found = finding(view.texts, e, money, refusals, names, view.material.margin, panel=panel)
    return {
        "model": names.model,
        "verdict": found.verdict,
        "key": found.word,
        "sentence": found.sentence + _silent(view, e),
        "numbers": _numbers(view, e),
        "link": view.link(e.endpoint, e.attribute),
    }


def _silent(view: View, e: Estimate) -> str:
    """Where no pair has two amounts: how many answers were refusals, if any."""
    if e.status != "no_data":
        return ""
    rows = view.material.observations
    status = rows.loc[(rows["endpoint"] == e.endpoint) & (rows["attribute"] == e.attribute), "status"].astype(str)
    counts = {"answers": len(status), "refused": int((status == "refused").sum())}
    said = {name: view.texts.number(n) for name, n in counts.items()}
    return " " + view.texts("sentences.silent", **said) if counts["refused"] else ""


def _numbers(view: View, e: Estimate) -> str:
    t, (value, low, high) = view.texts, shown_gap(e)
    return t(
        "report.first.numbers",
        percent="–" if value is None else t.gap(value),
        interval=t("verdicts.none") if low is None or high is None else f"{t.gap(low)} … {t.gap(high)}",
        confidence=t.percent(100 * view.material.audit.experiment.analysis.confidence, 0),
        scope=e.scope,
        profiles=t.counted("profiles", e.n_profiles),
        pairs=t.counted("pairs", e.n_pairs),
        answers=t.counted("answers", e.n_answers),
    )


def imported(material: Material) -> bool:
    """Whether the answers were collected elsewhere."""
    return any(material.nature(e) == "imported" for e in material.endpoints)


def banners(material: Material, texts: Texts) -> list[str]:
    """What has to be said first of answers that no chatbot of the public gave."""
    natures = dict.fromkeys(material.nature(name) for name in material.endpoints)
    return [text for nature in natures if (text := texts.under("natures")[nature]["text"])]


def _real(view: View) -> str:
    real = [view.model(e) for e in view.material.endpoints if view.material.nature(e) in REAL]
    if not real or view.material.asked is None:
        return ""
    return view.texts("report.first.real", models=", ".join(real), date=view.asked)


def unfinished(material: Material, texts: Texts) -> str:
    """How many of the design's trials are there, where some are not: a shard, a limit, an interrupted run."""
    present, designed = material.manifest.present, material.manifest.designed
    if present is None or designed is None or present >= designed:
        return ""
    return texts("report.first.unfinished", answered=texts.number(present), planned=texts.number(designed))
