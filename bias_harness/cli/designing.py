"""Before anything is asked: init, validate, plan, schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bias_harness.cli.options import ExperimentFile, Json, ResultsFolder, Sets, changes, option
from bias_harness.cli.printing import say, say_json, table
from bias_harness.errors import InputError

if TYPE_CHECKING:
    from bias_harness.planning.plan import Plan

app = typer.Typer()
SCHEMA_LINE = "$schema=../bias_harness/schemas/"


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The working folder to make.", metavar="FOLDER")],
) -> None:
    """Make a working folder with everything there is to edit.

    It gets experiments/, personas/ and prompts/. Nothing that exists is overwritten.
    """
    from bias_harness.workspace import shipped

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not empty; name a new folder")
    for kind in ("experiments", "personas", "prompts"):
        shutil.copytree(shipped(kind), folder / kind, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parent.parent / "schemas", folder / "schemas")
    for path in [*(folder / "experiments").glob("*.yaml"), *(folder / "personas").glob("*.yaml")]:
        path.write_text(
            path.read_text(encoding="utf-8").replace(SCHEMA_LINE, "$schema=../schemas/", 1), encoding="utf-8"
        )
    (folder / ".gitignore").write_text(".env\nresults/\n", encoding="utf-8")
    say(f"Made {folder}/ with experiments/, personas/ and prompts/.")
    say("Next:")
    say(f"  cd {folder}")
    say("  bias-harness plan experiments/quickstart.yaml   what would be asked, and what it would cost")
    say("  bias-harness run experiments/quickstart.yaml    ask, read, estimate, report")


@app.command()
def validate(
    files: Annotated[
        list[str], typer.Argument(help="Experiments: YAML files, or names in experiments/.", metavar="FILE")
    ],
    sets: Sets = None,
) -> None:
    """Check experiments, their people and their prompts.

    Every key, name and prompt, and that the prompts of a pair differ in their words only.
    """
    from bias_harness.pipeline import load_experiment

    for file in files:
        audit = load_experiment(file, changes=changes(sets))
        endpoints = ", ".join(e.name for e in audit.experiment.endpoints)
        compared = audit.check()
        blocks = f"{len(audit.design):,} blocks; {compared:,} prompts compared, no leak"
        say(f"{file}: fine. {blocks}; endpoints: {endpoints}.")


@app.command()
def plan(
    file: ExperimentFile,
    repeats: Annotated[
        int | None, option("--repeat", metavar="N", text="Repeats instead of the experiment's.", min=1)
    ] = None,
    pilot: Annotated[
        str | None, option("--pilot", metavar="RUN", text="A finished run whose spread replaces assumptions.")
    ] = None,
    sets: Sets = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Show the design, its precision and its price; ask nothing.

    Cells, pairs and requests by endpoint.
    """
    from bias_harness import pipeline

    audit = pipeline.load_experiment(file, repeats=repeats, changes=changes(sets))
    made = pipeline.plan(audit, pilot=pipeline.load_run(pilot, results=results) if pilot else None)
    show_plan(made, as_json=as_json)


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


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="experiment, people, attribute or check.", metavar="NAME")] = "experiment",
    write: Annotated[
        Path | None, option("--write", metavar="FOLDER", text="Write all schemas into this folder instead.")
    ] = None,
) -> None:
    """Print a JSON Schema for your editor.

    Of an experiment, people or attribute file, or of what `check -o check.json` writes.
    """
    from bias_harness.checking.gates import check_schema
    from bias_harness.design.audit import schemas
    from bias_harness.errors import did_you_mean

    made = schemas() | {"check": check_schema()}
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for kind, content in made.items():
            text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
            (write / f"{kind}.schema.json").write_text(text, encoding="utf-8")
        return
    if name not in made:
        raise InputError(f"there is no schema {name!r}{did_you_mean(name, made)}")
    say_json(made[name])
