"""Requests and tokens a minute: used to the full, never overrun in any 60 seconds."""

from __future__ import annotations

import asyncio
import time

from bias_harness.design.experiment import Endpoint

MINUTE = 60.0
SLACK = 0.995
"""Clocks and networks are not exact; this share of a limit is used."""


class Bucket:
    """So many units in any minute: `burst` at once, the rest spread evenly over the minute."""

    def __init__(self, per_minute: float, burst: float) -> None:
        self.burst = max(1.0, min(burst, per_minute))
        self.per_second = max(1.0, per_minute + 1 - self.burst) * SLACK / MINUTE
        self._level, self._at = self.burst, time.monotonic()

    def take(self, units: float) -> float:
        """Take units, in the order of coming. Returns the seconds until they are due."""
        now = time.monotonic()
        self._level = min(self.burst, self._level + (now - self._at) * self.per_second) - units
        self._at = now
        return max(0.0, -self._level / self.per_second)

    def give_back(self, units: float) -> None:
        """Units that were taken and not used."""
        self._level = min(self.burst, self._level + units)


class Limits:
    """The endpoint's limits from the experiment."""

    def __init__(self, endpoint: Endpoint) -> None:
        requests, tokens = endpoint.requests_per_minute, endpoint.tokens_per_minute
        self.requests = Bucket(requests, requests / 100) if requests else None
        self.tokens = Bucket(tokens, tokens / 10) if tokens else None

    async def wait(self, tokens: float) -> None:
        """Wait until a request of so many tokens is due."""
        due = 0.0
        if self.requests is not None:
            due = self.requests.take(1)
        if self.tokens is not None:
            due = max(due, self.tokens.take(tokens))
        if due:
            await asyncio.sleep(due)

    def used(self, reserved: float, used: float | None) -> None:
        """The tokens that a request really took, where the endpoint said."""
        if self.tokens is not None and used is not None:
            self.tokens.give_back(reserved - used)
