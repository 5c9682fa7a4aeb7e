"""Whether somebody is asking into a run's folder at this moment: whether its lock is held."""

from __future__ import annotations

from bias_harness.results.folder import RunFolder
from bias_harness.results.locks import HELD, lock
from bias_harness.results.log import LOCK


def is_running(folder: RunFolder) -> bool:
    """Whether another process holds the lock of a run. False where a disk keeps no locks."""
    path = folder.path / LOCK
    try:
        with path.open("r+b") as file:
            lock(file.fileno())
    except OSError as error:
        return error.errno in HELD
    return False
