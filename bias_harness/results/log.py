"""The log of a run, open for appending, with the folder locked against a second process."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bias_harness.errors import RunFolderError
from bias_harness.results.folder import RunFolder
from bias_harness.results.found import Found
from bias_harness.results.in_flight import IN_FLIGHT, InFlight, left_in_flight
from bias_harness.results.index import read_index, write_index
from bias_harness.results.lines import dump_line
from bias_harness.results.locks import locked
from bias_harness.results.mending import mended
from bias_harness.results.parts import PART_LINES, last_part, part_after
from bias_harness.results.seals import Seal, Sealing
from bias_harness.vocabulary import Request, Response

LOCK, RESERVE = ".lock", ".reserve"
RESERVE_BYTES = 4_000_000
logger = logging.getLogger(__name__)
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class RunLog:
    """Appends responses. `found` is what is there: what it was opened with, and every response since.

    `trouble` is set when the disk is full: what is in flight still fits into a reserve kept for that, but nothing
    new should be asked.
    """

    def __init__(self, path: Path, found: Found, seals: dict[str, Seal | Sealing]) -> None:
        self.path, self.found = path, found
        self.trouble: OSError | None = None
        self._turning = threading.Lock()
        self._in_flight = InFlight(path.with_name(IN_FLIGHT))
        self._reserve = path.with_name(RESERVE)
        self._seals = {name: known for name, known in seals.items() if name != path.name}
        known = seals.get(path.name)
        self._sealing = known if isinstance(known, Sealing) else Sealing()
        _make_room(self._reserve)
        self._open()
        if isinstance(known, Seal):  # it is full: its index was read
            self._seals[path.name] = known
            self._next_part()

    def _open(self) -> None:
        self._handle = os.open(self.path, _FLAGS, 0o644)
        self._size = os.fstat(self._handle).st_size

    def _turn(self) -> None:
        """Go on in the next part. What was written is on the disk before its index says so."""
        self.sync()
        self._seals[self.path.name] = write_index(self.path).seal
        self._next_part()

    def _next_part(self) -> None:
        with self._turning:  # `sync` is called by another thread
            before, self.path = self._handle, part_after(self.path)
            self._open()
            self._sealing = Sealing()
            os.close(before)

    def seals(self) -> dict[str, Seal]:
        """What each part of the log amounts to now, by its name."""
        known = {name: one.seal if isinstance(one, Sealing) else one for name, one in self._seals.items()}
        return known | {self.path.name: self._sealing.seal}

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns, and is in flight no longer.

        Raises `OSError` where there is no room at all, `RunFolderError` where the folder is no longer the one that was
        opened: what was moved away still gets the response, what was removed cannot.
        """
        data = dump_line(response)
        try:
            self._write(data)
        except OSError as error:
            self._is_full(error)
            self._reserve.unlink(missing_ok=True)
            self._write(data)
        self.found.take(response)
        self._sealing.add(data)
        self._in_flight.let_go(response.key)
        if not self.in_place:
            raise RunFolderError(
                f"{self.path.parent} was removed, moved or replaced while the run was writing to it; nothing more is "
                "asked. What was answered is in the folder that was moved; put it back and run the same command again"
            )
        if self._sealing.lines >= PART_LINES and self.trouble is None:
            try:
                self._turn()
            except OSError as error:
                self._is_full(error)

    def hold(self, request: Request, reserved: float) -> None:
        """Note on disk what a request that is about to be sent may cost in all, in US dollars."""
        try:
            self._in_flight.hold(request.key, request.endpoint, reserved, request.confirms)
        except OSError as error:
            self._is_full(error)

    def let_go(self, request: Request) -> None:
        """A request that was on its way needs no line, for nothing was paid for it."""
        self._in_flight.let_go(request.key)

    def _is_full(self, error: OSError) -> None:
        """Remember that the disk is full. Raises what else went wrong."""
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise error
        self.trouble = error

    @property
    def in_place(self) -> bool:
        """Whether the log is still the file that stands under its name."""
        try:
            there, here = self.path.stat(), os.fstat(self._handle)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._handle, data)
            while written < len(data):
                written += os.write(self._handle, data[written:])
        except OSError as error:
            os.ftruncate(self._handle, self._size)
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        self._size += len(data)

    def sync(self) -> None:
        """Hand what was written to the disk itself, against a power cut; takes milliseconds."""
        with self._turning:
            os.fsync(self._handle)

    def close(self) -> None:
        """Write through and close."""
        self._reserve.unlink(missing_ok=True)
        self._in_flight.close()
        try:
            self.sync()
        finally:
            os.close(self._handle)


def _make_room(reserve: Path) -> None:
    try:
        reserve.write_bytes(bytes(RESERVE_BYTES))
    except OSError as error:
        reserve.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(reserve.parent)) from None


@contextmanager
def open_log(folder: RunFolder) -> Iterator[RunLog]:
    """Lock the run, set aside what cannot be read, and open the log.

    What was on its way when the process before this one died becomes a failure each, whose cost stays reserved. Raises
    `RunFolderError` where another process has the folder.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with locked(folder.path / LOCK):
        indexes = {log.name: index for log in folder.logs if (index := read_index(log)) is not None}
        faults = folder.faults({name: index.seal for name, index in indexes.items()})
        found, seals = mended(folder.logs, indexes)
        for sentence in found.set_aside or faults:
            logger.warning("%s", sentence)
        log = RunLog(last_part(folder.path), found, seals)
        try:
            _remember(log, folder.path / IN_FLIGHT)
            yield log
        finally:
            log.close()


def _remember(log: RunLog, path: Path) -> None:
    for response in left_in_flight(path):
        log.append(response)
    path.unlink(missing_ok=True)


def counted(folder: RunFolder) -> Found:
    """What the logs of a run hold, without a lock and without mending anything."""
    found = Found()
    for response in folder.responses():
        found.take(response)
    return found
