"""Tables as people bring them: CSV (Excel's too), JSON lines, Parquet. One row at a time, with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from bias_harness.documents import did_you_mean
from bias_harness.errors import InputError

Row = tuple[int, Mapping[str, Any]]


class Dialect(Protocol):
    """How a CSV file is written; a delimiter of None is guessed from its first line."""

    @property
    def delimiter(self) -> str | None:
        """What divides the columns."""

    @property
    def encoding(self) -> str:
        """How letters are written as bytes."""


def read_rows(table: Path, known: set[str], dialect: Dialect) -> Iterator[Row]:
    """Line and columns of every row, the `known` columns among them. Raises `InputError` that names the line."""
    kind = table.suffix.lower()
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    if kind not in readers:
        raise InputError(
            f"{table}: {kind or 'a file without a suffix'} cannot be imported; there is {', '.join(readers)}"
        )
    if not table.is_file():
        raise InputError(f"{table} does not exist")
    yield from readers[kind](table, dialect, known)


def _columns_are_there(table: Path, there: Iterable[str], known: set[str]) -> None:
    names = [str(n) for n in there]
    for column in sorted(known):
        if column not in names:
            raise InputError(f"{table}: there is no column {column!r}{did_you_mean(column, names)}")


def _csv(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    csv.field_size_limit(10_000_000)
    try:
        with table.open(encoding=dialect.encoding, newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = dialect.delimiter or max(",;\t|", key=first.count)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            _columns_are_there(table, reader.fieldnames or (), known)
            for row in reader:
                if None in row:
                    raise InputError(
                        f"{table}, line {reader.line_num}: more values than columns; is the delimiter {delimiter!r}?"
                    )
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise InputError(
            f"{table}, byte {error.start}: not {dialect.encoding}; set 'encoding' in the map (cp1252?)"
        ) from None
    except csv.Error as error:
        raise InputError(f"{table}, line {reader.line_num}: {error}") from None


def _jsonl(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    del dialect
    with table.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{table}, line {number}: not JSON: {error}") from None
            if not isinstance(row, dict):
                raise InputError(f"{table}, line {number}: an object is wanted on every line")
            if number == 1:
                _columns_are_there(table, row, known)
            yield number, row


def _parquet(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    import pyarrow.parquet as pq

    del dialect
    file = pq.ParquetFile(table)
    _columns_are_there(table, file.schema_arrow.names, known)
    number = 0
    for batch in file.iter_batches(columns=sorted(known)):
        for row in batch.to_pylist():
            number += 1
            yield number, row
