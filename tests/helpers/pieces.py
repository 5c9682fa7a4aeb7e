"""Pieces of work for workers of any kind, which import this module."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pyarrow as pa

from bias_harness.errors import InputError
from bias_harness.results.pieces import Asked, Lines, read_lines


def powered(exponent: int, base: int) -> tuple[int, int]:
    return base**exponent, os.getpid()


def slow(seconds: float, piece: int) -> tuple[int, int]:
    time.sleep(seconds)
    return piece, os.getpid()


def busy(seconds: float, piece: int) -> tuple[int, int]:
    """So much work for the processor."""
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
    return piece, os.getpid()


def stuck(_: None, piece: int) -> int:
    """The first pieces are quick, the others take for ever."""
    if piece > 8:
        time.sleep(3_600)
    return piece


def killed_once(folder: Path, piece: int) -> int:
    """The third piece kills its worker, the first time."""
    mark = folder / "killed"
    if piece == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return piece * 10


def read_and_killed_once(asked: Asked, piece: Lines) -> pa.Table:
    """Lines of a log, read by a worker that is killed in the second part, the first time."""
    mark = Path(os.environ["KILLED_MARK"])
    if 31 in piece.numbers and piece.log.name != "responses.jsonl" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read_lines(asked, piece)


def killed_always(_: None, piece: int) -> int:
    if piece == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


def refused(_: None, piece: int) -> int:
    """All but the first piece cannot be done."""
    if piece:
        raise InputError(f"piece {piece} is not as it should be")
    return piece


def imported(_: None, piece: int) -> str | None:
    """Where a module of the working folder would come from that has the name of one of Python's own."""
    import colorsys

    return colorsys.__file__
