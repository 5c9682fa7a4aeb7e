"""Anthropic's Messages API, over httpx2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson

from bias_harness.config import Endpoint
from bias_harness.errors import InputError, TransientError
from bias_harness.providers import Context
from bias_harness.providers.openai_compatible import classify, read_key, scrub
from bias_harness.vocabulary import Nature, Request, Response, Usage

BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 1024


def create(endpoint: Endpoint, context: Context) -> Anthropic:
    """The endpoint's provider; its key is in ANTHROPIC_API_KEY unless `api_key_env` names another variable."""
    if not endpoint.model:
        raise InputError(f"endpoint {endpoint.name!r}: 'model' is missing")
    return Anthropic(endpoint, read_key(endpoint, context, "ANTHROPIC_API_KEY"))


class Anthropic:
    """Asks `/v1/messages`. The API takes no seed; none is sent or recorded."""

    nature: Nature = "model"

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self.endpoint, self.key = endpoint, key
        self.client = httpx2.AsyncClient(
            base_url=endpoint.base_url or BASE_URL,
            headers={"x-api-key": key, "anthropic-version": VERSION, "content-type": "application/json"},
            timeout=endpoint.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, request: Request) -> Response:
        """The text blocks of the answer, joined. Raises `ProviderError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            raw = await self.client.post("/v1/messages", content=orjson.dumps(_body(request)))
        except httpx2.HTTPError as error:
            raise TransientError(scrub(f"{type(error).__name__}: no connection", self.key)) from None
        if raw.status_code != 200:
            raise classify(raw.status_code, scrub(raw.text, self.key), raw.headers)
        return _response(request, raw.content, asked_at)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


def _body(request: Request) -> dict[str, Any]:
    system = "\n\n".join(m.content for m in request.messages if m.role == "system")
    body: dict[str, Any] = {
        "max_tokens": DEFAULT_MAX_TOKENS,
        **request.sampling,
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"],
    }
    return {**body, "system": system} if system else body


def _response(request: Request, content: bytes, asked_at: str) -> Response:
    try:
        data = orjson.loads(content)
        text = "".join(block["text"] for block in data["content"] if block["type"] == "text")
        usage = data.get("usage") or {}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        start = content[:80].decode("utf-8", "replace")
        raise TransientError(f"the endpoint did not answer with a message but with {start!r}") from None
    return Response(
        request.key,
        request.endpoint,
        text,
        data.get("stop_reason"),
        data.get("model"),
        Usage(usage.get("input_tokens"), usage.get("output_tokens")),
        asked_at,
    )
