"""Asking: run, merge, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from bias_harness.cli.options import (
    Cluster,
    ExperimentFile,
    Json,
    Limit,
    NoFigures,
    NoReport,
    Preregistered,
    Prose,
    Repeats,
    ResultsFolder,
    RunName,
    Sets,
    WorkerCount,
    changes,
    option,
    typed_again,
    workers_of,
)
from bias_harness.cli.planning import show_plan
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.cli.results import show_findings
from bias_harness.errors import EXIT_ERROR, BiasHarnessError

if TYPE_CHECKING:
    from bias_harness.results import RunFolder
    from bias_harness.runs import Run

app = typer.Typer()
EXIT_INTERRUPTED = 130


@app.command()
def run(
    context: typer.Context,
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
    share: Annotated[
        str | None,
        option(
            "--share",
            metavar="SHARE",
            text="With --shard: how much of each endpoint's limits it takes, as 40%. Default: the n-th part.",
        ),
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
    until: Annotated[
        Literal["decided"] | None,
        option(
            "--until",
            metavar="decided",
            text="decided: look at 40, 60, 80 and 100 % of the jobs, and stop when all is clear or the same.",
        ),
    ] = None,
    max_connections: Annotated[
        int | None,
        option("--max-connections", metavar="N", text="The most requests at once, for every endpoint.", min=1),
    ] = None,
    preregistered: Preregistered = None,
    sets: Sets = None,
    dry_run: Annotated[bool, option("--dry-run", text="Only show the plan.")] = False,
    show: Annotated[
        bool, option("--show", text="While asking, an answer a second with what was read in it. Never a gap.")
    ] = False,
    no_report: NoReport = False,
    no_figures: NoFigures = False,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    workers: WorkerCount = None,
    cluster: Cluster = None,
    prose: Prose = False,
    as_json: Json = False,
) -> None:
    """Ask, read, estimate and report. The same command again asks only what is missing."""
    from bias_harness import pipeline
    from bias_harness.cli.looking import Looking
    from bias_harness.cli.progress import shown_progress
    from bias_harness.design.portion import parse_shard
    from bias_harness.design.shares import parse_share

    if preregistered is not None:
        from bias_harness.results.registration import read_registration

        read_registration(preregistered)
    who = workers_of(workers, cluster)
    part = None if shard is None else parse_shard(shard)
    own = None if share is None else parse_share(share)
    audit = pipeline.load_experiment(file, repeats=repeats, max_connections=max_connections, changes=changes(sets))
    if dry_run:
        show_plan(pipeline.plan(audit, limit=limit, shard=part, share=own, budget=budget), as_json=as_json)
        return
    looking = Looking(audit.experiment.outcome, audit.experiment.max_unread_share, show)
    with shown_progress(quiet=quiet, as_json=as_json, in_lines=show, seen=looking) as progress:
        done = pipeline.run(
            audit,
            results=results,
            name=name,
            limit=limit,
            shard=part,
            share=own,
            retry=retry,
            budget=budget,
            progress=progress,
            see=looking,
            until=until,
            workers=who.count,
            cluster=who.cluster,
        )
    if preregistered is not None:
        done.register(preregistered)
    writing = Writing(pages=not no_report, figures=not no_figures, quiet=quiet)
    _finish(done, f"Go on with: {typed_again(context)}", as_json=as_json, prose=prose, writing=writing)


class Writing(NamedTuple):
    """What is written after asking: pages, figure files; and whether its progress is kept quiet."""

    pages: bool = True
    figures: bool = True
    quiet: bool = False


ALL = Writing()


def _finish(done: Run, go_on: str, *, as_json: bool, prose: bool = False, writing: Writing = ALL) -> None:
    """Estimate, report, print, and leave with what happened; `go_on` is what an interrupted run is told."""
    manifest = done.manifest
    for sentence in done.stopped:
        note(f"Stopped asking {sentence}")
    pages = _pages(done, writing, as_json=as_json)
    if pages is None:
        note("Nothing was answered, so there is nothing to estimate.")
        if manifest.status == "interrupted":
            note(go_on)
        raise typer.Exit(EXIT_INTERRUPTED if manifest.status == "interrupted" else EXIT_ERROR)
    show_findings(done, pages, as_json=as_json, prose=prose)
    if manifest.status == "interrupted":
        note(f"Interrupted; nothing that was answered is lost. {go_on}")
        raise typer.Exit(EXIT_INTERRUPTED)
    if done.stopped or manifest.status == "error":
        raise typer.Exit(EXIT_ERROR)


def _pages(done: Run, writing: Writing, *, as_json: bool) -> list[Path] | None:
    """What was written; None where there is nothing to write of."""
    from bias_harness.cli.progress import shown_stages
    from bias_harness.pipeline import report

    with shown_stages(quiet=writing.quiet, as_json=as_json) as told:
        if done.is_empty(told):
            return None
        return report(done, figures=writing.figures, told=told) if writing.pages else []


@app.command()
def merge(
    parts: Annotated[list[Path], typer.Argument(help="The folders of the parts.", metavar="RUN")],
    into: Annotated[Path, option("--into", metavar="FOLDER", text="The folder to bring them together in.")],
    workers: WorkerCount = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """Bring the parts of one experiment together.

    The parts come from `run --shard`. Estimates and reports the whole.
    """
    from bias_harness import pipeline
    from bias_harness.results import RunFolder
    from bias_harness.results import merge as bring_together

    who = workers_of(workers, cluster)
    made = bring_together([RunFolder(path) for path in parts], RunFolder(into))
    note(f"{made.added:,} answers brought together, {made.twice:,} were there already.")
    if made.conflicts:
        note(f"{made.conflicts:,} requests were answered twice with other words; the answer that was first stays.")
    for fault in made.faults:
        note(fault)
    whole = pipeline.load_run(into, workers=who.count, cluster=who.cluster)
    _finish(whole, "Finish the parts that were interrupted and merge again.", as_json=as_json)


@app.command()
def batches(
    name: RunName,
    cancel: Annotated[
        bool, option("--cancel", text="End what is under way; what is finished by then is charged.")
    ] = False,
    forget: Annotated[
        list[str] | None,
        option(
            "--forget",
            metavar="ID",
            text="Give up a batch that is gone for good: its requests are asked and paid anew.",
        ),
    ] = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Show the batches of a run: where and how far.

    `run` with the same words collects them. Nothing is asked here, and without --cancel nobody is reached.
    """
    from dataclasses import asdict

    from bias_harness import pipeline

    done = pipeline.load_run(name, results=results)
    found = pipeline.batches(done, cancel=cancel, forget=forget or ())
    rows = [asdict(kept) for kept in found]
    if as_json:
        say_json(rows)
    elif rows:
        head = ("endpoint", "id", "requests", "begun", "status", "stage")
        say(table(head, [tuple(row[key] or "–" for key in (*head[:3], "begun_at", *head[4:])) for row in rows]))
    else:
        note(f"{done.folder.name} has no batches.")
    if cancel:
        note("What was finished is still there: the run's own command collects it once they have ended.")


@app.command("list")
def list_runs(results: ResultsFolder = None, as_json: Json = False) -> None:
    """Show the runs: running, finished or incomplete.

    With the answers of the whole design, and when it began.
    """
    from bias_harness.results import runs_in
    from bias_harness.workspace import Workspace

    place = results or Workspace.here().results
    rows = [_row(folder) for folder in runs_in(place)]
    if as_json:
        say_json(rows)
    elif rows:
        head = ("run", "state", "answered", "failed", "started")
        shown = [{**row, "answered": f"{row['answered']:,} of {row['designed']:,}"} for row in rows]
        say(table(head, [tuple(row[name] for name in head) for row in shown]))
    else:
        note(f"There are no runs in {place}.")


def _row(folder: RunFolder) -> dict[str, Any]:
    """One run; its counts are of the whole run, whatever the last call did, and of all endpoints together."""
    from bias_harness import pipeline
    from bias_harness.results import Manifest
    from bias_harness.results.running import is_running

    running = is_running(folder)  # asked first: a run that ends meanwhile has its end in the manifest by then
    try:
        manifest = pipeline.load_run(folder.path).manifest
        status = "altered" if manifest.faults else ""
    except BiasHarnessError as error:
        note(str(error))
        manifest, status = Manifest(), "unreadable"
    status = status or manifest.status or "not begun"
    return {
        "run": folder.name,
        "state": "running" if status == "started" and running else _state(status),
        "status": status,
        "answered": manifest.present or 0,
        "designed": manifest.designed or 0,
        "failed": manifest.failed,
        "started": manifest.started_at or "",
    }


def _state(status: str) -> str:
    """What became of a run that nobody is asking into; `started` without an end is a process that was killed."""
    if status in ("success", "unreadable", "not begun"):
        return "finished" if status == "success" else status
    return f"incomplete ({'killed' if status == 'started' else status})"
