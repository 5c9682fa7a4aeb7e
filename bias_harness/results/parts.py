"""The parts of a log: their names and their order.

    responses.jsonl           the first part, of at most `PART_LINES` lines
    responses.index           what is in it, written when it is full (`results.index`)
    responses.2.jsonl         the next one, and so on
    responses.NAME.jsonl      the first part of another writer into the same folder (a shard on a network disk), with
    responses.NAME.2.jsonl    parts of its own: each file has one writer, so that none of them needs a lock

Lines are only ever appended, and only to the last part of a writer. All parts together are the log, in the order of
writer and number; which answer counts is decided by key, so that the parts of several writers need no other merging.
"""

from __future__ import annotations

import re
from pathlib import Path

LOG = "responses.jsonl"
PART_LINES = 50_000
"""Lines of a part that is full: read in some tenths of a second where its index is missing."""
_PART = re.compile(r"(?P<writer>responses(?:\..*?)??)(?:\.(?P<number>[1-9]\d*))?\.jsonl")


def parts_in(folder: Path) -> list[Path]:
    """The files of a log, in their order."""
    return sorted((path for path in folder.glob("responses*.jsonl") if path.is_file()), key=_place)


def part_after(log: Path) -> Path:
    """The part that follows when this one is full."""
    writer, number = _place(log)
    return log.with_name(f"{writer}.{number + 1}.jsonl")


def last_part(folder: Path) -> Path:
    """The part of the run's own writer that is appended to; the first one where there is none."""
    own = [log for log in parts_in(folder) if _place(log)[0] == Path(LOG).stem]
    return own[-1] if own else folder / LOG


def _place(log: Path) -> tuple[str, int]:
    """Writer and number of a part; an older log may have any name."""
    named = _PART.fullmatch(log.name)
    return (named["writer"], int(named["number"] or 1)) if named else (log.stem, 1)
