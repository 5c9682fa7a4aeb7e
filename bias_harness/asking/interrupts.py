"""Ctrl-C: the first one lets what is in flight finish, the second one stops at once.

SIGTERM does the same, and so does SIGHUP: the terminal was closed, or the connection to it was lost.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bias_harness.asking.runner import Runner

log = logging.getLogger(__name__)

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stopping_on_interrupt(runner: Runner) -> Iterator[None]:
    """Within this, a signal that asks to end stops the runner; outside the main thread (a notebook) nothing changes.

    A signal that is ignored when this begins (`nohup`, a job in the background of a script) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if runner.stop.is_set():
            runner.abort.set()
            return
        log.warning("Stopping: what is in flight is still waited for. Ctrl-C again stops at once.")
        runner.stop.set()

    def handler(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(interrupted)

    heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
