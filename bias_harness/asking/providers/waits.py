"""How long an endpoint asks to wait: in headers, in the error's own details, in its words; also inside a 200."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_DURATION = re.compile(
    r"(?:(?P<days>[\d.]+)d(?:ays?)?)?(?:(?P<hours>[\d.]+)h(?:ours?)?)?"
    r"(?:(?P<minutes>[\d.]+)m(?!s)(?:in(?:ute)?s?)?)?(?:(?P<seconds>[\d.]+)s(?:ec(?:ond)?s?)?)?(?:(?P<millis>[\d.]+)ms)?"
)
_SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "millis": 0.001}
_UNITS = r"ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?"
_IN_WORDS = re.compile(
    r"\b(?:(?:try(?:ing)?(?: again)?|retry(?:ing)?(?: your request)?|wait(?: for)?|again)(?: at least)?(?: in| after)?"
    r"|(?:resets?|available)(?: in| after)) "
    rf"((?:\d+(?:\.\d+)? ?(?:{_UNITS})(?![a-z])[ ,]*(?:and )?)+)",
    re.IGNORECASE,
)
_RETRY_NAMES = frozenset(
    {"retrydelay", "quotaresetdelay", "retry_after", "retryafter", "retry-after", "retry_after_seconds"}
    | {"resets_in_seconds", "resets_at"}
)
_RETRY_MILLIS = frozenset({"retry_after_ms", "retry-after-ms", "retryafterms"})
_DEEPEST = 10


def wait_of(error: Any, headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait; None where it names no time.

    A header comes first, then what stands in the error (RetryInfo, headers that a gateway passes on), then its words.
    """
    named = retry_after(headers)
    if named is not None:
        return named
    for name, value in _leaves(error):
        seconds = _named(name.lower(), value)
        if seconds is not None:
            return seconds
    for _, value in _leaves(error):
        match = _IN_WORDS.search(value) if isinstance(value, str) else None
        if match:
            return _duration(re.sub(r"milliseconds?", "ms", match[1], flags=re.IGNORECASE).lower())
    return None


def of_a_day(error: Any) -> bool:
    """Whether Google's details say that a day's quota is used up: its RetryInfo then names seconds all the same."""
    return any(name == "quotaId" and isinstance(value, str) and "PerDay" in value for name, value in _leaves(error))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait, from `retry-after-ms` or `Retry-After` as a number or a date."""
    millis = headers.get("retry-after-ms")
    if millis is not None and re.fullmatch(r"\d{1,15}(\.\d{1,9})?", millis):
        return float(millis) / 1000
    return seconds_of(headers.get("retry-after"))


def seconds_of(value: str | None) -> float | None:
    """Seconds from now that a header means: `12`, `1m0.5s`, `20ms`, an epoch, or a date; None where it says nothing."""
    if not value:
        return None
    if re.fullmatch(r"\d{1,20}(\.\d{1,20})?", value):
        number = float(value)
        epoch = number / 1000 if number > 1e11 else number
        return max(0.0, epoch - time.time()) if number > 1e9 else number
    spelled = _duration(value)
    return spelled if spelled is not None else _seconds_until(value)


def _duration(value: str) -> float | None:
    match = _DURATION.fullmatch(re.sub(r"[ ,]|and", "", value))
    parts = {name: text for name, text in match.groupdict().items() if text} if match else {}
    try:
        return sum(_SECONDS[name] * float(text) for name, text in parts.items()) if parts else None
    except ValueError:
        return None


def _seconds_until(date: str) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(date)
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _named(name: str, value: Any) -> float | None:
    """The seconds in one part of an error, if it is one that names them."""
    if name in _RETRY_NAMES or name.endswith("ratelimit-reset"):
        if isinstance(value, str):
            return seconds_of(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return seconds_of(f"{value:.3f}") if 0 <= value < 1e15 else None
    if name in _RETRY_MILLIS:
        return retry_after({"retry-after-ms": str(value)})
    return None


def _leaves(node: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every value in plain data with the name that it stands under."""
    if depth > _DEEPEST:
        return
    if isinstance(node, dict) and name.lower() in _RETRY_NAMES:  # {"seconds": 30, "nanos": 5}, a duration of Google's
        yield name, f"{node.get('seconds', '')}s"
    elif isinstance(node, dict):
        for key, value in list(node.items())[:100]:
            yield from _leaves(value, str(key), depth + 1)
    elif isinstance(node, list):
        for value in node[:100]:
            yield from _leaves(value, name, depth + 1)
    else:
        yield name, node
