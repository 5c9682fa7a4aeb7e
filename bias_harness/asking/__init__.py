"""Requests -> Responses: concurrency, limits, one retry layer, budget, resume. The only async stage.

    runner = Runner(log, log.found.settled(), 0.5, asyncio.Event(), progress, Purse(budget, log.found.cost))
    with stopping_on_interrupt(runner):
        await runner.run([Work(endpoint, provider, requests, Tally(endpoint.name, planned), price_of(endpoint)), ...])

Each endpoint has its own lane, so that a slow one never holds another back. Requests are drawn lazily and in order;
nothing is held but what is in flight. A response is in the log before it counts. What goes wrong with an endpoint is
in its tally; a log that cannot be written raises `OSError` once everything in flight is done.
"""

from __future__ import annotations

from bias_harness.asking.budget import Purse
from bias_harness.asking.event_loop import in_loop
from bias_harness.asking.interrupts import stopping_on_interrupt
from bias_harness.asking.runner import Runner
from bias_harness.asking.tally import Tally, Work
from bias_harness.design.prices import price_of

__all__ = ["Purse", "Runner", "Tally", "Work", "in_loop", "price_of", "stopping_on_interrupt"]
