"""A working folder and the experiments in it: init, validate."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from bias_harness.cli.options import Json, Sets, changes
from bias_harness.cli.printing import say, say_json
from bias_harness.errors import InputError

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
    for path in (path for kind in ("experiments", "personas", "prompts") for path in (folder / kind).glob("*.yaml")):
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
    as_json: Json = False,
) -> None:
    """Check experiments, their people and their prompts.

    Every key, name and prompt, and that the prompts of a pair differ in their words only. What a design is too small to
    say is noted, and is no error.
    """
    from bias_harness.pipeline import load_experiment

    found = []
    for file in files:
        audit = load_experiment(file, changes=changes(sets))
        ends, compared, blocks = [e.name for e in audit.experiment.endpoints], audit.check(), len(audit.design)
        remarks = list(audit.remarks())
        found.append(
            {"file": file, "blocks": blocks, "prompts_compared": compared, "endpoints": ends, "remarks": remarks}
        )
        if not as_json:
            counts = f"{blocks:,} blocks; {compared:,} prompts compared, no leak"
            say(f"{file}: fine. {counts}; endpoints: {', '.join(ends)}.")
            for remark in remarks:
                say(f"  note: {remark}.")
    if as_json:
        say_json(found)
