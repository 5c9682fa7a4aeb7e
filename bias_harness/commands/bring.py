"""Bringing in and taking out: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bias_harness.commands import ResultsFolder, note, option, say

app = typer.Typer()


@app.command("import")
def import_answers(
    tables: Annotated[
        list[Path],
        typer.Argument(
            help="The answers: .csv, .tsv, .jsonl, .json, .parquet, .eval; several are read as one.", metavar="TABLE..."
        ),
    ],
    mapping: Annotated[Path, option("--map", text="The map: which column says what (YAML).")],
    name: Annotated[
        str | None, option("--name", text="The run's folder below results/. Default: the map's name.")
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Make a run of answers that were collected elsewhere, then estimate and report."""
    from bias_harness import pipeline

    made = pipeline.import_answers(tables, mapping, results=results or Path("results"), name=name)
    for sentence in made.folder.manifest()["missing"]:
        note(sentence)
    pipeline.estimate(made)
    pages = pipeline.report(made)
    for line in pipeline.headlines(made):
        say(line)
    say()
    for page in pages:
        say(f"  {page}")
