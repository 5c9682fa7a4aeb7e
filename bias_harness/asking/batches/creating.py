"""Creating a batch once, although the answer to its creation may be lost: it is looked for before it is tried again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bias_harness.asking.tries import Tries
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import FatalError, ProviderError, QuotaError, TransientError
from bias_harness.plugins import Batches, BatchFile, BatchState
from bias_harness.results.batches import BatchBook, KeptBatch

T = TypeVar("T")
LOOK_SECONDS = 5.0
"""How long after a doubtful creation the batch is looked for: a list may lag behind."""
LONGEST_SECONDS = 60.0
LIMIT = re.compile(r"too (many|large|big|long)|exceed|maximum|limit of|larger than|more than", re.IGNORECASE)


class MaybeCreatedError(QuotaError):
    """A batch may have been created, and that cannot be told now: it stays in the book, and the next start looks."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; the same command looks first whether the batch was created")


@dataclass(frozen=True)
class Creating:
    """Creates the batches of one endpoint, and finds those whose creation nobody heard of."""

    endpoint: Endpoint
    batches: Batches
    book: BatchBook

    async def create(self, kept: KeptBatch, lines: Sequence[bytes]) -> tuple[KeptBatch, BatchState]:
        """Create a batch that is in the book already.

        Raises `ProviderError`: after a definite no the batch is out of the book; after a `MaybeCreatedError` it stays
        there as intended.
        """
        try:
            upload = await self.tried(lambda: self.batches.upload(_file(kept, lines)))
        except ProviderError as error:
            self.book.drop(kept)
            raise self._with_remedy(error, kept) from None
        kept = replace(kept, upload=upload)
        self.book.write(kept)
        try:
            state = await self._created(kept, lines)
        except MaybeCreatedError:
            raise
        except ProviderError as error:
            self.book.drop(kept)
            raise self._with_remedy(error, kept) from None
        return self.known(kept, state), state

    def known(self, kept: KeptBatch, state: BatchState) -> KeptBatch:
        """Keep the id that the provider gave."""
        made = replace(kept, id=state.id, status=state.status, stage="created")
        self.book.write(made)
        return made

    async def _created(self, kept: KeptBatch, lines: Sequence[bytes]) -> BatchState:
        tries, pause, doubted = Tries(self.endpoint.max_attempts), LOOK_SECONDS, False
        while True:
            try:
                return await self.batches.create(_file(kept, lines))
            except TransientError as error:
                doubted, wait = True, tries.wait(error)
                await asyncio.sleep(pause if isinstance(wait, bool) else max(pause, wait))
                found = await self._looked_for(kept)
                if found is not None:
                    return found
                if wait is False:
                    raise MaybeCreatedError(str(error)) from None
                pause = min(2 * pause, LONGEST_SECONDS)
            except ProviderError as error:
                if doubted:  # this no says nothing of the time before
                    raise MaybeCreatedError(str(error)) from None
                raise

    async def _looked_for(self, kept: KeptBatch) -> BatchState | None:
        try:
            return await self.found(kept)
        except ProviderError as error:
            raise MaybeCreatedError(str(error)) from None

    async def found(self, kept: KeptBatch) -> BatchState | None:
        """The batch that was created under this name, if one was. Raises `QuotaError` where that cannot be told yet."""
        there = await self.tried(
            lambda: self.batches.find(_file(kept)),
        )
        known = {batch.id for batch in self.book.all()}
        fresh = [state for state in there if state.id not in known]
        if len(fresh) > 1:
            raise QuotaError(
                f"one of the batches {', '.join(s.id for s in fresh)} may be ours, for the answer to its creation was "
                "lost; run the same command again when they have ended, and it is known by its results"
            )
        return fresh[0] if fresh else None

    async def tried(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a call gives that may be made again."""
        tries, pause = Tries(self.endpoint.max_attempts), LOOK_SECONDS
        while True:
            try:
                return await call()
            except TransientError as error:
                wait = tries.wait(error)
                if wait is False:
                    raise
                await asyncio.sleep(pause if isinstance(wait, bool) else wait)
                pause = min(2 * pause, LONGEST_SECONDS)

    def _with_remedy(self, error: ProviderError, kept: KeptBatch) -> ProviderError:
        """The error, and the key of the experiment that helps where a batch is larger than it may be."""
        if not isinstance(error, TransientError) and (error.http_status == 413 or is_about_limits(str(error))):
            return FatalError(f"{error}{limit_remedy(kept.requests)}", http_status=error.http_status)
        return error


def _file(kept: KeptBatch, lines: Sequence[bytes] = ()) -> BatchFile:
    return BatchFile(kept.name, kept.begun_at, kept.requests, lines, kept.upload)


def is_about_limits(reason: str) -> bool:
    """Whether a refusal speaks of a limit."""
    return LIMIT.search(reason) is not None


def limit_remedy(requests: int) -> str:
    """What to do where a provider takes smaller batches than it said once."""
    return (
        f"; the limits of its batches may have changed: this one had {requests:,} requests. Write "
        f"batch: {{requests: {max(1, requests // 2)}}} (or megabytes: ...) for this endpoint"
    )
