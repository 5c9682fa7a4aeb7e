"""Tables whose rows are objects: JSON lines, and the logs of inspect_ai (`.eval`, `.json`) and promptfoo (`.json`).

A row of inspect_ai is a sample, with the log's `eval` beside its own keys; one of promptfoo a result.
"""

from __future__ import annotations

import codecs
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from bias_harness.errors import InputError
from bias_harness.sharing.tables.columns import LARGEST, Dialect, Row, first_rows_show, lines_of, opened

ZSTD = 93
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
LARGEST_SAMPLE = 256_000_000
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
        return json.dumps(node, ensure_ascii=False, separators=(",", ":")) if isinstance(node, dict | list) else node

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
    yield from first_rows_show(_jsonl(table, known), table, known, dialect.levels_known)


def _jsonl(table: Path, known: set[str]) -> Iterator[Row]:
    with opened(table) as file:
        for number, raw in enumerate(lines_of(file.readline, table), start=1):
            line = raw.removeprefix(codecs.BOM_UTF8)
            if line.strip():
                yield number, _row(_parsed(line, f"{table}, line {number}", known), table, number)


def read_json(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """A list of objects, the results of promptfoo, or a log of inspect_ai."""
    with opened(table) as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise InputError(f"{table} is larger than {LARGEST:,} bytes; write it as one row a line (JSON lines)")
    data = _parsed(raw.removeprefix(codecs.BOM_UTF8), str(table), known)
    rows = ((number, _row(row, table, number)) for number, row in enumerate(_listed(data, table), start=1))
    yield from first_rows_show(rows, table, known, dialect.levels_known)


def _listed(data: Any, table: Path) -> Iterable[Any]:
    if isinstance(data, dict) and isinstance(data.get("results"), dict):
        data = data["results"].get("results")
    if isinstance(data, dict) and "samples" in data:
        about, samples = data.get("eval"), data["samples"] or ()
        return [{"eval": about, **sample} if isinstance(sample, dict) else sample for sample in samples]
    if isinstance(data, list):
        return data
    return _turned(data.get("data", data) if isinstance(data, dict) else data, table)


def _turned(data: Any, table: Path) -> list[dict[str, Any]]:
    """Columns as lists of one length, as langfair and pandas write them, turned into rows."""
    lists = list(data.values()) if isinstance(data, dict) else []
    if lists and all(isinstance(x, list) and len(x) == len(lists[0]) for x in lists):
        return [dict(zip(data, values, strict=True)) for values in zip(*lists, strict=True)]
    raise InputError(
        f"{table}: neither a list of objects, nor results of promptfoo, nor a log of inspect_ai, nor columns of one "
        "length; write it as one row an answer (JSON lines)"
    )


def read_eval(table: Path, dialect: Dialect, known: set[str]) -> Iterator[Row]:
    """A log of inspect_ai as it writes it: an archive with a file a sample."""
    yield from first_rows_show(_samples(table, known), table, known, dialect.levels_known)


def _samples(table: Path, known: set[str]) -> Iterator[Row]:
    try:
        archive = zipfile.ZipFile(table)
    except (zipfile.BadZipFile, OSError):
        raise InputError(f"{table}: not a log of inspect_ai (no archive); is it all there?") from None
    with archive:
        header = next((i for i in archive.infolist() if i.filename == "header.json"), None)
        if header is None:
            raise InputError(f"{table}: this log of inspect_ai was not finished: it has no header.json")
        head = _parsed(_content(archive, header, table), f"{table}, header.json", known)
        about = head.get("eval") if isinstance(head, dict) else None
        number = 0
        for info in archive.infolist():
            if info.filename.startswith("samples/"):
                number += 1
                sample = _parsed(_content(archive, info, table), f"{table}, {info.filename}", known)
                sample = {"eval": about, **sample} if isinstance(sample, dict) else sample
                yield number, _row(sample, table, number)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, table: Path) -> bytes:
    """A file of the archive; inspect_ai compresses with Zstandard, which this Python's zipfile may not know."""
    if info.file_size > LARGEST_SAMPLE:
        raise InputError(f"{table}, {info.filename}: larger than {LARGEST_SAMPLE:,} bytes")
    try:
        return archive.read(info) if info.compress_type != ZSTD else _zstandard(info, table)
    except (*UNREADABLE, ValueError) as error:
        raise InputError(f"{table}, {info.filename}: cannot be unpacked ({error}); is it all there?") from None


def _zstandard(info: zipfile.ZipInfo, table: Path) -> bytes:
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


def _parsed(raw: bytes, where: str, known: set[str]) -> Any:
    """JSON, with Python's NaN and Infinity; a wanted key that stands twice in an object is refused."""
    wanted = {part for column in known for part in column.split(".")}
    twice = any(raw.count(f'"{name}"'.encode()) > 1 for name in wanted)
    try:
        if not twice:
            return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(raw, object_pairs_hook=partial(_no_twins, wanted))
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{where}: not JSON: {why}") from None


def _no_twins(wanted: set[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        for name in names:
            if name in wanted and names.count(name) > 1:
                raise ValueError(f"the key {name!r} stands there twice in one object")
    return found


def _row(data: Any, table: Path, number: int) -> Nested:
    if not isinstance(data, dict):
        raise InputError(f"{table}, line {number}: an object is wanted on every line")
    return Nested(data)
