"""What an experiment would ask, cost and find, before anything is asked: plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from bias_harness.cli.options import ExperimentFile, Json, Repeats, ResultsFolder, Sets, changes, option, typed
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import UsageError

if TYPE_CHECKING:
    from bias_harness.design.audit import Audit
    from bias_harness.planning.calibration import Calibration, Rate
    from bias_harness.planning.plan import Plan

app = typer.Typer()


@app.command()
def plan(
    context: typer.Context,
    file: ExperimentFile,
    repeats: Repeats = None,
    pilot: Annotated[
        str | None, option("--pilot", metavar="RUN", text="A finished run whose spread replaces assumptions.")
    ] = None,
    simulate: Annotated[
        bool, option("--simulate", text="Simulate the design: coverage, false alarms and power of its intervals.")
    ] = False,
    runs: Annotated[
        int, option("--runs", metavar="N", text="With --simulate: runs for each planted design.", min=20)
    ] = 1000,
    gap: Annotated[
        str, option("--gap", metavar="SHARE", text="With --simulate: the planted gap, for example -4%.")
    ] = "-4%",
    seed: Annotated[
        int, option("--seed", metavar="N", text="With --simulate: the same seed gives the same figures.")
    ] = 1,
    sets: Sets = None,
    results: ResultsFolder = None,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Show the design, its precision and its price; ask nothing.

    Cells, pairs and requests by endpoint. With --simulate the design is simulated many times instead, and every run
    judged with the intervals that a real one would print.
    """
    from bias_harness import pipeline

    if not simulate and any(typed(context, name) for name in ("runs", "gap", "seed")):
        raise UsageError("--runs, --gap and --seed go with --simulate")
    if simulate and pilot:
        raise UsageError("--pilot goes with the plan, and --simulate plants a spread of its own; give one of them")
    audit = pipeline.load_experiment(file, repeats=repeats, changes=changes(sets))
    if simulate:
        show_calibration(_simulate(audit, runs, _log(gap), seed, quiet), as_json=as_json)
    else:
        measured = pipeline.load_run(pilot, results=results) if pilot else None
        show_plan(pipeline.plan(audit, pilot=measured), as_json=as_json)


def show_plan(made: Plan, *, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        say_json(made.to_dict())
        return
    say(f"{made.title} ({made.experiment}, {made.digest[:12]})")
    for part in (table(made.DESIGN_HEAD, made.design_rows()), table(made.ENDPOINT_HEAD, made.endpoint_rows())):
        say()
        say(part)
    say()
    for remark in made.remarks:
        say(remark)


def _simulate(audit: Audit, runs: int, gap: float, seed: int, quiet: bool) -> Calibration:
    from rich.console import Console
    from rich.progress import Progress

    from bias_harness import pipeline

    with Progress(console=Console(stderr=True), disable=quiet) as bars:
        task = bars.add_task("Simulating", total=1.0)
        return pipeline.calibrate(
            audit,
            gap=gap,
            runs=runs,
            seed=seed,
            progress=lambda done, whole: bars.update(task, completed=done / whole),
        )


def show_calibration(made: Calibration, *, as_json: bool) -> None:
    """Print what simulating a design gave."""
    if as_json:
        say_json(made.to_dict())
        return
    rows = [
        (result.planted.name, s.scope, _share(s.coverage), _share(s.alarms), f"{100 * (s.width or 0):.1f}%")
        for result in made.results
        for s in result.scopes
        if s.available > 0
    ]
    say(table(("planted", "scope", "coverage", "finds a gap", "width"), rows))
    note(f"{made.runs:,} runs each, seed {made.seed}; +- is the Monte Carlo error.")
    note("Where no gap is planted, 'finds a gap' is a false alarm; elsewhere it is the power.")


def _log(text: str) -> float:
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        raise UsageError(f"--gap {text}: a percentage is wanted, for example -4%") from None
    if value <= -1:
        raise UsageError(f"--gap {text}: a gap below -100% cannot be")
    return math.log1p(value)


def _share(rate: Rate) -> str:
    if rate.share is None or rate.error is None:
        return "–"
    return f"{100 * rate.share:.1f}% +- {100 * rate.error:.1f}"
