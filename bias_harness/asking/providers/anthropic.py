"""Anthropic's Messages API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.wire import Wire, read_key
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import InputError, TransientError
from bias_harness.vocabulary import Nature, Request, Response, Usage

BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 1024


def create(endpoint: Endpoint, context: Context) -> Anthropic:
    """The endpoint's provider; its key is in ANTHROPIC_API_KEY unless `api_key_env` names another variable."""
    if not endpoint.model:
        raise InputError(f"endpoint {endpoint.name!r}: 'model' is missing")
    return Anthropic(endpoint, read_key(endpoint, context, "ANTHROPIC_API_KEY"))


class Anthropic(Provider):
    """Asks `/v1/messages`. The API takes no seed; none is sent or recorded."""

    nature: Nature = "model"

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self.wire = Wire(endpoint, key)
        self.base_url = (endpoint.base_url or BASE_URL).removesuffix("/v1") + "/v1"
        self.headers = {"x-api-key": key, "anthropic-version": VERSION, "content-type": "application/json"}

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the endpoint asks not to be asked."""
        return self.wire.rest_until

    async def ask(self, request: Request) -> Response:
        """The text blocks of the answer, joined. Raises `ProviderError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        data = await self.wire.post(f"{self.base_url}/messages", self.headers, orjson.dumps(_body(request)))
        try:
            text = "".join(block["text"] for block in data["content"] if block["type"] == "text")
            usage = data.get("usage") or {}
            return Response(
                request.key,
                request.endpoint,
                text,
                data.get("stop_reason"),
                data.get("model"),
                Usage(usage.get("input_tokens"), usage.get("output_tokens")),
                asked_at,
            )
        except (KeyError, TypeError, AttributeError):
            shown = self.wire.shown(orjson.dumps(data))
            raise TransientError(f"the endpoint did not answer with a message but with {shown}") from None

    async def models(self) -> list[str]:
        """The models that the endpoint lists; costs nothing. Raises `ProviderError`."""
        return await self.wire.models(f"{self.base_url}/models?limit=1000", self.headers)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()


def _body(request: Request) -> dict[str, Any]:
    system = "\n\n".join(m.content for m in request.messages if m.role == "system")
    body: dict[str, Any] = {
        "max_tokens": DEFAULT_MAX_TOKENS,
        **request.sampling,
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"],
    }
    return {**body, "system": system} if system else body
