"""One JSON request over HTTP, as fast as aiohttp allows, with every way it can go wrong told apart.

Shared by the endpoints that speak HTTP. Redirects are not followed, cookies are not kept and the key is cut out of
whatever is said about an error, so that a key goes to its own host and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from yarl import URL

from bias_harness.asking.providers import Context
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import ContentError, FatalError, InputError, ProviderError, QuotaError, TransientError

MAX_BYTES = 32_000_000
CONNECT_SECONDS = 30.0
SHOWN_CHARACTERS = 300
QUOTA_WORDS = re.compile(
    r"insufficient_quota|billing|credit balance|insufficient credit|quota exceeded|exceeded your current quota",
    re.IGNORECASE,
)
CONTENT_WORDS = re.compile(r"content_filter|content_policy|content management policy|moderation", re.IGNORECASE)
_DURATION = re.compile(
    r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m(?!s))?(?:(?P<seconds>[\d.]+)s)?(?:(?P<millis>[\d.]+)ms)?"
)
_LIMITS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)


def read_key(endpoint: Endpoint, context: Context, fallback: str | None = None) -> str:
    """The endpoint's key from the environment; a local endpoint without `api_key_env` needs none.

    Raises `InputError` where the variable is not set, or holds what cannot be sent.
    """
    variable = endpoint.api_key_env or fallback
    if variable is None:
        return "none"
    value = context.environment.get(variable, "").strip()
    if not value:
        raise InputError(
            f"endpoint {endpoint.name!r}: the variable {variable} is not set; "
            f"export {variable}=... or write it into .env in the working folder"
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InputError(f"endpoint {endpoint.name!r}: the variable {variable} holds characters that no key has")
    return value


class Wire:
    """Exchanges JSON with one endpoint. `rest_until` is the monotonic time before which it asks not to be asked."""

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self.endpoint, self.key = endpoint, key
        self.rest_until = 0.0
        self._session: aiohttp.ClientSession | None = None
        self._proxy: str | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Any:
        """The decoded JSON of the answer. Raises `ProviderError`."""
        return await self._exchange("POST", url, headers, body)

    async def get(self, url: str, headers: Mapping[str, str]) -> Any:
        """The decoded JSON of what is there. Raises `ProviderError`."""
        return await self._exchange("GET", url, headers, None)

    async def models(self, url: str, headers: Mapping[str, str]) -> list[str]:
        """The ids in a list of models, in the shape that OpenAI and Anthropic share. Raises `ProviderError`."""
        data = await self.get(url, headers)
        listed = data.get("data") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise FatalError(f"what it gives is no list of models but {self.shown(orjson.dumps(data))}")
        return [str(model["id"]) for model in listed if isinstance(model, dict) and "id" in model]

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        session = self._session or self._open(url)
        try:
            async with session.request(
                method, url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy
            ) as response:
                content = await _content(response)
        except TimeoutError:
            raise TransientError(
                f"no answer within {self.endpoint.timeout_seconds:g} seconds (timeout_seconds)", maybe_billed=True
            ) from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise FatalError(
                f"{error.host} shows a certificate that cannot be trusted: {error.certificate_error}"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise TransientError(
                f"{error.host}:{error.port} cannot be reached: {error.os_error.strerror or error}"
            ) from None
        except aiohttp.InvalidURL:
            raise FatalError(f"{self.endpoint.base_url} is not a URL that can be asked; correct base_url") from None
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(f"the connection broke ({type(error).__name__})", maybe_billed=True) from None
        self._heed(response.headers)
        if response.status != 200:
            raise self._no(response.status, content, response.headers)
        return self._decoded(content)

    def _open(self, url: str) -> aiohttp.ClientSession:
        limit = self.endpoint.timeout_seconds
        self._proxy = _proxy_for(url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=limit, sock_connect=min(limit, CONNECT_SECONDS)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return self._session

    def _decoded(self, content: bytes) -> Any:
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            pass
        try:
            return json.loads(content)  # lets half of a surrogate pair pass, which cut-off answers may end with
        except (ValueError, RecursionError):
            raise TransientError(f"the endpoint did not answer with JSON but with {self.shown(content)}") from None

    def shown(self, content: bytes) -> str:
        """The beginning of an answer for a message, without the key."""
        return repr(scrub(content[:400].decode("utf-8", "replace"), self.key)[:80])

    def _heed(self, headers: Mapping[str, str]) -> None:
        for remaining, reset in _LIMITS:
            if headers.get(remaining) == "0":
                seconds = seconds_of(headers.get(reset))
                if seconds:
                    self.rest_until = max(self.rest_until, time.monotonic() + seconds)

    def _no(self, status: int, content: bytes, headers: Mapping[str, str]) -> ProviderError:
        if 300 <= status < 400:
            where = scrub(headers.get("location", "elsewhere"), self.key)
            return FatalError(f"HTTP {status}: it redirects to {where}; redirects are not followed, correct base_url")
        return classify(status, scrub(_message(content), self.key), headers)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, or as much as no answer is longer than."""
    length = response.content_length
    if length is not None and length <= MAX_BYTES and "content-encoding" not in response.headers:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise TransientError(f"an answer of more than {MAX_BYTES:,} bytes is not an answer", maybe_billed=True)
    return b"".join(parts)


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL, never for this computer itself."""
    target = URL(url)
    host = target.host or ""
    if host in ("localhost", "::1") or host.startswith("127.") or proxy_bypass(host):
        return None
    return getproxies().get(target.scheme)


def _message(content: bytes) -> str:
    """What an error body says, in the shapes that are common."""
    text = content[:10_000].decode("utf-8", "replace")
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        return re.sub(r"<[^>]*>", " ", text)
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return str(error)
    return " ".join(str(error[k]) for k in ("code", "type", "message") if error.get(k)) or text


def scrub(message: str, key: str) -> str:
    """The message without the key, on one line."""
    flat = " ".join(message.split())
    return flat.replace(key, "[key]") if len(key) > 4 else flat


def classify(status: int, message: str, headers: Mapping[str, str]) -> ProviderError:
    """What an HTTP status means for this request and for the endpoint."""
    shown = f"HTTP {status}: {message[:SHOWN_CHARACTERS]}"
    if status in (400, 403, 422, 451) and CONTENT_WORDS.search(message):
        return ContentError(shown, http_status=status)
    if status == 402 or (status in (400, 403, 429) and QUOTA_WORDS.search(message)):
        return QuotaError(shown, http_status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        return TransientError(shown, http_status=status, retry_after_seconds=retry_after(headers))
    return FatalError(shown, http_status=status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait, from `retry-after-ms` or `Retry-After` as a number or a date."""
    millis = headers.get("retry-after-ms")
    if millis is not None and re.fullmatch(r"\d+(\.\d+)?", millis):
        return float(millis) / 1000
    return seconds_of(headers.get("retry-after"))


def seconds_of(value: str | None) -> float | None:
    """Seconds from now that a header means: `12`, `1m0.5s`, `20ms`, an epoch, or a date; None where it says nothing."""
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value):
        number = float(value)
        epoch = number / 1000 if number > 1e11 else number
        return max(0.0, epoch - time.time()) if number > 1e9 else number
    match = _DURATION.fullmatch(value)
    if match:
        part = {name: float(text or 0) for name, text in match.groupdict().items()}
        return 3600 * part["hours"] + 60 * part["minutes"] + part["seconds"] + part["millis"] / 1000
    return _seconds_until(value)


def _seconds_until(date: str) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(date)
        except ValueError:
            continue
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
    return None
