"""How a run was made, what its answers can bear, and whom to cite."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bias_harness.reading.answers import reader_version
from bias_harness.reporting.accounting import totals
from bias_harness.reporting.material import View
from bias_harness.reporting.registered import registered
from bias_harness.reporting.sections.first import imported
from bias_harness.results import EndpointTotals
from bias_harness.sharing.paper.blocks import Items, Paragraph, latex
from bias_harness.sharing.paper.words import say, under
from bias_harness.version import __version__

SHOWN = 16
"""Letters of the digest that are shown: enough to tell it from every other."""
FEW_JOBS, ENOUGH_FOR_SAME, FEWEST_FORMS = 6, 40, 3


def methods(view: View) -> Iterator[Paragraph]:
    """Design, outcome, reading, analysis, registration."""
    of, t = view.material, view.texts
    e = of.audit.experiment
    yield Paragraph(say("methods.imported" if imported(of) else "methods.design", **_design(view)))
    served = dict.fromkeys(name for end in of.manifest.endpoints.values() for name in end.served)
    more = [say("methods.served", served=", ".join(served))] if served else []
    yield Paragraph(" ".join([_outcome(view), *more]))
    low, high = map(t.number, e.outcome.ends)
    excluded = say(f"methods.excluded.{e.outcome.measured.form}", low=low, high=high)
    yield Paragraph(say("methods.reading", version=__version__, reader=reader_version(), excluded=excluded))
    yield Paragraph(
        say(
            "methods.analysis",
            unit=_unit(view),
            confidence=t.percent(100 * e.analysis.confidence, 0),
            family=_family(view),
            margin=t.gap(of.margin.shown),
            declared=_declared(view),
        )
    )
    yield Paragraph(registered(view))


def _design(view: View) -> dict[str, str]:
    of, t = view.material, view.texts
    e = of.audit.experiment
    ways = len(e.wordings)
    return {
        "models": _models(view),
        "attributes": ", ".join(view.attribute(name) for name in of.attributes),
        "persons": t.number(len(of.audit.design.personas)),
        "jobs": t.number(_jobs(view)),
        "how": say("methods.drawn", frame=view.frame) if view.frame else say("methods.chosen"),
        "wordings": f"{t.number(ways)} wording{'s' * (ways != 1)}",
        "languages": ", ".join(e.languages),
        "seed": str(e.seed),
        "sampling": ", ".join(f"{key} {value}" for key, value in e.sampling.sent().items()) or "–",
        "asked": _asked(view),
    }


def _models(view: View) -> str:
    return ", ".join(view.model(name) for name in view.material.endpoints)


def _jobs(view: View) -> int:
    return len({persona.job for persona in view.material.audit.design.personas})


def _family(view: View) -> str:
    sizes = [j.family_size for j in view.material.judgements if j.family == "primary"]
    size = max(sizes, default=0)
    return say(f"methods.family.{'one' if size == 1 else 'many'}", n=view.texts.number(size))


def _unit(view: View) -> str:
    """What the intervals are about: jobs like these, or exactly these cases."""
    told = [j for j in view.material.judgements if j.status != "no_data"]
    cases = bool(told) and all(j.basis == "cases" for j in told)
    scale = say(f"methods.scales.{view.material.measure.scale}")
    return say(f"methods.units.{'cases' if cases else 'jobs'}", scale=scale)


def _declared(view: View) -> str:
    return say(f"methods.declared.{'imported' if imported(view.material) else 'asked'}")


def _counts(view: View) -> dict[str, str]:
    t, manifest, unknown = view.texts, view.material.manifest, view.texts("report.research.unknown")
    present, designed = manifest.present, manifest.designed
    return {
        "answered": unknown if present is None else t.number(present),
        "designed": unknown if designed is None else t.number(designed),
        "failed": t.number(manifest.failed),
    }


def _asked(view: View) -> str:
    counts = _counts(view)
    if view.material.asked is None:
        return say("methods.asked_undated", **counts)
    first, last = map(view.texts.moment, view.material.asked)
    return " ".join((say("methods.asked", first=first, last=last, **counts), *_looked(view)))


def _looked(view: View) -> Iterator[str]:
    """That the run was looked at while it was asked, where it was."""
    looks = view.material.manifest.looks
    if looks is not None and looks.after and looks.after[0] < looks.planned:
        counts = ", ".join(map(view.texts.number, looks.after))
        why = say(f"methods.looks_ended.{looks.ended or 'open'}")
        yield say("methods.looks", looks=counts, planned=view.texts.number(looks.planned), why=why)


def _outcome(view: View) -> str:
    o = view.material.audit.experiment.outcome
    label = view.texts.label(o.label)
    return say(
        f"methods.outcome.{o.measure}",
        currency=o.currency,
        period=o.period,
        basis=o.basis,
        rule=o.range_rule,
        label=label,
    )


def data_statement(view: View) -> Paragraph:
    """Where the answers are, and how they are told from others."""
    of = view.material
    about = {"run": of.run, "experiment": of.audit.experiment.experiment, "digest": of.audit.digest[:SHOWN]}
    return Paragraph(say("data", version=__version__, **about))


def limits(view: View) -> Items:
    """What the run cannot bear, as far as it is known from the run itself."""
    return Items(list(_limits(view)))


def _limits(view: View) -> Iterator[str]:
    of, jobs = view.material, _jobs(view)
    told = [j for j in of.judgements if j.status != "no_data"]
    yield say("limits.models", models=_models(view))
    if told and all(j.basis == "cases" or j.jobs < FEW_JOBS for j in told):
        yield say("limits.cases", jobs=view.texts.number(jobs))
    else:
        yield say("limits.jobs" if all(j.wordings_fixed for j in told) else "limits.wordings")
    if not view.frame:
        yield say("limits.chosen")
    if FEW_JOBS <= jobs < ENOUGH_FOR_SAME:
        yield say("limits.few_jobs", jobs=view.texts.number(jobs))
    forms = min((j.forms_reference for j in told), default=FEWEST_FORMS)
    if forms < FEWEST_FORMS:
        yield say("limits.forms", forms=view.texts.number(forms))
    yield from _of_the_run(view)
    yield say("limits.averages")
    yield say("limits.fair")


def _of_the_run(view: View) -> Iterator[str]:
    of = view.material
    yield say("limits.imported" if imported(of) else "limits.turns")
    present, designed = of.manifest.present, of.manifest.designed
    ended = of.manifest.looks is not None and of.manifest.looks.ended is not None
    if present is not None and designed is not None and present < designed and not ended:
        counts = _counts(view)
        yield say("limits.partial", answered=counts["answered"], designed=counts["designed"])


def checklist(view: View) -> Items:
    """What a reviewer asks, answered by the run."""
    of, t = view.material, view.texts
    every = [s for j in of.judgements if j.word is not None for s in j.sensitivities]
    forms = max((j.forms_reference for j in of.judgements), default=0)
    uneven = "some" if of.imbalances else "none"
    values = {
        **_counts(view),
        **{name: t.number(n) for name, n in totals(of.estimates.accounts).items() if name != "failed"},
        "registered": registered(view),
        "family": _family(view),
        "margin": t.gap(of.margin.shown),
        "declared": _declared(view),
        "uneven": say(f"checklist.uneven.{uneven}", n=t.number(len(of.imbalances))),
        "control": say(f"checklist.controls.{'some' if forms > 1 else 'none'}", forms=t.number(forms)),
        "broken": t.number(sum(not s.holds for s in every)),
        "all": t.number(len(every)),
        "natures": "; ".join(f"{name}: {of.nature(name)}" for name in of.endpoints),
    }
    return Items(
        [say(f"checklist.{key}", **values) for key, text in under("checklist").items() if isinstance(text, str)]
    )


def references(view: View, stamp: str) -> str:
    """BibTeX: the instrument, the study it goes back to, and every model with the day on which it was asked."""
    of = view.material
    year = of.asked[1][:4] if of.asked else ""
    note = f"Experiment {of.audit.experiment.experiment}, digest {of.audit.digest[:SHOWN]}"
    entries = [
        _entry(
            "misc",
            "bias-harness",
            title=r"{bias\_harness}: paired audits of the advice of language models",
            author=r"{the bias\_harness authors}",
            howpublished=f"software, version {__version__}",
            year=year,
            note=latex(f"{stamp}. {note}" if stamp else note),
        ),
        _entry(
            "misc",
            "sorokovikova2025surface",
            title="Surface Fairness, Deep Bias: A Comparative Study of Bias in Language Models",
            author="Sorokovikova and Chizhov and Eremenko and Yamshchikov",
            year="2025",
            eprint="2506.10491",
            archivePrefix="arXiv",
        ),
        *(_model(view, name, year) for name in of.endpoints),
    ]
    return "\n".join(entries)


def _model(view: View, name: str, year: str) -> str:
    known = view.material.manifest.endpoints.get(name, EndpointTotals())
    unknown = view.texts("report.research.unknown")
    said = say("bib_note", date=view.asked, served=", ".join(known.served) or unknown)
    title = latex(f"{view.model(name)}: {known.model or known.provider or unknown}")
    key = re.sub(r"[^A-Za-z0-9-]", "-", name)
    return _entry("misc", key, key=key, title=f"{{{title}}}", year=year, note=latex(said))


def _entry(kind: str, name_: str, /, **fields: str) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@{kind}{{{name_},\n{lines}}}\n"
