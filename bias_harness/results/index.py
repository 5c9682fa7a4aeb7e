"""The index of a full part of the log: what is in it, so that opening a run need not read it again.

A line of JSON (`Head`); after it the keys, for each endpoint in its order the answered, failed, filtered, empty and
confirmed ones, each as its first 64 bits, little-endian, in rising order; at the end the SHA-256 (hex) of all that. An
index is derived: where it is missing, or is not of the part as it stands, the part is read and the index made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from bias_harness.results.files import write_whole
from bias_harness.results.found import GROUPS, Counts, Found, Group
from bias_harness.results.lines import index_beside, numbered, parse_line
from bias_harness.results.seals import Seal, Sealing

if TYPE_CHECKING:
    from bias_harness.results.keys import Shorts

FORMAT = 2
LARGEST = 1_000_000_000
DIGEST_BYTES = 64
_Natural = Annotated[int, Field(ge=0, lt=2**63)]
_Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _End(TypedDict):
    name: str
    input_tokens: _Natural
    output_tokens: _Natural
    cost: _Money | None
    reserved: _Money
    served: list[str]
    keys: dict[Group, _Natural]


class Head(TypedDict):
    """The first line: which part it is of (lines and digest, bytes, time of the last change), what is in it."""

    format: int
    lines: _Natural
    sha256: str
    bytes: _Natural
    changed_ns: _Natural
    endpoints: list[_End]


_HEAD: TypeAdapter[Head] = TypeAdapter(Head)


@dataclass(frozen=True)
class Index:
    """What a part amounts to; `ends` has the counts of each endpoint, and its keys by group, shortened."""

    seal: Seal
    ends: Mapping[str, tuple[Counts, Mapping[Group, Shorts]]]


def write_index(log: Path) -> Index:
    """Make the index of a part and write it beside it. Raises `RunFolderError` for a line that is no response."""
    import numpy as np

    before, sealing, ends = log.stat(), Sealing(), dict[str, Found]()
    for number, line in numbered(log):
        response = parse_line(line, log, number)
        sealing.add(line)
        ends.setdefault(response.endpoint, Found()).take(response)
    keys = {
        name: {group: np.asarray(getattr(end, group).shorts(), dtype=np.uint64) for group in GROUPS}
        for name, end in ends.items()
    }
    made = Index(sealing.seal, {name: (end.endpoints[name], keys[name]) for name, end in ends.items()})
    data = b"".join(part.astype("<u8").tobytes() for groups in keys.values() for part in groups.values())
    head: Head = {
        "format": FORMAT,
        "lines": made.seal.lines,
        "sha256": made.seal.sha256,
        "bytes": before.st_size,
        "changed_ns": before.st_mtime_ns,
        "endpoints": list(_ends(made)),
    }
    whole = orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE) + data
    write_whole(index_beside(log), whole + _digest(whole))
    return made


def _ends(index: Index) -> Iterator[_End]:
    for name, (counts, keys) in index.ends.items():
        paid = {**asdict(counts), "served": sorted(counts.served)}
        yield {"name": name, "keys": {group: len(part) for group, part in keys.items()}} | {  # type: ignore[misc]
            key: paid[key] for key in ("input_tokens", "output_tokens", "cost", "reserved", "served")
        }


def read_index(log: Path) -> Index | None:
    """The index beside a part; None where there is none, or it is not of the part as it stands."""
    try:
        path, now = index_beside(log), log.stat()
        if path.stat().st_size > LARGEST:
            return None
        raw = path.read_bytes()
        whole, told = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
        if _digest(whole) != told:
            return None
        first, _, data = whole.partition(b"\n")
        head = _HEAD.validate_json(first, strict=True)
        if (head["format"], head["bytes"], head["changed_ns"]) != (FORMAT, now.st_size, now.st_mtime_ns):
            return None
        return Index(Seal(head["lines"], head["sha256"]), dict(_with_keys(head, data)))
    except (OSError, ValueError, KeyError):
        return None


def _with_keys(head: Head, data: bytes) -> Iterator[tuple[str, tuple[Counts, Mapping[Group, Shorts]]]]:
    import numpy as np  # late: most runs have no index

    place = 0
    for end in head["endpoints"]:
        keys = {}
        for group in GROUPS:
            size = 8 * end["keys"][group]
            keys[group] = np.frombuffer(data[place : place + size], dtype="<u8").astype(np.uint64, copy=False)
            place += size
        paid = Counts(
            input_tokens=end["input_tokens"],
            output_tokens=end["output_tokens"],
            cost=end["cost"],
            reserved=end["reserved"],
            served=set(end["served"]),
        )
        yield end["name"], (paid, keys)
    if place != len(data):
        raise ValueError("the index holds other keys than it says")


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
