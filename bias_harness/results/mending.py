"""A log as it is found, mended on the way: what cannot be read is set aside, and its request asked again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bias_harness.results.files import write_whole
from bias_harness.results.found import Found
from bias_harness.results.index import Index, write_index
from bias_harness.results.lines import numbered, read_line
from bias_harness.results.parts import part_after
from bias_harness.results.seals import Seal, Sealing


def mended(logs: Sequence[Path], indexes: Mapping[str, Index]) -> tuple[Found, dict[str, Sealing | Seal]]:
    """What the parts of a log hold, counted, and what each amounts to; a full part is taken from its index."""
    known = {log.name: indexes[log.name] for log in logs if log.name in indexes}
    found = Found.united(index.ends for index in known.values())
    seals: dict[str, Sealing | Seal] = {name: index.seal for name, index in known.items()}
    for log in logs:
        if log.name in known:
            continue
        seals[log.name] = _read(log, found)
        if part_after(log) in logs:  # it is full, and its index is missing or of another state
            write_index(log)
    return found, {log.name: seals[log.name] for log in logs}


def _read(log: Path, found: Found) -> Sealing:
    _mend_end(log, found)
    bad, sealing = [], Sealing()
    for number, line in numbered(log):
        response = read_line(line)
        if response is None:
            bad.append(number)
        else:
            found.take(response)
            sealing.add(line)
    if bad:
        _without(log, bad, found)
    return sealing


def _mend_end(log: Path, found: Found) -> None:
    """Set a torn last line aside, so that what is appended starts on a line of its own."""
    last = _after_last_newline(log)
    if not last:
        return
    if read_line(last) is not None:
        with log.open("ab") as file:
            file.write(b"\n")
        return
    _set_aside(log, last + b"\n")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - len(last))
    found.set_aside.append(f"{log}: the last line was torn; it is in {_aside(log).name} and its request is asked again")


def _after_last_newline(log: Path) -> bytes:
    """What follows the last newline: nothing, unless the last write was cut."""
    with log.open("rb") as file:
        end = place = file.seek(0, os.SEEK_END)
        tail = b""
        while place and b"\n" not in tail:
            place = max(0, place - (1 << 16))
            file.seek(place)
            tail = file.read(end - place)
    return tail.rpartition(b"\n")[2]


def _without(log: Path, bad: list[int], found: Found) -> None:
    unwanted = set(bad)
    with log.open("rb") as file:  # never `splitlines`: a stray carriage return would shift the numbers
        lines = file.readlines()
    _set_aside(log, b"".join(line for n, line in enumerate(lines, start=1) if n in unwanted))
    write_whole(log, b"".join(line for n, line in enumerate(lines, start=1) if n not in unwanted))
    found.set_aside.extend(
        f"{log}, line {n} was not a response; it is in {_aside(log).name} and its request is asked again" for n in bad
    )


def _set_aside(log: Path, data: bytes) -> None:
    with _aside(log).open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _aside(log: Path) -> Path:
    return log.with_name(f"unreadable.{log.stem}.txt")
