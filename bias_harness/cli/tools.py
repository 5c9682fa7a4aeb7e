"""The instrument itself: model fetch, schema; `doctor` has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bias_harness.cli.commands import Commands
from bias_harness.cli.options import option
from bias_harness.cli.printing import say, say_json
from bias_harness.errors import InputError

app = typer.Typer()
model = typer.Typer(help="The language models that can be asked on this computer.", no_args_is_help=True, cls=Commands)
app.add_typer(model, name="model")


@model.command()
def fetch(
    name: Annotated[str, typer.Argument(help="The model's name, as `doctor` shows it.", metavar="NAME")],
) -> None:
    """Fetch a model's weights into the cache, and print where they are.

    They are accepted by their SHA-256 alone; what is in the cache is not fetched again.
    """
    from bias_harness.asking.providers.fetching import fetch_with_bar

    say(str(fetch_with_bar(name)))


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(help="experiment, people, attribute, edits, policy or check.", metavar="NAME")
    ] = "experiment",
    write: Annotated[
        Path | None, option("--into", metavar="FOLDER", text="Write all schemas into this folder instead.")
    ] = None,
) -> None:
    """Print a JSON Schema for your editor.

    Of an experiment, people or attribute file, of the check's policy, or of what `check -o check.json` writes.
    """
    from bias_harness.checking.gates import check_schema, policy_schema
    from bias_harness.design.audit import schemas
    from bias_harness.errors import did_you_mean

    made = schemas() | {"check": check_schema(), "policy": policy_schema()}
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for kind, content in made.items():
            text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
            (write / f"{kind}.schema.json").write_text(text, encoding="utf-8")
        return
    if name not in made:
        raise InputError(f"there is no schema {name!r}{did_you_mean(name, made)}")
    say_json(made[name])
