"""OpenAI's Responses API on loopback: what it takes, what it refuses in which words, the items that it gives.

A model that thinks spends the most tokens first on its thoughts, and takes neither a temperature nor log-probabilities.
Another gives them. Neither is served as chat.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from loopback_server import Seen, Step, error, reply

MOVED = {"reasoning_effort": "reasoning.effort", "response_format": "text.format"}
ONLY_HERE = "This model is only supported in v1/responses and not in v1/chat/completions."
LEAST_TOKENS = 16
Say = Callable[[dict[str, Any]], str]


@cache
def taken() -> frozenset[str]:
    """The parameters that the official client knows."""
    from openai.types.responses.response_create_params import ResponseCreateParamsBase

    return frozenset(ResponseCreateParamsBase.__annotations__) | {"stream"}


def refused(message: str, code: str, param: str) -> bytes:
    said = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return reply(json.dumps({"error": said}).encode(), 400)


def question_of(body: dict[str, Any]) -> str:
    """The last thing that was said to the model."""
    return str(body["input"][-1]["content"])


@dataclass
class Responses:
    """Behaves so. `thinks` are the tokens of thought (0: it thinks nothing), `refuses` that it says no in a part of
    its own, `filtered` that its filter ends the answer, `comments` that it says something on the way.
    """

    say: Say = lambda body: f"answer to {question_of(body)}"
    thinks: int = 120
    refuses: bool = False
    filtered: bool = False
    comments: bool = False
    logprobs: Sequence[dict[str, Any]] = ()
    cached: int = 0

    def __call__(self, seen: Seen) -> Sequence[Step]:
        path = seen.path.partition("?")[0]
        if path.endswith("/chat/completions"):
            return [error(404, ONLY_HERE)]
        if not path.endswith("/responses"):
            return [error(404, f"Invalid URL (POST {seen.path})")]
        no = self.refusal(seen.body)
        if no:
            return [no]
        given = self.given(seen.body)
        return [streamed(given)] if seen.body.get("stream") else [reply(json.dumps(given).encode())]

    def refusal(self, body: dict[str, Any]) -> bytes | None:
        for name in body:
            if name in MOVED:
                moved = f"In the Responses API, this parameter has moved to '{MOVED[name]}'."
                return refused(f"Unsupported parameter: '{name}'. {moved}", "unsupported_parameter", name)
            if name not in taken():
                return refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
            if self.thinks and name in ("temperature", "top_p", "top_logprobs"):
                said = f"Unsupported parameter: '{name}' is not supported with this model."
                return refused(said, "unsupported_parameter", name)
        if body.get("max_output_tokens", LEAST_TOKENS) < LEAST_TOKENS:
            said = "Invalid 'max_output_tokens': integer below minimum value."
            return refused(said, "integer_below_min_value", "max_output_tokens")
        for turn in body["input"]:
            assert set(turn) == {"role", "content"}
            assert turn["role"] in ("system", "developer", "user", "assistant")
        return None

    def given(self, body: dict[str, Any]) -> dict[str, Any]:
        """The response: thoughts first, then what is said, as far as the tokens go."""
        text, most = self.say(body), body.get("max_output_tokens", 10_000)
        words = text.split()[: max(0, most - self.thinks)]
        cut = len(words) < len(text.split())
        why = "max_output_tokens" if cut else "content_filter" if self.filtered else None
        output = [{"type": "reasoning", "id": "rs_1", "summary": []}] if self.thinks else []
        if self.comments:
            output.append(spoken("I look at some numbers first, say $1.", "commentary"))
        if words and not self.filtered:
            output.append(self.answer(" ".join(words) if cut else text, body))
        used = min(most, self.thinks + len(words))
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_764_000_000.0,
            "status": "incomplete" if why else "completed",
            "incomplete_details": {"reason": why} if why else None,
            "error": None,
            "model": "served-1",
            "output": output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "store": body.get("store", True),
            "usage": {
                "input_tokens": 2_000,
                "input_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": 0},
                "output_tokens": used,
                "output_tokens_details": {"reasoning_tokens": min(most, self.thinks)},
                "total_tokens": 2_000 + used,
            },
        }

    def answer(self, text: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            return {**spoken(""), "content": [{"type": "refusal", "refusal": text}]}
        item = spoken(text)
        if "message.output_text.logprobs" in body.get("include", ()):
            item["content"][0]["logprobs"] = list(self.logprobs)
        return item


def spoken(text: str, phase: str | None = None) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return {**item, "phase": phase} if phase else item


def streamed(given: dict[str, Any]) -> bytes:
    """The same as events: it is begun, it grows, and at the end it is there as a whole."""
    text = "".join(p.get("text", "") for item in given["output"] for p in item.get("content", ()))
    events = [
        {"type": "response.created", "response": {**given, "status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_text.delta", "delta": text},
        {"type": f"response.{given['status']}", "response": given},
    ]
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return reply(lines.encode(), content_type="text/event-stream")
