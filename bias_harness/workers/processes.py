"""Processes of this machine, each a fresh Python: nothing is forked, so threads and open files are no danger."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any

from bias_harness.workers.engines import Engine, WorkerLostError

AHEAD = 3
"""Pieces on their way for each process: one that it does, one that it finds when it is done, one for uneven pieces."""
_SHARED: list[Any] = []


@contextmanager
def processes(count: int, shared: object) -> Iterator[Engine]:
    """So many processes that were handed what all pieces share, once.

    They end at once where the body raises or is left early, and by themselves where this process is killed.
    """
    pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (shared,))
    try:
        yield _Processes(pool, count)
    except BaseException:
        started = list((pool._processes or {}).values())  # `terminate_workers` is there from Python 3.14 on
        pool.shutdown(wait=False, cancel_futures=True)
        for process in started:
            process.terminate()
        raise
    pool.shutdown()


@dataclass(frozen=True)
class _Processes:
    pool: ProcessPoolExecutor
    count: int

    def submit(self, function: Callable[[Any, Any], Any], piece: object) -> Future[Any]:
        with _unseen_working_folder():
            try:
                return self.pool.submit(_do, function, piece)
            except BrokenProcessPool:
                raise WorkerLostError from None

    def result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except BrokenProcessPool:
            raise WorkerLostError from None

    def ahead(self) -> int:
        return AHEAD * self.count


@contextmanager
def _unseen_working_folder() -> Iterator[None]:
    """A process that is started meanwhile looks for no module in the working folder, which may be a stranger's."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _begin(shared: object) -> None:
    """What a new process is told. Ctrl-C reaches it too, and is its parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _SHARED[:] = [shared]


def _end_with_the_parent() -> None:
    """A process whose parent was killed would wait for its next piece for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(function: Callable[[Any, Any], Any], piece: object) -> Any:
    return function(_SHARED[0], piece)
