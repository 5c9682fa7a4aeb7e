"""What a part of the log amounts to (lines and a digest), and what is missing, cut or changed since that was noted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bias_harness.results.lines import numbered, read_line

PIECE = 1 << 22


@dataclass(frozen=True)
class Seal:
    """How many whole lines a part has, and the SHA-256 (hex) of them, each ended by a newline alone."""

    lines: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Sealing:
    """Counts and digests lines as they are written or read."""

    def __init__(self) -> None:
        self.lines, self._digest = 0, hashlib.sha256()

    def add(self, line: bytes) -> None:
        """Take the next line; how its end is written (by git on Windows, for one) does not matter."""
        self.lines += 1
        self._digest.update(line.rstrip(b"\r\n") + b"\n")

    def add_lines(self, lines: bytes) -> None:
        """Take many lines, of which the last is whole too."""
        if b"\r" in lines:
            for line in lines.split(b"\n")[:-1]:
                self.add(line)
        else:
            self.lines += lines.count(b"\n")
            self._digest.update(lines)

    @property
    def seal(self) -> Seal:
        """Of the lines until now."""
        return Seal(self.lines, self._digest.hexdigest())


def seal_of(log: Path) -> Seal:
    """What a part amounts to now."""
    return sealed(log, 0)[1].seal


def sealed(log: Path, first: int) -> tuple[Seal | None, Sealing]:
    """What the first lines of a part amount to, None where it has fewer, and what all of it does; read in large pieces.

    What is behind the last newline counts where it is a response, as in `numbered`.
    """
    sealing, at, rest = Sealing(), None if first else Sealing().seal, b""
    with log.open("rb") as file:
        while piece := file.read(PIECE):
            whole, newline, rest = (rest + piece).rpartition(b"\n")
            whole += newline
            if at is None and sealing.lines + whole.count(b"\n") >= first:
                end = _end_of(whole, first - sealing.lines)
                sealing.add_lines(whole[:end])
                at, whole = sealing.seal, whole[end:]
            sealing.add_lines(whole)
    if rest and read_line(rest) is not None:
        sealing.add(rest)
        at = sealing.seal if at is None and sealing.lines == first else at
    return at, sealing


def _end_of(lines: bytes, count: int) -> int:
    """Where the first so many lines end."""
    end = 0
    for _ in range(count):
        end = lines.index(b"\n", end) + 1
    return end


def faults(
    folder: Path, logs: Iterable[Path], noted: Mapping[str, Seal], known: Mapping[str, Seal], *, growing: bool
) -> Iterator[str]:
    """A sentence for each part that is not what was noted of it; those that are `known` need no reading.

    `growing` says that lines may have come since: the run is under way, or was killed. Where nothing was noted (an
    older run) nothing is said.
    """
    there = {log.name: log for log in logs}
    for name, seal in noted.items():
        if name in there and known.get(name) == seal:
            continue
        if name in there:
            yield from _faults_of(there[name], seal, growing=growing)
        elif seal.lines:
            yield f"{folder / name} is missing: it held {seal.lines:,} lines of the log"
    if noted and not growing:
        yield from (f"{there[name]} was not written by this run" for name in there if name not in noted)


def _faults_of(log: Path, noted: Seal, *, growing: bool) -> Iterator[str]:
    found, sealing = sealed(log, noted.lines)
    same = found == noted
    changed = None if same else first_altered(log)
    if changed is not None:
        yield f"{log}, line {changed} was changed after it was written"
    elif sealing.lines < noted.lines:
        lost = noted.lines - sealing.lines
        yield f"{log} has {sealing.lines:,} of {noted.lines:,} lines that were written; {lost:,} were cut or removed"
    elif not same:
        yield f"{log}: its {noted.lines:,} lines are not those that were written"
    elif sealing.lines > noted.lines and not growing:
        yield f"{log} has {sealing.lines - noted.lines:,} lines more than were written, from line {noted.lines + 1} on"


def first_altered(log: Path) -> int | None:
    """The number of the first line that is no response, or that is not as it was written."""
    return next((number for number, line in numbered(log) if read_line(line) is None), None)
