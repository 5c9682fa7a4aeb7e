"""Tables as people bring them, row by row: CSV, Excel, JSON, Parquet, logs of inspect_ai and promptfoo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bias_harness.errors import InputError
from bias_harness.sharing.tables.columns import Dialect, Row, ends_cut
from bias_harness.sharing.tables.excel import read_excel
from bias_harness.sharing.tables.flat import read_csv, read_parquet
from bias_harness.sharing.tables.nested import read_eval, read_json, read_jsonl

__all__ = ["SUFFIXES", "Dialect", "Row", "ends_cut", "read_rows"]

_READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_jsonl,
    ".json": read_json,
    ".eval": read_eval,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
    ".xlsm": read_excel,
}
SUFFIXES = tuple(_READERS)


def read_rows(table: Path, known: set[str], dialect: Dialect) -> Iterator[Row]:
    """Line and columns of every row, the `known` columns among them. Raises `InputError` that names the line.

    CSV and JSON may be compressed (`.csv.gz`). In JSON a column may lie deeper: `response.output`, `choices.0.text`. A
    line is a row's number where there are none.
    """
    kind = Path(table.stem).suffix.lower() if table.suffix.lower() == ".gz" else table.suffix.lower()
    if kind not in _READERS:
        raise InputError(
            f"{table}: {kind or 'a file without a suffix'} cannot be imported; there is {', '.join(SUFFIXES)}"
        )
    if not table.is_file():
        raise InputError(f"{table} does not exist")
    yield from _READERS[kind](table, dialect, known)
