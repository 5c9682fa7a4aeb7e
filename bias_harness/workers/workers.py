"""Who does the work, and how pieces are handed out, collected in order, and done again where a worker was killed."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from bias_harness.errors import BiasHarnessError
from bias_harness.workers.cluster import cluster
from bias_harness.workers.engines import Engine, WorkerLostError
from bias_harness.workers.processes import processes

Shared = TypeVar("Shared")
Piece = TypeVar("Piece")
Result = TypeVar("Result")
SECONDS_TO_START = 2.0
"""What a process costs before it does anything, of CPU: a fresh Python with its libraries."""
MOST_LOSSES = 3
"""How often in a row workers may be killed before any of them brought a result."""
KILLED = (
    "a worker process was killed {times} times over the same piece of work, mostly because memory ran out; do it with "
    "fewer workers (--workers 1 starts none). From Python, what starts workers belongs below "
    'if __name__ == "__main__":'
)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """Who does pieces of work: this process (`count` 1), so many processes, or the Dask `cluster` with this address."""

    count: int = 1
    cluster: str | None = None

    def each(
        self, function: Callable[[Shared, Piece], Result], shared: Shared, pieces: Iterable[Piece]
    ) -> Iterator[Result]:
        """`function(shared, piece)` of every piece, in their order, a few pieces ahead of whoever takes the results.

        Function, shared, pieces and results are pickled; the function stands in a module, and no piece is None. The
        first seconds of work are done in this process, so that little work never pays for a pool; a cluster that is
        named is used at once. A piece whose worker was killed is done again. What the function raises is raised here.
        Raises `BiasHarnessError` where workers are killed again and again, `UsageError` where there is no such cluster.
        """
        rest = iter(pieces)
        if self.cluster is None:
            yield from self._here(function, shared, rest, len(pieces) if isinstance(pieces, Sized) else None)
        first = next(rest, None)
        if first is not None:
            yield from _Spread(self._engine, function, shared, rest, deque([first])).results()

    def _here(
        self, function: Callable[[Shared, Piece], Result], shared: Shared, rest: Iterator[Piece], total: int | None
    ) -> Iterator[Result]:
        """The first results, or all where more processes would not pay."""
        spent = 0.0
        for done, piece in enumerate(rest, start=1):
            began = time.process_time()
            result = function(shared, piece)
            spent += time.process_time() - began
            yield result
            left = spent if total is None else spent / done * (total - done)
            if self.count > 1 and spent > SECONDS_TO_START and left * (1 - 1 / self.count) > SECONDS_TO_START / 2:
                return

    def _engine(self, shared: object) -> AbstractContextManager[Engine]:
        return processes(self.count, shared) if self.cluster is None else cluster(self.cluster, shared)


HERE = Workers()
"""This process alone."""


@dataclass
class _Spread(Generic[Shared, Piece, Result]):
    """Pieces on their way to workers; `waiting` are those whose results were not given yet."""

    engine: Callable[[object], AbstractContextManager[Engine]]
    function: Callable[[Shared, Piece], Result]
    shared: Shared
    rest: Iterator[Piece]
    waiting: deque[Piece]
    losses: int = 0

    def results(self) -> Iterator[Result]:
        """The results in order, with a new engine wherever one broke."""
        while self.waiting:
            try:
                with self.engine(self.shared) as engine:
                    yield from self._of(engine)
            except WorkerLostError:
                self.losses += 1
                if self.losses == MOST_LOSSES:
                    raise BiasHarnessError(KILLED.format(times=MOST_LOSSES)) from None

    def _of(self, engine: Engine) -> Iterator[Result]:
        futures: deque[Future[Result]] = deque(engine.submit(self.function, piece) for piece in self.waiting)
        while futures:
            while len(futures) < engine.ahead() and (piece := next(self.rest, None)) is not None:
                self.waiting.append(piece)
                futures.append(engine.submit(self.function, piece))
            result = engine.result(futures[0])
            futures.popleft()
            self.waiting.popleft()
            self.losses = 0
            yield result
