"""What hands out pieces: an executor, told what all pieces share, with its own ways of failing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol


class WorkerLostError(Exception):
    """A worker ended in the middle of its piece; nobody's fault that a user could be told of yet."""


class Engine(Protocol):
    """An executor that is open, and what it was told."""

    def submit(self, function: Callable[[Any, Any], Any], piece: object) -> Future[Any]:
        """Hand out a piece. Raises `WorkerLostError` where the executor is broken."""

    def result(self, future: Future[Any]) -> Any:
        """What came of a piece. Raises what its function raised, or `WorkerLostError`."""

    def ahead(self) -> int:
        """How many pieces to have out at a time."""
