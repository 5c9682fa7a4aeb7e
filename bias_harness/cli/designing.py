"""A working folder and the experiments in it: init, validate."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

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

    Every key, name and prompt, and that the prompts of a pair differ in their words only. A file of people or a prompt
    stands for every experiment beside it. What a design is too small to say is noted, and is no error.
    """
    from bias_harness.sharing.map import is_map, read_map
    from bias_harness.workspace import experiments_about

    found = []
    for path in dict.fromkeys(path for file in files for path in experiments_about(file)):
        if is_map(path):
            made: dict[str, object] = {"file": str(path), "map": read_map(path).name}
            told = [f"{path}: fine, a map of answers collected elsewhere."]
        else:
            made, told = _validated(path, changes(sets))
        found.append(made)
        for line in () if as_json else told:
            say(line)
    if as_json:
        say_json(found)


def _validated(path: Path, changed: dict[str, Any]) -> tuple[dict[str, object], list[str]]:
    """What is found in one experiment, as data and in lines."""
    from bias_harness.pipeline import load_experiment

    audit = load_experiment(path, changes=changed)
    ends, compared, blocks = [e.name for e in audit.experiment.endpoints], audit.check(), len(audit.design)
    remarks = list(audit.remarks())
    counts = f"{blocks:,} blocks; {compared:,} prompts compared, no leak"
    told = [f"{path}: fine. {counts}; endpoints: {', '.join(ends)}.", *(f"  note: {remark}." for remark in remarks)]
    data = {"file": str(path), "blocks": blocks, "prompts_compared": compared, "endpoints": ends, "remarks": remarks}
    return data, told
