"""All responses of a run as one table, made from its log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bias_harness.results.folder import RunFolder
from bias_harness.results.lines import numbered, parse_line, plain

ROWS = 20_000
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("endpoint", pa.dictionary(pa.int32(), pa.string())),
        ("text", pa.string()),
        ("finish_reason", pa.dictionary(pa.int32(), pa.string())),
        ("served_model", pa.dictionary(pa.int32(), pa.string())),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("asked_at", pa.string()),
        ("error_kind", pa.string()),
        ("error_message", pa.string()),
        ("http_status", pa.int32()),
        ("seed", pa.int64()),
        ("attempts", pa.int32()),
        ("confirms", pa.string()),
    ]
)
_PLAIN = ("key", "endpoint", "text", "finish_reason", "served_model", "asked_at", "seed", "attempts", "confirms")
_USAGE = ("input_tokens", "output_tokens", "cost")
_ERROR = (("error_kind", "kind"), ("error_message", "message"), ("http_status", "http_status"))


def read_table(folder: RunFolder) -> pa.Table:
    """One row a key, the response that counts; columns as in `SCHEMA`, in the order of asking.

    Raises `RunFolderError` that names a line which is not a response.
    """
    made = (pa.table({name: [row[name] for row in rows] for name in SCHEMA.names}, SCHEMA) for rows in _batches(folder))
    return pa.concat_tables(made).unify_dictionaries()


def _batches(folder: RunFolder) -> Iterator[list[dict[str, Any]]]:
    counting = _counting_lines(folder)
    rows: list[dict[str, Any]] = []
    for place, (data, _log, _number) in enumerate(_lines(folder)):
        if counting[bytes.fromhex(data["key"][:32])][0] == place:
            rows.append(_row(data))
        if len(rows) == ROWS:
            yield rows
            rows = []
    yield rows


def _counting_lines(folder: RunFolder) -> dict[bytes, tuple[int, bool]]:
    """Per key, the place of the line that counts, and whether that is an answer."""
    counting: dict[bytes, tuple[int, bool]] = {}
    for place, (data, _log, _number) in enumerate(_lines(folder)):
        key, answer = bytes.fromhex(data["key"][:32]), data["error"] is None
        if answer or not counting.get(key, (0, False))[1]:
            counting[key] = (place, answer)
    return counting


def _lines(folder: RunFolder) -> Iterator[tuple[dict[str, Any], Path, int]]:
    for log in folder.logs:
        for number, line in numbered(log):
            yield plain(parse_line(line, log, number)), log, number


def _row(data: dict[str, Any]) -> dict[str, Any]:
    usage, error = data.get("usage") or {}, data.get("error") or {}
    return {
        **{name: data.get(name) for name in _PLAIN},
        **{name: usage.get(name) for name in _USAGE},
        **{name: error.get(source) for name, source in _ERROR},
    }
