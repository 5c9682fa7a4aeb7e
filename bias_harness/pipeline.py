"""The flow, in order: wiring, no thought.

load_experiment -> plan | run (ask, read, estimate, report);  load_run -> estimate | report
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bias_harness.design.audit import Audit, an_audit, load_audit
from bias_harness.errors import UsageError
from bias_harness.runs import Run, a_run, arun, load_run, material, run, some_runs

if TYPE_CHECKING:
    from bias_harness.estimating.across import Across
    from bias_harness.estimating.changes import Change
    from bias_harness.estimating.estimates import Estimates
    from bias_harness.planning.calibration import Calibration
    from bias_harness.planning.conditions import Condition
    from bias_harness.planning.plan import Plan
    from bias_harness.reporting.sections.compare import By
    from bias_harness.results.batches import KeptBatch

__all__ = [
    "Run",
    "arun",
    "batches",
    "calibrate",
    "changes_between",
    "compare",
    "estimate",
    "figure",
    "load_experiment",
    "load_run",
    "plan",
    "pooled",
    "report",
    "run",
]


def load_experiment(
    name: str | Path,
    *,
    repeats: int | None = None,
    max_connections: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Audit:
    """An experiment file, or an experiment by name, resolved and checked. Raises `InputError`.

    `changes` replaces keys, dotted ones inside others: `{"outcome.currency": "EUR"}`.
    """
    wanted = dict(changes or {})
    if repeats is not None:
        wanted["repeats"] = repeats
    if max_connections is not None:
        wanted["endpoints.*.max_connections"] = max_connections
    return load_audit(name, wanted)


def plan(
    audit: Audit,
    *,
    pilot: Run | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    share: float | None = None,
    budget: float | None = None,
    propose: bool = False,
) -> Plan:
    """What the experiment would ask, cost and detect; a finished `pilot` replaces assumptions. Asks nothing.

    `limit`, `shard`, `share` and `budget` are those of `run`: its requests and its price are then planned, and whether
    the budget (US dollars) is enough. `propose` adds what default designs of other sizes would cost and call clear, and
    the one that the budget buys. Raises `InputError` where a budget cannot be kept because a price is not known.
    """
    from bias_harness.design.portion import portion_of
    from bias_harness.planning.plan import make_plan

    audit = an_audit(audit)
    known = None if pilot is None else a_run(pilot)
    condition, tokens = (_condition(known), _answer_tokens(known)) if known else (None, None)
    return make_plan(audit, condition, portion_of(limit, shard, share), budget, propose=propose, answer_tokens=tokens)


def _answer_tokens(pilot: Run) -> float | None:
    """How many tokens an answer of a run had; None where that was not counted."""
    known = [end.in_all for end in pilot.manifest.endpoints.values() if end.in_all]
    tokens, answered = sum(t.output_tokens for t in known), sum(t.answered for t in known)
    return tokens / answered if tokens and answered else None


def _condition(pilot: Run) -> Condition:
    from bias_harness.planning.conditions import condition_of

    return condition_of(pilot.folder.name, pilot.judgements, pilot.observations)


def calibrate(
    audit: Audit,
    *,
    gaps: Sequence[float] = (-0.03, -0.05, -0.10),
    pilot: Run | None = None,
    runs: int = 400,
    seed: int = 1,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Simulate the experiment's own design `runs` times under each condition, and judge every run as a real one.

    Says how often each word is said where nothing is there, at the smallest gap that matters, and with each of `gaps`
    (fractions: -0.03 is 3 % less). Conditions are assumed (calm, typical, wordy, rough), or the spreads of a finished
    `pilot`. `progress(done, all)` is called now and then. `workers` are the processes that simulate where that takes
    some seconds, `cluster` is the address of a Dask scheduler whose workers do instead; the figures are the same
    whoever does it. Raises `UsageError` where no salary is measured, or there is no such cluster.
    """
    from bias_harness.planning.calibration import calibrate, simulated_of
    from bias_harness.planning.conditions import CONDITIONS, suited
    from bias_harness.workers import Workers

    e = an_audit(audit).experiment
    if not e.outcome.measured.relative:
        raise UsageError(f"the simulation is of salary advice, and {e.experiment} measures a {e.outcome.measure}")
    if runs < 1 or workers < 1:
        raise UsageError(f"runs={runs}, workers={workers}: a simulation takes one run and one worker at least")
    if far := [gap for gap in gaps if not -1 < gap < 1]:
        raise UsageError(f"gaps={far}: a gap is a fraction between -1 and 1; -0.03 is 3 % less")
    known = [_condition(a_run(pilot))] if pilot is not None else [suited(c, e.outcome) for c in CONDITIONS]
    return calibrate(
        simulated_of(audit),
        conditions=known,
        gaps=gaps,
        runs=runs,
        seed=seed,
        workers=Workers(workers, cluster),
        progress=progress,
    )


def batches(of: Run, *, cancel: bool = False, forget: Sequence[str] = ()) -> list[KeptBatch]:
    """The batches of a run as they were last seen; asks nobody.

    `cancel` has those that are under way ended by their provider; `forget` gives up the batches with these ids, so that
    their requests are asked anew. Raises `UsageError` for an id that the run does not have, `ProviderError` where a
    provider does not end one.
    """
    from bias_harness.asking.batches.managing import cancelled, forgotten, kept_batches
    from bias_harness.asking.event_loop import in_loop

    if forget:
        forgotten(of.folder, forget)
    if cancel:
        in_loop(cancelled(of.audit, of.folder))
    return kept_batches(of.folder)


def estimate(of: Run) -> Estimates:
    """Read, estimate, and write every derived file (see `Run.write`). Asks nothing."""
    a_run(of).write()
    return of.estimates


def report(
    of: Run,
    languages: str | Iterable[str] = ("nl", "en"),
    *,
    figures: bool = True,
    told: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Write every derived file (see `Run.write`). Returns the paths of the pages in these languages. Asks nothing.

    A single language may be given as it is: `report(run, "en")`. `figures` False writes no figure files; `told` hears
    what is done at present, how much of it is done and how much it is in all. Raises `UsageError` for a language that
    there is no page in.
    """
    from bias_harness.reporting.texts import chosen_languages

    chosen = chosen_languages(languages)
    wanted = [f"report.{language}.html" for language in chosen]
    return [path for path in a_run(of).write(chosen, figures=figures, told=told) if path.name in wanted]


def figure(
    of: Run,
    name: str,
    *,
    formats: str | Sequence[str] = ("pdf",),
    language: str = "en",
    styles: Sequence[str] = (),
    model: str = "",
    field: str = "",
    level: str = "",
    width: str = "",
    title: bool = True,
) -> list[Path]:
    """Write one figure (F1 to F12, or a longer name) with its numbers and caption below the run's `figures/`.

    It is of all models and of the first level, or of the `model`, `field` (F1 and F2) and `level` that are named. A
    `width` of `single` (85 mm) or `double` (180 mm) columns makes it for print: 300 dots to the inch, at most 17 cm
    high, and refused where a label would be cut or lie on another. `styles` are matplotlib style sheets, by name or
    path. Returns the paths. Raises `UsageError` for a figure, model, field or level that the run does not have, and
    `InputError` where it does not fit.
    """
    from bias_harness.reporting.report import figure_files
    from bias_harness.reporting.texts import chosen_languages

    kinds = [formats] if isinstance(formats, str) else formats
    made = figure_files(
        material(a_run(of)),
        name,
        formats=kinds,
        language=chosen_languages(language)[0],
        styles=styles,
        width=width,
        title=title,
        model=model,
        field=field,
        level=level,
    )
    return [of.folder.write(f"figures/{file}", data) for file, data in made.items()]


def compare(
    runs: Sequence[Run],
    into: str | Path,
    *,
    by: By = "run",
    languages: str | Iterable[str] = ("nl", "en"),
    pool: bool = False,
) -> list[Path]:
    """Write `comparison.<language>.html` of several runs, or of what one run holds side by side. Returns the paths.

    `pool` tells each comparison over all runs together too (`pooled`). Raises `UsageError` for runs that have nothing
    in common.
    """
    from bias_harness.reporting.report import render_comparison
    from bias_harness.reporting.texts import chosen_languages
    from bias_harness.results import write_whole

    made, chosen = [], chosen_languages(languages)
    materials, folder = [material(run) for run in some_runs(runs)], Path(into)
    rendered = {language: render_comparison(materials, language, by, pool=pool) for language in chosen}
    folder.mkdir(parents=True, exist_ok=True)
    for language, page in rendered.items():
        path = folder / f"comparison.{language}.html"
        write_whole(path, page)
        made.append(path)
    return made


def site(
    runs: Sequence[Run],
    into: str | Path,
    *,
    languages: Iterable[str] = ("nl", "en"),
    address: str = "",
    contact: str = "",
    again: str = "",
) -> list[Path]:
    """Write a monitor of these runs as a folder of pages that any web server, or none, can show. Returns the paths.

    `address` is where it will stand (for previews of its links), `contact` where a reader or vendor can write to, and
    `again` when it will be asked again, in words. Raises `UsageError` for a run named twice, or of no salary.
    """
    from bias_harness.reporting.report import site_files
    from bias_harness.reporting.site import About
    from bias_harness.results import RunFolder

    made = site_files(list(map(material, some_runs(runs))), languages, About(address.rstrip("/"), contact, again))
    folder = Path(into)
    folder.mkdir(parents=True, exist_ok=True)
    return RunFolder(folder).write_all(made)


def changes_between(runs: Sequence[Run], *, by: By = "run") -> list[Change]:
    """What the page of `compare` tells: every gap of the first run beside the same gap of the others, with its word.

    `by` compares the endpoints, wordings or languages of one run instead. Gaps are level minus reference; a change is
    the other side minus the base, over the jobs that both have. Raises `UsageError` for fewer than two runs, and where
    no salaries are measured.
    """
    from bias_harness.reporting.sections.compare import changes, comparable

    return changes(comparable([material(run) for run in some_runs(runs)], by), by)


def pooled(runs: Sequence[Run]) -> list[Across]:
    """Every comparison that two of these runs have or more, over them together, in any language and currency.

    On the ratio scale, level minus reference; with a range about these experiments and one for others like them, and
    without a word. Raises `UsageError` for fewer than two runs, for runs that have nothing in common, and where no
    salaries are measured.
    """
    from bias_harness.reporting.sections.compare import comparable, pooled

    return pooled(comparable([material(run) for run in some_runs(runs)], "run"))
