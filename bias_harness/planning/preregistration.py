"""An experiment before the first answer, as a document to deposit: dated, hashed, and complete without its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from bias_harness.design.audit import Audit
from bias_harness.design.personas import VariedAttribute
from bias_harness.design.portion import jobs_in_order
from bias_harness.estimating.looks import Look, looks_of
from bias_harness.estimating.words import SAME_ALPHA
from bias_harness.handwritten import parse_shipped
from bias_harness.outcome import Outcome
from bias_harness.planning.endpoint_plan import EndpointPlan
from bias_harness.planning.plan import Plan
from bias_harness.reading.answers import reader_version
from bias_harness.results import RunFolder, counted, runs_in, write_whole
from bias_harness.results.registration import sealed
from bias_harness.version import __version__


@cache
def _texts() -> Mapping[str, Any]:
    text = files(__package__).joinpath("preregistration.en.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = parse_shipped(text)
    return table


def preregister(
    audit: Audit,
    plan: Plan,
    target: Path,
    moment: datetime,
    results: Path | None = None,
    *,
    until: Literal["decided"] | None = None,
) -> Path:
    """Write the preregistration of an experiment and its plan, as of `moment`. Returns its path.

    `results` is where answers to it are looked for (the workspace's own runs where it is left out): that they are there
    is said in the document, and no error. `until` is that of the run: the looks, their bounds and when asking ends are
    in the document.
    """
    looks = looks_of(len(jobs_in_order(audit))) if until else ()
    values = {
        **_about(audit, plan),
        **_ending(audit, looks),
        "collected": _collected(audit, results),
        "date": f"{moment:%d %B %Y}",
    }
    texts = _texts()
    parts = [f"# {texts['title'].format(**values)}", texts["intro"].format(**values)]
    for section in texts["sections"]:
        parts += [f"## {section['heading']}", section["text"].format(**values).strip()]
    body = "\n\n".join([*parts, *_appendix(audit)])
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, sealed(audit, body, __version__, moment, looks))
    return target


def _say(key: str, **values: object) -> str:
    return str(_texts()["sentences"][key]).format(**values)


def _about(audit: Audit, plan: Plan) -> dict[str, object]:
    e = audit.experiment
    measured = e.outcome.measured
    return {
        "title": plan.title,
        "experiment": e.experiment,
        "digest": audit.digest,
        "version": __version__,
        "reader": reader_version(),
        "primary": "\n".join(_compared(audit)),
        "explored": _explored(audit),
        "notes": e.notes.get("en") or next(iter(e.notes.values()), "") or _say("no_notes"),
        "outcome": _outcome(e.outcome),
        "people": _people(audit),
        "design": _table(plan.DESIGN_HEAD, plan.design_rows()),
        "wordings": ", ".join(e.wordings),
        "languages": ", ".join(e.languages),
        "seed": e.seed,
        "scale": _texts()["sentences"]["scale"][measured.scale],
        "scope": _texts()["sentences"]["scope"][e.analysis.scope],
        "confidence": f"{100 * e.analysis.confidence:g} %",
        "family": len(audit.primary) * len(e.endpoints),
        "margin": e.outcome.sized(measured.margin(e.analysis).shown),
        "plausible": _excluded(e.outcome),
        "requests": "\n".join(map(_request, plan.endpoints)),
        "stopping": "; ".join(_stopping(audit)),
        "precision": _precision(plan),
        "price": "\n".join(f"- {remark}" for remark in plan.remarks),
        "sampling": ", ".join(f"{key} {value}" for key, value in e.sampling.sent().items()) or "-",
    }


def _label(words: Mapping[str, str], otherwise: str) -> str:
    return words.get("en") or next(iter(words.values()), otherwise)


def _compared(audit: Audit) -> Iterator[str]:
    varied = {a.name: a for a in audit.design.attributes}
    for name, level in audit.primary:
        of = varied[name]
        words = {n: _label(of.levels[n].label, n) for n in (level, of.reference)}
        yield _say("comparison", attribute=_label(of.label, name), level=words[level], reference=words[of.reference])


def _explored(audit: Audit) -> str:
    declared = set(audit.primary)
    others = [
        f"{a.name}/{level}"
        for a in audit.design.attributes
        for level in a.levels
        if level != a.reference and (a.name, level) not in declared
    ]
    return _say("explored", names=", ".join(others)) if others else _say("explored_none")


def _outcome(o: Outcome) -> str:
    low, high = (f"{end:,g}" for end in o.ends)
    return _say(
        o.measure,
        currency=o.currency,
        period=o.period,
        basis=o.basis,
        rule=o.range_rule,
        label=_label(o.label, ""),
        unit=_label(o.unit, ""),
        low=low,
        high=high,
        ones=", ".join(o.ones),
        zeros=", ".join(o.zeros),
    )


def _excluded(o: Outcome) -> str:
    key = {"money": "plausible", "number": "plausible_score", "word": "plausible_share"}[o.measured.form]
    low, high = (f"{end:,.0f}" if o.measured.form == "money" else f"{end:g}" for end in o.ends)
    return _say(key, low=low, high=high)


def _people(audit: Audit) -> str:
    people, choice = audit.resolved.people, audit.experiment.personas
    picked = people.frame is None or isinstance(choice.jobs, list) or choice.fields is not None
    how = _say("chosen") if picked or people.frame is None else _say("drawn", frame=_label(people.frame.label, ""))
    jobs = len({p.job for p in audit.design.personas})
    return _say("people", persons=f"{len(audit.design.personas):,}", people=people.people, jobs=jobs, how=how)


def _stopping(audit: Audit) -> Iterator[str]:
    e = audit.experiment
    yield _say("attempts", seconds=f"{max(end.outage_seconds for end in e.endpoints):g}")
    yield _say("errors", share=f"{100 * e.max_error_share:g} %")
    if e.max_unread_share is not None:
        yield _say("unread", share=f"{100 * e.max_unread_share:g} %")
    if e.budget is not None:
        yield _say("budget", dollars=f"{e.budget:,.2f}")


def _ending(audit: Audit, looks: Sequence[int]) -> dict[str, str]:
    """When asking ends, and what that means for the intervals: with looks on the way or without."""
    if not looks:
        return {"ending": _say("asked_whole"), "over_looks": "", "with_looks": ""}
    alpha, family = (
        1 - audit.experiment.analysis.confidence,
        max(1, len(audit.primary) * len(audit.experiment.endpoints)),
    )
    held = [Look.after(looks[: n + 1], looks[-1]) for n in range(len(looks))]
    rows = [
        (f"{jobs:,}", *(f"{look.level(level):.5f}" for level in (alpha / family, SAME_ALPHA)))
        for jobs, look in zip(looks, held, strict=True)
    ]
    table = _table([_say(name) for name in ("after_jobs", "level_family", "level_same")], rows)
    planned = f"{looks[-1]:,}"
    return {
        "ending": _say("asked_until", planned=planned, table=table),
        "over_looks": _say("over_looks"),
        "with_looks": " --until decided",
    }


def _request(end: EndpointPlan) -> str:
    if end.price_low is None or end.price_high is None:
        price = _say("unknown_price")
    elif end.price_high == 0:
        price = _say("free")
    else:
        price = _say("price", low=f"{end.price_low:,.2f}", high=f"{end.price_high:,.2f}")
    host = _say("asked_at", host=end.host) if end.host else ""
    return _say("requests", endpoint=end.endpoint, model=end.model, host=host, n=f"{end.requests:,}", price=price)


def _precision(plan: Plan) -> str:
    rows = plan.outlook_rows()
    return _table(plan.OUTLOOK_HEAD, rows) if rows else _say("too_large")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = ([f"{x:,}" if isinstance(x, int) else str(x) for x in line] for line in (head, ["---"] * len(head), *rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _collected(audit: Audit, results: Path | None) -> str:
    found = {run.name: n for run in runs_in(results or audit.workspace.results) if (n := _answers(run, audit))}
    if not found:
        return _say("none_collected")
    return _say("collected", n=f"{sum(found.values()):,}", runs=", ".join(sorted(found)))


def _answers(folder: RunFolder, audit: Audit) -> int:
    """How many answers a run of the same experiment holds."""
    if folder.manifest().experiment != audit.experiment.experiment:
        return 0
    return sum(end.answered for end in counted(folder).endpoints.values())


def _appendix(audit: Audit) -> Iterator[str]:
    texts = _texts()["appendix"]
    yield f"## {texts['heading']}"
    for name, text in sorted(audit.resolved.prompts.items()):
        fence = "`" * max(4, 1 + max((len(run) for run in text.split("\n") if set(run) == {"`"}), default=0))
        yield f"`{name}`\n\n{fence}\n{text.strip()}\n{fence}"
    spoken = audit.experiment.languages
    for attribute in audit.design.attributes:
        intro = texts["levels"].format(attribute=attribute.name, reference=attribute.reference)
        yield "\n".join([intro, "", *(f"- {level}: {_ways(attribute, level, spoken)}" for level in attribute.levels)])


def _ways(attribute: VariedAttribute, level: str, languages: Sequence[str]) -> str:
    """The words of a level that this design asks."""
    words = [arm.words[x] for arm in attribute.arms if arm.level == level for x in languages if x in arm.words]
    return "; ".join(dict.fromkeys(words)) or "-"
