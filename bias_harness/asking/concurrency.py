"""How many requests may be in flight to one endpoint: found by trying, never beyond `max_connections`."""

from __future__ import annotations

import asyncio
from collections import deque

FIRST = 8


class Gate:
    """An adaptive limit on what is in flight.

    It grows by one with every success until the endpoint first says that it is too much, and from then on by one a
    round. In a round that met refusals (429, overload, broken connections) it shrinks by half their share: all
    refused halves it, one in five takes a tenth.
    """

    def __init__(self, most: int, first: int = FIRST) -> None:
        self.most, self.limit, self.active = most, float(min(most, first)), 0
        self._growing_fast = True
        self._succeeded = self._refused = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Take a place, in the order of coming."""
        if self.active < int(self.limit) and not self._waiting:
            self.active += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self.active -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self.active < int(self.limit):
            place = self._waiting.popleft()
            if not place.done():
                self.active += 1
                place.set_result(None)

    def succeeded(self) -> None:
        """An attempt was answered."""
        self._succeeded += 1
        if self.limit < self.most:
            self.limit = min(self.most, self.limit + (1.0 if self._growing_fast else 1 / self.limit))
            self._let_in()
        self._end_of_round()

    def refused(self) -> None:
        """An attempt met a limit or an overload."""
        self._refused += 1
        self._growing_fast = False
        self._end_of_round()

    def _end_of_round(self) -> None:
        attempts = self._succeeded + self._refused
        if attempts < int(self.limit):
            return
        self.limit = max(1.0, self.limit * (1 - self._refused / attempts / 2))
        self._succeeded = self._refused = 0
