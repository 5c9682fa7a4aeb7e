"""The log of a run, open for appending, with the folder locked against a second process."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bias_harness.errors import RunFolderError
from bias_harness.results.folder import LOG, RunFolder, write_whole
from bias_harness.results.keys import KeySet
from bias_harness.results.lines import dump_line, numbered, read_line
from bias_harness.vocabulary import FILTERED, ErrorKind, Response, Usage

UNLOCKED = "BIAS_HARNESS_UNLOCKED"
"""The variable that lets a run go on where the disk keeps no locks."""
HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
"""What the system says where somebody else has the lock; anything else says that there are no locks."""
LOCK, RESERVE = ".lock", ".reserve"
RESERVE_BYTES = 4_000_000
logger = logging.getLogger(__name__)
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass
class Counts:
    """What the logs hold of one endpoint; each request counts once.

    `cost` is in US dollars, null where none is named; `reserved` is what may have been billed besides, at most.
    """

    answered: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    reserved: float = 0.0
    served: set[str] = field(default_factory=set)

    def pay(self, usage: Usage) -> None:
        """Add the tokens and the cost of one line: what was paid counts, also where the answer does not."""
        self.input_tokens += usage.input_tokens or 0
        self.output_tokens += usage.output_tokens or 0
        self.reserved += usage.reserved or 0.0
        if usage.cost is not None:
            self.cost = (self.cost or 0.0) + usage.cost


@dataclass
class Found:
    """What the logs of a run hold already, and in `set_aside` a sentence for each line that could not be read.

    `filtered` are those of the failed that the endpoint's own filter refused, `empty` those that it answered without
    a text. A key may be among the failed and, from another time, among the answered.
    """

    answered: KeySet = field(default_factory=KeySet)
    failed: KeySet = field(default_factory=KeySet)
    filtered: KeySet = field(default_factory=KeySet)
    empty: KeySet = field(default_factory=KeySet)
    endpoints: dict[str, Counts] = field(default_factory=dict)
    set_aside: list[str] = field(default_factory=list)

    def take(self, response: Response) -> None:
        """Count one line."""
        key, counts = response.key, self.endpoints.setdefault(response.endpoint, Counts())
        kind = _without_answer(response)
        if kind is not None:
            for special, keys in (("content", self.filtered), ("empty", self.empty)):
                if kind == special:
                    keys.add(key)
            counts.failed += self.failed.add(key) and key not in self.answered
        elif self.answered.add(key):
            counts.answered += 1
            counts.failed -= key in self.failed
        if response.usage is not None:
            counts.pay(response.usage)
        if response.served_model:
            counts.served.add(response.served_model)

    def settled(self, *, retried: bool = False) -> KeySet:
        """The keys that need no asking: the answered, and those for whom asking again would change nothing.

        `retried` leaves out the latter: what was filtered or empty is asked once more.
        """
        return self.answered.copy() if retried else self.answered | self.filtered | self.empty

    @property
    def cost(self) -> float:
        """US dollars that are known to be spent, and those that may be and were never reported."""
        return sum((counts.cost or 0.0) + counts.reserved for counts in self.endpoints.values())


def _without_answer(response: Response) -> ErrorKind | None:
    """Why a line holds no answer; None where it does. A blank text without an error comes from an older log."""
    if response.error is not None:
        return response.error.kind
    blank = not (response.text or "").strip() and (response.finish_reason or "").lower() not in FILTERED
    return "empty" if blank else None


class RunLog:
    """Appends responses. `found` is what is there: what it was opened with, and every response since.

    `trouble` is set when the disk is full: what is in flight still fits into a reserve kept for that, but nothing
    new should be asked.
    """

    def __init__(self, path: Path, found: Found) -> None:
        self.path, self.found = path, found
        self.trouble: OSError | None = None
        self._reserve = path.with_name(RESERVE)
        _make_room(self._reserve)
        self._handle = os.open(path, _FLAGS, 0o644)
        self._size = os.fstat(self._handle).st_size

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns.

        Raises `OSError` where there is no room at all, `RunFolderError` where the folder is no longer the one that was
        opened: what was moved away still gets the response, what was removed cannot.
        """
        data = dump_line(response)
        try:
            self._write(data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.trouble = error
            self._reserve.unlink(missing_ok=True)
            self._write(data)
        self.found.take(response)
        if not self.in_place:
            raise RunFolderError(
                f"{self.path.parent} was removed, moved or replaced while the run was writing to it; nothing more is "
                "asked. What was answered is in the folder that was moved; put it back and run the same command again"
            )

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
        os.fsync(self._handle)

    def close(self) -> None:
        """Write through and close."""
        self._reserve.unlink(missing_ok=True)
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
def open_log(folder: RunFolder, file: str = LOG) -> Iterator[RunLog]:
    """Lock the run, set aside what cannot be read, and open the log.

    `file` is another name than `responses.jsonl` for the part of a sharded run. Raises `RunFolderError` where
    another process has the folder.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with _locked(folder.path / LOCK):
        found = _found(folder)
        for sentence in found.set_aside:
            logger.warning(sentence)
        log = RunLog(folder.path / file, found)
        try:
            yield log
        finally:
            log.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The lock goes with its holder, however that ends: the system itself releases it."""
    with path.open("a+b") as file:
        try:
            lock(file.fileno())
        except OSError as error:
            if error.errno in HELD:
                raise RunFolderError(
                    f"{path.parent} is in use by another process; wait for it or choose --name"
                ) from None
            _without_lock(path.parent, error)
        yield


def _without_lock(folder: Path, error: OSError) -> None:
    """Some network disks keep no locks: go on where the user chose to, and say that nothing guards the run."""
    why = f"the disk of {folder} keeps no locks ({error.strerror or error})"
    if not os.environ.get(UNLOCKED):
        raise RunFolderError(
            f"{why}, so nothing would keep a second run out of this folder. Choose another disk with --results, or "
            f"set {UNLOCKED}=1 to go on without a lock, and start no other command on this run meanwhile"
        ) from None
    logger.warning("%s: going on without, as %s says; start no other command on this run meanwhile", why, UNLOCKED)


def lock(handle: int) -> None:
    """Lock an open file for this process. Raises `OSError`, with an `errno` of `HELD` where another process has it."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def counted(folder: RunFolder) -> Found:
    """What the logs of a run hold, without a lock and without mending anything."""
    found = Found()
    for response in folder.responses():
        found.take(response)
    return found


def _found(folder: RunFolder) -> Found:
    """Read what is there, mending on the way."""
    found = Found()
    for log in folder.logs:
        _mend_end(log, found)
        bad = []
        for number, line in numbered(log):
            response = read_line(line)
            if response is None:
                bad.append(number)
            else:
                found.take(response)
        if bad:
            _without(log, bad, found)
    return found


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
    lines = log.read_bytes().splitlines(keepends=True)
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
