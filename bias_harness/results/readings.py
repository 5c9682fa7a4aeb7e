"""What was read in a run's answers, kept in columns beside its log, part by part: read once, and taken from there.

`.readings/NAME.parquet` goes with the part `NAME.jsonl` of the log: one row a line, what was read in it and where the
line stands (`COLUMNS`). It is derived. It is believed where this machine itself wrote it (`results.own`), of these very
lines (their number and SHA-256), by this very reader (`reading.columns.readings_version`); and each row where it
replies to the question that is asked with its key now. All else is read again from the log, silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bias_harness.reading.columns import (
    ANSWER,
    SCHEMA,
    Question,
    answers_in,
)
from bias_harness.results.lines import parse_line
from bias_harness.vocabulary import Answer, Response

REMEMBERED = 50_000
"""Rows with their texts that are remembered, for pages show some more than once."""
COLUMNS = pa.schema(
    [*SCHEMA, ("question", pa.uint64()), ("offset", pa.int64()), ("length", pa.int32()), ("letters", pa.int32())]
)
"""`SCHEMA`, the question that the line was read with (0: it was not read), where the line stands in its part, and how
many letters its text has."""
KEY_BYTES = 16
"""Bytes of a key by which rows are found: 128 bits, so that among 10 million keys no two are taken for one."""
Keys = NDArray[np.bytes_]
Places = NDArray[np.int64]


class Questions:
    """Which question is asked with each key: `codes` into `known`, by `keys` (16 bytes each)."""

    def __init__(self, keys: Keys, codes: NDArray[np.int32], known: Sequence[Question]) -> None:
        order = np.argsort(keys, kind="stable")
        self._keys, self._codes, self.known = keys[order], codes[order], known
        self._digests = np.array([digest_of(question) for question in known] or [0], dtype=np.uint64)

    def codes_of(self, keys: Keys) -> Places:
        """The number of each key's question, -1 where none is asked with it."""
        if not self._keys.size:
            return np.full(keys.size, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._keys, keys), self._keys.size - 1)
        return np.where(self._keys[at] == keys, self._codes[at], -1).astype(np.int64)

    def digests_of(self, codes: Places) -> NDArray[np.uint64]:
        """What tells the questions with these numbers apart; 0 for none."""
        return np.where(codes >= 0, self._digests[np.maximum(codes, 0)], np.uint64(0))


def digest_of(question: Question) -> int:
    """What tells a question apart, as 64 bits, never 0."""
    return (
        int.from_bytes(hashlib.sha256(repr(tuple(question)).encode("utf-8", "surrogatepass")).digest()[:8], "big") or 1
    )


@dataclass
class Part:
    """The readings of one part of the log: in its file, or in memory where nothing could be kept."""

    log: Path
    rows: int
    file: Path | None = None
    table: pa.Table | None = None

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Some of its columns."""
        if self.table is not None:
            return self.table.select(names)
        return pq.read_table(self.file, columns=list(names))


@dataclass
class Readings:
    """The readings of a whole run, and which of them count: a row each, over all parts in their order."""

    parts: list[Part]
    _found: tuple[Keys, Places] | None = field(default=None, repr=False)
    _lately: dict[int, tuple[Response, Answer]] = field(default_factory=dict, repr=False)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column over all parts."""
        tables = [part.columns([name]) for part in self.parts]
        whole = pa.concat_tables(tables) if tables else COLUMNS.empty_table().select([name])
        return whole.unify_dictionaries()[name]

    def places_of(self, keys: Keys) -> Places:
        """The row that counts for each key: the latest answer, or the latest failure where there is none; or -1."""
        known, rows = self._counting()
        if not known.size:
            return np.full(keys.size, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(known, keys), known.size - 1)
        return np.where(known[at] == keys, rows[at], -1)

    def _counting(self) -> tuple[Keys, Places]:
        if self._found is None:
            keys = self._keys()
            later = np.arange(keys.size, dtype=np.int64) + keys.size * self.column("is_answer").to_numpy()
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if keys.size else order
            best = np.maximum.reduceat(later[order], first) if keys.size else later
            self._found = keys[first], best % max(1, keys.size)
        return self._found

    def _keys(self) -> Keys:
        """The key of every row; part by part, for whole they take twice their memory."""
        return np.concatenate(
            [np.zeros(0, dtype="S16"), *(keys_in(part.columns(["key"])["key"]) for part in self.parts)]
        )

    def letters(self, keys: Keys) -> int:
        """How many letters the texts behind keys have, each once."""
        places = np.unique(self.places_of(keys))
        return int(self.column("letters").to_numpy()[places[places >= 0]].sum())

    def raw(self, keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        """The responses and readings behind keys, of those that are there, in the order of the keys."""
        places = self.places_of(short(keys))
        wanted = {int(place) for place in places if place >= 0}
        if len(self._lately.keys() | wanted) > REMEMBERED:
            self._lately.clear()
        found = {at: self._lately[at] for at in wanted if at in self._lately}
        found |= self._rows_at(sorted(wanted - found.keys()))
        self._lately |= found if len(found) <= REMEMBERED else {}
        return {key: found[int(at)] for key, at in zip(keys, places, strict=True) if at >= 0}

    def _rows_at(self, places: Sequence[int]) -> Iterator[tuple[int, tuple[Response, Answer]]]:
        """Rows with their text, in rising order; a part is opened once."""
        begin, at = 0, 0
        for part in self.parts:
            own = []
            while at < len(places) and places[at] < begin + part.rows:
                own.append(places[at] - begin)
                at += 1
            yield from ((begin + row, pair) for row, pair in _pairs(part, own))
            begin += part.rows


def _pairs(part: Part, rows: Sequence[int]) -> Iterator[tuple[int, tuple[Response, Answer]]]:
    if not rows:
        return
    table = part.columns([*ANSWER.names, "offset", "length"]).take(pa.array(rows))
    places = zip(rows, table["offset"].to_pylist(), table["length"].to_pylist(), strict=True)
    with part.log.open("rb") as log:
        responses = [parse_line(_line(log, offset, length), part.log, row + 1) for row, offset, length in places]
    answers = answers_in(table, (response.text for response in responses))
    yield from zip(rows, zip(responses, answers, strict=True), strict=True)


def _line(log: BinaryIO, offset: int, length: int) -> bytes:
    log.seek(offset)
    return log.read(length)


def keys_in(column: pa.ChunkedArray) -> Keys:
    """Keys of a table, shortened."""
    data = b"".join(_bytes_of(chunk) for chunk in column.chunks)
    return np.ascontiguousarray(np.frombuffer(data, dtype="S32").view("S16")[::2])


def _bytes_of(keys: pa.FixedSizeBinaryArray) -> bytes:
    """The bytes of keys, which are never null."""
    data = keys.buffers()[1]
    return b"" if data is None else data.to_pybytes()[32 * keys.offset : 32 * (keys.offset + len(keys))]


def short(keys: Sequence[str]) -> Keys:
    """Keys in hex, shortened."""
    return np.frombuffer(b"".join(bytes.fromhex(key[: 2 * KEY_BYTES]) for key in keys), dtype="S16")
