"""For researchers: every estimate, the design, and where it all comes from."""

from __future__ import annotations

from typing import Any

from bias_harness import __version__
from bias_harness.i18n import Texts
from bias_harness.sections import Material, span
from bias_harness.vocabulary import Estimate


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """Tables of estimates, design and provenance."""
    shown = [e for e in material.estimates.items if e.scale == "log"]
    experiment = material.audit.experiment
    return {
        "rows": [_row(material, texts, e) for e in shown],
        "design": material.audit.design.counts(),
        "facts": _facts(material, texts),
        "rerun": f"bias-harness run {experiment.experiment}",
        "cite": texts(
            "report.researchers.cite",
            version=__version__,
            experiment=experiment.experiment,
            digest=material.audit.digest[:16],
        ),
    }


def _row(material: Material, texts: Texts, e: Estimate) -> dict[str, str]:
    ends = span(texts, e)
    money = "" if e.family in ("placebo", "scopes") else _money(texts, material.money(e))
    part = ", ".join(material.group(texts, k, v) for k, v in e.slice.items()) or texts("report.where.all")
    return {
        "model": material.model(texts, e.endpoint),
        "attribute": texts.label(material.attributes[e.attribute].label, e.attribute),
        "level": material.level(texts, e.attribute, e.level, "tag"),
        "part": part,
        "scope": e.scope if e.family != "placebo" else "placebo",
        "percent": "" if e.percent is None else texts.percent(e.percent, 2),
        "interval": " … ".join(ends) if ends else "",
        "money": money,
        "p": _p(texts, e.p_value),
        "p_adjusted": _p(texts, e.p_adjusted),
        "n": f"{e.n_profiles} / {texts.number(e.n_answers)}",
        "verdict": texts(f"verdicts.{e.verdict}") if e.verdict else "",
        "status": "" if e.status == "ok" else texts(f"reasons.{e.status}"),
    }


def _money(texts: Texts, money: Estimate) -> str:
    return "" if money.estimate is None else texts.money(money.estimate, money.currency or "", exact=True)


def _p(texts: Texts, p: float | None) -> str:
    if p is None:
        return ""
    return "< " + texts.number(0.0001, 4) if p < 0.0001 else texts.number(p, 4)


def _facts(material: Material, texts: Texts) -> list[tuple[str, str]]:
    m, e = material.manifest, material.audit.experiment
    endpoints = m.get("endpoints", {})
    unknown = texts("report.researchers.facts.unknown")
    served = "; ".join(f"{name}: {', '.join(x['served']) or unknown}" for name, x in endpoints.items())
    costs = [x["cost"] for x in endpoints.values()]
    cost = unknown if None in costs or not costs else texts.money(sum(costs), "USD", exact=True)
    values = {
        "experiment": e.experiment,
        "digest": material.audit.digest,
        "started": texts.moment(m["started_at"]) if "started_at" in m else unknown,
        "finished": texts.moment(m["finished_at"]) if "finished_at" in m else unknown,
        "served": served,
        "requests": texts.number(len(material.observations)),
        "cost": cost,
        "persons": texts.number(len(material.audit.design.personas)),
        "wordings": ", ".join(e.wordings),
        "languages": ", ".join(e.languages),
        "repeats": texts.number(e.repeats),
        "seed": str(e.seed),
        "sampling": ", ".join(f"{k} {v}" for k, v in e.sampling.sent().items()),
        "margin": texts.percent(100 * e.analysis.smallest_gap),
        "python": str(m.get("python", unknown)),
        "versions": ", ".join(f"{k} {v}" for k, v in m.get("versions", {}).items()),
    }
    return [(texts(f"report.researchers.facts.{key}"), value) for key, value in values.items()]
