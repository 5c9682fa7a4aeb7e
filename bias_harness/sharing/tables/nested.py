"""Tables whose rows are objects: JSON lines, and the logs of inspect_ai (`.eval`, `.json`) and promptfoo (`.json`).

A row of inspect_ai is a sample, with the log's `eval` beside its own keys; one of promptfoo a result.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from bias_harness.errors import InputError
from bias_harness.sharing.tables.columns import Dialect, Row, columns_are_there, opened

ZSTD = 93
LARGEST = 256_000_000
"""Bytes of a sample beyond which a log is not believed."""


class Nested(Mapping[str, Any]):
    """An object with dotted columns: `output.choices.0.text`. What is no text, number or nothing is its JSON."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def __getitem__(self, column: str) -> Any:
        node: Any = self.data
        if column not in self.data:
            for part in column.split("."):
                node = _step(node, part, column)
        else:
            node = self.data[column]
        return orjson.dumps(node).decode() if isinstance(node, dict | list) else node

    def __iter__(self) -> Iterator[str]:
        return iter(_leaves(self.data))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _step(node: Any, part: str, column: str) -> Any:
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    if isinstance(node, dict) and part in node:
        return node[part]
    raise KeyError(column)


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    if path:
        yield path
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node[:3])
    for name, child in children:
        yield from _leaves(child, f"{path}.{name}" if path else str(name))


def read_jsonl(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """One object a line."""
    del dialect
    with opened(table) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _row(_parsed(line, f"{table}, line {number}"), table, number, known)


def read_json(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """A list of objects, the results of promptfoo, or a log of inspect_ai."""
    del dialect
    with opened(table) as file:
        data = _parsed(file.read(), str(table))
    for number, row in enumerate(_listed(data, table), start=1):
        yield number, _row(row, table, number, known)


def _listed(data: Any, table: Path) -> Iterable[Any]:
    if isinstance(data, dict) and isinstance(data.get("results"), dict):
        data = data["results"].get("results")
    if isinstance(data, dict) and "samples" in data:
        about = data.get("eval")
        return [{"eval": about, **sample} for sample in data["samples"] or ()]
    if isinstance(data, list):
        return data
    raise InputError(f"{table}: neither a list of objects, nor results of promptfoo, nor a log of inspect_ai")


def read_eval(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """A log of inspect_ai as it writes it: an archive with a file a sample."""
    del dialect
    try:
        archive = zipfile.ZipFile(table)
    except zipfile.BadZipFile:
        raise InputError(f"{table}: not a log of inspect_ai (no archive); is it all there?") from None
    with archive:
        header = next((i for i in archive.infolist() if i.filename == "header.json"), None)
        if header is None:
            raise InputError(f"{table}: this log of inspect_ai was not finished: it has no header.json")
        about = _parsed(_content(archive, header, table), f"{table}, header.json").get("eval")
        number = 0
        for info in archive.infolist():
            if info.filename.startswith("samples/"):
                number += 1
                sample = _parsed(_content(archive, info, table), f"{table}, {info.filename}")
                yield number, _row({"eval": about, **sample}, table, number, known)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, table: Path) -> bytes:
    """A file of the archive; inspect_ai compresses with Zstandard, which this Python's zipfile may not know."""
    if info.file_size > LARGEST:
        raise InputError(f"{table}, {info.filename}: larger than {LARGEST:,} bytes")
    if info.compress_type != ZSTD:
        return archive.read(info)
    import pyarrow as pa

    with table.open("rb") as file:
        file.seek(info.header_offset + 26)
        lengths = file.read(4)
        name, extra = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
        file.seek(name + extra, 1)
        packed = file.read(info.compress_size)
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        content: bytes = stream.read(info.file_size)
    return content


def _parsed(raw: bytes, where: str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON: {error}") from None


def _row(data: Any, table: Path, number: int, known: set[str]) -> Nested:
    if not isinstance(data, dict):
        raise InputError(f"{table}, line {number}: an object is wanted on every line")
    row = Nested(data)
    if number == 1:
        columns_are_there(table, row, {column for column in known if column not in row})
    return row
