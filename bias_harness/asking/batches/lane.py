"""One endpoint's way through the runner in batches: what is ended is collected, what is not asked yet is sent.

Everything a run promises holds here too. A batch is in the run's folder before it is created; its requests count as
asked until it is collected or was never taken; an answer is in the log before it counts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from bias_harness.asking.batches.collecting import AtHand
from bias_harness.asking.batches.creating import Creating, MaybeCreatedError, is_about_limits, limit_remedy
from bias_harness.asking.batches.filling import Filling, Limits, blocks_of, item_of
from bias_harness.asking.batches.results import Results
from bias_harness.asking.batches.under_way import UnderWay
from bias_harness.asking.common import Common
from bias_harness.asking.lane import Lane
from bias_harness.asking.received import hide
from bias_harness.asking.tally import Work
from bias_harness.design.hosts import host_of
from bias_harness.design.prices import cost_of, most_tokens
from bias_harness.errors import FatalError, InputError, ProviderError
from bias_harness.plugins import BatchState
from bias_harness.results import KeySet
from bias_harness.results.batches import KeptBatch
from bias_harness.vocabulary import Request, Response

POLL_SECONDS = 30.0
CROWDED_SECONDS = 300.0
AT_A_TIME = 200
log = logging.getLogger(__name__)


class BatchLane:
    """Asks one endpoint in batches everything that is not there yet."""

    def __init__(self, work: Work, common: Common) -> None:
        batches, book, settings = work.provider.batches, work.book, work.endpoint.batched
        if batches is None or book is None or settings is None:
            raise InputError(
                f"endpoint {work.endpoint.name!r}: its provider {work.endpoint.provider!r} has no batches; "
                "take batch out of the endpoint"
            )
        self.work, self.common, self.tally, self.endpoint = work, common, work.tally, work.endpoint
        self.batches, self.book = batches, book
        self.creating = Creating(work.endpoint, batches, book)
        self.under_way = UnderWay(self.creating, common.purse, work.tally)
        most_bytes = round(settings.megabytes * 1e6) if settings.megabytes else batches.most_bytes
        self.limits = self._most = Limits(settings.requests or batches.most_requests, most_bytes)
        self._settled = KeySet()
        self.results = Results(work, common, self._settled)
        self._counted = False
        self._resting_until = 0.0
        self._alone: Lane | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def hold(self) -> None:
        """Set aside what the batches that are under way may cost."""
        self.common.purse.hold(self.under_way.reserved)

    def start(self) -> list[asyncio.Task[None]]:
        """Let it begin."""
        self._tasks = [asyncio.create_task(self._whole())]
        return self._tasks

    def end_waits(self) -> None:
        """End its waiting, unless something is being sent or kept."""
        if self._alone is not None:
            self._alone.end_waits()
            return
        for task in self._tasks:
            if task not in self.common.asking and task is not asyncio.current_task():
                task.cancel()

    def _over(self) -> bool:
        return self.tally.stopped is not None or self.common.stop.is_set()

    def _give_up(self, reason: str) -> None:
        if self.tally.stopped is None:
            self.tally.stopped = f"{self.endpoint.name}: {hide(reason, self.work.secrets)}"

    async def _whole(self) -> None:
        try:
            await self.under_way.take_up()
            await self._first()
            await self._go()
        except ProviderError as error:
            self._give_up(str(error))
        finally:
            self.under_way.say_farewell()

    async def _go(self) -> None:
        self.under_way.tell({})
        await self._collect_ended()
        await self._send()
        while not self._over() and (self.under_way or self._resting_until):
            await asyncio.sleep(POLL_SECONDS)
            ended, rested = await self._collect_ended(), 0 < self._resting_until <= time.monotonic()
            if ended or rested:
                self._resting_until = 0.0
                await self._send()

    async def _first(self) -> None:
        """Ask the first block alone where nothing was answered yet: what is wrong shows at once, and not tomorrow."""
        if not self.work.is_first or self.under_way or self._over():
            return
        block = next(blocks_of(self._fresh()), [])
        seen = self.common.see

        def see(request: Request, response: Response) -> str | None:
            self._settled.add(request.key)
            return seen(request, response)

        alone = replace(self.work, requests=block, price=self.work.first_price or self.work.price, book=None)
        self._alone = Lane(alone, replace(self.common, see=see))
        workers = self._alone.start()
        try:
            await asyncio.wait(workers)
            for worker in workers:
                if not worker.cancelled():
                    worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            self._alone = None

    async def _collect_ended(self) -> bool:
        """Look at every open batch, and collect those that have ended. Returns whether any has."""
        ended = {name: state for name, state in (await self.under_way.look()).items() if state.ended}
        at_hand: list[AtHand] = []
        try:
            for name, state in ended.items():
                if state.refusal:
                    self._refused(self.under_way.open[name], state)
                    continue
                results = await self.under_way.fetched(name, state)
                at_hand += [results] if results is not None else []
            if at_hand:
                await self._in_one_piece(self._collect(at_hand))
        finally:
            for each in at_hand:
                each.close()
        return bool(ended)

    def _refused(self, kept: KeptBatch, state: BatchState) -> None:
        """The provider did not take the whole: nothing of it was asked or billed."""
        self.book.write(replace(kept, stage="rejected", status=state.status))
        self.under_way.close(kept)
        if not state.crowded:
            remedy = limit_remedy(kept.requests) if is_about_limits(state.refusal) else ""
            self._give_up(f"the batch {state.id} was not taken, nothing of it was asked: {state.refusal}{remedy}")
        elif not self.under_way and self.limits.requests < 2:
            self._give_up(f"nothing finds room there at present: {state.refusal}; run the same command again later")
        else:
            fewer = max(1, min(kept.requests, self.limits.requests) // 2)
            self.limits = replace(self.limits, requests=fewer)
            self._resting_until = time.monotonic() + CROWDED_SECONDS
            told = (self.endpoint.name, state.refusal, f"{fewer:,}")
            log.warning("%s: too much is waiting there (%s); the next batch has %s requests at most", *told)

    async def _collect(self, at_hand: list[AtHand]) -> None:
        """Go through the design once, so that answers are kept in its order, then through what it no longer holds."""
        for number, request in enumerate(self.work.requests):
            for each in at_hand:
                self.results.take(each, request)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
        for each in at_hand:
            self.results.take_the_rest(each)
            self.common.log.sync()
            self.book.write(replace(each.kept, stage="collected", status=each.state.status))
            self.under_way.close(each.kept, each.paid)
            reason = self.results.verdict(each)
            if reason:
                self._give_up(reason)
        self.under_way.tell({})

    async def _send(self) -> None:
        """Put what is not asked yet into batches, as far as the budget goes."""
        if self._over() or self._resting_until:
            return
        filling = Filling()
        if not self._counted:
            self.tally.already = self.tally.empty_before = 0
        for number, block in enumerate(blocks_of(self._fresh(count=not self._counted))):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            lines = self._lines(block, filling)
            if not filling.fits(lines, self.limits) or filling.cost + self._cost(block) > self.common.purse.room:
                filling = await self._sent(filling)
                if self._over() or not await self._may_begin(block):
                    return
                lines = self._lines(block, filling)
                self._check_size(filling, lines)
            filling.add(block, lines, self._cost(block))
        self._counted = True
        await self._sent(filling)

    def _fresh(self, *, count: bool = False) -> Iterator[Request]:
        """The requests that are neither answered nor under way; `count` those that were there before this session."""
        common, seen = self.common, KeySet()
        for request in self.work.requests:
            settled = request.key in common.done and request.key not in common.again
            twice = not seen.add(request.key)
            if count and (twice or (settled and request.key not in self._settled)):
                self.tally.already += 1
                self.tally.empty_before += request.key in common.empty and settled
            if not (twice or settled or request.key in self._settled or request.key in self.under_way):
                yield request

    def _lines(self, block: list[Request], filling: Filling) -> list[bytes]:
        return [self.batches.line(item_of(request.key, filling.name), request) for request in block]

    def _cost(self, block: list[Request]) -> float:
        """What a block may cost at most, in US dollars."""
        price = self.work.price
        return 0.0 if price is None else self.results.overrun * sum(cost_of(price, *most_tokens(r)) for r in block)

    async def _may_begin(self, block: list[Request]) -> bool:
        """Whether a block fits into the budget now. It waits for other endpoints, not for batches of its own.

        Raises `QuotaError` where it never will.
        """
        cost = self._cost(block)
        if cost > self.common.purse.room and self.under_way:
            return False  # what those do not use is free when they are collected
        await self.common.purse.reserve(cost)
        self.common.purse.settle(cost, 0.0)
        return True

    def _check_size(self, filling: Filling, lines: list[bytes]) -> None:
        if not filling.fits(lines, self._most):
            raise FatalError(
                f"{len(lines):,} requests are asked side by side and do not fit into a batch of "
                f"{self._most.requests:,} requests and {self._most.bytes:,} bytes; raise requests or megabytes of "
                "the endpoint's batch"
            )

    async def _sent(self, filling: Filling) -> Filling:
        """Create the batch of a file, if anything is in it. Returns the next file."""
        if filling.keys and not self._over():
            await self._in_one_piece(self._create(filling))
        return Filling()

    async def _create(self, filling: Filling) -> None:
        begun = datetime.now(UTC).isoformat(timespec="microseconds")
        host, requests = host_of(self.endpoint), len(filling.keys)
        kept = KeptBatch(filling.name, self.endpoint.name, host, self.endpoint.model, begun, requests, filling.cost)
        self.book.begin(kept, filling.keys, filling.seeds)
        self.under_way.add(kept, filling.keys)
        try:
            made, state = await self.creating.create(kept, filling.lines)
        except MaybeCreatedError:
            raise  # it stays under way
        except ProviderError:
            self.under_way.close(kept)
            raise
        self.under_way.open[kept.name] = made
        self.under_way.tell({kept.name: state})

    async def _in_one_piece(self, doing: Awaitable[None]) -> None:
        """Something that a stop lets finish."""
        task = asyncio.current_task()
        if task is None:
            return await doing
        self.common.asking.add(task)
        try:
            await doing
        finally:
            self.common.asking.discard(task)
