"""One endpoint's way through the runner: its workers, its retries, when it is given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import stamina

from bias_harness.asking.budget import spent, with_cost
from bias_harness.asking.common import Common
from bias_harness.asking.concurrency import FIRST, Gate
from bias_harness.asking.rate_limits import Limits
from bias_harness.asking.received import hide, received
from bias_harness.asking.tally import Work
from bias_harness.asking.tries import Lost, Tries, is_outage, too_long
from bias_harness.design.prices import cost_of, most_tokens
from bias_harness.errors import FatalError, InputError, ProviderError, QuotaError, TransientError
from bias_harness.vocabulary import Failure, Request, Response

FEWEST_BEFORE_GIVING_UP = 20
FEWEST_WHEN_NEVER_ANSWERED = 3
MOST_WORDS = 300
LONGEST_REST_SECONDS = 600.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, JITTER_SECONDS = 0.25, 30.0, 0.5
SKIPPED_AT_A_TIME = 500
OVERLOADED = (429, 503, 529)
logging.getLogger("stamina").addHandler(logging.NullHandler())  # retries are counted, not printed


class Lane:
    """Asks one endpoint everything that is not there yet."""

    def __init__(self, work: Work, common: Common) -> None:
        self.work, self.common, self.tally = work, common, work.tally
        self.endpoint, self.provider = work.endpoint, work.provider
        self.at_most = min(work.endpoint.max_connections, work.provider.most_at_once)
        # With a budget the first request goes alone: what it really costs shows what the next ones may.
        self.gate = Gate(self.at_most, 1 if common.purse.budget is not None else FIRST)
        self.limits = Limits(work.endpoint)
        self._counts_tokens = self.limits.tokens is not None or work.price is not None
        self._overrun = 1.0  # by how much an answer may cost more than was set aside: the worst that was seen
        self._rest_until = 0.0
        self._answers = 0
        self._silent_since: float | None = None
        self._fresh = self._not_yet_asked()
        self._workers: list[asyncio.Task[None]] = []

    def hold(self) -> None:
        """Nothing is on its way when a run begins."""

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
            self.tally.empty_before += request.key in common.empty and settled
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
        lost = Lost()
        try:
            response = await self._answer(request, lost)
        except (FatalError, QuotaError) as error:
            self._give_up(hide(str(error), self.work.secrets))
            self._remember(request, error, lost)
            return
        except ProviderError as error:
            if self._over() and isinstance(error, TransientError):
                self._remember(request, error, lost)
                return  # not tried to the end, so not failed: asked again next time
            response = self._failed(request, error)
        except asyncio.CancelledError:
            self._remember(request, TransientError("the run was stopped while this was on its way"), lost)
            raise
        self._keep(request, lost.added_to(response))

    def _keep(self, request: Request, response: Response) -> None:
        """Write a response down, count it, and judge by it whether to go on."""
        self.common.log.append(response)
        self.tally.count(response)
        self.tally.at_once = int(self.gate.limit)
        reason = self.common.see(request, response)
        if reason:
            self._give_up(reason)
        if response.error is not None:
            self._within_error_budget(response.error)
        if self.common.log.trouble is not None:
            self.common.stop.set()

    def _remember(self, request: Request, error: ProviderError, lost: Lost) -> None:
        """Write down what an attempt without an answer may have cost, so that the next start knows of it."""
        if lost.money:
            self.common.log.append(lost.added_to(self._failed(request, error)))
        else:
            self.common.log.let_go(request)

    def _failed(self, request: Request, error: ProviderError) -> Response:
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        failure = Failure(error.kind, hide(str(error), self.work.secrets), error.http_status)
        finish = "content_filter" if error.kind == "content" else None
        key, end = request.key, request.endpoint
        return Response(key, end, None, finish, None, None, now, failure, confirms=request.confirms)

    def _within_error_budget(self, last: Failure) -> None:
        tally = self.tally
        asked, failed = tally.answered + tally.failed, tally.failed - tally.filtered
        if tally.in_a_row >= (FEWEST_BEFORE_GIVING_UP if asked > failed else FEWEST_WHEN_NEVER_ANSWERED):
            self._give_up(f"{tally.in_a_row} requests in a row failed, the last with: {last.message}")
        elif asked >= FEWEST_BEFORE_GIVING_UP and failed > self.common.max_error_share * asked:
            self._give_up(f"{failed:,} of {asked:,} requests failed, the last with: {last.message}")

    async def _answer(self, request: Request, lost: Lost) -> Response:
        answers = self._answers
        try:
            return await self._attempt(request, lost)
        except TransientError as error:
            if self._over():
                raise
            return await self._again(request, error, lost, answers)

    async def _again(self, request: Request, first: TransientError, lost: Lost, answers: int) -> Response:
        """The one retry layer: exponential with jitter, or as long as the endpoint asks; both bounded."""
        tries = Tries(self.endpoint.max_attempts)
        pending: TransientError | None = first

        def wait(error: Exception) -> bool | float:
            nonlocal answers
            silent, answers = answers == self._answers, self._answers
            return not self._over() and tries.wait(error, outage=silent and self._outage_goes_on(error))

        async for attempt in stamina.retry_context(
            on=wait,
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
                response = await self._attempt(request, lost)
        return replace(response, attempts=attempt.num)

    def _outage_goes_on(self, error: Exception) -> bool:
        """Whether nobody is there at present who answered before, and `outage_seconds` are not over yet.

        An endpoint that never answered is rather at another address: that is said after the usual attempts.
        """
        if not self._answers or self._silent_since is None or not is_outage(error):
            return False
        return time.monotonic() - self._silent_since < self.endpoint.outage_seconds

    async def _attempt(self, request: Request, lost: Lost) -> Response:
        """One asking, with the money and the tokens that it can take set aside before and settled after.

        What is not known to be unpaid counts as paid: a broken connection, an answer without a count of tokens, a
        task that is cancelled while its request is on its way.
        """
        tokens = most_tokens(request) if self._counts_tokens else (0, 0)
        await self._rest()
        await self.limits.wait(sum(tokens))
        price, purse = self.work.price, self.common.purse
        reserved = self._overrun * cost_of(price, *tokens) if price is not None else 0.0
        await purse.reserve(reserved)
        self.common.log.hold(request, lost.money + reserved)
        paid, used = reserved, None
        try:
            response = received(request, await self._ask(request), self.work.secrets)
            usage = with_cost(response.usage, price, reserved)
            paid = spent(usage)
            self._overrun *= max(1.0, paid / reserved) if reserved else 1.0
            if usage is not None and usage.output_tokens is not None:
                used = usage.output_tokens + (usage.input_tokens or 0)
        except ProviderError as error:
            if not (isinstance(error, TransientError) and error.maybe_billed):
                paid, used = 0.0, 0
            lost.money += paid
            self.common.log.hold(request, lost.money)
            self._heed(error)
            raise
        except asyncio.CancelledError:
            lost.money += paid
            raise
        finally:
            purse.settle(reserved, paid)
            self.limits.used(sum(tokens), used)
        self._answers += 1
        self._silent_since = None
        self.gate.succeeded()
        return replace(response, usage=usage)

    async def _ask(self, request: Request) -> Response:
        task = asyncio.current_task()
        if task is None:
            return await self._asked(request)
        self.common.asking.add(task)
        try:
            return await self._asked(request)
        finally:
            self.common.asking.discard(task)

    async def _asked(self, request: Request) -> Response:
        """What the provider gives; whatever it raises is a failed try of this request, in its own words."""
        try:
            return await self.provider.ask(request)
        except (ProviderError, InputError):
            raise
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_WORDS]
            raise TransientError(f"the provider {self.endpoint.provider} raised {why}", maybe_billed=True) from error

    def _heed(self, error: ProviderError) -> None:
        """What a failure says about the endpoint as a whole."""
        if not isinstance(error, TransientError):
            return
        if error.http_status is None or error.http_status in OVERLOADED:
            self.gate.refused()
        if is_outage(error) and self._silent_since is None:
            self._silent_since = time.monotonic()
        wait = error.retry_after_seconds
        if wait is None:
            return
        if wait > LONGEST_REST_SECONDS:
            raise QuotaError(too_long(wait, str(error)), http_status=error.http_status)
        if error.http_status == 429:  # the limit is the whole endpoint's: nobody asks before that time
            self._rest_until = max(self._rest_until, time.monotonic() + wait)

    async def _rest(self) -> None:
        """Wait as long as the endpoint says that its limit is used up."""
        while (seconds := max(self._rest_until, self.provider.rest_until) - time.monotonic()) > 0:
            if seconds > LONGEST_REST_SECONDS:
                raise QuotaError(too_long(seconds, "its rate limit is used up"))
            await asyncio.sleep(seconds + 0.001)
