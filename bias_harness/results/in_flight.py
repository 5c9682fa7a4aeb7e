"""What may be paid for requests that are on their way, on disk, so that not even `kill -9` makes it forgotten.

`.in-flight` has a slot of fixed size for each request on its way: written before it is sent, emptied once its line is
in the log. What a start finds there was in flight when the process died: it becomes a line of the log each, a failure
whose cost is reserved, so that a budget counts it and the request is asked again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NotRequired

import orjson
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from bias_harness.results.lines import KEY, MOST
from bias_harness.vocabulary import Failure, Response, Usage

IN_FLIGHT = ".in-flight"
SLOT = 512
"""Bytes of a slot: a key, the name of an endpoint, an amount, and the key of what is confirmed."""
LARGEST = SLOT * 100_000
EMPTY = b" " * (SLOT - 1) + b"\n"
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class _Slot(TypedDict):
    key: Annotated[str, Field(pattern=f"^{KEY.pattern}$")]
    endpoint: str
    reserved: Annotated[float, Field(ge=0, lt=MOST, allow_inf_nan=False)]
    confirms: NotRequired[Annotated[str, Field(pattern=f"^{KEY.pattern}$")]]


_SLOT: TypeAdapter[_Slot] = TypeAdapter(_Slot)


class InFlight:
    """The slots of one run that is being asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None
        self._slots: dict[str, int] = {}
        self._free: list[int] = []

    def hold(self, key: str, endpoint: str, reserved: float, confirms: str | None = None) -> None:
        """Note what a request on its way may cost in all, in US dollars; a second time replaces the first."""
        slot: _Slot = {"key": key, "endpoint": endpoint, "reserved": reserved}
        if confirms is not None:
            slot["confirms"] = confirms
        data = orjson.dumps(slot)
        if not reserved or len(data) >= SLOT:  # nobody's endpoint has a name that long
            self.let_go(key)
            return
        if key not in self._slots:
            self._slots[key] = self._free.pop() if self._free else len(self._slots)
        self._write(self._slots[key], data.ljust(SLOT - 1) + b"\n")

    def let_go(self, key: str) -> None:
        """The line of that request is in the log, or nothing was paid for it."""
        place = self._slots.pop(key, None)
        if place is not None:
            self._write(place, EMPTY)
            self._free.append(place)

    def _write(self, place: int, data: bytes) -> None:
        if self._handle is None:
            self._handle = os.open(self.path, _FLAGS, 0o644)
        os.lseek(self._handle, place * SLOT, os.SEEK_SET)
        os.write(self._handle, data)

    def close(self) -> None:
        """Close; the file stays only while something in it is not in the log."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if not self._slots:
            self.path.unlink(missing_ok=True)


def left_in_flight(path: Path) -> Iterator[Response]:
    """A failure for each request that was on its way when the process died; a slot that is torn is passed over."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except FileNotFoundError:
        return
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    died = Failure("transient", "the run was killed while this was on its way", None)
    for place in range(0, len(data), SLOT):
        try:
            slot = _SLOT.validate_json(data[place : place + SLOT], strict=True)
        except ValueError:
            continue
        usage = Usage(reserved=slot["reserved"])
        about = slot.get("confirms")
        yield Response(slot["key"], slot["endpoint"], None, None, None, usage, now, died, confirms=about)
