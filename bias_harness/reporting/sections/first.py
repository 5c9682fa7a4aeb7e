"""The first screen: what came out, in one sentence a model, what kind of model it was, and one figure."""

from __future__ import annotations

from typing import Any

from bias_harness.estimating.judgement import Imbalance, Judgement
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.judged import shown
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.notices import extent, notices
from bias_harness.reporting.sentences import Finding, finding, imbalance, together
from bias_harness.reporting.texts import Texts

REAL = ("model", "product")


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """`banners` on what answered, the forest, and what is said of each comparison.

    `findings` are all, `shown` the leading ones, `uneven` the silence and flags that fell unequally.
    """
    view = View(material, texts)
    drawings = Drawings(view)
    leading = set(map(id, drawings.gaps.leading))
    name, *others = material.attributes
    return {
        "banners": [notice.text for notice in notices(material, texts)],
        "real": _real(view),
        "attribute": view.attribute(name),
        "others": ", ".join(view.attribute(other) for other in others),
        "findings": [finding_of(view, j) for j in material.judgements],
        "shown": [finding_of(view, j) for j in material.judgements if id(j) in leading],
        "uneven": [uneven(view, i) for i in material.imbalances],
        "open": [text for j in material.judgements if id(j) in leading and (text := left_open(view, j))],
        "drawing": drawings.gaps.first,
        "extent": extent(material, texts),
        "empty": material.observations.empty,
        "imported": imported(material),
        "result": any(j.status != "no_data" for j in material.judgements),
    }


def finding_of(view: View, j: Judgement) -> dict[str, str]:
    """The word, its key, the sentence, the numbers in small print, and the link to the answers."""
    found = finding(view.texts, j, view.names(j))
    silent = {"sentence": found.sentence + _silent(view, j)}
    numbers = " ".join(filter(None, (_numbers(view, j), left_open(view, j))))
    return {**_shown(view, j, found), **silent, "numbers": numbers}


def uneven(view: View, i: Imbalance) -> dict[str, str]:
    """Silence or flags that fell unequally, in the same form."""
    return {**_shown(view, i, imbalance(view.texts, i, view.names(i))), "numbers": ""}


def _shown(view: View, of: Judgement | Imbalance, found: Finding) -> dict[str, str]:
    return {
        "model": view.model(of.endpoint),
        "verdict": found.verdict,
        "key": found.word,
        "sentence": found.sentence,
        "more": found.more,
        "link": view.link(of.endpoint, of.attribute),
    }


def _silent(view: View, j: Judgement) -> str:
    """Where no pair has two amounts: how many answers were refusals, if any."""
    if j.status != "no_data":
        return ""
    rows = view.material.observations
    status = rows.loc[(rows["endpoint"] == j.endpoint) & (rows["attribute"] == j.attribute), "status"].astype(str)
    counts = {"answers": len(status), "refused": int((status == "refused").sum())}
    said = {name: view.texts.number(n) for name, n in counts.items()}
    return " " + view.texts("sentences.silent", **said) if counts["refused"] else ""


def _numbers(view: View, j: Judgement) -> str:
    t, (value, low, high) = view.texts, shown(j)
    return t(
        "report.first.numbers",
        percent="–" if value is None else t.gap(value),
        interval=_without_range(t, j) if low is None or high is None else f"{t.gap(low)} … {t.gap(high)}",
        confidence=t.percent(100 * j.confidence, 0),
        together=together(t, j),
        jobs=t.counted("people" if j.job_is_person else "jobs", j.jobs),
        pairs=t.counted("pairs", j.pairs.of if j.pairs else 0),
        answers=t.counted("answers", j.n_level + j.n_reference),
    )


def _without_range(t: Texts, j: Judgement) -> str:
    """That there is no range, and why where nothing varied."""
    why = t.under("reasons")["degenerate_no_variance"] if j.status == "no_variance" else ""
    return f"{t('figures.F3.alone')}: {why}" if why else t("figures.F3.alone")


def left_open(view: View, j: Judgement) -> str:
    """Where probabilities were read: how much of them the gap rests on, and its bounds."""
    told = view.material.estimates.settings.get("probabilities") or {}
    for row in told.get("open", ()):
        if (row["endpoint"], row["attribute"], row["level"]) == (j.endpoint, j.attribute, j.level):
            t = view.texts
            low, high = (t.percent(row[end], 0) for end in ("percent_low", "percent_high"))
            names = {"model": view.model(j.endpoint), "level": view.level(j.attribute, j.level)}
            return t("report.first.open", **names, covered=t.percent(100 * row["covered"], 0), low=low, high=high)
    return ""


def imported(material: Material) -> bool:
    """Whether the answers were collected elsewhere."""
    return any(material.nature(e) == "imported" for e in material.endpoints)


def _real(view: View) -> str:
    real = [view.model(e) for e in view.material.endpoints if view.material.nature(e) in REAL]
    if not real or view.material.asked is None:
        return ""
    return view.texts("report.first.real", models=", ".join(real), date=view.asked)
