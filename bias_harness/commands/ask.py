"""Asking: run, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bias_harness.commands import ExperimentFile, Json, ResultsFolder, note, option, say, say_json, table
from bias_harness.errors import EXIT_ERROR

app = typer.Typer()
EXIT_INTERRUPTED = 130


@app.command()
def run(
    file: ExperimentFile,
    name: Annotated[
        str | None, option("--name", text="The run's folder below results/. Default: the experiment's name.")
    ] = None,
    results: ResultsFolder = None,
    repeats: Annotated[
        int | None, option("--repeat", text="Repeats instead of the experiment's; more extend a finished run.", min=1)
    ] = None,
    limit: Annotated[
        int | None, option("--limit", text="At most so many requests to each endpoint, in whole pairs.", min=1)
    ] = None,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Ask, read, estimate and report. The same command again asks only what is missing."""
    from bias_harness import pipeline
    from bias_harness.commands.progress import shown_progress

    audit = pipeline.load_experiment(file, repeats=repeats)
    with shown_progress(audit, limit, quiet=quiet) as progress:
        done = pipeline.run(audit, results=results, name=name, limit=limit, progress=progress)
    manifest = done.folder.manifest()
    for sentence in done.stopped:
        note(f"Stopped asking {sentence}")
    if done.observations.empty:
        note("Nothing was answered, so there is nothing to estimate.")
        raise typer.Exit(EXIT_ERROR)
    estimates = pipeline.estimate(done)
    pages = pipeline.report(done)
    if as_json:
        say_json({"run": str(done.folder.path), "manifest": manifest, "estimates": estimates.to_dict()})
    else:
        for line in pipeline.headlines(done):
            say(line)
        say()
        for page in pages:
            say(f"  {page}")
    if manifest["status"] == "interrupted":
        note(f"Interrupted; nothing that was answered is lost. Go on with: bias-harness run {file}")
        raise typer.Exit(EXIT_INTERRUPTED)
    if done.stopped or manifest["status"] == "error":
        raise typer.Exit(EXIT_ERROR)


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
