"""All responses of a run as one table, kept as Parquet beside the log with a stamp, so that it is never stale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bias_harness.results.folder import RunFolder
from bias_harness.results.lines import numbered, parse_line, plain

TABLE = "responses.parquet"
FORMAT = b"2"
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

    The first reading of a log writes `responses.parquet`; later ones read that, as long as its stamp (the SHA-256
    of the logs) fits. Raises `RunFolderError` that names a line which is not a response.
    """
    path = folder.path / TABLE
    stamp = _stamp(folder)
    if path.is_file() and _stamp_of(path) == stamp:
        return pq.read_table(path)
    _write(folder, path, stamp)
    return pq.read_table(path)


def _stamp(folder: RunFolder) -> bytes:
    digest = hashlib.sha256(FORMAT)
    for log in folder.logs:
        with log.open("rb") as file:
            digest.update(log.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest().encode()


def _stamp_of(path: Path) -> bytes | None:
    try:
        metadata = pq.read_schema(path).metadata or {}
    except pa.ArrowInvalid:  # cut short by a power cut: made anew
        return None
    stamp: bytes | None = metadata.get(b"stamp")
    return stamp


def _write(folder: RunFolder, path: Path, stamp: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    schema = SCHEMA.with_metadata({"stamp": stamp})
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for rows in _batches(folder):
                writer.write_table(pa.table({n: [r[n] for r in rows] for n in schema.names}, schema=schema))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


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
