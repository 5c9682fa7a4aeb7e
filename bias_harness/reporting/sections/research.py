"""For researchers: every estimate, how the answers were read, the design, and where it all comes from."""

from __future__ import annotations

import random
from typing import Any

from bias_harness.errors import InputError
from bias_harness.outcome import shown_gap
from bias_harness.plugins import Plugin, plugins
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.registered import registered
from bias_harness.reporting.sections import diagnostic_tables
from bias_harness.reporting.sections.answers import said
from bias_harness.reporting.texts import Texts
from bias_harness.results import EndpointTotals
from bias_harness.version import __version__
from bias_harness.vocabulary import Estimate

ROWS, SAMPLE, SAMPLE_LETTERS = 300, 40, 600
"""Estimates in the page's table, answers in the sample of the reading, letters of each."""
FAMILIES = ("headline", "scopes", "nonanswers", "placebo")
COLUMNS = ("model", "level", "what", "percent", "interval", "money", "df", "p", "p_adjusted", "n", "why")


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """Tables of estimates, a sample of the reading, the design, the prompts and the provenance."""
    view = View(material, texts)
    drawings = Drawings(view)
    everything = sorted(
        (e for e in material.estimates.items if e.scale != "money" or e.family == "plug-in"),
        key=lambda e: _place(material, e),
    )
    shown = everything if len(everything) <= ROWS else [e for e in everything if e.family in FAMILIES][:ROWS]
    return {
        "columns": [name for name in COLUMNS if material.measure.has(name)],
        "rows": [_row(view, e) for e in shown],
        "shown": texts.number(len(shown)),
        "all": texts.number(len(everything)),
        "cut": len(shown) < len(everything),
        "warnings": [_warning(view, w) for w in material.estimates.warnings],
        "beside": diagnostic_tables.tables(view),
        "sample": _sample(view),
        "seed": material.audit.experiment.analysis.seed,
        "design": [_counts(view, c) for c in material.audit.design.counts()],
        "prompts": sorted(material.audit.resolved.prompts.items()),
        "endpoints": [_endpoint(view, name) for name in material.endpoints],
        "facts": _facts(view),
        "run": material.run,
        "citation": _citation(view),
        "added": [_added(view, plugin) for plugin in plugins("sections").values()],
        "drawings": [d for d in (drawings.amounts.nonanswers, drawings.statistics.variation) if d],
        "of_models": [drawings.statistics.curves, drawings.statistics.quantiles],
    }


def _added(view: View, plugin: Plugin) -> dict[str, Any]:
    """A section of another package: a heading, paragraphs and rows of text, all of it escaped by our own template."""
    made = plugin.load()(view.material, view.texts)
    known = {"heading", "paragraphs", "columns", "rows"}
    if not isinstance(made, dict) or not {"heading"} <= set(made) <= known:
        raise InputError(
            f"the section {plugin.name!r} of {plugin.distribution} has to give a mapping with 'heading', and perhaps "
            "'paragraphs', 'columns' and 'rows'"
        )
    return {"paragraphs": (), "columns": (), "rows": (), **made, "origin": f"{plugin.name} ({plugin.distribution})"}


def _place(material: Material, e: Estimate) -> tuple[int, int, int]:
    """The order of the table: headlines first, then as the experiment has them."""
    family = FAMILIES.index(e.family) if e.family in FAMILIES else len(FAMILIES)
    return family, material.endpoints.index(e.endpoint), list(material.attributes).index(e.attribute)


def _warning(view: View, warning: str) -> str:
    """`code: endpoint, attribute, level` in words."""
    code, _, where = warning.partition(": ")
    endpoint, *rest = where.split(", ")
    names = [view.model(endpoint), *rest]
    if rest and rest[0] in view.material.attributes:
        names[1] = view.attribute(rest[0])
        levels = view.material.attributes[rest[0]].levels
        names[2:] = [view.level(rest[0], x) if x in levels else x for x in rest[1:]]
    words = view.texts.under("report.research.warning_words").get(code, code)
    return f"{', '.join(names)}: {words}"


def _row(view: View, e: Estimate) -> dict[str, Any]:
    """One estimate as the table shows it: (text, number to sort by) a column, and the link to its answers."""
    t = view.texts
    money = e if e.family == "plug-in" else view.material.money(e) if e.family in ("headline", "cells") else None
    level = f"{view.attribute(e.attribute)}: {view.level(e.attribute, e.level, 'tag')}"
    return {
        "model": (view.model(e.endpoint), None),
        "level": (level, None),
        "what": (_what(view, e), None),
        **_size(t, e),
        "money": _money(t, money),
        "df": ("" if e.df is None else t.number(e.df, 1), e.df),
        "p": (_p(t, e.p_value), e.p_value),
        "p_adjusted": (_p(t, e.p_adjusted), e.p_adjusted),
        "n": (f"{t.number(e.n_profiles)} / {t.number(e.n_answers)}", e.n_profiles),
        "why": (t.under("reasons").get(e.status, ""), None),
        "link": view.link(e.endpoint, e.attribute, e.slice.get("field")),
    }


def _what(view: View, e: Estimate) -> str:
    """Family, what of non-answers, part of the test, and scope, in words."""
    words = view.texts.under("report.research")
    said = [words["families"].get(e.family, e.family)]
    if e.family == "plug-in":
        said.append(e.estimator)
    if e.family == "nonanswers":
        said.append(words["outcomes"].get(e.outcome, e.outcome))
    for name, value in e.slice.items():
        said.append(words["slices"][name].format(value=value) if name in words["slices"] else view.part(name, value))
    return ", ".join([*said, words["scopes"].get(e.scope, e.scope)])


Cell = tuple[str, float | None]


def _size(t: Texts, e: Estimate) -> dict[str, Cell]:
    """The estimate and its interval as they are shown, or percentage points of a difference of shares."""
    value, low, high = shown_gap(e)

    def size(number: float) -> str:
        return t("figures.points", number=t.number(number, 2)) if e.scale == "rate" else t.size(number, 2)

    interval = "" if low is None or high is None else f"{size(low)} … {size(high)}"
    return {"percent": ("" if value is None else size(value), value), "interval": (interval, None)}


def _money(t: Texts, money: Estimate | None) -> Cell:
    """The amount, its interval, and the per cent that belongs to it."""
    if money is None or money.estimate is None:
        return "", None
    words = [t.money(money.estimate, money.currency or "", exact=True)]
    if money.conf_low is not None and money.conf_high is not None:
        ends = (t.money(v, money.currency or "", exact=True) for v in (money.conf_low, money.conf_high))
        words.append(f"({' … '.join(ends)})")
    if money.percent is not None:
        words.append(t.percent(money.percent, 2))
    return " ".join(words), money.estimate


def _p(texts: Texts, p: float | None) -> str:
    if p is None:
        return ""
    return "< " + texts.number(0.0001, 4) if p < 0.0001 else texts.number(p, 4)


def _sample(view: View) -> list[dict[str, Any]]:
    """A random sample of the answers with what was read in them; the same one every time."""
    rows = view.material.observations
    chance = random.Random(view.material.audit.experiment.analysis.seed)
    places = sorted(chance.sample(range(len(rows)), min(SAMPLE, len(rows))))
    columns = (rows[name].iloc[places].astype(str) for name in ("endpoint", "attribute", "level", "status", "key"))
    drawn = list(zip(*columns, strict=True))
    raw = view.material.raw([key for *_, key in drawn])
    return [
        {
            "model": view.model(endpoint),
            "level": view.level(attribute, level, "tag"),
            "status": view.texts(f"report.statuses.{status}"),
            "said": said(view, *raw[key], most=SAMPLE_LETTERS),
        }
        for endpoint, attribute, level, status, key in drawn
        if key in raw
    ]


def _counts(view: View, c: Any) -> dict[str, str]:
    numbers = ("levels", "signals", "cells", "treatment_pairs", "placebo_pairs", "trials")
    return {"attribute": view.attribute(c.attribute)} | {n: view.texts.number(getattr(c, n)) for n in numbers}


def _endpoint(view: View, name: str) -> dict[str, str]:
    t, known = view.texts, view.material.manifest.endpoints.get(name, EndpointTotals())
    unknown, whole = t("report.research.unknown"), known.in_all
    return {
        "model": view.model(name),
        "nature": str(t.under("natures")[view.material.nature(name)]["short"]),
        "asked_as": known.model or known.provider or unknown,
        "served": ", ".join(known.served) or unknown,
        "answered": t.number(whole.answered) if whole else unknown,
        "failed": t.number(whole.failed) if whole else unknown,
        "tokens": " / ".join(map(t.number, (whole.input_tokens, whole.output_tokens))) if whole else unknown,
        "cost": _cost(t, whole.cost if whole else None),
    }


def _cost(texts: Texts, dollars: float | None) -> str:
    if dollars is None:
        return texts("report.research.unknown")
    return (
        texts.money(dollars, "USD", exact=True) if dollars >= 10 or dollars == 0 else f"US$ {texts.number(dollars, 4)}"
    )


def _facts(view: View) -> list[tuple[str, str]]:
    t, m, material = view.texts, view.material.manifest, view.material
    e, unknown = material.audit.experiment, t("report.research.unknown")
    digests = material.audit.digests
    values = {
        "run": material.run,
        "experiment": e.experiment,
        "digest": material.audit.digest,
        "personas": digests["personas"],
        "prompts": digests["prompts"],
        "judging": digests["judging"],
        "first": t.moment(material.asked[0]) if material.asked else unknown,
        "last": t.moment(material.asked[1]) if material.asked else unknown,
        "registered": registered(view),
        "persons": t.number(len(material.audit.design.personas)),
        "wordings": ", ".join(e.wordings),
        "languages": ", ".join(e.languages),
        "repeats": t.number(e.repeats),
        "seed": str(e.seed),
        "sampling": ", ".join(f"{k} {v}" for k, v in e.sampling.sent().items()),
        "margin": t.gap(material.margin.shown),
        "confidence": t.percent(100 * e.analysis.confidence, 0),
        "outcome": _outcome(view),
        "python": m.python or unknown,
        "platform": m.platform or unknown,
        "versions": ", ".join(f"{k} {v}" for k, v in m.versions.items()) or unknown,
    }
    return [(t(f"report.research.facts.{key}"), value) for key, value in values.items()]


def _outcome(view: View) -> str:
    t, o = view.texts, view.material.audit.experiment.outcome
    return t(
        "report.research.outcome",
        currency=o.currency,
        period=t(f"report.research.periods.{o.period}"),
        basis=t(f"report.research.bases.{o.basis}"),
        low=t.number(o.ends[0]),
        high=t.number(o.ends[1]),
        rule=t(f"report.research.rules.{o.range_rule}"),
        ones=", ".join(o.ones),
        zeros=", ".join(o.zeros),
    )


def _citation(view: View) -> str:
    e, asked = view.material.audit.experiment, view.material.asked
    return view.texts(
        "report.research.citation",
        version=__version__,
        year=asked[1][:4] if asked else view.texts("report.research.unknown"),
        experiment=e.experiment,
        digest=view.material.audit.digest[:16],
        date=view.asked,
        models=", ".join(view.model(name) for name in view.material.endpoints),
    )
