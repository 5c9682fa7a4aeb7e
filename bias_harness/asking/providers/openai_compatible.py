"""Any OpenAI-compatible endpoint, through the `openai` client.

The client writes the request: address, authentication, headers. It does so once, for nothing in them changes from
one request to the next; what changes, the body, then goes straight over the wire. That is what makes a request cost
a seventh of the client's own call (`benchmarks/bench_runner.py`). The client's retries are off, for there is one
retry layer, in the runner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.wire import Wire, classify, read_key, scrub
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import FatalError, InputError, ProviderError, TransientError
from bias_harness.vocabulary import Nature, Request, Response, Usage

PATH = "/chat/completions"
NOT_KEPT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})


def create(endpoint: Endpoint, context: Context) -> OpenAICompatible:
    """The endpoint's provider; without a `base_url` that is OpenAI itself.

    Raises `InputError` where the model or the key's variable is missing.
    """
    if not endpoint.model:
        raise InputError(f"endpoint {endpoint.name!r}: 'model' is missing")
    return OpenAICompatible(endpoint, read_key(endpoint, context, None if endpoint.base_url else "OPENAI_API_KEY"))


@dataclass(frozen=True)
class Written:
    """A request as the client wrote it, without its body."""

    url: str
    headers: Mapping[str, str]


async def written_by_client(endpoint: Endpoint, key: str) -> Written:
    """What the `openai` client sends to this endpoint besides the body."""
    import httpx2
    import openai

    seen: list[httpx2.Request] = []

    def catch(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(catch), trust_env=False)
    async with openai.AsyncOpenAI(
        api_key=key, base_url=endpoint.base_url, max_retries=0, timeout=endpoint.timeout_seconds, http_client=http
    ) as client:
        try:
            await client.post(PATH, cast_to=httpx2.Response, body={})
        except openai.OpenAIError as error:
            raise FatalError(scrub(f"the openai client refuses: {error}", key)) from None
    (request,) = seen
    headers = {name: value for name, value in request.headers.items() if name not in NOT_KEPT}
    if endpoint.base_url:  # an account at OpenAI is nobody else's business
        headers = {name: value for name, value in headers.items() if not name.startswith("openai-")}
    return Written(str(request.url), headers)


class OpenAICompatible(Provider):
    """Asks `/chat/completions`."""

    nature: Nature = "model"

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self.endpoint, self.key = endpoint, key
        self.wire = Wire(endpoint, key)
        self._writing: asyncio.Task[Written] | None = None

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the endpoint asks not to be asked."""
        return self.wire.rest_until

    async def ask(self, request: Request) -> Response:
        """The first choice's text. Raises `ProviderError`."""
        written = await self._written()
        seed = request.seed if self.endpoint.send_seed is not False else None
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        data = await self.wire.post(written.url, written.headers, _body(request, seed))
        return self._response(request, data, asked_at, seed)

    async def models(self) -> list[str]:
        """The models that the endpoint lists; costs nothing. Raises `ProviderError`."""
        written = await self._written()
        return await self.wire.models(written.url.removesuffix(PATH) + "/models", written.headers)

    async def _written(self) -> Written:
        if self._writing is None:
            self._writing = asyncio.create_task(written_by_client(self.endpoint, self.key))
        return self._writing.result() if self._writing.done() else await asyncio.shield(self._writing)

    def _response(self, request: Request, data: Any, asked_at: str, seed: int | None) -> Response:
        try:
            choice = data["choices"][0]
            message = choice["message"]
            text = message.get("content")
            if text is None:
                text = message.get("refusal") or ""
            usage = data.get("usage") or {}
            return Response(
                request.key,
                request.endpoint,
                _joined(text),
                choice.get("finish_reason"),
                data.get("model"),
                Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), _cost(usage)),
                asked_at,
                seed=seed,
            )
        except (KeyError, IndexError, TypeError, AttributeError):
            raise self._no_completion(data) from None

    def _no_completion(self, data: Any) -> ProviderError:
        """What is wrong with a 200 that holds no answer; some gateways wrap another endpoint's error in it."""
        error = data.get("error") if isinstance(data, dict) else None
        if isinstance(error, dict):
            code = error.get("code")
            return classify(code if isinstance(code, int) else 502, scrub(str(error.get("message")), self.key), {})
        shown = self.wire.shown(orjson.dumps(data))
        return TransientError(f"the endpoint did not answer with a chat completion but with {shown}")

    async def aclose(self) -> None:
        """Close the connections."""
        if self._writing is not None:
            self._writing.cancel()
        await self.wire.aclose()


def _body(request: Request, seed: int | None) -> bytes:
    body = {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **request.sampling,
    }
    if seed is not None:
        body["seed"] = seed
    return orjson.dumps(body)


def _joined(text: Any) -> str:
    """Some servers give the content in parts."""
    return text if isinstance(text, str) else "".join(part["text"] for part in text if part.get("type") == "text")


def _cost(usage: Mapping[str, Any]) -> float | None:
    """What a few endpoints say the answer cost, in US dollars."""
    cost = usage.get("cost")
    return float(cost) if isinstance(cost, int | float) else None
