"""Lines of a log, read wherever there is a worker: bytes in, a table out, row by row what the lines say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from bias_harness.outcome import Outcome
from bias_harness.reading.answers import Reader
from bias_harness.reading.columns import Question, read_columns
from bias_harness.results.lines import parse_line, read_line

_KEY_FIRST = re.compile(rb'\{"key":"([0-9a-f]{64})"')


@dataclass(frozen=True)
class Asked:
    """What all lines of a run are read with: what is measured, and the questions that were asked."""

    outcome: Outcome
    known: Sequence[Question]

    @cached_property
    def reader(self) -> Reader:
        """One reader for all pieces that a process reads; it remembers texts that it has read."""
        return Reader(self.outcome)

    def __reduce__(self) -> tuple[Any, ...]:
        return Asked, (self.outcome, self.known)


@dataclass(frozen=True)
class Lines:
    """Some lines of a part of the log with their numbers, and the place of each one's question, -1 for none."""

    log: Path
    numbers: Sequence[int]
    lines: Sequence[bytes]
    questions: Sequence[int]


def read_lines(asked: Asked, piece: Lines) -> pa.Table:
    """What is read in these lines, a row each (`reading.columns.SCHEMA`), with the number of `letters` of each text.

    Raises `RunFolderError` that names a line which is no response or was changed.
    """
    responses = [parse_line(line, piece.log, n) for n, line in zip(piece.numbers, piece.lines, strict=True)]
    questions = [asked.known[place] if place >= 0 else None for place in piece.questions]
    letters = pa.array([len(response.text or "") for response in responses], pa.int32())
    return read_columns(responses, questions, asked.reader).append_column("letters", letters)


def key_of(line: bytes) -> str | None:
    """The key of a line without reading the rest of it, in hex; None where it has none, as a line that is no response.

    A line that gives a key twice, as nobody writes it, has the last one; here it is the first.
    """
    found = _KEY_FIRST.match(line)
    if found is not None:
        return found[1].decode()
    response = read_line(line)
    return None if response is None else response.key
