"""What every reader of a table knows: how it is written, what a row is, and that its columns are there."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, AnyStr, Protocol

from bias_harness.errors import InputError, did_you_mean

Row = tuple[int, Mapping[str, Any]]
LARGEST, LONGEST_LINE = 2_000_000_000, 256_000_000
"""Bytes, unpacked, of a file that is read at once, and of a line of any other, beyond which neither is read."""
LOOKED_AT = 1_000
"""Rows in one of which every wanted column has to be."""


class Dialect(Protocol):
    """How a table is written; a delimiter of None is guessed from the first line, an encoding of None is UTF-8."""

    @property
    def delimiter(self) -> str | None:
        """What divides the columns."""

    @property
    def encoding(self) -> str | None:
        """How letters are written as bytes, where no mark at the beginning says it."""

    @property
    def sheet(self) -> str | None:
        """Which sheet of a workbook."""

    @property
    def levels_known(self) -> Sequence[str]:
        """What the levels are called, to see a table with a column for each of them."""


def columns_are_there(table: Path, there: Iterable[str], known: set[str], levels: Sequence[str] = ()) -> None:
    """Raise `InputError` that names the first wanted column that is not there, or stands there twice."""
    names = [str(n) for n in there]
    for column in sorted(known):
        if names.count(column) > 1:
            raise InputError(f"{table}: the column {column!r} stands there twice; rename one of them in the table")
        if column not in names:
            hint = did_you_mean(column, names)
            turned = "" if "did you mean" in hint else _turn(names, levels)
            raise InputError(f"{table}: there is no column {column!r}{hint}{turned}")


def _turn(names: Sequence[str], levels: Sequence[str]) -> str:
    """What to do with a table that has a column for each level."""
    groups = {level: next((n for n in names if level in re.split(r"[^A-Za-z]+", n)), None) for level in levels}
    shown = ", ".join(f"{name!r}: {level}" for level, name in groups.items() if name)
    if sum(name is not None for name in groups.values()) < 2:
        shown = "column: level, and so on"
    return (
        ". One row an answer is wanted (long form); where there is a column for each level, name those in the map as "
        f"'amounts' or 'texts' instead of 'level': {{{shown}}}"
    )


def first_rows_show(rows: Iterator[Row], table: Path, known: set[str], levels: Sequence[str]) -> Iterator[Row]:
    """The rows as they are, once every wanted column was seen in one of the first: a failed row may lack any."""
    first = list(islice(rows, LOOKED_AT))
    missing = known - {column for column in known if any(column in row for _, row in first)}
    if first and missing:
        fullest = max((row for _, row in first), key=len)
        columns_are_there(table, fullest, missing, levels)
        raise InputError(f"{table}: no row has the columns {', '.join(sorted(missing))} together")
    return chain(first, rows)


def ends_cut(table: Path) -> bool:
    """Whether a table of lines ends without a line end, as one does that was cut off (and many that were not)."""
    if table.suffix.lower() not in (".csv", ".tsv"):
        return False
    with table.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4))
        return not {b"\n", b"\r"} & {bytes([x]) for x in file.read()}


def lines_of(readline: Callable[[int], AnyStr], table: Path) -> Iterator[AnyStr]:
    """The lines of a file. Raises `InputError` for one without an end, as a small `.gz` can hold."""
    number = 0
    while line := readline(LONGEST_LINE):
        number += 1
        if len(line) >= LONGEST_LINE:
            raise InputError(f"{table}, line {number}: longer than {LONGEST_LINE:,} bytes; is it the right file?")
        yield line


def first_line(error: Exception) -> str:
    """The first line of an error of another library, short."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def opened(table: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The table's bytes, unpacked where it ends in .gz. Raises `InputError` where they cannot be."""
    try:
        with gzip.open(table, "rb") if table.suffix.lower() == ".gz" else table.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{table}: cannot be unpacked ({error}); is it all there?") from None
