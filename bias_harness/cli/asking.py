"""Asking: run, merge, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bias_harness.cli.options import ExperimentFile, Json, Limit, Repeats, ResultsFolder, Sets, changes, option
from bias_harness.cli.planning import show_plan
from bias_harness.cli.printing import note, say, say_json, show_findings, table
from bias_harness.errors import EXIT_ERROR, UsageError

if TYPE_CHECKING:
    from bias_harness.runs import Run

app = typer.Typer()
EXIT_INTERRUPTED = 130


@app.command()
def run(
    file: ExperimentFile,
    name: Annotated[
        str | None,
        option("--name", metavar="NAME", text="The run's folder below results/. Default: the experiment's name."),
    ] = None,
    results: ResultsFolder = None,
    repeats: Repeats = None,
    limit: Limit = None,
    shard: Annotated[
        str | None, option("--shard", metavar="I/N", text="i/n: the i-th of n parts, pairs kept together.")
    ] = None,
    retry: Annotated[
        Literal["failed", "refused"] | None,
        option(
            "--retry",
            metavar="failed|refused",
            text="failed or refused: ask once more what was filtered, or read as a refusal.",
        ),
    ] = None,
    budget: Annotated[
        float | None, option("--budget", metavar="DOLLARS", text="The most to spend, in US dollars.", min=0.0)
    ] = None,
    max_connections: Annotated[
        int | None,
        option("--max-connections", metavar="N", text="The most requests at once, for every endpoint.", min=1),
    ] = None,
    sets: Sets = None,
    dry_run: Annotated[bool, option("--dry-run", text="Only show the plan.")] = False,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Ask, read, estimate and report. The same command again asks only what is missing."""
    from bias_harness import pipeline
    from bias_harness.cli.progress import shown_progress

    if dry_run:
        audit = pipeline.load_experiment(file, repeats=repeats, changes=changes(sets))
        show_plan(pipeline.plan(audit), as_json=as_json)
        return
    audit = pipeline.load_experiment(file, repeats=repeats, max_connections=max_connections, changes=changes(sets))
    part = _shard(shard)
    with shown_progress(quiet=quiet, as_json=as_json) as progress:
        done = pipeline.run(
            audit, results=results, name=name, limit=limit, shard=part, retry=retry, budget=budget, progress=progress
        )
    _finish(done, file, as_json=as_json)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    index, slash, count = text.partition("/")
    if not (slash and index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {text}: i/n is wanted, with i from 1 to n, for example 2/4")
    return int(index), int(count)


def _finish(done: Run, file: str, *, as_json: bool) -> None:
    """Estimate, report, print, and leave with what happened."""
    from bias_harness.pipeline import report

    manifest = done.folder.manifest()
    for sentence in done.stopped:
        note(f"Stopped asking {sentence}")
    if done.observations.empty:
        note("Nothing was answered, so there is nothing to estimate.")
        raise typer.Exit(EXIT_ERROR)
    show_findings(done, report(done), as_json=as_json)
    if manifest["status"] == "interrupted":
        note(f"Interrupted; nothing that was answered is lost. Go on with: bias-harness run {file}")
        raise typer.Exit(EXIT_INTERRUPTED)
    if done.stopped or manifest["status"] == "error":
        raise typer.Exit(EXIT_ERROR)


@app.command()
def merge(
    parts: Annotated[list[Path], typer.Argument(help="The folders of the parts.", metavar="RUN")],
    into: Annotated[Path, option("--into", metavar="FOLDER", text="The folder to bring them together in.")],
    as_json: Json = False,
) -> None:
    """Bring the parts of one experiment together.

    The parts come from `run --shard`. Estimates and reports the whole.
    """
    from bias_harness import pipeline
    from bias_harness.results import RunFolder
    from bias_harness.results import merge as bring_together

    made = bring_together([RunFolder(path) for path in parts], RunFolder(into))
    note(f"{made.added:,} answers brought together, {made.twice:,} were there already.")
    _finish(pipeline.load_run(into), str(into), as_json=as_json)


@app.command("list")
def list_runs(results: ResultsFolder = None, as_json: Json = False) -> None:
    """Show the runs: status, answers, when."""
    from bias_harness.results import runs_in

    rows = [_row(folder.name, folder.manifest()) for folder in runs_in(results or Path("results"))]
    if as_json:
        say_json([dict(zip(("run", "status", "answered", "failed", "started"), row, strict=True)) for row in rows])
    elif rows:
        say(table(("run", "status", "answered", "failed", "started"), rows))
    else:
        note(f"There are no runs in {results or Path('results')}.")


def _row(name: str, manifest: dict[str, object]) -> tuple[object, ...]:
    endpoints = manifest.get("endpoints") or {}
    counts = list(endpoints.values()) if isinstance(endpoints, dict) else []
    answered = sum(int(e["answered"]) + int(e["already"]) for e in counts)
    failed = sum(int(e["failed"]) for e in counts)
    return (name, manifest.get("status", "not begun"), answered, failed, str(manifest.get("started_at", "")))
