"""What every reader of a table knows: how it is written, what a row is, and that its columns are there."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from bias_harness.errors import InputError, did_you_mean

Row = tuple[int, Mapping[str, Any]]


class Dialect(Protocol):
    """How a CSV file is written; a delimiter of None is guessed from its first line."""

    @property
    def delimiter(self) -> str | None:
        """What divides the columns."""

    @property
    def encoding(self) -> str:
        """How letters are written as bytes."""


def columns_are_there(table: Path, there: Iterable[str], known: set[str]) -> None:
    """Raise `InputError` that names the first column that is not, and the nearest one that is."""
    names = [str(n) for n in there]
    for column in sorted(known):
        if column not in names:
            raise InputError(f"{table}: there is no column {column!r}{did_you_mean(column, names)}")


@contextmanager
def opened(table: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The table's bytes, unpacked where it ends in .gz. Raises `InputError` where they cannot be."""
    try:
        with gzip.open(table, "rb") if table.suffix.lower() == ".gz" else table.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{table}: cannot be unpacked ({error}); is it all there?") from None
