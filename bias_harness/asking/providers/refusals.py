"""What an endpoint means by saying no: whether to try again, to stop, or which key of the experiment cures it."""

from __future__ import annotations

import re
from typing import Any

import orjson

from bias_harness.design.experiment import Endpoint
from bias_harness.errors import ContentError, FatalError, ProviderError, QuotaError, TransientError

SHOWN_CHARACTERS, LONGEST_SAID = 300, 4_000
"""Characters of an error that are shown, and those that are looked at."""
QUOTA_WORDS = re.compile(
    r"insufficient_quota|billing|credit balance|insufficient (credit|balance|funds)|quota exceeded|"
    r"exceeded your (current|monthly) (quota|usage|spend)|spend(ing)? limit",
    re.IGNORECASE,
)
CONTENT_WORDS = re.compile(
    r"content_filter|content_policy|content management policy|moderation|ResponsibleAIPolicy|"
    r"invalid_prompt|bio_policy|misalignment_policy",
    re.IGNORECASE,
)
SHORT_PERIOD = re.compile(
    r"per[ _-]?(second|minute|min\b)|Per(Model|Project|User|Region)*Per(Minute|Second)|\b[RT]PM\b|per_minute",
    re.IGNORECASE,
)
DAY = re.compile(r"per[ _-]?day|PerDay|\b[RT]PD\b|daily (limit|quota)", re.IGNORECASE)
OTHER_API = re.compile(
    r"v1/responses|responses api|not a chat model|chatCompletion operation does not work", re.IGNORECASE
)
"""How an endpoint says that a model is not served as chat: OpenAI and Azure."""
NO_SUCH_PLACE = re.compile(
    r"unexpected endpoint|(unknown|invalid|no such|unrecognized) (endpoint|route|path|url|request url)|not found|"
    r"cannot (post|get)|route .{0,80}not",
    re.IGNORECASE,
)
CODES = {
    "rate_limit": 429,
    "resource_exhausted": 429,
    "too_many_requests": 429,
    "overloaded": 529,
    "unavailable": 503,
    "authentication": 401,
    "unauthorized": 401,
    "invalid_api_key": 401,
    "permission": 403,
    "invalid_request": 400,
    "invalid_argument": 400,
    "insufficient_quota": 429,
    "not_found": 404,
    "timeout": 408,
    "content_filter": 400,
    "invalid_prompt": 400,
    "_policy": 400,
    "data_residency": 400,
}
"""Words that stand where others put a number."""


def error_in(content: bytes) -> Any:
    """The error of a body: its JSON where it is JSON, else its text without markup."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return re.sub(r"<[^<>]*>", " ", content[:10_000].decode("utf-8", "replace"))


def message_of(data: Any) -> str:
    """What an error says, in the shapes that are common: under `error`, in a list of one, as mere text."""
    if isinstance(data, list) and data:
        data = data[0]
    error = (data.get("error") or data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return str(error)
    said = " ".join(str(error[k]) for k in ("code", "type", "message") if error.get(k))
    inner = error.get("metadata")
    raw = inner.get("raw") if isinstance(inner, dict) else None
    return " ".join(filter(None, (said, raw if isinstance(raw, str) else ""))) or str(data)


def status_in(error: Any) -> int:
    """The status that an error inside a 200 stands for; 502 where it names none."""
    if not isinstance(error, dict):
        return 404 if isinstance(error, str) and NO_SUCH_PLACE.search(error) else 502
    for name in ("code", "status", "type"):
        value = error.get(name)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
        if isinstance(value, str):
            found = next((status for word, status in CODES.items() if word in value.lower()), None)
            if found:
                return found
    return 502


def classify(
    status: int, message: str, wait: float | None = None, remedy: str = "", day_is_over: bool = False
) -> ProviderError:
    """What an HTTP status means for this request and for the endpoint.

    An endpoint that names a time is believed over its words: what speaks of quota and billing and says "in 20s" is an
    ordinary limit. The exception is Google's quota of a day (`day_is_over`), whose named seconds lead nowhere.
    """
    shown = f"HTTP {status}: {message[:SHOWN_CHARACTERS]}{remedy}"
    if status in (400, 403, 422, 451) and CONTENT_WORDS.search(message):
        return ContentError(shown, http_status=status)
    if day_is_over or (status == 429 and wait is None and DAY.search(message)):
        return QuotaError(
            f"{shown}; this is the limit of a day: run the same command again when the next one has begun there",
            http_status=status,
        )
    if status in (429, 403, 400) and QUOTA_WORDS.search(message) and wait is None and not _of_minutes(status, message):
        return QuotaError(shown, http_status=status)
    if status == 402:
        return QuotaError(shown, http_status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        return TransientError(shown, http_status=status, retry_after_seconds=wait)
    if status == 403 and wait is not None:  # some gateways say so that the limit is reached
        return TransientError(shown, http_status=429, retry_after_seconds=wait)
    return FatalError(shown, http_status=status)


def _of_minutes(status: int, message: str) -> bool:
    return status == 429 and SHORT_PERIOD.search(message) is not None


def _other_limit(endpoint: Endpoint) -> str:
    if "max_completion_tokens" in endpoint.extra_body:
        return "for this endpoint: max_completion_tokens is sent already"
    return "and extra_body: {max_completion_tokens: 300} for this endpoint"


def remedy_for(endpoint: Endpoint, status: int, message: str, place: str) -> str:
    """The key of the experiment that cures a refusal, as the end of a sentence; empty where none is known."""
    low = message.lower()
    elsewhere = _other_place(endpoint, status, message, place)
    if elsewhere or status not in (400, 404, 422):
        return elsewhere
    return _other_field(endpoint, low) or _other_sampling(endpoint, low)


def _other_place(endpoint: Endpoint, status: int, message: str, place: str) -> str:
    """Where it has to be asked instead."""
    low = message.lower()
    if status in (400, 404) and endpoint.api == "chat" and OTHER_API.search(message):
        return "; where only the Responses API serves the model, write api: responses for this endpoint"
    if status in (404, 405) and endpoint.api == "responses" and "model" not in low:
        return f"; look at {place}: most end in /v1, and a server without /responses is asked without api: responses"
    if status in (404, 405) and "model" not in low and "deployment" not in low:
        return f"; look at {place}: most end in /v1, and none in /chat/completions"
    return ""


def _other_field(endpoint: Endpoint, low: str) -> str:
    """What has to be changed in what is sent besides the sampling."""
    if "stream" in low and "only" in low:
        return "; add extra_body: {stream: true} to the endpoint"
    if 0 <= low.find("max_tokens") < low.find("max_completion_tokens"):
        return f"; write sampling: {{max_tokens: null}} {_other_limit(endpoint)}"
    for name in endpoint.extra_body:
        if re.search(rf"\b{re.escape(name.lower())}\b", low):
            return f"; change or take out {name} in the endpoint's extra_body"
    return ""


def _other_sampling(endpoint: Endpoint, low: str) -> str:
    """What has to be left out of the sampling, or changed there."""
    if endpoint.api == "responses" and "max_output_tokens" in low:
        return "; change sampling.max_tokens for this endpoint, which is sent as max_output_tokens"
    if re.search(r"\bseed\b", low):
        return "; write send_seed: false for this endpoint"
    for name in ("temperature", "top_p", "max_tokens"):
        if re.search(rf"\b{name}\b", low):
            return f"; write sampling: {{{name}: null}} for this endpoint, and it is not sent"
    return ""
