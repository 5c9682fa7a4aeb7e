"""prompts/edits.<language>.yaml -> neutral edits: other ways of putting a question, that say nothing of the person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, field_validator

from bias_harness.errors import InputError
from bias_harness.files import read_text
from bias_harness.handwritten import Name, Strict, check, parse_yaml

MESSAGE, LINES = "{}", "{lines}"
_SCHEMA_PLACE, _OURS = re.compile(r"\A(# yaml-language-server: \$schema=)\S*/"), r"\1../bias_harness/schemas/"
"""Where an editor finds the schema is no part of what is asked: a working folder of `init` asks what we ask."""
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+")


class Edits(Strict):
    """Neutral edits, shared by all wordings of a language: a name, and the message with what is put around it.

    `{}` is the message as it stands, `{lines}` the message with every sentence on a line of its own; one of the two.
    """

    edits: dict[Name, str] = Field(min_length=1)

    @field_validator("edits")
    @classmethod
    def _around_the_message(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if text.count(MESSAGE) + text.count(LINES) != 1:
                raise ValueError(f"{name}: {text!r} must hold the message once, as {MESSAGE} or as {LINES}")
            if text.strip() == MESSAGE:
                raise ValueError(f"{name}: this leaves the message as it is; put something around it")
        return value


def file_name(language: str) -> str:
    """How the file of a language is called."""
    return f"edits.{language}.yaml"


def is_edits(name: str) -> bool:
    """Whether a source of prompts is a file of edits, and no template."""
    return name.startswith("edits.") and name.endswith(".yaml")


def read_edits(folders: Iterable[Path], languages: Iterable[str]) -> dict[str, str]:
    """The texts of the files there are, by file name; the first folder that has one wins."""
    folders = list(folders)
    found = {}
    for name in map(file_name, languages):
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is not None:
            found[name] = _SCHEMA_PLACE.sub(_OURS, read_text(path))
    return found


def edits_of(name: str, text: str) -> dict[str, str]:
    """The edits in the text of a file. Raises `InputError` that names file, line and key."""
    return check(Edits, parse_yaml(text, f"prompts/{name}")).edits


def edited(edit: str, message: str) -> str:
    """The message with the edit.

    >>> edited("{} Thanks!", "What should I ask?")
    'What should I ask? Thanks!'
    """
    if LINES in edit:
        return edit.replace(LINES, _BETWEEN_SENTENCES.sub("\n", message))
    return edit.replace(MESSAGE, message)


def common(by_source: dict[str, list[str]]) -> tuple[str, ...]:
    """The names of the edits, which every source must have alike. Raises `InputError` that names two that differ."""
    first_name, first = next(iter(by_source.items()))
    for name, edits in by_source.items():
        if sorted(edits) != sorted(first):
            raise InputError(
                f"prompts/{name} has the placebo edits {sorted(edits)}, prompts/{first_name} has {sorted(first)}; "
                "every wording needs the same"
            )
    return tuple(first)
