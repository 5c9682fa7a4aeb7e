"""The local models: list, fetch, where."""

from __future__ import annotations

from typing import Annotated

import typer

from bias_harness.cli.printing import say, table
from bias_harness.errors import InputError

app = typer.Typer()
model = typer.Typer(help="The language models that can be asked on this computer.", no_args_is_help=True)
app.add_typer(model, name="model")
Name = Annotated[str, typer.Argument(help="The model's name, as `model list` shows it.", metavar="NAME")]


@model.command("list")
def list_models() -> None:
    """Show the models: size, licence, and whether they are here."""
    from bias_harness.asking.providers import weights

    rows = [
        (w.name, f"{w.bytes / 1e6:,.0f} MB", w.licence, w.author, "here" if weights.where(w.name) else "")
        for w in weights.known_models().values()
    ]
    say(table(("name", "size", "licence", "author", ""), rows))


@model.command()
def fetch(name: Name) -> None:
    """Fetch a model's weights into the cache; accepted by their SHA-256 alone."""
    from bias_harness.asking.providers.fetching import fetch_with_bar

    say(str(fetch_with_bar(name)))


@model.command()
def where(name: Name) -> None:
    """Print where a model's weights are."""
    from bias_harness.asking.providers import weights

    path = weights.where(name)
    if path is None:
        raise InputError(f"{name} is not here yet; get it with: bias-harness model fetch {name}")
    say(str(path))
