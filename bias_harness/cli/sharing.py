"""Bringing in and taking out: import, export, bundle, verify."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bias_harness.cli.options import Json, Judgements, NoFigures, NoReport, ResultsFolder, RunName, option
from bias_harness.cli.printing import note, say, say_json, show_paths
from bias_harness.cli.results import show_findings
from bias_harness.errors import EXIT_ERROR, InputError, UsageError

app = typer.Typer()


@app.command("import")
def import_answers(
    tables: Annotated[
        list[Path],
        typer.Argument(
            help="The answers: .csv, .tsv, .xlsx, .json, .jsonl, .parquet, .eval; several are one.",
            metavar="TABLE",
        ),
    ],
    mapping: Annotated[
        Path | None, option("--map", metavar="FILE", text="The map: which column says what (YAML).")
    ] = None,
    guess: Annotated[bool, option("--guess", text="Import nothing: write a map to correct, from the table.")] = False,
    name: Annotated[
        str | None, option("--name", metavar="NAME", text="The run's folder below results/. Default: the map's name.")
    ] = None,
    results: ResultsFolder = None,
    judgements: Judgements = False,
    no_report: NoReport = False,
    no_figures: NoFigures = False,
    as_json: Json = False,
) -> None:
    """Make a run of answers that were collected elsewhere.

    Estimates and reports it as any other.
    """
    from bias_harness.cli.progress import shown_stages
    from bias_harness.pipeline import report
    from bias_harness.sharing import importing

    if guess:
        _guess(tables, mapping)
        return
    if mapping is None:
        raise UsageError("name the map with --map MAP.yaml; --guess writes one from the table, for you to correct")
    made = importing.import_answers(tables, mapping, results=results, name=name)
    for sentence in made.manifest.missing:
        note(sentence)
    if judgements:
        say_json(made.judgements.to_dict())
        return
    with shown_stages(as_json=as_json) as told:
        pages = [] if no_report else report(made, figures=not no_figures, told=told)
    show_findings(made, pages, as_json=as_json)


def _guess(tables: list[Path], mapping: Path | None) -> None:
    """Write a map to correct, and say what to do with it."""
    from bias_harness.results import write_whole
    from bias_harness.sharing.guessing import guess

    target = mapping or Path(f"{tables[0].name.split('.')[0]}.map.yaml")
    if target.exists():
        raise InputError(f"{target} is there already and is not overwritten; name another file with --map")
    text = guess(tables[0], target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, text)
    say(text.rstrip("\n"))
    note(f"Wrote {target}. Nothing was imported: correct it first, every line of it.")


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
    paper: Annotated[
        Path | None,
        option("--paper", metavar="FOLDER", text="A folder for text, tables, figures and references of a paper."),
    ] = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Write the tables of a run: observations, pairs, estimates.

    With --paper its methods, results, tables, figures, limitations and references, in Markdown and LaTeX.
    """
    from bias_harness.runs import load_run
    from bias_harness.sharing.export import export as write_tables
    from bias_harness.sharing.export import write_paper

    if not output and into is None and paper is None:
        raise UsageError("say what to write: -o pairs.csv, --into FOLDER for everything, or --paper FOLDER")
    loaded = load_run(run, results=results)
    made = write_tables(loaded, output or [], into)
    if paper is not None:
        made += write_paper(loaded, paper)
    show_paths(made, as_json=as_json)


@app.command()
def bundle(
    run: RunName,
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", text="The archive. Default: RUN.zip here.")
    ] = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Put a run into one archive for a reviewer.

    Answers, questions, numbers, checksums, and how to run it again.
    """
    from bias_harness.runs import load_run
    from bias_harness.sharing.bundle import bundle as pack

    loaded = load_run(run, results=results)
    show_paths([pack(loaded, output or f"{loaded.folder.name}.zip")], as_json=as_json)


@app.command()
def verify(
    archive: Annotated[Path, typer.Argument(help="An archive made by bundle.", metavar="ARCHIVE")],
    as_json: Json = False,
) -> None:
    """Check an archive: whole, unaltered, and true to its answers.

    Nothing is missing, added or altered, and its answers give its numbers.
    """
    from bias_harness.sharing.verification import verify as examine

    found = examine(archive)
    if as_json:
        say_json(asdict(found))
    else:
        for sentence in (*found.troubles, *found.notes):
            note(sentence)
        if not found.troubles:
            say(f"{archive}: every checksum fits, and the answers give these numbers.")
            say(f"To cite it: sha256:{found.digest}")
    if found.troubles:
        raise typer.Exit(EXIT_ERROR)
