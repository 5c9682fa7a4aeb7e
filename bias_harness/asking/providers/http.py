"""A product behind HTTP as the system under test: a URL, a JSON body with the question in it, a path to the text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx2

from bias_harness.asking.providers import Context, Provider
from bias_harness.design.experiment import Endpoint, HttpCall
from bias_harness.errors import FatalError, InputError, TransientError
from bias_harness.vocabulary import Nature, Request, Response


def create(endpoint: Endpoint, context: Context) -> Http:
    """The product that the endpoint's `http` describes; headers written `$NAME` are taken from the environment."""
    if endpoint.http is None:
        raise InputError(f"endpoint {endpoint.name!r}: 'http' is missing (url, body, text_at)")
    headers = {name: _value(endpoint, value, context) for name, value in endpoint.http.headers.items()}
    return Http(endpoint, endpoint.http, headers)


def _value(endpoint: Endpoint, value: str, context: Context) -> str:
    if not value.startswith("$"):
        return value
    found = context.environment.get(value[1:], "")
    if not found:
        raise InputError(f"endpoint {endpoint.name!r}: the variable {value[1:]} of its header is not set")
    return found


class Http(Provider):
    """Posts the question and finds the text."""

    nature: Nature = "product"

    def __init__(self, endpoint: Endpoint, call: HttpCall, headers: dict[str, str]) -> None:
        self.call, self.secrets = call, [v for k, v in headers.items() if call.headers[k].startswith("$")]
        self.client = httpx2.AsyncClient(
            headers=headers, timeout=endpoint.timeout_seconds, follow_redirects=False, trust_env=False
        )

    async def ask(self, request: Request) -> Response:
        """The text at `text_at`. Raises `FatalError` for a 4xx or a path that leads nowhere, else `TransientError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            raw = await self.client.post(self.call.url, json=filled(self.call.body, request))
        except httpx2.HTTPError as error:
            raise TransientError(f"{type(error).__name__}: no connection with {self.call.url}") from None
        status = raw.status_code
        if status in (408, 425, 429) or status >= 500:
            raise TransientError(f"HTTP {status}", http_status=status)
        if status != 200:
            raise FatalError(f"HTTP {status}: {self._scrubbed(raw.text[:200])}", http_status=status)
        text = raw.text if not self.call.text_at else self._at(raw.content)
        return Response(request.key, request.endpoint, text, None, self.call.url, None, asked_at)

    def _scrubbed(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return " ".join(text.split())

    def _at(self, content: bytes) -> str:
        try:
            node: Any = json.loads(content)
        except ValueError:
            raise TransientError(f"{self.call.url} did not answer with JSON") from None
        for part in self.call.text_at.split("."):
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (KeyError, IndexError, ValueError, TypeError):
                there = f"there is {', '.join(map(str, node))}" if isinstance(node, dict) else "nothing below that"
                raise FatalError(f"text_at {self.call.text_at!r}: no {part!r} in the answer; {there}") from None
        if not isinstance(node, str):
            raise FatalError(f"text_at {self.call.text_at!r} leads to {type(node).__name__}, not to text")
        return node

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


def filled(node: Any, request: Request) -> Any:
    """The body with the question, the system message or all messages in their places; plain replacement, no format."""
    if node == "{messages}":
        return [{"role": m.role, "content": m.content} for m in request.messages]
    if isinstance(node, str):
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        return node.replace("{system}", system).replace("{question}", request.messages[-1].content)
    if isinstance(node, dict):
        return {key: filled(value, request) for key, value in node.items()}
    return [filled(value, request) for value in node] if isinstance(node, list) else node
