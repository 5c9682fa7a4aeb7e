"""Responses -> Answers: one per response, always."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from bias_harness.config import Outcome
from bias_harness.parsers import read
from bias_harness.parsers.words import lexicon_hash
from bias_harness.vocabulary import Answer, Response

CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens"})
FILTERED = frozenset({"content_filter", "content-filter", "safety", "refusal"})
REMEMBERED = 100_000


@cache
def reader_version() -> str:
    """Twelve hex digits over the reader's code and lexicon: readings of another version are stale."""
    code = hashlib.sha256(lexicon_hash().encode())
    folder = files("bias_harness.parsers")
    for source in sorted(p.name for p in folder.iterdir() if p.name.endswith(".py")):
        code.update(folder.joinpath(source).read_bytes())
    return code.hexdigest()[:12]


def read_response(response: Response, *, language: str | None, prompt: str | None, outcome: Outcome) -> Answer:
    """The answer in one response.

    A response with an error is `failed`, but for content filters, which are a refusal of the provider. An answer
    that was cut off counts only where it already gave its advice.
    """
    if response.error is not None:
        if response.error.kind == "content":
            return Answer("refused", "refusal", reason="content_filter")
        return Answer("failed", "no_amount", reason=response.error.kind)
    if response.finish_reason in FILTERED and not response.text:
        return Answer("refused", "refusal", reason="content_filter")
    if response.text is None:
        return Answer("failed", "no_amount", reason="no_text")
    return read(response.text, language=language, prompt=prompt, outcome=outcome)
