"""The lock that keeps a second process out of a run."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bias_harness.errors import RunFolderError

UNLOCKED = "BIAS_HARNESS_UNLOCKED"
"""The variable that lets a run go on where the disk keeps no locks."""
HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
"""What the system says where somebody else has the lock; anything else says that there are no locks."""
logger = logging.getLogger(__name__)


@contextmanager
def locked(path: Path) -> Iterator[None]:
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
