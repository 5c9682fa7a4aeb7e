"""The one door for answers: whatever a provider gives back becomes a `Response` that can be kept and read again.

Providers are written by many, and what they pass on comes from servers that nobody controls. So nothing is believed
here: types, sizes, counts and costs are looked at, and what cannot be is null or one failed request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from bias_harness.design.prices import LIMIT_NAMES
from bias_harness.errors import EmptyError, TransientError
from bias_harness.probabilities import is_distribution
from bias_harness.results.lines import MOST, moment_of
from bias_harness.vocabulary import CUT_SHORT, FILTERED, Distribution, ErrorKind, Failure, Request, Response, Usage

MOST_CHARACTERS = 32_000_000
MOST_NAME_CHARACTERS = 200
SHORTEST_SECRET = 8
KEY_CUT_OUT = "[key]"


def received(request: Request, given: Any, secrets: Iterable[str] = ()) -> Response:
    """What a provider gave, as a response to this request that can be kept.

    Counts of tokens are whole numbers from zero up or null, costs finite or null, and no secret stands in any text.
    Where there is no text, or only blanks as models leave them behind their thinking, the response has an error of
    kind `empty` with its cause and the key that cures it; what the endpoint's own filter kept back is an answer without
    a text. Raises `TransientError` for what is no response at all, or one to another request.
    """
    if not isinstance(given, Response):
        raise TransientError(f"the provider gave {type(given).__name__} instead of a Response")
    if given.key != request.key:
        raise TransientError("the provider gave the response to another request")
    hidden = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    response = Response(
        key=request.key,
        endpoint=request.endpoint,
        text=_text(given.text, hidden),
        finish_reason=_name(given.finish_reason, hidden),
        served_model=_name(given.served_model, hidden),
        usage=_usage(given.usage),
        asked_at=_time(given.asked_at),
        error=_failure(given.error, hidden),
        seed=_whole(given.seed, MOST),
        attempts=_whole(given.attempts, MOST) or 1,
        probabilities=_probabilities(given.probabilities, hidden),
        confirms=request.confirms,
    )
    if response.error is not None:  # a failed request has no text
        return replace(response, text=None)
    if (response.text or "").strip():
        return response
    if (response.finish_reason or "").lower() in FILTERED:
        return replace(response, text=response.text or "")
    return replace(response, error=Failure("empty", why_empty(response, request)))


def why_empty(response: Response, request: Request) -> str:
    """Why there is no text in an answer, and which key of the experiment helps."""
    reason = response.finish_reason
    if (reason or "").lower() in CUT_SHORT:
        most = next((f" of {request.sampling[name]}" for name in LIMIT_NAMES if name in request.sampling), "")
        less = "{reasoning: {effort: low}}" if reason == "max_output_tokens" else "{reasoning_effort: low}"
        return (
            f"the answer is empty: all tokens{most} were used up before it began (thinking counts too), so it was cut "
            f"off; give a larger sampling.max_tokens, or less thinking, as extra_body: {less}"
        )
    told = f" (finish_reason {reason})" if reason else ""
    return f"the answer is empty{told}; if all are, look at the model's name, sampling.max_tokens and extra_body"


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, KEY_CUT_OUT)
    return text


def _text(text: Any, secrets: list[str]) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise EmptyError(f"the answer is {type(text).__name__}, not text")
    if len(text) > MOST_CHARACTERS:
        raise TransientError(f"an answer of {len(text):,} characters is not an answer", maybe_billed=True)
    return hide(_encodable(text), secrets)


def _encodable(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair, which cut-off answers may end with."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _name(value: Any, secrets: list[str]) -> str | None:
    """A short text on one line: what the endpoint calls its model or the end of its answer."""
    if not isinstance(value, str | int | float):
        return None
    return hide(_encodable(" ".join(str(value).split())), secrets)[:MOST_NAME_CHARACTERS] or None


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, Usage):
        return None
    asked, answered = _whole(usage.input_tokens, MOST), _whole(usage.output_tokens, MOST)
    if not asked and not answered:  # servers that count nothing write noughts: no request is that short
        asked = answered = None
    return Usage(asked, answered, money(usage.cost), money(usage.reserved), _whole(usage.cached_tokens, MOST))


def _probabilities(given: Any, secrets: list[str]) -> Distribution | None:
    """A distribution whose branches are texts with probabilities of 1 at most in all. Raises `TransientError`."""
    if given is None:
        return None
    if not isinstance(given, Distribution):
        raise TransientError(f"the provider gave probabilities that are {type(given).__name__}, no Distribution")
    if not is_distribution(given):
        raise TransientError("the provider gave probabilities that add up to more than 1", maybe_billed=True)
    branches = tuple(replace(b, text=hide(_encodable(b.text), secrets)) for b in given.branches)
    return replace(given, branches=branches, following=hide(_encodable(given.following), secrets))


def _whole(value: Any, below: int) -> int | None:
    """A whole number from zero up, rounded up where it has a part, read where it is text; null where it cannot be."""
    number = _number(value)
    if number is None:
        return None
    whole = number if isinstance(number, int) else math.ceil(number)
    return whole if 0 <= whole < below else None


def money(value: Any) -> float | None:
    """US dollars from zero up; null for anything that is no such amount."""
    number = _number(value)
    return float(number) if number is not None and 0 <= number < MOST else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _time(value: Any) -> str:
    """A time in ISO 8601; now where it is none."""
    try:
        moment_of(value)
    except (TypeError, ValueError):
        return datetime.now(UTC).isoformat(timespec="microseconds")
    return str(value)


def _failure(error: Any, secrets: list[str]) -> Failure | None:
    if error is None:
        return None
    if not isinstance(error, Failure) or error.kind not in get_args(ErrorKind):
        raise TransientError(f"the provider gave an error that is {type(error).__name__}, no Failure")
    return Failure(error.kind, hide(_encodable(str(error.message)), secrets), _whole(error.http_status, 1000))
