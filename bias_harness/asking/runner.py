"""All endpoints side by side: starting, stopping, telling how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bias_harness.asking.batches import BatchLane
from bias_harness.asking.budget import Purse
from bias_harness.asking.common import Common, Log, See
from bias_harness.asking.lane import Lane
from bias_harness.asking.tally import Tally, Work
from bias_harness.design.prices import no_price
from bias_harness.results import KeySet

TOLD_EVERY_SECONDS = 0.25
TICKS_BETWEEN_SYNCS = 8


@dataclass
class Runner:
    """Asks everything whose key is not in `done`, or is in `again`, each key once.

    `stop` set means: draw no more, finish what is in flight, keep it; `abort` set after that: end now. `report` is
    told of every endpoint a few times a second and at the end; `see` of each response, once it is in the log, and says
    why its endpoint should be given up, if it should. `empty` are keys that an earlier session got no text for.
    """

    log: Log
    done: KeySet
    max_error_share: float
    stop: asyncio.Event
    report: Callable[[Tally], None]
    purse: Purse = field(default_factory=Purse)
    again: KeySet = field(default_factory=KeySet)
    abort: asyncio.Event = field(default_factory=asyncio.Event)
    see: See = lambda _request, _response: None
    empty: KeySet = field(default_factory=KeySet)

    async def run(self, works: Iterable[Work]) -> None:
        """Ask all endpoints side by side, until all is asked, given up or stopped.

        Raises `InputError` where a budget is set and a price is not known, `OSError` where the log cannot be written;
        cancelled, it drops what is in flight. All that was answered until then is in the log.
        """
        common = Common(
            self.log, self.done, self.again, self.purse, self.stop, self.max_error_share, self.see, self.empty
        )
        lanes = [Lane(work, common) if work.book is None else BatchLane(work, common) for work in works]
        self._check_prices(lanes)
        for lane in lanes:
            lane.hold()
        workers = [worker for lane in lanes for worker in lane.start()]
        helpers = [asyncio.create_task(self._tell(lanes)), asyncio.create_task(self._hurry(lanes, workers))]
        try:
            await self._all_of(workers)
            _raise_from(helpers)
            if self.log.trouble is not None:
                raise self.log.trouble
        finally:
            for task in (*workers, *helpers):
                task.cancel()
            await asyncio.gather(*workers, *helpers, return_exceptions=True)
            for lane in lanes:
                self.report(lane.tally)

    def _check_prices(self, lanes: Sequence[Lane | BatchLane]) -> None:
        for lane in lanes:
            if self.purse.budget is not None and lane.work.price is None:
                raise no_price(lane.endpoint)

    async def _all_of(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Wait for all; after the first that breaks, let the others finish what they have in flight."""
        if not workers:
            return
        done, pending = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        if pending:
            self.stop.set()
            more, _ = await asyncio.wait(pending)
            done |= more
        _raise_from(done)

    async def _hurry(self, lanes: Sequence[Lane | BatchLane], workers: Sequence[asyncio.Task[None]]) -> None:
        """On a stop, end the waits of everyone who has nothing in flight; then, if asked to, end everyone."""
        await self.stop.wait()
        for lane in lanes:
            lane.end_waits()
        await self.abort.wait()
        for worker in workers:
            worker.cancel()

    async def _tell(self, lanes: Sequence[Lane | BatchLane]) -> None:
        tick = 0
        while True:
            await asyncio.sleep(TOLD_EVERY_SECONDS)
            for lane in lanes:
                self.report(lane.tally)
            tick += 1
            if tick % TICKS_BETWEEN_SYNCS == 0:
                await asyncio.to_thread(self.log.sync)


def _raise_from(tasks: Iterable[asyncio.Task[None]]) -> None:
    """What broke a task, if anything did."""
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
