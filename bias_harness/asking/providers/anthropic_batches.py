"""Anthropic's Message Batches: one call with all requests, one file of results, no metadata.

A batch that nobody heard of can therefore be known only by when it was made and how many requests it has, and for
certain once it has ended, by the ids of its items. Its counts stay at 0 until then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from bias_harness.asking.providers.contents import json_of
from bias_harness.asking.providers.openai_batches import item_of
from bias_harness.asking.providers.refusals import status_in
from bias_harness.errors import FatalError, TransientError
from bias_harness.plugins import Batches, BatchFile, BatchState
from bias_harness.vocabulary import Request, Response

if TYPE_CHECKING:
    from bias_harness.asking.providers.anthropic import Anthropic

CLOCKS_DIFFER = timedelta(minutes=2)
MOST_PAGES = 20


class MessageBatches(Batches):
    """The batches of one endpoint."""

    most_requests = 100_000
    most_bytes = 256_000_000

    def __init__(self, provider: Anthropic) -> None:
        self.provider, self.wire = provider, provider.wire
        self.url = f"{provider.base_url}/messages/batches"

    def line(self, item: str, request: Request) -> bytes:
        """One item of the list of requests."""
        return orjson.dumps({"custom_id": item, "params": self.provider.body(request)})

    async def create(self, file: BatchFile, /) -> BatchState:
        """Create it in one call."""
        body = b'{"requests":[' + b",".join(file.lines) + b"]}"
        return self._state(await self.wire.post(self.url, self.provider.headers, body))

    async def find(self, file: BatchFile, /) -> Sequence[BatchState]:
        """Those made since then with as many requests; of the ended ones only the one that has our items."""
        begun, unsure = datetime.fromisoformat(file.begun_at) - CLOCKS_DIFFER, []
        async for batch in self._listed(begun):
            counts = batch.get("request_counts")
            if (
                batch.get("archived_at")
                or not isinstance(counts, dict)
                or sum(v for v in counts.values() if isinstance(v, int)) != file.requests
            ):
                continue
            state = self._state(batch)
            if not state.ended:
                unsure.append(state)
            elif state.results and await self._is_ours(state, file.name):
                return [state]
        return unsure

    async def _listed(self, begun: datetime) -> AsyncIterator[Mapping[str, Any]]:
        """The batches made since then, the newest first."""
        after = ""
        for _ in range(MOST_PAGES):
            page = await self.wire.get(f"{self.url}?limit=100{after}", self.provider.headers)
            batches = page.get("data") if isinstance(page, dict) else None
            for batch in batches if isinstance(batches, list) else []:
                made = _moment(batch.get("created_at")) if isinstance(batch, dict) else None
                if made is not None and made < begun:
                    return
                if isinstance(batch, dict):
                    yield batch
            if not (isinstance(page, dict) and page.get("has_more") and page.get("last_id")):
                return
            after = f"&after_id={quote(str(page['last_id']), safe='')}"

    async def _is_ours(self, state: BatchState, name: str) -> bool:
        async for item, _ in self.results(state):
            return item.endswith(f"-{name}")
        return False

    async def state(self, batch: str) -> BatchState:
        """How far it is."""
        return self._state(await self.wire.get(f"{self.url}/{quote(batch, safe='')}", self.provider.headers))

    async def results(self, state: BatchState) -> AsyncIterator[tuple[str, bytes]]:
        """The lines of the results; asked at our own address, for the key goes nowhere else."""
        if not state.results:
            return
        url = f"{self.url}/{quote(state.id, safe='')}/results"
        async for line in self.wire.lines(url, self.provider.headers):
            if line.strip():
                yield item_of(line, self.wire.shown(line)), line

    def response(self, request: Request, line: bytes, asked_at: str) -> Response:
        """The message in a line that succeeded."""
        result = json_of(line).get("result")
        result = result if isinstance(result, dict) else {}
        kind = result.get("type")
        if kind == "succeeded":
            return self.provider.response(request, result.get("message"), asked_at)
        if kind in ("expired", "canceled"):
            raise TransientError(f"the batch was {kind} before this request was reached", http_status=408)
        outer = result.get("error")
        error = outer.get("error", outer) if isinstance(outer, dict) else f"a result of the type {kind!r}"
        raise self.wire.refused(status_in(error), {"error": error}, {}, self.url)

    async def cancel(self, batch: str) -> None:
        """End it."""
        await self.wire.post(f"{self.url}/{quote(batch, safe='')}/cancel", self.provider.headers, b"{}")

    def _state(self, data: Any) -> BatchState:
        if not (isinstance(data, dict) and data.get("id")):
            raise FatalError(f"what it gives is no batch but {self.wire.shown_data(data)}")
        status = str(data.get("processing_status", ""))
        told = data.get("request_counts")
        counts = {k: v for k, v in told.items() if isinstance(v, int)} if isinstance(told, dict) else {}
        ended, answered = status == "ended", counts.get("succeeded")
        url = data.get("results_url")
        if ended and not url and data.get("archived_at"):
            raise FatalError(f"the results of {data['id']} are no longer kept there", http_status=404)
        return BatchState(
            id=str(data["id"]),
            status=status,
            ended=ended,
            cancelled=bool(ended and data.get("cancel_initiated_at")),
            expired=bool(ended and counts.get("expired")),
            total=sum(counts.values()) or None,
            done=sum(counts.values()) - counts.get("processing", 0) if ended else None,
            answered=answered if ended else None,
            expires_at=data.get("expires_at") if isinstance(data.get("expires_at"), str) else None,
            results=[str(url)] if url else [],
        )


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
