"""Any OpenAI-compatible endpoint, through the `openai` client.

The client's conveniences are kept (base URL, headers, error classes); its response models are not: the raw body is
parsed once. Its own retries are off, for there is one retry layer, in the runner. Redirects are not followed, so
that a key never travels to another host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
import orjson

from bias_harness.config import Endpoint
from bias_harness.errors import FatalError, InputError, ProviderError, QuotaError, TransientError
from bias_harness.providers import Context
from bias_harness.vocabulary import Failure, Nature, Request, Response, Usage

QUOTA_WORDS = re.compile(
    r"insufficient_quota|billing|credit balance|quota exceeded|exceeded your current quota", re.IGNORECASE
)
MAX_BYTES = 20_000_000


def create(endpoint: Endpoint, context: Context) -> OpenAICompatible:
    """The endpoint's provider. Raises `InputError` where the base URL or the key's variable is missing."""
    if not endpoint.model:
        raise InputError(f"endpoint {endpoint.name!r}: 'model' is missing")
    return OpenAICompatible(endpoint, read_key(endpoint, context))


def read_key(endpoint: Endpoint, context: Context, fallback: str | None = None) -> str:
    """The endpoint's key from the environment; a local endpoint without `api_key_env` needs none."""
    variable = endpoint.api_key_env or fallback
    if variable is None:
        return "none"
    value = context.environment.get(variable, "").strip()
    if not value:
        raise InputError(
            f"endpoint {endpoint.name!r}: the variable {variable} is not set; "
            f"export {variable}=... or write it into .env in the working folder"
        )
    return value


class OpenAICompatible:
    """Asks `/chat/completions`."""

    nature: Nature = "model"

    def __init__(self, endpoint: Endpoint, key: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.endpoint, self.key = endpoint, key
        http = httpx2.AsyncClient(
            transport=transport,
            timeout=endpoint.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=endpoint.max_connections),
        )
        self.client = openai.AsyncOpenAI(
            api_key=key, base_url=endpoint.base_url, max_retries=0, http_client=http, timeout=endpoint.timeout_seconds
        )

    async def ask(self, request: Request) -> Response:
        """The first choice's text. Raises `ProviderError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        seed = request.seed if self.endpoint.send_seed is not False else None
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **request.sampling,
        }
        if seed is not None:
            body["seed"] = seed
        try:
            raw = await self.client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        except openai.APIStatusError as error:
            return self._said_no(error, request, asked_at)
        except openai.APIConnectionError as error:
            raise TransientError(scrub(f"{type(error.__cause__ or error).__name__}: no connection", self.key)) from None
        return _response(request, raw.content, asked_at, seed)

    def _said_no(self, error: openai.APIStatusError, request: Request, asked_at: str) -> Response:
        message = scrub(_message(error.body, error.message), self.key)
        if "content_filter" in message or "content_policy" in message:
            failure = Failure("content", message[:300], error.status_code)
            return Response(request.key, request.endpoint, None, "content_filter", None, None, asked_at, failure)
        raise classify(error.status_code, message, error.response.headers) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.close()


def _message(body: object, otherwise: str) -> str:
    if isinstance(body, dict):
        return f"{body.get('code') or ''} {body.get('message') or body}".strip()
    return otherwise


def scrub(message: str, key: str) -> str:
    """The message without the key, on one line."""
    flat = " ".join(message.split())
    return flat.replace(key, "[key]") if len(key) > 4 else flat


def classify(status: int, message: str, headers: Mapping[str, str]) -> ProviderError:
    """What an HTTP status means for this request and for the endpoint."""
    shown = f"HTTP {status}: {message[:300]}"
    if status == 402 or (status in (400, 403, 429) and QUOTA_WORDS.search(message)):
        return QuotaError(shown, http_status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        return TransientError(shown, http_status=status, retry_after_seconds=retry_after(headers))
    return FatalError(shown, http_status=status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait: `Retry-After` as a number or as a date."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _response(request: Request, content: bytes, asked_at: str, seed: int | None) -> Response:
    if len(content) > MAX_BYTES:
        raise TransientError(f"an answer of {len(content):,} bytes is not an answer")
    try:
        data = orjson.loads(content)
        choice = data["choices"][0]
        message = choice["message"]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        start = content[:80].decode("utf-8", "replace")
        raise TransientError(f"the endpoint did not answer with a chat completion but with {start!r}") from None
    usage = data.get("usage") or {}
    text = message.get("content")
    if text is None:
        text = message.get("refusal") or ""
    return Response(
        request.key,
        request.endpoint,
        text,
        choice.get("finish_reason"),
        data.get("model"),
        Usage(usage.get("prompt_tokens"), usage.get("completion_tokens")),
        asked_at,
        seed=seed,
    )
