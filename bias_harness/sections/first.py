"""The first screen: what came out, in one sentence per model, and what kind of model it was."""

from __future__ import annotations

from typing import Any

from bias_harness.figures import Forest, forest
from bias_harness.i18n import Texts
from bias_harness.sections import Material, span
from bias_harness.sentences import finding
from bias_harness.vocabulary import Estimate


def forest_of(material: Material, texts: Texts) -> Forest:
    """The forest of all headlines."""
    labelled = [
        (material.model(texts, e.endpoint), material.level(texts, e.attribute, e.level, "tag"), e)
        for e in material.headlines
    ]
    return forest(labelled, material.audit.experiment.analysis.smallest_gap)


def numbers(texts: Texts, e: Estimate) -> str:
    """The typical gap with its interval, scope and counts, for those who want the figures."""
    ends = span(texts, e)
    return texts(
        "report.first.numbers",
        percent="–" if e.percent is None else texts.percent(e.percent),
        interval=f"{ends[0]} … {ends[1]}" if ends else texts("verdicts.none"),
        scope=e.scope,
        profiles=e.n_profiles,
        pairs=texts.number(e.n_pairs),
        answers=texts.number(e.n_answers),
    )


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """Banners, findings, the forest and its description."""
    margin = material.audit.experiment.analysis.smallest_gap
    findings = []
    for e in material.headlines:
        found = finding(texts, e, material.money(e), material.refusals(e), material.names(texts, e), margin)
        findings.append(
            {"sentence": found.sentence, "verdict": found.verdict, "key": found.word, "numbers": numbers(texts, e)}
        )
    natures = {material.nature(e.endpoint) for e in material.headlines}
    banners = [text for nature in sorted(natures) if (text := texts.under("natures")[nature]["text"])]
    attributes = ", ".join(texts.label(a.label, name) for name, a in material.attributes.items())
    return {
        "banners": banners,
        "attributes": attributes,
        "findings": findings,
        "forest": forest_of(material, texts),
        "alt": [_alt(material, texts, e) for e in material.headlines if e.percent is not None],
        "margin": texts.percent(100 * margin),
        "unfinished": _unfinished(material),
    }


def _alt(material: Material, texts: Texts, e: Estimate) -> str:
    names, ends = material.names(texts, e), span(texts, e)
    return texts(
        "report.figure_alt",
        title=texts("report.first.figure"),
        model=names.model,
        level=names.level,
        reference=names.reference,
        percent=texts.percent(e.percent or 0.0),
        low=ends[0] if ends else "?",
        high=ends[1] if ends else "?",
        profiles=e.n_profiles,
        verdict=texts(f"verdicts.{e.verdict or 'none'}"),
    )


def _unfinished(material: Material) -> dict[str, int] | None:
    planned = len(material.audit.experiment.endpoints) * sum(c.trials for c in material.audit.design.counts())
    answered = len(material.observations)
    return None if answered >= planned else {"answered": answered, "planned": planned}
