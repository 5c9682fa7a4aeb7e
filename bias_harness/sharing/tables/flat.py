"""Tables whose rows are flat: CSV and Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from bias_harness.errors import InputError
from bias_harness.files import byte_order
from bias_harness.sharing.tables.columns import Dialect, Row, columns_are_there, first_line, lines_of, opened


def read_csv(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """CSV as the dialect says; a delimiter that is not said is the commonest of , ; tab | in the first line.

    Excel's first line `sep=;` says it too. A mark at the beginning tells UTF-8 and UTF-16. Empty rows are passed over.
    """
    csv.field_size_limit(10_000_000)
    encoding, number = "", 0
    try:
        with opened(table) as raw:
            encoding, skip = _encoding(raw, dialect)
            raw.seek(skip)
            with io.TextIOWrapper(raw, encoding, newline="") as file:
                lines = _Lines(lines_of(file.readline, table))
                delimiter = lines.delimiter or dialect.delimiter or max(",;\t|", key=lines.head.count)
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                names = next(reader, [])
                columns_are_there(table, names, known, dialect.levels_known)
                for row in reader:
                    number = reader.line_num + lines.skipped
                    if any(row):
                        yield number, _row(row, names, known, f"{table}, line {number}", delimiter)
    except UnicodeError as error:
        place = f", byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise InputError(f"{table}{place}: not {encoding}; set 'encoding' in the map (cp1252? utf-16?)") from None
    except csv.Error as error:
        raise InputError(f"{table}, after line {max(number, 1)}: {error}") from None


def _row(row: list[str], names: list[str], known: set[str], where: str, delimiter: str) -> dict[str, str]:
    if len(row) > len(names):
        raise InputError(f"{where}: more values than columns; is the delimiter {delimiter!r}?")
    missing = sorted(known & set(names[len(row) :])) if len(row) < len(names) else ()
    if missing:
        raise InputError(f"{where}: it ends before the column {missing[0]!r}; is the file all there?")
    return dict(zip(names, row, strict=False))


def _encoding(raw: IO[bytes] | gzip.GzipFile, dialect: Dialect) -> tuple[str, int]:
    """What the mark at the beginning says, and its length; else what the map says; else UTF-8."""
    return byte_order(raw.read(4)) or (dialect.encoding or "utf-8", 0)


class _Lines:
    """The lines of a table without Excel's `sep=;`; `head` is the first, `delimiter` what that line said."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.skipped, self.delimiter = lines, 0, ""
        self.head = next(lines, "")
        if said := re.fullmatch(r'"?sep=(.)"?[;,\t]*\s*', self.head, re.IGNORECASE | re.DOTALL):
            self.delimiter, self.skipped = said[1], 1
            self.head = next(lines, "")

    def __iter__(self) -> Iterator[str]:
        for line in chain([self.head], self.lines):
            if "\0" in line:
                raise csv.Error("a NUL stands here; is it a table in UTF-16 without a mark? set 'encoding' in the map")
            yield line


def read_parquet(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """Parquet, batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        file = pq.ParquetFile(table)
        columns_are_there(table, file.schema_arrow.names, known, dialect.levels_known)
        for batch in file.iter_batches(columns=sorted(known)):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{table}, after row {number}: no Parquet, or not all of it ({first_line(error)})") from None
