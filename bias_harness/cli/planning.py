"""What an experiment would ask, cost and find, before anything is asked: plan."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bias_harness.cli.forecasts import show_calibration
from bias_harness.cli.options import (
    Cluster,
    ExperimentFile,
    Json,
    Repeats,
    ResultsFolder,
    Sets,
    WorkerCount,
    changes,
    option,
    typed,
    workers_of,
)
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import InputError, UsageError

if TYPE_CHECKING:
    from bias_harness.design.audit import Audit
    from bias_harness.margin import Margin
    from bias_harness.planning.plan import Plan
    from bias_harness.planning.proposing import Point
    from bias_harness.runs import Run

app = typer.Typer()


@app.command()
def plan(
    context: typer.Context,
    file: ExperimentFile,
    repeats: Repeats = None,
    budget: Annotated[
        float | None,
        option("--budget", metavar="DOLLARS", text="Propose the design that so many US dollars buy.", min=0.01),
    ] = None,
    levels: Annotated[
        str | None,
        option("--levels", metavar="A,B", text="Ask about these levels of the experiment's attribute only."),
    ] = None,
    write: Annotated[
        Path | None,
        option("--write", metavar="FILE", text="Write the experiment with the proposed design; needs --budget."),
    ] = None,
    pilot: Annotated[
        str | None, option("--pilot", metavar="RUN", text="A finished run whose spread replaces assumptions.")
    ] = None,
    simulate: Annotated[
        bool, option("--simulate", text="Simulate the design: how often each word is said, truly and falsely.")
    ] = False,
    runs: Annotated[
        int, option("--runs", metavar="N", text="With --simulate: simulated runs under each condition.", min=20)
    ] = 400,
    gaps: Annotated[
        list[str] | None,
        option("--gap", metavar="SHARE", text="With --simulate: a planted gap (repeatable); else -3%, -5% and -10%."),
    ] = None,
    seed: Annotated[
        int, option("--seed", metavar="N", text="With --simulate: the same seed gives the same figures.")
    ] = 1,
    check: Annotated[
        str | None,
        option("--check", metavar="SHARE", text="Also say with how many jobs `check` would decide at this margin: 2%."),
    ] = None,
    preregister: Annotated[
        Path | None,
        option("--preregister", metavar="OUT", text="Write a dated, hashed preregistration (Markdown) to this file."),
    ] = None,
    until: Annotated[
        Literal["decided"] | None,
        option("--until", metavar="decided", text="With --preregister: of a run with --until decided."),
    ] = None,
    sets: Sets = None,
    results: ResultsFolder = None,
    workers: WorkerCount = None,
    cluster: Cluster = None,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Show the design, its precision and its price; ask nothing.

    Cells, pairs and requests by endpoint, how often which word would be said, and what other numbers of jobs would cost
    and tell. With --budget a design is proposed, by the spread of a --pilot where there is one. With --simulate the
    design is simulated many more times, with rounding, refusals and far-off amounts, every run judged as a real one.
    """
    from bias_harness import pipeline

    if preregister and (simulate or check is not None):
        raise UsageError("--preregister goes without --simulate and --check: it has the plan's own forecast")
    if until and not preregister:
        raise UsageError("--until goes with --preregister: it is the run that looks, and the document that says when")
    if not simulate and any(typed(context, name) for name in ("runs", "gaps", "seed", "workers", "cluster")):
        raise UsageError("--runs, --gap, --seed, --workers and --cluster go with --simulate")
    who = workers_of(workers, cluster)
    planted = [_fraction(text) for text in gaps or ("-3%", "-5%", "-10%")]
    if write is not None and budget is None:
        raise UsageError("--write goes with --budget: it is the design that a budget buys that is written")
    changed = changes(sets) | of_levels(levels)
    audit = pipeline.load_experiment(file, repeats=repeats, changes=changed)
    measured = pipeline.load_run(pilot, results=results) if pilot else None
    if simulate:
        with _bar(quiet=quiet) as progress:
            made = pipeline.calibrate(
                audit,
                gaps=planted,
                pilot=measured,
                runs=runs,
                seed=seed,
                workers=who.count,
                cluster=who.cluster,
                progress=progress,
            )
        show_calibration(made, as_json=as_json)
        return
    if check is not None:
        show_gate(audit, measured, _margin(check), as_json=as_json)
        return
    made_plan = pipeline.plan(audit, pilot=measured, budget=budget, propose=True)
    show_plan(made_plan, as_json=as_json)
    show_proposal(made_plan, budget, as_json=as_json)
    if write is not None and made_plan.proposal is not None:
        write_proposal(audit, made_plan.proposal, budget, file, changed, write)
    if preregister is not None:
        _preregister(audit, made_plan, preregister, results, until)


def _preregister(
    audit: Audit, made: Plan, target: Path, results: Path | None, until: Literal["decided"] | None
) -> None:
    """Write the preregistration, and say what to do with it."""
    from datetime import UTC, datetime

    from bias_harness.planning.preregistration import preregister

    if target.exists():
        raise InputError(f"{target} is there already, and a preregistration is never overwritten; name a new file")
    path = preregister(audit, made, target, datetime.now(UTC), results, until=until)
    note(f"Wrote {path}. Deposit it where a date is kept (OSF, AsPredicted), and hand it to the run:")
    more = f" --until {until}" if until else ""
    note(f"  bias-harness run {made.experiment} --preregistered {path}{more}")


def show_plan(made: Plan, *, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        say_json(made.to_dict())
        return
    say(f"{made.title} ({made.experiment}, {made.digest[:12]})")
    for head, rows in (
        (made.DESIGN_HEAD, made.design_rows()),
        (made.ENDPOINT_HEAD, made.endpoint_rows()),
        (made.OUTLOOK_HEAD, made.outlook_rows()),
        (made.FRONTIER_HEAD, made.frontier_rows()),
    ):
        if rows:
            say()
            say(table(head, rows))
    say()
    for remark in made.remarks:
        say(remark)


def show_gate(audit: Audit, pilot: Run | None, margin: Margin, *, as_json: bool) -> None:
    """Print the plan with what a check takes: from the noise of a first recording, or as it is assumed."""
    from dataclasses import asdict

    from bias_harness import pipeline
    from bias_harness.planning.conditions import suited
    from bias_harness.planning.gate_plan import gate_plans, in_sentences

    made = pipeline.plan(audit, pilot=pilot)
    gates = list(gate_plans(audit, suited(made.condition, audit.experiment.outcome), margin))
    if as_json:
        say_json(made.to_dict() | {"check": [asdict(gate) for gate in gates]})
        return
    show_plan(made, as_json=False)
    for sentence in in_sentences(gates):
        say(sentence)
    if pilot is None:
        say("How far answers vary is assumed; name the first recording with --pilot for that of your product.")


def _margin(text: str) -> Margin:
    from bias_harness.margin import Margin

    try:
        return Margin(float(text.strip().removesuffix("%")) / 100, "fall")
    except ValueError:
        raise UsageError(f"--check {text}: a percentage is wanted, for example 2%") from None


def of_levels(levels: str | None) -> dict[str, object]:
    """What `--levels` changes."""
    return {} if levels is None else {"attributes.0.levels": [level.strip() for level in levels.split(",")]}


def show_proposal(made: Plan, budget: float | None, *, as_json: bool) -> None:
    """Say which design a budget buys."""
    if budget is None or as_json:
        return
    point = made.proposal
    if point is None:
        note("No design is proposed: asking is free, or a price is not known.")
        return
    batches = f", US$ {point.batch:,.2f} in batches" if point.batch is not None else ""
    rotation = ", ".join(f"{key}: {value}" for key, value in point.rotation.items())
    say(
        f"US$ {budget:,.2f} buy {point.jobs} jobs, {point.requests:,} requests of each endpoint: "
        f"US$ {point.usual:,.2f} one by one{batches}, where answers are of usual length; rotation: {{{rotation}}}. "
        f"Smallest gap called clear in 80 of 100 runs: {point.clear(made.outcome)}."
    )


def write_proposal(
    audit: Audit, point: Point, budget: float | None, file: str, changed: dict[str, object], into: Path
) -> None:
    """Write the experiment of a file with a proposed design. Raises `UsageError` where something is there already."""
    from bias_harness.design.audit import changed_text
    from bias_harness.planning.proposing import changes_of
    from bias_harness.results import write_whole

    if into.exists():
        raise UsageError(f"--write {into}: it is there already; choose another name")
    write_whole(into, changed_text(file, changed | changes_of(point, audit, budget)))
    note(f"{into} is written: bias-harness run {into}")


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar to be told how much is done of how much."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as bars:
        task = bars.add_task("Simulating", total=1.0)
        yield lambda done, whole: bars.update(task, completed=done / whole)


def _fraction(text: str) -> float:
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        raise UsageError(f"--gap {text}: a percentage is wanted, for example -4%") from None
    if not -1 < value < math.inf:
        raise UsageError(f"--gap {text}: a gap is above -100% and finite")
    return value
