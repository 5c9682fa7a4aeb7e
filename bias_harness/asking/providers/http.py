"""A product behind HTTP as the system under test: a URL, a JSON body with the question in it, a path to the text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.refusals import status_in
from bias_harness.asking.providers.wire import Wire, shown_url
from bias_harness.design.experiment import Endpoint, HttpCall
from bias_harness.design.keys import USED_VARIABLE, variables_in
from bias_harness.errors import FatalError, InputError
from bias_harness.vocabulary import Nature, Request, Response

SHOWN = 200


def create(endpoint: Endpoint, context: Context) -> Http:
    """The product that the endpoint's `http` describes; `$NAME` in its headers is taken from the environment."""
    if endpoint.http is None:
        raise InputError(f"endpoint {endpoint.name!r}: 'http' is missing (url, body, text_at)")
    names = variables_in(endpoint.http.headers)
    values = {name: _value(endpoint, name, context) for name in names}
    headers = {
        header: USED_VARIABLE.sub(lambda used: values[used[1]], text) for header, text in endpoint.http.headers.items()
    }
    return Http(endpoint, endpoint.http, headers, tuple(values.values()))


def _value(endpoint: Endpoint, name: str, context: Context) -> str:
    found = context.environment.get(name, "").strip()
    if not found:
        raise InputError(f"endpoint {endpoint.name!r}: the variable {name} of its header is not set")
    if not found.isascii() or not found.isprintable():
        raise InputError(f"endpoint {endpoint.name!r}: the variable {name} holds characters that no header can have")
    return found


class Http(Provider):
    """Posts the question and finds the text, over the same wire as the models: its limits, proxy and certificates."""

    nature: Nature = "product"

    def __init__(self, endpoint: Endpoint, call: HttpCall, headers: dict[str, str], secrets: tuple[str, ...]) -> None:
        self.call, self.headers = call, {"content-type": "application/json", **headers}
        self.wire = Wire(endpoint, *secrets, place="http.url")

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the product asks not to be asked."""
        return self.wire.rest_until

    async def ask(self, request: Request) -> Response:
        """The text at `text_at`. Raises `FatalError` for a 4xx or a path that leads nowhere, else `TransientError`."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        body = orjson.dumps(filled(self.call.body, request))
        content = await self.wire.exchange("POST", self.call.url, self.headers, body)
        text = content.decode("utf-8", "replace") if not self.call.text_at else self._at(content)
        return Response(request.key, request.endpoint, text, None, shown_url(self.call.url), None, asked_at)

    def _at(self, content: bytes) -> str:
        node: Any = self.wire.decoded(content, self.call.url)
        if isinstance(node, dict) and node.get("error") and self.call.text_at.split(".")[0] not in node:
            raise self.wire.refused(status_in(node["error"]), node, {}, self.call.url)
        for part in self.call.text_at.split("."):
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (KeyError, IndexError, ValueError, TypeError):
                there = f"there is {', '.join(map(str, node))}" if isinstance(node, dict) else "nothing below that"
                raise FatalError(
                    self.wire.hidden(f"text_at {self.call.text_at!r}: no {part!r} in the answer; {there[:SHOWN]}")
                ) from None
        if node is None:
            return ""
        if not isinstance(node, str):
            raise FatalError(f"text_at {self.call.text_at!r} leads to {type(node).__name__}, not to text")
        return node

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()


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
