"""A finished run whose answers nobody gave, written down in millions: bare amounts, 5 % less for women.

The lines are those that a run would keep (`Response`), and what is read in them is what the reader reads: each amount
is read once for each question, and its row is taken for all answers that are the same. From `KEPT_FROM` answers on
the readings are kept beside the log, as the first command that reads a run keeps them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from bias_harness.design.asked import Asked
from bias_harness.design.audit import Audit
from bias_harness.reading.answers import Reader
from bias_harness.reading.columns import SCHEMA, Question, read_columns, readings_version
from bias_harness.results import EXPERIMENT, EndpointTotals, Manifest, RunFolder
from bias_harness.results.index import write_index
from bias_harness.results.log import PART_LINES
from bias_harness.results.own import FOLDER, keep
from bias_harness.results.parts import part_after
from bias_harness.results.read_parts import _parquet
from bias_harness.results.readings import COLUMNS, digest_of
from bias_harness.results.seals import Seal
from bias_harness.vocabulary import Response, Usage

KEPT_FROM = 5_000_000
BEGAN = np.datetime64("2026-01-01T00:00:00", "s")
THOUSANDS = range(40, 201)
"""The amounts, in thousands of dollars."""


@dataclass
class Part:
    """Lines of the log and what they hold: which cell was asked, which amount was answered, by place."""

    lines: list[bytes]
    keys: bytearray
    times: list[str]
    cells: list[int]
    amounts: NDArray[np.int64]


def write_log(audit: Audit, folder: Path, answers: int) -> None:
    """The run folder: its log, manifest, and indexes of full parts; from `KEPT_FROM` on its readings instead of these.

    An index is made by reading its part, and is wanted by who goes on asking alone.
    """
    kept = RunFolder(folder)
    kept.path.mkdir(parents=True, exist_ok=True)
    kept.write(EXPERIMENT, audit.to_yaml())
    log, seals, cells = kept.path / "responses.jsonl", {}, dict[Asked, int]()
    for part in _parts(audit, answers, cells):
        data = b"".join(part.lines)
        log.write_bytes(data)
        seals[log.name] = Seal(len(part.lines), hashlib.sha256(data).hexdigest())
        if answers >= KEPT_FROM:
            _keep(log, part, list(cells), audit, seals[log.name])
        elif len(part.lines) == PART_LINES:
            write_index(log)
        log = part_after(log)
    end = EndpointTotals("simulation", "simulated", designed=answers, planned=answers)
    done = replace(end, present=answers, answered=answers)
    kept.write_manifest(Manifest.begun(audit, {"sim": end}).ended("success", {"sim": done}, seals))


def _parts(audit: Audit, answers: int, cells: dict[Asked, int]) -> Iterator[Part]:
    draw = np.random.default_rng(1)
    ends, (endpoint,) = _ends(), audit.experiment.endpoints
    part = _begun(draw)
    for second, block in enumerate(audit.design.blocks()):
        at = f"{BEGAN + second}.000000+00:00"
        for cell in audit.prompter.asked(block, endpoint):
            place, key = len(part.lines), cell.keys.of_repeat(block.repeat)
            if cell.trial.level == "female":
                part.amounts[place] = round(0.95 * part.amounts[place])
            before, after = ends[part.amounts[place]]
            line = b'{"key":"%b%b%b%b' % (key.encode(), before, at.encode(), after)
            part.lines.append(b'%b,"sum":"%b"}\n' % (line[:-1], hashlib.sha256(line).hexdigest()[:16].encode()))
            part.keys += bytes.fromhex(key)
            part.times.append(at)
            part.cells.append(cells.setdefault(cell, len(cells)))
            if len(part.lines) == PART_LINES:
                yield part
                part = _begun(draw)
    if part.lines:
        yield part


def _begun(draw: np.random.Generator) -> Part:
    drawn = np.rint(90 * draw.lognormal(0, 0.15, PART_LINES)).astype(np.int64)
    return Part([], bytearray(), [], [], np.clip(drawn, THOUSANDS[0] + 10, THOUSANDS[-1]))


def _response(amount: int, key: str, at: str) -> Response:
    return Response(key, "sim", f"${1000 * amount:,}", "stop", "sim", Usage(60, 5, 0.0), at)


def _ends() -> dict[int, tuple[bytes, bytes]]:
    """What stands between the key and the time, and behind the time, by amount."""
    key, at = 64 * "0", "2026-01-01T00:00:00.000000+00:00"
    made = {}
    for amount in THOUSANDS:
        line = orjson.dumps(_response(amount, key, at)).removeprefix(b'{"key":"' + key.encode())
        before, _, after = line.partition(at.encode())
        made[amount] = (before, after)
    return made


def _keep(log: Path, part: Part, cells: list[Asked], audit: Audit, seal: Seal) -> None:
    """Keep what is read in a part."""
    n = len(part.lines)
    amounts = part.amounts[:n] - THOUSANDS[0]
    place = np.array(part.cells, dtype=np.int64) * len(THOUSANDS) + amounts
    lengths = np.array([len(line) for line in part.lines], dtype=np.int32)
    digests = np.array([digest_of(_question(cell)) for cell in cells], dtype=np.uint64)
    rows = _read(cells, audit).take(pa.array(place))
    made = {
        **{name: rows[name] for name in SCHEMA.names},
        "key": pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), n, [None, pa.py_buffer(bytes(part.keys))]),
        "asked_at": pa.array(part.times),
        "question": pa.array(digests[part.cells]),
        "offset": pa.array(np.cumsum(lengths, dtype=np.int64) - lengths),
        "length": pa.array(lengths),
        "letters": pa.array(np.array([len(f"${1000 * x:,}") for x in THOUSANDS], dtype=np.int32)[amounts]),
    }
    about = {"version": readings_version(audit.experiment.outcome), "lines": n, "sha256": seal.sha256}
    table = pa.table({name: made[name] for name in COLUMNS.names}, schema=COLUMNS)
    keep(log.parent / FOLDER / f"{log.stem}.parquet", _parquet(table), about)


def _question(cell: Asked) -> Question:
    return Question(cell.trial.language, cell.prompt)


_known: list[pa.Table] = []


def _read(cells: list[Asked], audit: Audit) -> pa.Table:
    """A row for each amount in answer to each cell."""
    reader = Reader(audit.experiment.outcome)
    for cell in cells[len(_known) :]:
        said = [_response(amount, 64 * "0", "") for amount in THOUSANDS]
        _known.append(read_columns(said, [_question(cell)] * len(said), reader))
    return pa.concat_tables(_known).unify_dictionaries().combine_chunks()
