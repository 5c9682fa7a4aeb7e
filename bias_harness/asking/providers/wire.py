"""One JSON request over HTTP, as fast as aiohttp allows, with every way it can go wrong told apart.

Shared by the endpoints that speak HTTP. Redirects are not followed, cookies are not kept and the key is cut out of
whatever is said about an error, so that a key goes to its own host and nowhere else.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import math
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from bias_harness.asking.providers import Context
from bias_harness.asking.providers.contents import json_of
from bias_harness.asking.providers.events import EVENT_STARTS, completion_of
from bias_harness.asking.providers.refusals import LONGEST_SAID, classify, error_in, message_of, remedy_for
from bias_harness.asking.providers.waits import of_a_day, seconds_of, wait_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import FatalError, InputError, ProviderError, TransientError

MAX_BYTES = 32_000_000
SHOWN = 80
SHORTEST_SECRET = 4
CONNECT_SECONDS = 30.0
_LIMITS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
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
    """Exchanges JSON with one endpoint. `rest_until` is the monotonic time before which it asks not to be asked.

    `secrets` are cut out of whatever is said about an error; `place` is the key of the experiment that holds the URL.
    """

    def __init__(self, endpoint: Endpoint, *secrets: str, place: str = "base_url") -> None:
        self.endpoint, self.place = endpoint, place
        self.secrets = tuple(secret for secret in secrets if len(secret) > SHORTEST_SECRET)
        self.rest_until = 0.0
        self._session: aiohttp.ClientSession | None = None
        self._proxy: str | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Any:
        """The decoded JSON of the answer. Raises `ProviderError`."""
        return self.decoded(await self.exchange("POST", url, headers, body), url)

    async def get(self, url: str, headers: Mapping[str, str]) -> Any:
        """The decoded JSON of what is there. Raises `ProviderError`."""
        return self.decoded(await self.exchange("GET", url, headers, None), url)

    async def models(self, url: str, headers: Mapping[str, str]) -> list[str]:
        """The ids in a list of models, in the shape that OpenAI and Anthropic share. Raises `ProviderError`."""
        data = await self.get(url, headers)
        listed = data.get("data") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise FatalError(f"what it gives is no list of models but {self.shown_data(data)}")
        return [str(model["id"]) for model in listed if isinstance(model, dict) and "id" in model]

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        """The body of the answer, as it came. Raises `ProviderError` for every answer but one of success."""
        session = self._session or self._open(url)
        try:
            async with session.request(
                method, url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy
            ) as response:
                content = _in_utf8(await _content(response), response.charset)
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise self._broken(error) from None
        self._heed(response.headers)
        if not 200 <= response.status < 300:
            raise self._no(response.status, content, response.headers, url)
        return content

    async def upload(self, url: str, headers: Mapping[str, str], form: aiohttp.FormData) -> Any:
        """The decoded JSON of the answer to a form with a file in it; no limit on the time of sending. As `post`."""
        session = self._session or self._open(url)
        try:
            async with session.post(
                url, data=form, headers=headers, allow_redirects=False, proxy=self._proxy, timeout=self._patient()
            ) as response:
                content = await _content(response)
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise self._broken(error) from None
        if not 200 <= response.status < 300:
            raise self._no(response.status, content, response.headers, url)
        return self.decoded(content, url)

    async def lines(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The lines of a file of any length, as they come; only silence is limited in time. Raises as `post`."""
        session = self._session or self._open(url)
        try:
            async with session.get(
                url, headers=headers, allow_redirects=False, proxy=self._proxy, timeout=self._patient()
            ) as response:
                if not 200 <= response.status < 300:
                    raise self._no(response.status, await _content(response), response.headers, url)
                rest = b""
                async for part in response.content.iter_any():
                    *whole, rest = (rest + part).split(b"\n")
                    if len(rest) > MAX_BYTES:
                        raise TransientError(f"a line of more than {MAX_BYTES:,} bytes is no result")
                    for line in whole:
                        yield line
                if rest.strip():
                    yield rest
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise self._broken(error) from None

    def _patient(self) -> aiohttp.ClientTimeout:
        limit = self.endpoint.timeout_seconds
        return aiohttp.ClientTimeout(total=None, sock_connect=min(limit, CONNECT_SECONDS), sock_read=limit)

    def _broken(self, error: Exception) -> ProviderError:
        """What it means that an exchange did not come to its end."""
        if isinstance(error, TimeoutError):
            return self._too_slow(error)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return FatalError(
                f"{error.host} shows a certificate that cannot be trusted: {error.certificate_error}; where it is of "
                "your organisation's own authority, name the authority's file in the variable SSL_CERT_FILE"
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return TransientError(
                f"{error.host}:{error.port} cannot be reached: {error.os_error.strerror or error}", unreachable=True
            )
        if isinstance(error, aiohttp.InvalidURL | ValueError):
            return FatalError(f"{self.place} is not a URL that can be asked, or a header cannot be sent")
        why = self.hidden(getattr(error, "message", "") or str(error))[:SHOWN]
        told = f": {why}" if why else ""
        return TransientError(f"the connection broke ({type(error).__name__}{told})", maybe_billed=True)

    def _too_slow(self, error: Exception) -> TransientError:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return TransientError(f"no connection within {CONNECT_SECONDS:g} seconds", unreachable=True)
        limit = self.endpoint.timeout_seconds
        return TransientError(f"no answer within {limit:g} seconds (timeout_seconds)", maybe_billed=True)

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

    def decoded(self, content: bytes, url: str) -> Any:
        """The JSON of an answer, or the one completion that a stream of events makes. Raises `TransientError`."""
        try:
            if content.lstrip().startswith(EVENT_STARTS):
                return completion_of(content)
            return json_of(content)
        except ValueError:
            asked = self.hidden(shown_url(url))
            raise TransientError(
                f"the endpoint did not answer with JSON but with {self.shown(content)} (asked {asked}; if it never "
                f"does, {self.place} is not the address of its API)"
            ) from None

    def shown(self, content: bytes) -> str:
        """The beginning of an answer for a message, without the key."""
        words = b" ".join(content.split(None, SHOWN)[:SHOWN])  # the key is cut out before the rest is
        return repr(self.hidden(words.decode("utf-8", "replace"))[:SHOWN])

    def shown_data(self, data: Any) -> str:
        """The same of JSON that was read, whatever is in it: huge numbers, halves of letters, a thousand levels."""
        try:
            return self.shown(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
        except RecursionError:
            return "JSON that is nested too deeply"

    def hidden(self, message: str) -> str:
        """The message without the secrets, on one line."""
        flat = " ".join(message.split())
        for secret in self.secrets:
            flat = flat.replace(secret, "[key]")
        return flat

    def refused(self, status: int, error: Any, headers: Mapping[str, str], url: str) -> ProviderError:
        """What an error means, in the endpoint's words and, where one of our keys cures it, with that key."""
        said = self.hidden(message_of(error))[:LONGEST_SAID]  # patterns are looked for in it
        remedy = remedy_for(self.endpoint, status, said, f"{self.place} (asked {self.hidden(shown_url(url))})")
        return classify(status, said, wait_of(error, headers), remedy, of_a_day(error))

    def _heed(self, headers: Mapping[str, str]) -> None:
        for remaining, reset in _LIMITS:
            if headers.get(remaining) == "0":
                seconds = seconds_of(headers.get(reset))
                if seconds:
                    self.rest_until = max(self.rest_until, time.monotonic() + seconds)

    def _no(self, status: int, content: bytes, headers: Mapping[str, str], url: str) -> ProviderError:
        if 300 <= status < 400:
            where = self.hidden(headers.get("location", "elsewhere"))
            return FatalError(
                f"HTTP {status}: it redirects to {where}; redirects are not followed, correct {self.place}"
            )
        for secret in self.secrets:  # before it is cut anywhere
            content = content.replace(secret.encode(), b"[key]")
        return self.refused(status, error_in(content), headers, url)

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


def _in_utf8(content: bytes, charset: str | None) -> bytes:
    """The body in UTF-8, where it says itself that it is in another encoding: `text/html; charset=windows-1252`."""
    try:
        if charset is None or codecs.lookup(charset).name in ("utf-8", "ascii"):
            return content
        return content.decode(charset).encode()
    except (LookupError, ValueError):
        return content


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL, never for this computer itself."""
    target = URL(url)
    host = target.host or ""
    if host in ("localhost", "::1") or host.startswith("127.") or proxy_bypass(host):
        return None
    return getproxies().get(target.scheme)


def shown_url(url: str) -> str:
    """A URL for a message: without what stands behind its question mark but the names there."""
    path, mark, query = url.partition("?")
    return path + mark + "&".join(part.split("=")[0] + "=..." for part in query.split("&") if part)


def whole_number(value: Any) -> int | None:
    """A count as it can be reckoned with, rounded up; None for what is no count."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 16 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return math.ceil(value)
