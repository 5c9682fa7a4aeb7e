"""A JSON object in the text -> mentions, each with the part that its key gives it."""

from __future__ import annotations

import json
import re
from typing import Any

from bias_harness.reading.mentions import BASES, find_mentions, period_at
from bias_harness.reading.normalise import Normal, normalise
from bias_harness.reading.ranges import compose
from bias_harness.reading.scan import Mention, scan
from bias_harness.reading.word_lists import json_keys
from bias_harness.vocabulary import Basis, Period

LONGEST, TRIES, DEEPEST = 50_000, 8, 6
_DECODER = json.JSONDecoder()
_ORDER = ("ignore", "low", "high", "final", "open", "floor", "currency", "period", "target")


def find_object(text: str) -> tuple[dict[str, Any], int, int] | None:
    """The first JSON object in the text and where it stands; None where there is none."""
    if len(text) > LONGEST:
        return None
    at = text.find("{")
    for _ in range(TRIES):
        if at < 0:
            return None
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        return (value, at, end) if isinstance(value, dict) and value else None
    return None


def read_object(found: tuple[dict[str, Any], int, int], text: str) -> tuple[list[Mention], bool] | None:
    """The mentions in an object, and whether its advice is null; None where no key is known."""
    value, start, end = found
    reader = _Reader(text, start, end)
    reader.walk(value, "", 0, None, None)
    if not reader.mentions and not reader.empty:
        return None
    return reader.mentions, reader.empty


class _Reader:
    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.mentions: list[Mention] = []
        self.empty = False

    def walk(self, value: dict[str, Any], under: str, depth: int, currency: str | None, period: Period | None) -> None:
        """Read one object; `under` is the part that the key above it gave."""
        if depth > DEEPEST or under == "ignore":
            return
        parts = [(key, key_part(key), item) for key, item in value.items()]
        own = self._unit(parts)
        currency, period = own[0] or currency, own[1] or period
        bounds: dict[str, Mention] = {}
        for key, part, item in parts:
            if isinstance(item, dict):
                self.walk(item, part or under, depth + 1, currency, period)
                continue
            if part in {"", "ignore", "currency", "period"}:
                continue
            self.empty = self.empty or (item is None and part in {"final", "open", "target"})
            mention = self._mention(key, item, currency, period)
            if mention is None:
                continue
            if part in {"low", "high"}:
                bounds[part] = mention
                continue
            mention.role = under if under in {"final", "open"} and part == "target" else part
            self.mentions.append(mention)
        self._bounds(bounds, under)

    def _unit(self, parts: list[tuple[str, str, Any]]) -> tuple[str | None, Period | None]:
        currency, period = None, None
        for _, part, item in parts:
            if part in {"currency", "period"} and isinstance(item, str):
                currency = _currency(item) or currency
                period = _period(item) or period
        return currency, period

    def _mention(self, key: str, item: Any, currency: str | None, period: Period | None) -> Mention | None:
        mention = _value(item)
        if mention is None:
            return None
        said = key.replace("_", " ")
        mention.currency = mention.currency or currency or _currency(said)
        mention.period = mention.period or period or _period(said)
        mention.basis = mention.basis or _basis(said)
        mention.money = True
        mention.span = self._span(item)
        return mention

    def _span(self, item: Any) -> tuple[int, int]:
        written = item if isinstance(item, str) else json.dumps(item)
        at = self.text.find(written, self.start, self.end)
        return (at, at + len(written)) if at >= 0 else (self.start, self.end)

    def _bounds(self, bounds: dict[str, Mention], under: str) -> None:
        low, high = bounds.get("low"), bounds.get("high")
        if low and high and low.low < high.high:
            low.high = high.high
            low.span = (self.start, self.end)
            low.role = under if under in {"final", "open", "target"} else "advise"
            self.mentions.append(low)
        elif low or high:
            for only in bounds.values():
                only.role = "at_least"
                self.mentions.append(only)


def key_part(key: str) -> str:
    """The part that a key plays: final, open, target, low, high, floor, currency, period, ignore, or none."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|[\s\-]+", "_", key.strip()).lower()
    known = json_keys()
    if name in known:
        return known[name]
    parts = {known.get(word, "") for word in name.split("_")}
    return next((part for part in _ORDER if part in parts), "")


def _value(item: Any) -> Mention | None:
    if isinstance(item, bool):
        return None
    if isinstance(item, int | float):
        return Mention(float(item), float(item), 0, 0, raw=float(item)) if 0 <= item < 1e12 else None
    if isinstance(item, list) and len(item) == 2:
        low, high = _value(item[0]), _value(item[1])
        if low and high and low.low < high.high:
            low.high = high.high
            return low
        return None
    if not isinstance(item, str):
        return None
    tokens = scan(normalise(item))
    alive = [m for m in compose(tokens, find_mentions(tokens)) if not m.dead]
    return alive[0] if len(alive) == 1 else None


def _currency(said: str) -> str | None:
    tokens = scan(Normal(said))
    found = (tokens.tag(at, "currency") for at in range(len(tokens.words)))
    return next((tag[0] for tag in found if tag and tag[0] != "?"), None)


def _basis(said: str) -> Basis | None:
    tokens = scan(Normal(said))
    found = (tokens.tag(at, "basis") for at in range(len(tokens.words)))
    return next((BASES[tag[0]] for tag in found if tag), None)


def _period(said: str) -> Period | None:
    tokens = scan(Normal(said))
    for at in range(len(tokens.words)):
        found = period_at(tokens, at, noun=len(tokens.words) == 1)
        if found:
            return found[0]
    return None
