"""What commands print: lines, notes, JSON, tables."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

from bias_harness.printable import printable, printable_json


def fit_to_consoles() -> None:
    """A console that lacks a letter (a Windows code page) shows its code; so does any for letters that steer it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if logging.lastResort is not None:  # what is warned of names files and endpoints, and repeats what servers say
        logging.lastResort.setFormatter(Fitting())


class Fitting(logging.Formatter):
    """A warning as it is said to people: nothing in it steers the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, and nothing beside it."""
        return printable(super().format(record))


def say(text: str = "") -> None:
    """One line of the result, to standard output."""
    typer.echo(printable(text))


def note(text: str) -> None:
    """One line beside the result, to standard error."""
    typer.echo(printable(text), err=True)


def say_json(data: Any) -> None:
    """The result for another program."""
    plain = not str(getattr(sys.stdout, "encoding", "") or "").lower().startswith("utf")
    typer.echo(printable_json(json.dumps(data, ensure_ascii=plain, indent=2, allow_nan=False, default=str)))


def show_paths(paths: Iterable[Path], *, as_json: bool) -> None:
    """The files that were written: a line each, or a list."""
    if as_json:
        say_json([str(path) for path in paths])
        return
    for path in paths:
        say(str(path))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table: text to the left, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))] if cells else []
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]

    def line(row: Sequence[str], pad: Callable[[str, int, bool], str]) -> str:
        return "  ".join(pad(text, widths[i], bool(right and right[i])) for i, text in enumerate(row)).rstrip()

    return "\n".join(line(row, lambda t, w, r: t.rjust(w) if r else t.ljust(w)) for row in [list(head), *cells])


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(str(value)).replace("\n", "\\n")
