"""What a user does with the batches of a run between two runs: look, end, give up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bias_harness.asking.ask import work_of
from bias_harness.asking.providers import close
from bias_harness.asking.tries import Tries
from bias_harness.design.audit import Audit
from bias_harness.design.portion import WHOLE
from bias_harness.errors import TransientError, UsageError, did_you_mean
from bias_harness.plugins import Batches
from bias_harness.results import RunFolder, open_log
from bias_harness.results.batches import BatchBook, KeptBatch

PAUSE_SECONDS = 2.0
ATTEMPTS = 3


def kept_batches(folder: RunFolder) -> list[KeptBatch]:
    """The batches of a run, the oldest first."""
    return BatchBook(folder).all()


def forgotten(folder: RunFolder, ids: Sequence[str]) -> None:
    """Give up batches by their ids. Raises `UsageError` where the run has no such batch that is under way."""
    book = BatchBook(folder)
    with open_log(folder):  # nobody else is at work on them
        for wanted in ids:
            there = {kept.id or kept.name: kept for kept in book.open()}
            if wanted not in there:
                raise UsageError(f"--forget {wanted}: the run has no such batch under way{did_you_mean(wanted, there)}")
            book.write(replace(there[wanted], stage="forgotten"))


async def cancelled(audit: Audit, folder: RunFolder) -> None:
    """Have every batch that is under way ended by its provider. Raises `ProviderError` where one is not."""
    book = BatchBook(folder)
    with open_log(folder):
        for endpoint in audit.experiment.endpoints:
            there = [kept for kept in book.open(endpoint.name) if kept.id]
            if not there:
                continue
            provider = work_of(audit, endpoint, WHOLE, book).provider
            try:
                for kept in there:
                    if provider.batches is not None:
                        await _ended(provider.batches, kept.id or "")
                        book.write(replace(kept, status="cancelling"))
            finally:
                await close(provider, endpoint.name)


async def _ended(batches: Batches, batch: str) -> None:
    tries = Tries(ATTEMPTS)
    while True:
        try:
            return await batches.cancel(batch)
        except TransientError as error:
            if tries.wait(error) is False:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
