"""The readings of a run's parts: taken from what is kept as far as it fits, else read by whoever works, and kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bias_harness.errors import RunFolderError
from bias_harness.outcome import Outcome
from bias_harness.reading.columns import SCHEMA, readings_version
from bias_harness.results.folder import RunFolder
from bias_harness.results.lines import numbered
from bias_harness.results.own import FOLDER, keep, kept, kept_about
from bias_harness.results.pieces import Asked, Lines, key_of, read_lines
from bias_harness.results.readings import COLUMNS, Part, Questions, Readings, keys_in, short
from bias_harness.results.seals import Seal, sealed
from bias_harness.workers import HERE, Workers

FEWEST = 1_000
"""Lines of a part that is worth keeping readings of; fewer are read again in less time than that takes."""
AT_ONCE = 2_000
"""Lines of a piece: read in some tenths of a second where they are prose."""
NO_KEY = 64 * "0"
Told = Callable[[int], None]


def read_run(
    folder: RunFolder, questions: Questions, outcome: Outcome, told: Told | None = None, workers: Workers = HERE
) -> Readings:
    """What is read in all answers of a run, from what is kept and else from the log, and kept then.

    `told` hears now and then how many lines more are done; `workers` read what takes long. Raises `RunFolderError` that
    names a line which is no response or was changed.
    """
    reading = _Reading(folder.path / FOLDER, questions, outcome, told or (lambda _: None), workers)
    return Readings(list(reading.parts(folder.logs)))


@dataclass(frozen=True)
class _Look:
    """A part as it is found: what its log amounts to, which kept rows are stale, and whether nothing is to be read."""

    log: Path
    file: Path
    seal: Seal
    stale: NDArray[np.bool_]
    done: bool


@dataclass
class _Reading:
    """Reads the parts of one run, where that is not done yet."""

    place: Path
    questions: Questions
    outcome: Outcome
    told: Told
    workers: Workers

    @cached_property
    def version(self) -> str:
        """What reads now."""
        return readings_version(self.outcome)

    def parts(self, logs: Sequence[Path]) -> Iterator[Part]:
        """The readings of all parts; lines of later parts are on their way while an earlier part is put together."""
        looks = [self._look(log) for log in logs]
        out: deque[tuple[Lines, Sequence[int], bool]] = deque()
        asked = Asked(self.outcome, self.questions.known)
        results = self.workers.each(read_lines, asked, self._pieces([look for look in looks if not look.done], out))
        for look in looks:
            if look.done:
                self.told(look.seal.lines)
                yield Part(look.log, look.seal.lines, look.file)
                continue
            fresh, last = [], False
            while not last:
                made = next(results)
                piece, offsets, last = out.popleft()
                fresh.append(self._placed(made, piece, offsets, asked))
                self.told(len(piece.lines))
            yield self._kept_now(look, fresh)

    def _look(self, log: Path) -> _Look:
        file = self.place / f"{log.stem}.parquet"
        table, seal, whole = self._kept(file, log)
        stale = self._stale(table)
        return _Look(log, file, seal, stale, table is not None and whole and not stale.any())

    def _pieces(self, looks: Iterable[_Look], out: deque[tuple[Lines, Sequence[int], bool]]) -> Iterator[Lines]:
        """What is to be read of each part, at least one piece of it; `out` holds those on their way, the last told."""
        for look in looks:
            lines = (line for line in _placed(look.log) if line[0] > look.stale.size or look.stale[line[0] - 1])
            some = list(islice(lines, AT_ONCE))
            while True:
                following = list(islice(lines, AT_ONCE))
                piece = self._piece(look.log, some)
                out.append((piece, [offset for _, offset, _ in some], not following))
                yield piece
                if not following:
                    break
                some = following

    def _piece(self, log: Path, lines: Sequence[tuple[int, int, bytes]]) -> Lines:
        keys = [key_of(line) or NO_KEY for *_, line in lines]
        codes = self.questions.codes_of(short(keys)).tolist()
        return Lines(log, [number for number, *_ in lines], [line for *_, line in lines], codes)

    def _placed(self, made: pa.Table, piece: Lines, offsets: Sequence[int], asked: Asked) -> pa.Table:
        """What was read, with the question that it was read with and where its line stands."""
        codes = self.questions.codes_of(keys_in(made["key"]))
        if codes.tolist() != piece.questions:  # a line that gives its key twice
            made = read_lines(asked, replace(piece, questions=codes.tolist()))
        more = {
            "question": pa.array(self.questions.digests_of(codes)),
            "offset": pa.array(offsets, pa.int64()),
            "length": pa.array([len(line) for line in piece.lines], pa.int32()),
            "letters": made["letters"],
        }
        return pa.table({**{name: made[name] for name in SCHEMA.names}, **more}, schema=COLUMNS)

    def _kept_now(self, look: _Look, fresh: Sequence[pa.Table]) -> Part:
        """A part of kept and fresh rows, kept where that is worth it."""
        found = kept(look.file) if look.stale.size else None
        table = None if found is None else _table(found[1], look.stale.size)
        if look.stale.size and table is None:
            raise RunFolderError(f"{look.file} was changed while it was read; run the same command again")
        made = _together(table, look.stale, _one(fresh))
        about = {"version": self.version, "lines": made.num_rows, "sha256": look.seal.sha256}
        if made.num_rows >= FEWEST and look.seal.lines == made.num_rows and keep(look.file, _parquet(made), about):
            return Part(look.log, made.num_rows, look.file)
        return Part(look.log, made.num_rows, table=made)

    def _kept(self, file: Path, log: Path) -> tuple[pa.Table | None, Seal, bool]:
        """The rows that are kept and fit the log, what the log amounts to, and whether they are all there is of it."""
        about = (kept_about(file) or {}).get("about", {})
        lines = about.get("lines", 0) if about.get("version") == self.version else 0
        first, sealing = sealed(log, lines)
        seal = sealing.seal
        if not lines or first != Seal(lines, about["sha256"]):
            return None, seal, False
        found = kept(file)
        return (None if found is None else _table(found[1], lines)), seal, seal.lines == lines

    def _stale(self, table: pa.Table | None) -> NDArray[np.bool_]:
        """The rows that reply to another question than they were read with; what nobody asks any more is let be."""
        if table is None:
            return np.zeros(0, dtype=bool)
        wanted = self.questions.digests_of(self.questions.codes_of(keys_in(table["key"])))
        stale: NDArray[np.bool_] = (wanted != 0) & (wanted != table["question"].to_numpy())
        return stale


def _together(table: pa.Table | None, stale: NDArray[np.bool_], fresh: pa.Table) -> pa.Table:
    """Kept rows and fresh ones, each in its place: first those that were stale, then what has come since."""
    if table is None:
        return fresh
    old = int(stale.sum())
    first = np.arange(stale.size)
    first[stale] = stale.size + np.arange(old)
    since = np.arange(stale.size + old, stale.size + fresh.num_rows)
    return _one([table, fresh]).take(pa.array(np.concatenate([first, since])))


def _one(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries() if tables else COLUMNS.empty_table()


def _placed(log: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and bytes of each line."""
    offset = 0
    for number, line in numbered(log):
        yield number, offset, line
        offset += len(line)


def _parquet(table: pa.Table) -> bytes:
    target = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), target, compression="zstd")
    return target.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _table(data: bytes, lines: int) -> pa.Table | None:
    """The rows in a file that this machine wrote; None where another version wrote other columns."""
    try:
        found = pq.read_table(pa.BufferReader(data))
    except pa.ArrowException:
        return None
    return found if found.num_rows == lines and found.schema.names == COLUMNS.names else None
