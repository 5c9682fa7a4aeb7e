"""Ctrl-C: the first one lets what is in flight finish, the second one stops at once."""

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


@contextmanager
def stopping_on_interrupt(runner: Runner) -> Iterator[None]:
    """Within this, SIGINT and SIGTERM stop the runner; outside the main thread (a notebook) nothing changes."""
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

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
