"""Requests -> Responses: concurrency, limits, one retry layer, budget, resume. The only async stage.

Each endpoint has its own workers, so that a slow one never holds another back. Requests are drawn lazily, block by
block; nothing is held but what is in flight. A response is in the log before it counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import stamina
from aiolimiter import AsyncLimiter

from bias_harness.config import Endpoint
from bias_harness.errors import FatalError, ProviderError, QuotaError, TransientError
from bias_harness.vocabulary import Failure, Nature, Request, Response

FEWEST_BEFORE_GIVING_UP = 20
LONGEST_WAIT_SECONDS = 60.0


class Asker(Protocol):
    """What the runner needs of a provider."""

    nature: Nature

    async def ask(self, request: Request) -> Response:
        """The response to one request."""
        ...


class Log(Protocol):
    """Where responses go."""

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns."""
        ...


@dataclass
class Tally:
    """How far one endpoint is. `stopped` says in one sentence why it was given up."""

    endpoint: str
    planned: int
    nature: Nature = "model"
    already: int = 0
    answered: int = 0
    failed: int = 0
    retried: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    stopped: str | None = None
    served: set[str] = field(default_factory=set)

    @property
    def done(self) -> int:
        """Answered, failed for good, or there already."""
        return self.already + self.answered + self.failed


@dataclass
class Work:
    """What one endpoint has to do: its requests in order, and how it is asked."""

    endpoint: Endpoint
    provider: Asker
    requests: Iterator[Request]
    tally: Tally


class Gate:
    """How many requests may be in flight: grows by one a round of successes, halves when the endpoint says 429."""

    def __init__(self, most: int) -> None:
        self.most, self.limit, self.active = most, float(min(most, 8)), 0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one place."""
        async with self._free:
            await self._free.wait_for(lambda: self.active < max(1, int(self.limit)))
            self.active += 1
        try:
            yield
        finally:
            async with self._free:
                self.active -= 1
                self._free.notify_all()

    def succeeded(self) -> None:
        """Open a little further."""
        self.limit = min(self.most, self.limit + 1 / max(1.0, self.limit))

    def throttled(self) -> None:
        """Close by half."""
        self.limit = max(1.0, self.limit / 2)


@dataclass
class Runner:
    """Asks everything that is not there yet. `stop` set means: draw no more, finish what is in flight."""

    log: Log
    done: set[str]
    max_error_share: float
    stop: asyncio.Event
    report: Callable[[Tally], None]

    async def run(self, works: Iterable[Work]) -> None:
        """Ask all endpoints side by side. What goes wrong with one is in its tally, never an exception."""
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(self._endpoint(work))

    async def _endpoint(self, work: Work) -> None:
        gate = Gate(work.endpoint.max_connections)
        per_minute = work.endpoint.requests_per_minute
        limiter = AsyncLimiter(max(1, per_minute / 60), max(1.0, 60 / per_minute)) if per_minute else None
        async with asyncio.TaskGroup() as group:
            for _ in range(work.endpoint.max_connections):
                group.create_task(self._worker(work, gate, limiter))

    async def _worker(self, work: Work, gate: Gate, limiter: AsyncLimiter | None) -> None:
        for request in work.requests:
            if self.stop.is_set() or work.tally.stopped:
                return
            if request.key in self.done:
                work.tally.already += 1
                continue
            self.done.add(request.key)
            async with gate.slot():
                if self.stop.is_set() or work.tally.stopped:
                    return
                await self._one(work, gate, limiter, request)

    async def _one(self, work: Work, gate: Gate, limiter: AsyncLimiter | None, request: Request) -> None:
        tally = work.tally
        try:
            response = await self._with_retries(work, gate, limiter, request)
        except (FatalError, QuotaError) as error:
            tally.stopped = f"{work.endpoint.name}: {error}"
            self.report(tally)
            return
        except ProviderError as error:
            tally.failed += 1
            response = _failed(request, error)
            asked = tally.answered + tally.failed
            if asked >= FEWEST_BEFORE_GIVING_UP and tally.failed > self.max_error_share * asked:
                tally.stopped = f"{work.endpoint.name}: {tally.failed} of {asked} requests failed, last with: {error}"
        else:
            _count(tally, response)
        self.log.append(response)
        self.report(tally)

    async def _with_retries(self, work: Work, gate: Gate, limiter: AsyncLimiter | None, request: Request) -> Response:
        def again(error: Exception) -> bool | float:
            if not isinstance(error, TransientError) or self.stop.is_set():
                return False
            work.tally.retried += 1
            if error.http_status == 429:
                gate.throttled()
            wait = error.retry_after_seconds
            return True if wait is None else min(wait, LONGEST_WAIT_SECONDS) + 0.01

        attempts = work.endpoint.max_attempts
        async for attempt in stamina.retry_context(
            on=again, attempts=attempts, timeout=None, wait_initial=0.2, wait_max=30, wait_jitter=0.5
        ):
            with attempt:
                if limiter is not None:
                    await limiter.acquire()
                response = await work.provider.ask(request)
        gate.succeeded()
        return response if attempt.num == 1 else replace(response, attempts=attempt.num)


def _failed(request: Request, error: ProviderError) -> Response:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    failure = Failure(error.kind, str(error), error.http_status)
    return Response(request.key, request.endpoint, None, None, None, None, now, failure)


def _count(tally: Tally, response: Response) -> None:
    tally.answered += 1
    if response.served_model:
        tally.served.add(response.served_model)
    if response.usage is not None:
        tally.input_tokens += response.usage.input_tokens or 0
        tally.output_tokens += response.usage.output_tokens or 0
        if response.usage.cost is not None:
            tally.cost = (tally.cost or 0.0) + response.usage.cost
