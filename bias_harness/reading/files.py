"""A file of texts -> a file of answers, one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bias_harness.errors import InputError
from bias_harness.reading import read
from bias_harness.reading.answers import PERIODS
from bias_harness.vocabulary import Answer, Period


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file to read: the text, and what is known of the question."""

    text: str
    id: Any = None
    language: str | None = None
    prompt: str | None = None
    currency: str | None = None
    period: Period | None = None


def read_lines(source: Path, target: Path) -> Counter[str]:
    """Read a JSON Lines file (`text`, optional `id`, `language`, `prompt`, `currency`, `period`) into another.

    One line out for one line in, in order: `id` where there was one, `status`, `kind`, `amount`, `low`, `high`,
    `currency`, `period` as stated, `span`, `annual`,
    `soft`, `reason`, `probability`. Returns how often each status came out. Raises `InputError`
    with the line number for a line that is no such object; nothing is written then.
    """
    rows = [answer_row(line, read_line(line)) for line in _lines(source)]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}") from None
    return Counter(str(row["status"]) for row in rows)


def read_line(line: Line) -> Answer:
    """The answer in one line."""
    return read(line.text, language=line.language, prompt=line.prompt, currency=line.currency, period=line.period)


def answer_row(line: Line, answer: Answer) -> dict[str, Any]:
    """An answer as the mapping that goes into the output file."""
    row: dict[str, Any] = {} if line.id is None else {"id": line.id}
    for name in (
        "status",
        "kind",
        "amount",
        "low",
        "high",
        "currency",
        "period",
        "span",
        "annual",
        "soft",
        "reason",
        "probability",
    ):
        row[name] = getattr(answer, name)
    return row


def _lines(source: Path) -> Iterator[Line]:
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from None
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            yield _line(line, f"{source}, line {number}")


def _line(raw: bytes, where: str) -> Line:
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}: this is not valid JSON ({error}); write one object per line") from None
    if not isinstance(data, dict) or not isinstance(data.get("text"), str | None) or "text" not in data:
        raise InputError(f'{where}: an object with a "text" is wanted here, such as {{"text": "$95,000"}}')
    for name in ("language", "prompt", "currency", "period"):
        if not isinstance(data.get(name), str | None):
            raise InputError(f"{where}: {name!r} must be text or null")
    period = data.get("period")
    if period is not None and period not in PERIODS:
        raise InputError(f"{where}: 'period' is {period!r}; it can be {', '.join(PERIODS)}")
    currency = data.get("currency")
    return Line(
        data["text"] or "",
        data.get("id"),
        data.get("language"),
        data.get("prompt"),
        currency.upper() if currency else None,
        period,
    )
