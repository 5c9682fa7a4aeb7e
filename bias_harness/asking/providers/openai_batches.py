"""Batches where they are made of a file: `/files` and `/batches`, as at OpenAI, Azure, Groq and those that follow them.

Two files come back, of answers and of errors; either may be missing, and a batch that failed, expired or was cancelled
may have them too. A batch is known again by its metadata, or by the file that it was made of.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import orjson

from bias_harness.asking.providers.contents import json_of
from bias_harness.asking.providers.refusals import CODES, status_in
from bias_harness.errors import EmptyError, FatalError, TransientError
from bias_harness.plugins import Batches, BatchFile, BatchState
from bias_harness.vocabulary import Request, Response

if TYPE_CHECKING:
    from bias_harness.asking.providers.openai_compatible import OpenAICompatible, Written

LABEL = "bias_harness"
"""The key of the metadata under which a batch carries its name."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
CROWDED = ("token_limit_exceeded", "enqueued", "queue")
"""In the reason of a whole refusal: the batch is right, and too much is waiting there."""
PURPOSES = {"together.xyz": "batch-api", "together.ai": "batch-api"}
MOST_PAGES = 20


class FileBatches(Batches):
    """The batches of one endpoint. The client of `openai` writes address, authentication and headers of every call."""

    most_bytes = 100_000_000  # OpenAI takes twice that, others no more

    def __init__(self, provider: OpenAICompatible) -> None:
        self.provider, self.wire = provider, provider.wire
        self.target = f"/v1{provider.path}"

    def line(self, item: str, request: Request) -> bytes:
        """One line of the file."""
        body = orjson.Fragment(self.provider.body(request))
        return orjson.dumps({"custom_id": item, "method": "POST", "url": self.target, "body": body})

    async def upload(self, file: BatchFile, /) -> str:
        """Send the file. Returns its id."""
        written = await self.provider.written()
        form = aiohttp.FormData()
        form.add_field("purpose", _purpose(written.url))
        content = b"\n".join(file.lines) + b"\n"
        form.add_field("file", content, filename=f"{file.name}.jsonl", content_type="application/jsonl")
        data = await self.wire.upload(self._url(written, "/files"), _for_form(written.headers), form)
        return str(_object(data, "id", self.wire.shown_data(data))["id"])

    async def create(self, file: BatchFile, /) -> BatchState:
        """Create the batch of an uploaded file."""
        written = await self.provider.written()
        body = {
            "input_file_id": file.upload,
            "endpoint": self.target,
            "completion_window": "24h",
            "metadata": {LABEL: file.name},
        }
        return self._state(await self.wire.post(self._url(written, "/batches"), written.headers, orjson.dumps(body)))

    async def find(self, file: BatchFile, /) -> Sequence[BatchState]:
        """The batch of that name, or of that file where the provider keeps no metadata."""
        written, after = await self.provider.written(), ""
        for _ in range(MOST_PAGES):
            listed = await self.wire.get(self._url(written, "/batches", f"limit=100{after}"), written.headers)
            page = listed.get("data") if isinstance(listed, dict) else listed
            batches = [batch for batch in page if isinstance(batch, dict)] if isinstance(page, list) else []
            found = [b for b in batches if _is_ours(b, file)]
            if found:
                return [self._state(found[0])]
            if not (batches and isinstance(listed, dict) and listed.get("has_more")):
                return []
            after = f"&after={quote(str(batches[-1].get('id')), safe='')}"
        return []

    async def state(self, batch: str) -> BatchState:
        """How far it is."""
        written = await self.provider.written()
        return self._state(
            await self.wire.get(self._url(written, f"/batches/{quote(batch, safe='')}"), written.headers)
        )

    async def results(self, state: BatchState) -> AsyncIterator[tuple[str, bytes]]:
        """The lines of both files."""
        written = await self.provider.written()
        for file in state.results:
            async for line in self.wire.lines(
                self._url(written, f"/files/{quote(file, safe='')}/content"), written.headers
            ):
                if line.strip():
                    yield item_of(line, self.wire.shown(line)), line

    def response(self, request: Request, line: bytes, asked_at: str) -> Response:
        """The completion in a line: only where there is no error, the status is 200, and the body holds an answer."""
        data = json_of(line)
        given = data.get("response") if isinstance(data.get("response"), dict) else {}
        status, body, error = given.get("status_code"), given.get("body"), data.get("error")
        if error or (isinstance(status, int) and status >= 300):
            said = error or (body.get("error", body) if isinstance(body, dict) else body) or f"status {status}"
            known = status if isinstance(status, int) and status >= 400 else _status_of(said)
            raise self.wire.refused(known, {"error": said}, {}, self.target)
        if body is None:
            raise EmptyError(f"a line of the batch holds neither an answer nor an error: {self.wire.shown(line)}")
        return self._read(request, body, asked_at)

    def _read(self, request: Request, body: Any, asked_at: str) -> Response:
        """The answer by its own shape: a batch that is paid is read also where `api` was changed since."""
        from bias_harness.asking.providers.openai_compatible import OpenAICompatible
        from bias_harness.asking.providers.openai_responses import read_response

        if isinstance(body, dict) and body.get("object") == "response":
            return read_response(self.provider, request, body, asked_at, self.target)
        if isinstance(body, dict) and "choices" in body:
            return OpenAICompatible.response(self.provider, request, body, asked_at)
        return self.provider.response(request, body, asked_at)

    async def cancel(self, batch: str) -> None:
        """End it."""
        written = await self.provider.written()
        await self.wire.post(self._url(written, f"/batches/{quote(batch, safe='')}/cancel"), written.headers, b"{}")

    def _url(self, written: Written, path: str, query: str = "") -> str:
        """Another place of the same API; what stands behind its question mark (Azure's `api-version`) stays."""
        base, mark, more = written.url.partition("?")
        behind = "&".join(filter(None, (more, query)))
        return base.removesuffix(self.provider.path) + path + ("?" if behind else mark) + behind

    def _state(self, data: Any) -> BatchState:
        inner = data.get("job", data) if isinstance(data, dict) else data  # Together wraps a batch that it creates
        batch = _object(inner, "id", self.wire.shown_data(data))
        status = str(batch.get("status", "")).lower()
        told = batch.get("request_counts")
        counts: Mapping[str, Any] = told if isinstance(told, dict) else {}
        answered, failed = _count(counts, "completed"), _count(counts, "failed")
        files = [batch.get(name) for name in ("output_file_id", "error_file_id")]
        refusal, crowded = _refusal(batch) if status == "failed" else ("", False)
        return BatchState(
            id=str(batch["id"]),
            status=status,
            ended=status in ENDED,
            cancelled=status == "cancelled",
            expired=status == "expired",
            total=_count(counts, "total"),
            done=None if answered is None else answered + (failed or 0),
            answered=answered,
            expires_at=_time(batch.get("expires_at")),
            refusal="" if any(files) else refusal,
            crowded=crowded,
            results=[str(file) for file in files if file],
        )


def item_of(line: bytes, shown: str) -> str:
    """The id of a result's item. Raises `TransientError` for a line that is no result."""
    try:
        data = json_of(line)
    except ValueError:
        data = None
    if not (isinstance(data, dict) and isinstance(data.get("custom_id"), str)):
        raise TransientError(f"a line of the batch's results is none: {shown}")
    return str(data["custom_id"])


def _for_form(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without the kind of content, which a form says itself."""
    return {name: value for name, value in headers.items() if name.lower() != "content-type"}


def _purpose(url: str) -> str:
    return next((purpose for host, purpose in PURPOSES.items() if host in url), "batch")


def _object(data: Any, name: str, shown: str) -> Mapping[str, Any]:
    if not (isinstance(data, dict) and data.get(name)):
        raise FatalError(f"what it gives is no batch or file but {shown}; does it have a batch API at this address?")
    return data


def _is_ours(batch: Mapping[str, Any], file: BatchFile) -> bool:
    labels = batch.get("metadata")
    named = isinstance(labels, dict) and labels.get(LABEL) == file.name
    return named or (file.upload is not None and batch.get("input_file_id") == file.upload)


def _refusal(batch: Mapping[str, Any]) -> tuple[str, bool]:
    """Why the whole was not taken, and whether only for want of room."""
    errors = batch.get("errors")
    listed = errors.get("data") if isinstance(errors, dict) else None
    each = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    said = "; ".join(
        " ".join(
            str(part)
            for part in (e.get("code"), e.get("message"), f"(line {e['line']})" if e.get("line") else "")
            if part
        )
        for e in each[:3]
    )
    codes = " ".join(f"{e.get('code')} {e.get('message')}" for e in each).lower()
    return said or "no reason is given", any(word in codes for word in CROWDED)


def _status_of(said: Any) -> int:
    """The status that an error without one stands for: what was not reached in time may be asked again."""
    words = str(said.get("code", "") if isinstance(said, dict) else said).lower()
    if "expired" in words or "cancel" in words:
        return CODES["timeout"]
    return status_in(said)


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: Any) -> str | None:
    """A time in ISO 8601, from the seconds or the text that a batch names."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="minutes")
    return value if isinstance(value, str) else None
