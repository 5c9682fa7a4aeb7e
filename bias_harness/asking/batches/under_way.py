"""The batches of one endpoint that are under way: found again, looked at, fetched when they have ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace

from bias_harness.asking.batches.collecting import AtHand, Waiting, fetched
from bias_harness.asking.batches.creating import Creating
from bias_harness.asking.batches.saying import farewell, gone, progress
from bias_harness.asking.budget import Purse
from bias_harness.asking.tally import Tally
from bias_harness.design.hosts import host_of
from bias_harness.errors import FatalError, ProviderError, TransientError
from bias_harness.plugins import BatchState
from bias_harness.results import KeySet
from bias_harness.results.batches import KeptBatch

LATE_POLLS = 20
"""So often results are waited for that a batch's counts promise and its files do not hold yet."""
log = logging.getLogger(__name__)


class UnderWay:
    """Open batches by their names, and the keys of what is asked in them."""

    def __init__(self, creating: Creating, purse: Purse, tally: Tally) -> None:
        self.creating, self.purse, self.tally = creating, purse, tally
        self.endpoint, self.batches, self.book = creating.endpoint, creating.batches, creating.book
        self.open = {kept.name: kept for kept in self.book.open(self.endpoint.name)}
        self._keys = {name: KeySet(self.book.asked(kept).keys) for name, kept in self.open.items()}
        self._had = self.book.collected(self.open.values())
        self._waiting = Waiting()
        self._silent_since: float | None = None

    def __bool__(self) -> bool:
        return bool(self.open)

    def __contains__(self, key: str) -> bool:
        return any(key in keys for keys in self._keys.values())

    @property
    def reserved(self) -> float:
        """What they may cost at most, in US dollars."""
        return sum(kept.reserved for kept in self.open.values())

    def add(self, kept: KeptBatch, keys: list[str]) -> None:
        """One more, which may cost what it says."""
        self.purse.hold(kept.reserved)
        self.open[kept.name], self._keys[kept.name] = kept, KeySet(keys)

    def close(self, kept: KeptBatch, paid: float = 0.0) -> None:
        """It is over: its requests count as under way no longer, and what was set aside for it is free."""
        self.open.pop(kept.name, None)
        self._keys.pop(kept.name, None)
        self.purse.settle(kept.reserved, paid)

    async def take_up(self) -> None:
        """Find the batches whose creation nobody heard of; those that were never created are asked anew.

        Raises `ProviderError`, also where the endpoint is at another address now.
        """
        for kept in list(self.open.values()):
            if kept.address != host_of(self.endpoint):
                raise FatalError(
                    f"the batch {kept.id or kept.name} was made at {kept.address}, and base_url is now at "
                    f"{host_of(self.endpoint)}; restore base_url and run the same command again, which collects it"
                )
            if kept.stage == "intended":
                state = await self.creating.found(kept)
                if state is not None:
                    self.open[kept.name] = self.creating.known(kept, state)
                else:
                    self.book.drop(kept)
                    self.close(kept)

    async def look(self) -> dict[str, BatchState]:
        """How far each is, without those that cannot be looked at just now. Raises `ProviderError`."""
        states = {}
        for kept in list(self.open.values()):
            state = await self._state(kept)
            if state is not None:
                states[kept.name] = state
        self.tell(states)
        return states

    async def _state(self, kept: KeptBatch) -> BatchState | None:
        try:
            state = await self.batches.state(kept.id or "")
        except TransientError as error:
            self._silent_since = self._silent_since or time.monotonic()
            if time.monotonic() - self._silent_since > self.endpoint.outage_seconds:
                raise
            log.debug("%s: %s", self.endpoint.name, error)
            return None
        except ProviderError as error:
            raise gone(kept, error, self.book.folder.path) from None
        self._silent_since = None
        if state.status != kept.status:
            self.open[kept.name] = replace(kept, status=state.status)
            self.book.write(self.open[kept.name])
        return state

    async def fetched(self, name: str, state: BatchState) -> AtHand | None:
        """The results of one that has ended; None where they are not there yet, or are not ours."""
        kept = self.open[name]
        try:
            at_hand = await fetched(self.batches, kept, state, self.book.asked(kept), self._had.get(name, set()))
        except TransientError as error:
            log.warning("%s: the results of %s could not be fetched yet (%s)", self.endpoint.name, state.id, error)
            return None
        except ProviderError as error:
            raise gone(kept, error, self.book.folder.path) from None
        at_hand.late = len(at_hand.lines) < (state.answered or 0)
        if at_hand.is_ours and not (at_hand.late and self._waiting.go_on(name, LATE_POLLS)):
            return at_hand
        at_hand.close()
        if not at_hand.is_ours:
            self.book.write(replace(kept, stage="rejected", status="of somebody else"))
            self.close(kept)
        return None

    def tell(self, states: Mapping[str, BatchState]) -> None:
        """Say how far they are."""
        self.tally.under_way = progress(list(self.open.values()), states)

    def say_farewell(self) -> None:
        """Say what to do about those that go on without us."""
        if self.open:
            log.warning(farewell(self.endpoint.name, list(self.open.values()), self.book.folder.path))
