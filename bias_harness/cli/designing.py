"""A working folder and the experiments in it: init, validate."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bias_harness.cli.options import Json, Sets, changes, option, typed
from bias_harness.cli.printing import say, say_json
from bias_harness.errors import InputError, UsageError

if TYPE_CHECKING:
    from bias_harness.design.starting import Start

app = typer.Typer()
SCHEMA_LINE = "$schema=../bias_harness/schemas/"


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The working folder to make.", metavar="FOLDER")],
    country: Annotated[
        str | None, option("--country", metavar="CODE", text="Whose jobs, language and currency: nl or us.")
    ] = None,
    jobs: Annotated[
        str | None,
        option("--jobs", metavar="N|FILE.csv", text="How many jobs of the country's list, or a table of your own."),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        option("--attribute", metavar="NAME", text="What is varied (repeatable): gender, or gender=male,female."),
    ] = None,
    names: Annotated[
        Path | None, option("--names", metavar="FILE.csv", text="First names to compare: the columns level and name.")
    ] = None,
    models: Annotated[
        list[str] | None,
        option("--model", metavar="MODEL", text="What is asked (repeatable): a model's name, or NAME@https://ADDRESS."),
    ] = None,
    budget: Annotated[
        float | None, option("--budget", metavar="DOLLARS", text="The most to spend, in US dollars.", min=0.0)
    ] = None,
) -> None:
    """Make a working folder with everything there is to edit.

    It gets experiments/, personas/ and prompts/. Nothing that exists is overwritten. With any of the options it also
    gets an experiment of its own, by the folder's name, that can be planned and run as it is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not empty; name a new folder")
    wanted = ("country", "jobs", "attributes", "names", "models", "budget")
    first, made = "quickstart", {}
    if any(typed(context, name) for name in wanted):
        from bias_harness.design.lists import slug
        from bias_harness.design.starting import Start

        first = slug(folder.resolve().name)
        made = _own(Start(first, **_given(country, jobs, attributes, names, models, budget)))
    new = not folder.exists()
    try:
        _fill(folder, made)
        if made:
            _check(folder / "experiments" / f"{first}.yaml")
    except BaseException:
        _empty(folder, itself=new)
        raise
    say(f"Made {folder}/ with experiments/, personas/ and prompts/.")
    for path in made:
        say(f"  {folder / path}")
    say("Next:")
    say(f"  cd {folder}")
    say(f"  bias-harness plan experiments/{first}.yaml   what would be asked, and what it would cost")
    say(f"  bias-harness run experiments/{first}.yaml    ask, read, estimate, report")


def _given(
    country: str | None,
    jobs: str | None,
    attributes: list[str] | None,
    names: Path | None,
    models: list[str] | None,
    budget: float | None,
) -> dict[str, Any]:
    """What was given, in the types of `Start`."""
    found = {"country": country, "attributes": attributes, "names": names, "models": models, "budget": budget}
    if jobs is not None:
        if jobs.isascii() and not jobs.isdigit() and not jobs.lower().endswith((".csv", ".tsv")):
            raise UsageError(f"--jobs {jobs}: a number of jobs is wanted, or a .csv file with the column job")
        found["jobs"] = int(jobs) if jobs.isdigit() else Path(jobs)
    return {name: value for name, value in found.items() if value is not None}


def _own(start: Start) -> dict[str, str]:
    from bias_harness.asking.providers.weights import known_models
    from bias_harness.design.starting import started

    return started(start, list(known_models()))


def _fill(folder: Path, made: Mapping[str, str]) -> None:
    """Everything shipped, and what was made."""
    from bias_harness.workspace import shipped

    for kind in ("experiments", "personas", "prompts"):
        shutil.copytree(shipped(kind), folder / kind, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parent.parent / "schemas", folder / "schemas")
    for path in (path for kind in ("experiments", "personas", "prompts") for path in (folder / kind).glob("*.yaml")):
        path.write_text(
            path.read_text(encoding="utf-8").replace(SCHEMA_LINE, "$schema=../schemas/", 1), encoding="utf-8"
        )
    (folder / ".gitignore").write_text(".env\nresults/\n", encoding="utf-8")
    for name, text in made.items():
        if (folder / name).exists():
            raise InputError(f"{name} is the name of a file that is shipped; name another folder")
        (folder / name).write_text(text, encoding="utf-8")


def _check(path: Path) -> None:
    """The experiment that was made, as every other is checked."""
    from bias_harness.pipeline import load_experiment

    load_experiment(path)


def _empty(folder: Path, *, itself: bool) -> None:
    """Take away what was made in a folder that was empty or not there."""
    for path in folder.glob("*") if folder.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if itself and folder.is_dir():
        folder.rmdir()


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
