"""A stream of server-sent events put together to the one answer that it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bias_harness.asking.providers.contents import json_of, text_of

EVENT_STARTS = (b"data:", b"event:", b"id:", b": ", b":\n", b"retry:")

WHOLE_RESPONSE = frozenset({"response.completed", "response.incomplete", "response.failed"})


def completion_of(content: bytes) -> dict[str, Any]:
    """A chat completion with the text of all the deltas. Raises `ValueError` where the stream has no end.

    A stream that was cut is not an answer: half an amount reads as another amount. The Responses API ends its stream
    with the whole response, and that is it.
    """
    whole: dict[str, Any] = {}
    parts: list[str] = []
    finish, ended = None, False
    for event in _events(content):
        if event is None:
            ended = True
            continue
        if event.get("error"):
            return event
        if event.get("type") in WHOLE_RESPONSE and isinstance(event.get("response"), dict):
            return dict(event["response"])
        whole |= {name: event[name] for name in ("model", "usage", "system_fingerprint") if event.get(name)}
        for choice in _first(event.get("choices")):
            if choice.get("error"):
                return {"error": choice["error"]}
            delta = choice.get("delta") or choice.get("message") or {}
            if isinstance(delta, dict):
                parts.append(text_of(delta.get("content"), delta.get("refusal")) or "")
            finish = choice.get("finish_reason") or finish
    if not ended and finish is None:
        raise ValueError("the stream of events has no end")
    return {**whole, "choices": [{"message": {"content": "".join(parts)}, "finish_reason": finish}]}


def _events(content: bytes) -> Iterator[dict[str, Any] | None]:
    """The data of each event; None for the mark of the end. Raises `ValueError` for what is no JSON object."""
    for line in content.splitlines():
        if not line.startswith(b"data:"):
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            yield None
        elif data:
            event = json_of(data)
            if not isinstance(event, dict):
                raise ValueError("an event is not an object")
            yield event


def event_data(content: bytes) -> Iterator[str]:
    """The data of each event as text, several lines of one event joined; without the mark of the end."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for block in text.split("\n\n"):  # never `splitlines`: U+2028 ends no line, and stands in texts
        lines = [line.removeprefix("data:").removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        data = "\n".join(lines)
        if lines and data.strip() != "[DONE]":
            yield data


def _first(choices: Any) -> list[dict[str, Any]]:
    """The first choice of an event, where it has one."""
    found = choices if isinstance(choices, list) else []
    return [c for c in found[:1] if isinstance(c, dict) and c.get("index", 0) == 0]
