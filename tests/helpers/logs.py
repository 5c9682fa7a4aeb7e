"""A log of answers rewritten by a test, each line with its checksum as if it had been written so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bias_harness.results.lines import summed

Row = dict[str, Any]


def rows_of(log: Path) -> list[Row]:
    """The lines without their checksums."""
    rows = [json.loads(line) for line in log.read_bytes().splitlines()]
    for row in rows:
        row.pop("sum", None)
    return rows


def write_rows(log: Path, rows: Iterable[Row]) -> None:
    """Lines with their checksums; what the manifest says of the log is forgotten, as with an older run."""
    text = (json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() for row in rows)
    log.write_bytes(b"".join(summed(line) for line in text))
    manifest = log.with_name("manifest.json")
    if manifest.is_file():
        said = json.loads(manifest.read_text())
        said.pop("log", None)
        manifest.write_text(json.dumps(said))


def edit_rows(log: Path, change: Callable[[Row], Row]) -> None:
    """Every line changed, and written so."""
    write_rows(log, [change(row) for row in rows_of(log)])
