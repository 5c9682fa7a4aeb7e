"""Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.anthropic_batches import MessageBatches
from bias_harness.asking.providers.contents import text_of
from bias_harness.asking.providers.refusals import status_in
from bias_harness.asking.providers.wire import Wire, read_key, whole_number
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import EmptyError, InputError, ProviderError
from bias_harness.vocabulary import Nature, Request, Response, Usage

BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 1024
API_TEMPERATURE = 1.0


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
        self.base_url = (endpoint.base_url or BASE_URL).removesuffix("/messages").removesuffix("/v1") + "/v1"
        self.headers = {"x-api-key": key, "anthropic-version": VERSION, "content-type": "application/json"}

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the endpoint asks not to be asked."""
        return self.wire.rest_until

    @property
    def batches(self) -> MessageBatches:
        """Its batch API."""
        return MessageBatches(self)

    async def ask(self, request: Request) -> Response:
        """The text blocks of the answer, joined. Raises `ProviderError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        url = f"{self.base_url}/messages"
        return self.response(
            request, await self.wire.post(url, self.headers, orjson.dumps(self.body(request))), asked_at
        )

    def body(self, request: Request) -> dict[str, Any]:
        """A request as it is sent."""
        return _body(request)

    def response(self, request: Request, data: Any, asked_at: str) -> Response:
        """What a message answers. Raises `ProviderError` for what is none."""
        content = data.get("content") if isinstance(data, dict) else None
        if not isinstance(content, list):
            raise self._no_message(data, f"{self.base_url}/messages")
        usage = data.get("usage")
        return Response(
            request.key,
            request.endpoint,
            text_of(content) or "",
            data.get("stop_reason"),
            data.get("model"),
            _usage(usage) if isinstance(usage, dict) else None,
            asked_at,
        )

    def _no_message(self, data: Any, url: str) -> ProviderError:
        error = data.get("error") if isinstance(data, dict) else None
        if error:
            return self.wire.refused(status_in(error), {"error": error}, {}, url)
        shown = self.wire.shown_data(data)
        return EmptyError(f"the endpoint did not answer with a message but with {shown}")

    async def models(self) -> list[str]:
        """The models that the endpoint lists; costs nothing. Raises `ProviderError`."""
        return await self.wire.models(f"{self.base_url}/models?limit=1000", self.headers)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()


def _usage(usage: Mapping[str, Any]) -> Usage:
    """The tokens that are billed: what goes through the cache is not among `input_tokens`."""
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    asked = [whole_number(usage.get(name)) for name in parts]
    whole = sum(n for n in asked if n is not None) if asked[0] is not None else None
    return Usage(whole, whole_number(usage.get("output_tokens")))


def _body(request: Request) -> dict[str, Any]:
    """The request as the API takes it.

    A temperature of 1 is the API's own default and is left out: newer models refuse the parameter, whatever it says.
    """
    system = "\n\n".join(m.content for m in request.messages if m.role == "system")
    sampling = {k: v for k, v in request.sampling.items() if not (k == "temperature" and v == API_TEMPERATURE)}
    body: dict[str, Any] = {
        "max_tokens": DEFAULT_MAX_TOKENS,
        **sampling,
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"],
    }
    return {**body, "system": system} if system else body
