"""Responses -> Answers: one per response, always; and the same for any texts in a file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from bias_harness.design.experiment import Outcome
from bias_harness.errors import InputError
from bias_harness.reading import read
from bias_harness.reading.lexicon import lexicon_hash
from bias_harness.reading.measures import read_measure
from bias_harness.vocabulary import Answer, Period, Response

CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens"})
FILTERED = frozenset({"content_filter", "content-filter", "safety", "refusal"})
REMEMBERED = 50_000
SHOWN = 60
PERIODS: tuple[Period, ...] = ("year", "month", "week", "day", "hour")

Key = tuple[str, str | None, str | None]


@cache
def reader_version() -> str:
    """Twelve hex digits over the reader's code and lexicon: readings of another version are stale."""
    code = hashlib.sha256(lexicon_hash().encode())
    folder = files(__package__)
    for source in sorted(p.name for p in folder.iterdir() if p.name.endswith(".py")):
        code.update(folder.joinpath(source).read_bytes())
    return code.hexdigest()[:12]


class Reader:
    """Reads many responses of one experiment; identical texts under one prompt are read once."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._known: dict[Key, Answer] = {}

    def read(self, response: Response, *, language: str | None = None, prompt: str | None = None) -> Answer:
        """The answer in one response. Never raises on any response.

        A response with an error is `failed`, but a content filter is a refusal (reason `content_filter`). A text
        that was cut off keeps an advice it had given, but not a number that stands where the text breaks off.
        """
        early = _without_text(response)
        if early:
            return early
        text = response.text or ""
        answer = self._text(text, language, prompt)
        if response.finish_reason in CUT_SHORT:
            return _cut(answer, text)
        return answer

    def _text(self, text: str, language: str | None, prompt: str | None) -> Answer:
        key = (text, language, prompt)
        answer = self._known.get(key)
        if answer is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            answer = self._known[key] = self._fresh(text, language, prompt)
        return answer

    def _fresh(self, text: str, language: str | None, prompt: str | None) -> Answer:
        if self.outcome.measure != "salary":
            return read_measure(text, self.outcome, language)
        return read(text, language=language, prompt=prompt, outcome=self.outcome)


def read_response(response: Response, *, language: str | None, prompt: str | None, outcome: Outcome) -> Answer:
    """The answer in one response; see `Reader.read`, which is the fast way for many."""
    return Reader(outcome).read(response, language=language, prompt=prompt)


def _without_text(response: Response) -> Answer | None:
    if response.error is not None:
        if response.error.kind == "content":
            return Answer("refused", "refusal", reason="content_filter")
        return Answer("failed", "no_amount", reason=response.error.kind)
    if response.text is None:
        if response.finish_reason in FILTERED:
            return Answer("refused", "refusal", reason="content_filter")
        return Answer("failed", "no_amount", reason="no_text")
    if not response.text.strip():
        refused = response.finish_reason in FILTERED
        return Answer("refused", "refusal", reason="content_filter") if refused else None
    return None


def _cut(answer: Answer, text: str) -> Answer:
    """What a text that broke off is worth: "ask for $12" may have been going to be $120,000."""
    if answer.status == "ok" and answer.span and answer.span[1] >= len(text.rstrip()):
        return Answer("ambiguous", "ambiguous", reason="cut_off", candidates=answer.candidates)
    if answer.status in {"no_amount", "ambiguous"}:
        return replace(answer, reason="cut_off")
    return answer


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
    `currency`, `period` as stated, `span`, `annual`. Returns how often each status came out. Raises `InputError`
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
    for name in ("status", "kind", "amount", "low", "high", "currency", "period", "span", "annual", "soft", "reason"):
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


@dataclass(frozen=True, slots=True)
class Moved:
    """An answer that another reader (or an older version of this one) read differently."""

    key: str
    before: Answer
    after: Answer

    @property
    def what(self) -> str:
        """Which of status, amount, currency or period moved first."""
        for name in ("status", "amount", "low", "high", "currency", "period", "annual"):
            if getattr(self.before, name) != getattr(self.after, name):
                return name
        return ""


def moved(before: Mapping[str, Answer], after: Mapping[str, Answer]) -> list[Moved]:
    """The answers that differ between two readings of the same responses, by request key, in the order of `after`."""
    found = (Moved(key, before[key], answer) for key, answer in after.items() if key in before)
    return [change for change in found if change.what]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two readers agree on the same responses, and where they do not.

    `same` counts answers where both say the same amount (a year's, or as stated) or both say none.
    """

    n: int
    same: int
    differing: tuple[Moved, ...]

    @property
    def share(self) -> float | None:
        """The share of answers that both read alike (0-1); None where there are none."""
        return self.same / self.n if self.n else None


def compare(first: Mapping[str, Answer], second: Mapping[str, Answer]) -> Agreement:
    """Where two readers (say the grammar and a judge) disagree on the responses that both have read."""
    both = [Moved(key, answer, second[key]) for key, answer in first.items() if key in second]
    differing = tuple(pair for pair in both if not _alike(pair.before, pair.after))
    return Agreement(len(both), len(both) - len(differing), differing)


def _alike(left: Answer, right: Answer) -> bool:
    if (left.status == "ok") != (right.status == "ok"):
        return False
    if left.annual is not None and right.annual is not None:
        return abs(left.annual - right.annual) < 1
    return left.amount == right.amount


@dataclass(frozen=True, slots=True)
class Unread:
    """A group of answers that gave no amount for one reason, with an example to improve the lexicon by."""

    status: str
    reason: str
    count: int
    example: str


def unread(texts_and_answers: Iterable[tuple[str, Answer]]) -> list[Unread]:
    """Answers without an amount, grouped by status, reason and the beginning of the text; the largest group first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for text, answer in texts_and_answers:
        if answer.status != "ok":
            counts[answer.status, answer.reason, _gist(text)] += 1
    return [Unread(status, reason, count, gist) for (status, reason, gist), count in counts.most_common()]


def _gist(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 1] + "…"
