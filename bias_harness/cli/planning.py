"""The instrument itself: calibrate, plugins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from bias_harness.cli.options import ExperimentFile, Json, Sets, changes, option
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import UsageError

if TYPE_CHECKING:
    from bias_harness.planning.calibration import Rate

app = typer.Typer()


@app.command()
def calibrate(
    file: ExperimentFile,
    runs: Annotated[
        int, option("--runs", metavar="N", text="How many simulated runs for each planted design.", min=20)
    ] = 1000,
    gap: Annotated[str, option("--gap", metavar="SHARE", text="The planted gap, for example -4%.")] = "-4%",
    seed: Annotated[int, option("--seed", metavar="N", text="The same seed gives the same figures.")] = 1,
    sets: Sets = None,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Simulate the experiment's own design many times.

    Gives coverage, false alarms and power of the intervals it will print.
    """
    from rich.console import Console
    from rich.progress import Progress

    from bias_harness import pipeline

    audit = pipeline.load_experiment(file, changes=changes(sets))
    with Progress(console=Console(stderr=True), disable=quiet) as bars:
        task = bars.add_task("Simulating", total=1.0)
        made = pipeline.calibrate(
            audit,
            gap=_log(gap),
            runs=runs,
            seed=seed,
            progress=lambda done, whole: bars.update(task, completed=done / whole),
        )
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


@app.command("plugins")
def list_plugins(as_json: Json = False) -> None:
    """Show what other installed packages add.

    Providers, estimators, sections, lexicons.
    """
    from bias_harness.plugins import KINDS, plugins

    rows = [(kind, name, p.distribution, p.point.value) for kind in KINDS for name, p in plugins(kind).items()]
    if as_json:
        say_json([dict(zip(("kind", "name", "distribution", "object"), row, strict=True)) for row in rows])
    elif rows:
        say(table(("kind", "name", "distribution", "object"), rows))
    else:
        note("No installed package adds anything; docs/extending.md says how one does.")
