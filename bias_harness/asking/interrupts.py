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

HUNG_UP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""Not there on Windows."""


@contextmanager
def stopping_on_interrupt(runner: Runner) -> Iterator[None]:
    """Within this, a signal that asks to end stops the runner; outside the main thread (a notebook) nothing changes.

    SIGHUP stays ignored where it is when this begins: `nohup` wants the run to outlive its terminal.
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

    heeded = [signal.SIGINT, signal.SIGTERM]
    if HUNG_UP is not None and signal.getsignal(HUNG_UP) is not signal.SIG_IGN:
        heeded.append(HUNG_UP)
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
