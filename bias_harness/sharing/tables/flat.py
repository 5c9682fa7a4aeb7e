"""Tables whose rows are flat: CSV and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from bias_harness.errors import InputError
from bias_harness.sharing.tables.columns import Dialect, Row, columns_are_there, opened


def read_csv(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """CSV as the dialect says; a delimiter that is not said is the commonest of , ; tab | in the first line."""
    csv.field_size_limit(10_000_000)
    try:
        with opened(table) as raw, io.TextIOWrapper(raw, dialect.encoding, newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = dialect.delimiter or max(",;\t|", key=first.count)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            columns_are_there(table, reader.fieldnames or (), known)
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


def read_parquet(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """Parquet, batch by batch."""
    import pyarrow.parquet as pq

    del dialect
    file = pq.ParquetFile(table)
    columns_are_there(table, file.schema_arrow.names, known)
    number = 0
    for batch in file.iter_batches(columns=sorted(known)):
        for row in batch.to_pylist():
            number += 1
            yield number, row
