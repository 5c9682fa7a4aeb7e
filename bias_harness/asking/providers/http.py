"""A product behind HTTP as the system under test: a URL, a body with the question in it, and where the text is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.contents import json_of
from bias_harness.asking.providers.events import EVENT_STARTS, event_data
from bias_harness.asking.providers.refusals import status_in
from bias_harness.asking.providers.wire import Wire, shown_url
from bias_harness.design.experiment import Endpoint, HttpCall
from bias_harness.design.keys import USED_VARIABLE, variables_in
from bias_harness.errors import FatalError, InputError, ProviderError, TransientError
from bias_harness.vocabulary import Nature, Request, Response

SHOWN = 200
TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}
_PLACEHOLDER = re.compile(r"\{(question|system|uuid)\}")


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
    """Asks the question and finds the text, over the same wire as the models: its limits, proxy and certificates."""

    nature: Nature = "product"

    def __init__(self, endpoint: Endpoint, call: HttpCall, headers: dict[str, str], secrets: tuple[str, ...]) -> None:
        self.call, self.headers = call, {"content-type": TYPES[call.send], **headers}
        if call.method == "GET":
            self.headers = headers
        self.wire = Wire(endpoint, *secrets, place="http.url")
        self._answered = False

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the product asks not to be asked."""
        return self.wire.rest_until

    async def ask(self, request: Request) -> Response:
        """The text of the answer. Raises `FatalError` for a 4xx, and where no text ever was where it should be."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        call, words = self.call, Words(request)
        url = words.inside(call.url, quote_plus)
        headers = {name: words.inside(text, _on_one_line) for name, text in self.headers.items()}
        body = None if call.method == "GET" else _encoded(call, words.in_place(call.body))
        text = self._text(await self.wire.exchange(call.method, url, headers, body))
        self._answered = True
        return Response(request.key, request.endpoint, text, None, shown_url(call.url), None, asked_at)

    def _text(self, content: bytes) -> str:
        call = self.call
        if call.text_pattern:
            return self._matched(content.decode("utf-8", "replace"))
        if content.lstrip().startswith(EVENT_STARTS):
            return self._streamed(content)
        if not call.text_at:
            return content.decode("utf-8", "replace")
        return self._at(self.wire.decoded(content, call.url))

    def _matched(self, text: str) -> str:
        found = re.search(self.call.text_pattern, text, re.DOTALL)
        if found is None:
            shown = self.wire.shown(text.encode())
            raise self._odd(f"text_pattern {self.call.text_pattern!r} is nowhere in the answer {shown}")
        return found[1] or ""

    def _streamed(self, content: bytes) -> str:
        """The text of all events of a stream: at `text_at` in each that has it, or their data as it is."""
        data = list(event_data(content))
        if not self.call.text_at:
            return "".join(data)
        events = [node for one in data if isinstance(node := self._event(one), dict | list)]
        failed = next((e for e in events if isinstance(e, dict) and e.get("error")), None)
        if failed is not None:
            raise self.wire.refused(status_in(failed["error"]), failed, {}, self.call.url)
        parts = [part for event in events if isinstance(part := _found(event, self.call.text_at), str)]
        if not parts:
            return self._at(events[-1] if events else None)
        return "".join(parts)

    def _event(self, text: str) -> Any:
        """An event's JSON; None where it is a word. Half an object is half an answer, and so none."""
        try:
            return json_of(text.encode())
        except ValueError:
            if text.lstrip().startswith("{"):
                raise TransientError(f"an event of the stream is no JSON: {self.wire.shown(text.encode())}") from None
            return None

    def _at(self, node: Any) -> str:
        if isinstance(node, dict) and node.get("error") and self.call.text_at.split(".")[0] not in node:
            raise self.wire.refused(status_in(node["error"]), node, {}, self.call.url)
        for part in self.call.text_at.split("."):
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (KeyError, IndexError, ValueError, TypeError):
                there = f"there is {', '.join(map(str, node))}" if isinstance(node, dict) else "nothing below that"
                raise self._odd(f"text_at {self.call.text_at!r}: no {part!r} in the answer; {there[:SHOWN]}") from None
        if node is None:
            return ""
        if not isinstance(node, str):
            raise self._odd(f"text_at {self.call.text_at!r} leads to {type(node).__name__}, not to text")
        return node

    def _odd(self, why: str) -> ProviderError:
        """The text is not where it should be: that is the experiment's mistake, or, once it was, one odd answer."""
        return (TransientError if self._answered else FatalError)(self.wire.hidden(why))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()


def _found(node: Any, path: str) -> Any:
    """What is at a dotted path; None where it leads nowhere, as in events of another kind."""
    for part in path.split("."):
        if isinstance(node, list):
            node = node[int(part)] if part.isdecimal() and int(part) < len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _encoded(call: HttpCall, body: Any) -> bytes:
    if call.send == "json":
        return orjson.dumps(body)
    if call.send == "form":
        flat = {key: value if isinstance(value, str) else orjson.dumps(value).decode() for key, value in body.items()}
        return urlencode(flat).encode()
    return str(body).encode()


class Words:
    """What the placeholders of one request stand for; plain replacement, no format."""

    def __init__(self, request: Request) -> None:
        self.messages = [{"role": m.role, "content": m.content} for m in request.messages]
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        self.texts = {"system": system, "question": request.messages[-1].content, "uuid": str(uuid.uuid4())}

    def inside(self, text: str, made_fit: Callable[[str], str] = str) -> str:
        """A text with its placeholders filled, each made fit for its place; what is filled in is not looked at."""
        return _PLACEHOLDER.sub(lambda found: made_fit(self.texts[found[1]]), text)

    def in_place(self, node: Any) -> Any:
        """The body with every placeholder filled; `{messages}` alone becomes the list of them."""
        if node == "{messages}":
            return self.messages
        if isinstance(node, str):
            return self.inside(node)
        if isinstance(node, dict):
            return {key: self.in_place(value) for key, value in node.items()}
        return [self.in_place(value) for value in node] if isinstance(node, list) else node
