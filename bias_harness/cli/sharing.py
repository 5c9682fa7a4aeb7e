"""Bringing in and taking out: import, export, bundle, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bias_harness.cli.options import ResultsFolder, RunName, option
from bias_harness.cli.printing import note, say
from bias_harness.errors import EXIT_ERROR, UsageError

app = typer.Typer()


@app.command("import")
def import_answers(
    tables: Annotated[
        list[Path],
        typer.Argument(
            help="The answers: .csv, .tsv, .jsonl, .json, .parquet, .eval; several are read as one.", metavar="TABLE"
        ),
    ],
    mapping: Annotated[Path, option("--map", metavar="FILE", text="The map: which column says what (YAML).")],
    name: Annotated[
        str | None, option("--name", metavar="NAME", text="The run's folder below results/. Default: the map's name.")
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Make a run of answers that were collected elsewhere.

    Estimates and reports it as any other.
    """
    from bias_harness import pipeline

    made = pipeline.import_answers(tables, mapping, results=results, name=name)
    for sentence in made.manifest.missing:
        note(sentence)
    pages = pipeline.report(made)
    for line in pipeline.headlines(made):
        say(line)
    say()
    for page in pages:
        say(f"  {page}")


@app.command()
def export(
    run: RunName,
    output: Annotated[
        list[Path] | None,
        option(
            "--output",
            "-o",
            metavar="FILE",
            text="observations, pairs or estimates, by the file's name, as .csv, .parquet or .json.",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        option("--into", metavar="FOLDER", text="A folder for all tables, with a codebook and datapackage.json."),
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Write the tables of a run: observations, pairs, estimates."""
    from bias_harness import pipeline

    if not output and into is None:
        raise UsageError("say what to write: -o pairs.csv, or --into FOLDER for everything")
    for path in pipeline.export(pipeline.load_run(run, results=results), output or [], into):
        say(str(path))


@app.command()
def bundle(
    run: RunName,
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", text="The archive. Default: RUN.zip here.")
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Put a run into one archive for a reviewer.

    Answers, questions, numbers, checksums, and how to run it again.
    """
    from bias_harness import pipeline

    loaded = pipeline.load_run(run, results=results)
    say(str(pipeline.bundle(loaded, output or Path(f"{loaded.folder.name}.zip"))))


@app.command()
def verify(
    archive: Annotated[Path, typer.Argument(help="An archive made by bundle.", metavar="ARCHIVE")],
) -> None:
    """Check an archive: whole, unaltered, and true to its answers.

    Nothing is missing, added or altered, and its answers give its numbers.
    """
    from bias_harness import pipeline

    found = pipeline.verify(archive)
    for sentence in (*found.troubles, *found.notes):
        note(sentence)
    if found.troubles:
        raise typer.Exit(EXIT_ERROR)
    say(f"{archive}: every checksum fits, and the answers give these numbers.")
