"""The text in an answer's content, which comes as text, as one part or as a list of parts."""

from __future__ import annotations

import json
from typing import Any

import orjson

from bias_harness.errors import TransientError

THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content", "reasoning_text"})


def json_of(content: bytes) -> Any:
    """JSON as servers write it: with NaN, with halves of surrogate pairs, in UTF-16, with half a letter at a cut.

    Bytes that are no text become question marks: an answer that was cut inside of a letter was paid for, and its
    amount stands elsewhere. Raises `ValueError` for what is no JSON, or too deep.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content.decode(json.detect_encoding(content), "replace"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def text_of(content: Any, refusal: Any = None) -> str | None:
    """The text of a content, thoughts left out; the refusal where there is no text; None where there is neither.

    Raises `TransientError` that shows a part which is neither text nor thought: an answer is never empty in silence
    because its shape is not known.
    """
    text = "".join(_parts(content))
    if text.strip():
        return text
    if isinstance(refusal, str) and refusal:
        return refusal
    return None if content is None else text


def _parts(content: Any) -> list[str]:
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    if isinstance(content, list):
        return [text for part in content for text in _parts(part)]
    if isinstance(content, dict):
        kind = content.get("type")
        if kind in THOUGHTS:
            return []
        for name in ("text", "content", "refusal"):
            inner = content.get(name)
            if isinstance(inner, dict):  # {"text": {"value": ...}}
                inner = inner.get("value", inner.get("text"))
            if isinstance(inner, str | list):
                return _parts(inner)
    raise TransientError(f"a part of the answer is neither text nor thought: {str(content)[:80]!r}", maybe_billed=True)
