"""The sentences of a paper, and what stands across it where its numbers are no finding."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bias_harness.handwritten import parse_shipped
from bias_harness.reporting.material import View


@cache
def _texts() -> Mapping[str, Any]:
    table: Mapping[str, Any] = parse_shipped(files(__package__).joinpath("paper.en.yaml").read_text(encoding="utf-8"))
    return table


def under(key: str) -> Any:
    """Whatever stands under a dotted key."""
    node: Any = _texts()
    for part in key.split("."):
        node = node[part]
    return node


def say(key: str, **values: str) -> str:
    """The text under a dotted key with its {placeholders} filled."""
    return str(under(key)).format(**values)


def doubtful(view: View) -> list[str]:
    """What kinds of thing answered that are no finding about a chatbot: simulation, tiny model, unknown."""
    natures = dict.fromkeys(view.material.nature(name) for name in view.material.endpoints)
    return [nature for nature in natures if nature in under("stamps")]


def stamp_of(view: View) -> str:
    """The words across every page and in every caption; empty for real models."""
    return ", ".join(under("stamps")[nature] for nature in doubtful(view))


def mark_of(view: View) -> str:
    """What has to be read first; empty for real models."""
    natures = view.texts.under("natures")
    said = [say("marked", mark=under("stamps")[n], text=natures[n]["text"]) for n in doubtful(view)]
    return " ".join(said)
