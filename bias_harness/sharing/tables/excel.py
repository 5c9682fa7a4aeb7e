"""Workbooks of Excel (`.xlsx`), read as they were saved: values, never formulas."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bias_harness.errors import InputError, did_you_mean
from bias_harness.sharing.tables.columns import LARGEST, Dialect, Row, columns_are_there, first_line


def read_excel(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """One sheet: the only one, or the one that the map names. Numbers and dates come as such."""
    _bounded(table)
    import openpyxl

    try:
        book = openpyxl.load_workbook(table, read_only=True, data_only=True, keep_links=False)
        sheet = book[_chosen(book.sheetnames, dialect.sheet, table)]
        rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        names = next((["" if cell is None else str(cell) for cell in row] for _, row in rows), [])
        columns_are_there(table, names, known, dialect.levels_known)
        for number, row in rows:
            if any(cell not in (None, "") for cell in row):
                yield number, _row(row, names, f"{table}, line {number}")
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - the reader of a format with a thousand corners: any error is a bad file
        raise InputError(
            f"{table}: no workbook that can be read ({first_line(error)}); save it anew as .xlsx"
        ) from None


def _row(row: tuple[Any, ...], names: list[str], where: str) -> dict[str, Any]:
    if any(cell is not None for cell in row[len(names) :]):
        raise InputError(f"{where}: more values than columns")
    return dict(zip(names, row, strict=False))


def _chosen(sheets: list[str], wanted: str | None, table: Path) -> str:
    if wanted is None and len(sheets) == 1:
        return sheets[0]
    if wanted is None:
        raise InputError(f"{table} has the sheets {', '.join(sheets)}; name one as 'sheet' in the map")
    if wanted not in sheets:
        raise InputError(f"{table}: there is no sheet {wanted!r}{did_you_mean(wanted, sheets)}")
    return wanted


def _bounded(table: Path) -> None:
    try:
        with zipfile.ZipFile(table) as packed:
            size = sum(info.file_size for info in packed.infolist())
    except (zipfile.BadZipFile, OSError):
        raise InputError(f"{table}: no workbook (.xlsx), or not all of it") from None
    if size > LARGEST:
        raise InputError(f"{table} says that it is larger than {LARGEST:,} bytes; it was not unpacked")
