"""What a run found, on a terminal: a line a comparison and an endpoint, few of them in sentences too; or as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bias_harness.cli.printing import say, say_json, table

if TYPE_CHECKING:
    from bias_harness.estimating.judgement import Judgement
    from bias_harness.reporting.material import View
    from bias_harness.runs import Run


MOST_IN_SENTENCES = 6
"""Comparisons that are said in sentences too, below their table; of more, on request."""


def show_findings(run: Run, pages: Iterable[Path], *, as_json: bool, prose: bool = False) -> None:
    """What a run found and where its pages are; or its folder, manifest, results and estimates as JSON."""
    if as_json:
        manifest, estimates = run.manifest.to_dict(), run.estimates.to_dict()
        say_json(
            {"run": str(run.folder.path), "manifest": manifest, "results": results_of(run), "estimates": estimates}
        )
        return
    for line in (*(run.headlines if prose else _lines(run)), "", *(f"  {page}" for page in pages)):
        say(line)


def _lines(run: Run) -> Iterator[str]:
    """What has to be said first, the comparisons (few of them in sentences too), what fell unequally, the endpoints."""
    from bias_harness.runs.written import remembered

    told = remembered(run, "findings", lambda: _findings(run))
    yield from told["findings"]
    seconds = _clock(_between(run.manifest.started_at, run.manifest.finished_at))
    rows = [{**row, "time": seconds} for row in told["endpoints"]]
    names = [name for name in rows[0] if any(row[name] not in (0, "") for row in rows)]
    yield table(names, [[row[name] for name in names] for row in rows])
    yield from told["after"]


def _findings(run: Run) -> dict[str, Any]:
    """The lines before the table of endpoints, what that says of each but the time, and the lines after it."""
    from bias_harness.reporting.confirmed import confirmed_said
    from bias_harness.reporting.material import View, spoken
    from bias_harness.reporting.registered import registered
    from bias_harness.runs import material

    made = material(run)
    view = View(made, spoken(made, "en"))
    rows = [_endpoint(view, one) for one in results_of(run)["endpoints"]]
    again = [said.replace("**", "") for said in confirmed_said(view)]
    after = ["", *again] if again else []
    after += ["", registered(view)] if made.registration is not None else []
    return {"findings": list(_found(view)), "endpoints": rows, "after": after}


def _found(view: View) -> Iterator[str]:
    from bias_harness.reporting.sections import first, notices

    made = view.material
    extent = notices.extent(made, view.texts)
    yield from (*(said.text for said in notices.notices(made, view.texts)), *([extent] if extent else []), "")
    interval = f"{100 * made.audit.experiment.analysis.confidence:g}% interval"
    counted = "people" if all(j.job_is_person for j in made.judgements) else "jobs"
    head = ("model", "compared", "what may be said", "gap", interval, "together", counted, "pairs", "answers")
    yield table(head, [_comparison(view, j) for j in made.judgements])
    if len(made.judgements) <= MOST_IN_SENTENCES:
        yield ""
        for said in (first.finding_of(view, j) for j in made.judgements):
            yield from filter(None, (said["sentence"], said["numbers"] and f"    {said['numbers']}"))
    for found in made.imbalances:
        said = first.uneven(view, found)
        yield f"{said['verdict'].upper()}: {said['sentence']}"
    yield ""


def _comparison(view: View, j: Judgement) -> tuple[object, ...]:
    from bias_harness.reporting.judged import holds_together, shown
    from bias_harness.reporting.sentences import word_of

    names, t, (gap, low, high) = view.names(j), view.texts, shown(j)
    ends = "-" if low is None or high is None else f"{t.size(low)} … {t.gap(high)}"
    size = "-" if gap is None else t.gap(gap)
    pairs = j.pairs.of if j.pairs else 0
    compared = f"{names.level} / {names.reference}"
    return (
        *(names.model, compared, word_of(t, j), size, ends, holds_together(j)),
        *(j.jobs, pairs, j.n_level + j.n_reference),
    )


def _endpoint(view: View, one: dict[str, Any]) -> dict[str, object]:
    words = view.texts.under("figures.columns")
    counts = {str(words[name]).lower(): n for name, n in one["counts"].items() if name in words}
    cost = "" if one["cost"] is None else f"{one['cost']:,.2f}"
    return {"model": view.model(one["endpoint"]), **counts, "US$": cost}


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def results_of(run: Run) -> dict[str, Any]:
    """The same as plain data: `comparisons` (gaps as they are shown), and `endpoints` with counts, cost and time.

    With `confirmations` where the models were asked again which amount they had advised.
    `cost` is in US dollars, of all calls, `seconds` how long the last call took; null where that is not known.
    """
    from bias_harness.reporting.judged import holds_together, shown

    comparisons = []
    for j in run.judgements.items:
        gap, low, high = shown(j)
        about = {name: getattr(j, name) for name in ("endpoint", "attribute", "level", "reference", "word")}
        numbers = {"gap": gap, "low": low, "high": high, "together": holds_together(j), "jobs": j.jobs}
        numbers["decided_after"] = j.decided_after
        comparisons.append({**about, "because": list(j.because), **numbers, "answers": j.n_level + j.n_reference})
    again = {} if run.confirmations is None else {"confirmations": run.confirmations.to_dict()}
    return {"comparisons": comparisons, "endpoints": list(_endpoints(run)), **again}


def _endpoints(run: Run) -> Iterator[dict[str, Any]]:
    from bias_harness.reporting.accounting import totals

    manifest = run.manifest
    for name, end in manifest.endpoints.items():
        counts = totals(a for a in run.estimates.accounts if a.endpoint == name)
        cost = end.in_all.cost if end.in_all else end.cost
        yield {
            "endpoint": name,
            "model": end.model,
            "nature": end.nature,
            "counts": counts,
            "cost": cost,
            "seconds": _between(manifest.started_at, manifest.finished_at),
        }


def _between(begun: str | None, ended: str | None) -> float | None:
    if begun is None or ended is None:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
