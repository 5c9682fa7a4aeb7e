"""One endpoint's way through the runner: its workers, its retries, when it is given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import stamina

from bias_harness.asking.budget import Purse, most_tokens, with_cost
from bias_harness.asking.concurrency import Gate
from bias_harness.asking.rate_limits import Limits
from bias_harness.asking.tally import Work
from bias_harness.design.prices import cost_of
from bias_harness.errors import FatalError, ProviderError, QuotaError, TransientError
from bias_harness.results import KeySet
from bias_harness.vocabulary import Failure, Request, Response

FEWEST_BEFORE_GIVING_UP = 20
FEWEST_WHEN_NEVER_ANSWERED = 3
MOST_REFUSALS = 50
LONGEST_REST_SECONDS = 600.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, JITTER_SECONDS = 0.25, 30.0, 0.5
SKIPPED_AT_A_TIME = 500
OVERLOADED = (429, 503, 529)
logging.getLogger("stamina").addHandler(logging.NullHandler())  # retries are counted, not printed


class Log(Protocol):
    """Where responses go."""

    @property
    def trouble(self) -> OSError | None:
        """Why nothing new should be asked, if there is a reason."""
        ...

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns."""
        ...

    def sync(self) -> None:
        """Hand what was written to the disk itself."""
        ...


@dataclass
class Common:
    """What all lanes share. `asking` holds the tasks whose request is on its way, which a stop lets finish."""

    log: Log
    done: KeySet
    again: KeySet
    purse: Purse
    stop: asyncio.Event
    max_error_share: float
    see: Callable[[Request, Response], None]
    asked: KeySet = field(default_factory=KeySet)
    asking: set[asyncio.Task[None]] = field(default_factory=set)


class Lane:
    """Asks one endpoint everything that is not there yet."""

    def __init__(self, work: Work, common: Common) -> None:
        self.work, self.common, self.tally = work, common, work.tally
        self.endpoint, self.provider = work.endpoint, work.provider
        self.at_most = min(work.endpoint.max_connections, work.provider.most_at_once)
        self.gate, self.limits = Gate(self.at_most), Limits(work.endpoint)
        self._counts_tokens = self.limits.tokens is not None or common.purse.budget is not None
        self._fresh = self._not_yet_asked()
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> list[asyncio.Task[None]]:
        """Let the workers begin."""
        self._workers = [asyncio.create_task(self._worker()) for _ in range(self.at_most)]
        return self._workers

    def end_waits(self) -> None:
        """End the workers that have nothing in flight."""
        for worker in self._workers:
            if worker not in self.common.asking and worker is not asyncio.current_task():
                worker.cancel()

    def _not_yet_asked(self) -> Iterator[Request | None]:
        """The requests to ask; None now and then while skipping, so that others get their turn."""
        common, skipped = self.common, 0
        for request in self.work.requests:
            settled = request.key in common.done and request.key not in common.again
            if not settled and common.asked.add(request.key):
                yield request
                continue
            self.tally.already += 1
            skipped += 1
            if skipped % SKIPPED_AT_A_TIME == 0:
                yield None

    async def _worker(self) -> None:
        """One of the many that draw from the same requests, until there are none or the lane is over."""
        gate = self.gate
        while True:
            await gate.enter()
            try:
                if self._over():
                    return
                request = next(self._fresh, self)
                if request is self:
                    return
                if isinstance(request, Request):
                    await self._settle(request)
                else:
                    await asyncio.sleep(0)
            finally:
                gate.leave()

    def _over(self) -> bool:
        return self.tally.stopped is not None or self.common.stop.is_set()

    def _give_up(self, reason: str) -> None:
        """Ask this endpoint nothing more."""
        if self.tally.stopped is None:
            self.tally.stopped = f"{self.endpoint.name}: {reason}"
            self.end_waits()

    async def _settle(self, request: Request) -> None:
        try:
            response = await self._answer(request)
        except (FatalError, QuotaError) as error:
            self._give_up(str(error))
            return
        except ProviderError as error:
            if self._over() and isinstance(error, TransientError):
                return  # not tried to the end, so not failed: asked again next time
            response = _failed(request, error)
        self.common.log.append(response)
        self.common.see(request, response)
        self.tally.count(response)
        self.tally.at_once = int(self.gate.limit)
        if response.error is not None:
            self._within_error_budget(response.error)
        if self.common.log.trouble is not None:
            self.common.stop.set()

    def _within_error_budget(self, last: Failure) -> None:
        tally = self.tally
        asked = tally.answered + tally.failed
        if last.kind == "content":
            tally.in_a_row = 0
        if tally.in_a_row >= (FEWEST_BEFORE_GIVING_UP if tally.answered else FEWEST_WHEN_NEVER_ANSWERED):
            self._give_up(f"{tally.in_a_row} requests in a row failed, the last with: {last.message}")
        elif asked >= FEWEST_BEFORE_GIVING_UP and tally.failed > self.common.max_error_share * asked:
            self._give_up(f"{tally.failed:,} of {asked:,} requests failed, the last with: {last.message}")

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._attempt(request)
        except TransientError as error:
            if self._over():
                raise
            return await self._again(request, error)

    async def _again(self, request: Request, first: TransientError) -> Response:
        """The one retry layer: exponential with jitter, or as long as the endpoint asks; both bounded."""
        tries = Tries(self.endpoint.max_attempts)
        pending: TransientError | None = first
        async for attempt in stamina.retry_context(
            on=lambda error: not self._over() and tries.wait(error),
            attempts=None,
            timeout=None,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=LONGEST_WAIT_SECONDS,
            wait_jitter=JITTER_SECONDS,
        ):
            with attempt:
                if pending is not None:
                    error, pending = pending, None
                    raise error
                self.tally.retried += 1
                response = await self._attempt(request)
        return replace(response, attempts=attempt.num)

    async def _attempt(self, request: Request) -> Response:
        tokens = most_tokens(request) if self._counts_tokens else (0, 0)
        await self._rest()
        await self.limits.wait(sum(tokens))
        price, purse = self.work.price, self.common.purse
        reserved = cost_of(price, *tokens) if price is not None else 0.0
        await purse.reserve(reserved)
        paid, used = reserved, None
        try:
            response = await self._ask(request)
            usage = with_cost(response.usage, price)
            if usage is not None and usage.cost is not None:
                paid = usage.cost
            if usage is not None and usage.output_tokens is not None:
                used = usage.output_tokens + (usage.input_tokens or 0)
        except ProviderError as error:
            if not (isinstance(error, TransientError) and error.maybe_billed):
                paid, used = 0.0, 0
            self._heed(error)
            raise
        finally:
            purse.settle(reserved, paid)
            self.limits.used(sum(tokens), used)
        self.gate.succeeded()
        return response if usage is response.usage else replace(response, usage=usage)

    async def _ask(self, request: Request) -> Response:
        task = asyncio.current_task()
        if task is None:
            return await self.provider.ask(request)
        self.common.asking.add(task)
        try:
            return await self.provider.ask(request)
        finally:
            self.common.asking.discard(task)

    def _heed(self, error: ProviderError) -> None:
        """What a failure says about the endpoint as a whole."""
        if not isinstance(error, TransientError):
            return
        if error.http_status is None or error.http_status in OVERLOADED:
            self.gate.refused()
        wait = error.retry_after_seconds
        if wait is not None and wait > LONGEST_REST_SECONDS:
            raise QuotaError(_too_long(wait, str(error)), http_status=error.http_status)

    async def _rest(self) -> None:
        """Wait as long as the endpoint's own headers say that its limit is used up."""
        while (seconds := self.provider.rest_until - time.monotonic()) > 0:
            if seconds > LONGEST_REST_SECONDS:
                raise QuotaError(_too_long(seconds, "its rate limit is used up"))
            await asyncio.sleep(seconds + 0.001)


def _too_long(seconds: float, why: str) -> str:
    return f"it asks to wait {seconds / 60:,.0f} minutes ({why}); run the same command again after that"


class Tries:
    """Counts what went wrong with one request: a refusal for the rate is no attempt, but is bounded too."""

    def __init__(self, at_most: int) -> None:
        self.left, self.refusals_left = at_most, MOST_REFUSALS

    def wait(self, error: Exception) -> bool | float:
        """Seconds to the next attempt, True for the usual backoff, False for no further attempt."""
        if not isinstance(error, TransientError):
            return False
        if error.http_status == 429:
            self.refusals_left -= 1
        else:
            self.left -= 1
        if not self.left or not self.refusals_left:
            return False
        return True if error.retry_after_seconds is None else error.retry_after_seconds + 0.001


def _failed(request: Request, error: ProviderError) -> Response:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    failure = Failure(error.kind, str(error), error.http_status)
    finish = "content_filter" if error.kind == "content" else None
    return Response(request.key, request.endpoint, None, finish, None, None, now, failure)
