"""Many responses -> what was read in them, in columns; and rows of that back as answers.

`read_columns` is the one place where answers are read in large numbers: a list in, a table out, rows in the same order
and independent of each other, so that pieces may be read anywhere and put together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from bias_harness.outcome import Outcome
from bias_harness.reading.answers import Reader, reader_version
from bias_harness.vocabulary import Answer, Candidate, Response

FORMAT = 1
READS_BESIDE = (
    "outcome.py",
    "probabilities.py",
    "vocabulary.py",
    "results/readings.py",
    "results/read_parts.py",
    "results/pieces.py",
)
"""Code of other chapters that decides what is read, or what is kept of it."""
LIBRARIES = ("text2num", "pyarrow")
_WORDS = pa.dictionary(pa.int32(), pa.string())
NUMBERS = (
    *("amount", "low", "high", "annual", "annual_low", "annual_high"),
    *("probability", "covered", "bound_low", "bound_high"),
)
LABELS = ("status", "kind", "currency", "period", "basis", "reason")
ANSWER = pa.schema(
    [
        *((name, _WORDS) for name in LABELS),
        *((name, pa.float64()) for name in NUMBERS),
        ("soft", pa.bool_()),
        ("span_start", pa.int32()),
        ("span_end", pa.int32()),
        ("evidence", pa.string()),
        ("candidates", pa.binary()),
    ]
)
"""An answer in columns. `evidence` is null where it is the text of the span; `candidates` are JSON."""
SCHEMA = pa.schema(
    [
        ("key", pa.binary(32)),
        ("is_answer", pa.bool_()),
        ("served_model", _WORDS),
        ("asked_at", pa.string()),
        *ANSWER,
    ]
)
"""A response with what was read in it: its key as bytes, and whether it is an answer rather than a failure."""


class Question(NamedTuple):
    """What a response replies to, as far as its reading hangs on it."""

    language: str | None
    prompt: str | None


def read_columns(responses: Iterable[Response], questions: Iterable[Question | None], reader: Reader) -> pa.Table:
    """What was read in responses, one row each in their order; columns as in `SCHEMA`.

    A response without a question is not read: its row holds an answer that says nothing.
    """
    return columns_of(
        [
            (response, UNREAD if asked is None else reader.read(response, language=asked.language, prompt=asked.prompt))
            for response, asked in zip(responses, questions, strict=True)
        ]
    )


UNREAD = Answer("no_amount", "no_amount", reason="not_asked")


def columns_of(rows: Sequence[tuple[Response, Answer]]) -> pa.Table:
    """Responses with their answers as a table of `SCHEMA`; an answer that many rows share is written down once."""
    place: dict[tuple[int, str | None], int] = {}
    distinct: list[tuple[Answer, str | None]] = []
    codes = []
    for response, answer in rows:
        own = response.text if answer.span else None
        at = place.setdefault((id(answer), own), len(distinct))
        if at == len(distinct):
            distinct.append((answer, own))
        codes.append(at)
    answers = _answers(distinct).take(pa.array(codes, pa.int64()))
    about = {
        "key": [bytes.fromhex(response.key) for response, _ in rows],
        "is_answer": [response.error is None for response, _ in rows],
        "served_model": [response.served_model for response, _ in rows],
        "asked_at": [response.asked_at for response, _ in rows],
    }
    made = {name: pa.array(values, SCHEMA.field(name).type) for name, values in about.items()}
    return pa.table({**made, **{name: answers[name] for name in ANSWER.names}}, schema=SCHEMA)


def _answers(distinct: Iterable[tuple[Answer, str | None]]) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in ANSWER.names}
    for answer, text in distinct:
        start, end = answer.span or (None, None)
        same = answer.evidence == ("" if text is None else text[start:end])
        for name in (*LABELS, *NUMBERS, "soft"):
            columns[name].append(getattr(answer, name))
        columns["span_start"].append(start)
        columns["span_end"].append(end)
        columns["evidence"].append(None if same else answer.evidence)
        columns["candidates"].append(orjson.dumps(answer.candidates) if answer.candidates else None)
    return pa.table({name: pa.array(values, ANSWER.field(name).type) for name, values in columns.items()})


def answers_in(table: pa.Table, texts: Iterable[str | None]) -> Iterator[Answer]:
    """The answers in the rows of such a table; `texts` are what they were read in."""
    columns = {name: _plain(table[name]) for name in ANSWER.names}
    told = zip(*(columns[name] for name in (*LABELS, *NUMBERS, "soft")), strict=True)
    more = zip(*(columns[name] for name in ("span_start", "span_end", "evidence", "candidates")), strict=True)
    for values, (start, end, other, candidates), text in zip(told, more, texts, strict=True):
        span = None if start is None else (start, end)
        evidence = other if other is not None else (text or "")[start:end] if span else ""
        roles = tuple(Candidate(**each) for each in orjson.loads(candidates)) if candidates else ()
        fields = dict(zip((*LABELS, *NUMBERS, "soft"), values, strict=True))
        yield Answer(**fields, span=span, evidence=evidence, candidates=roles)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """A column as a list; words are looked up all at once."""
    words = pa.types.is_dictionary(column.type)
    return (column.cast(pa.string()) if words else column).to_pylist()  # type: ignore[no-any-return]


def readings_version(outcome: Outcome) -> str:
    """Hex digits over all that decides what is read in a response: code, lexicons, chooser, and what is measured."""
    judged = orjson.dumps(outcome.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(_code() + judged).hexdigest()[:32]


@cache
def _code() -> bytes:
    code = hashlib.sha256(f"{FORMAT} {reader_version()} {[version(name) for name in LIBRARIES]}".encode())
    package = files(__package__.partition(".")[0])
    for name in READS_BESIDE:
        code.update(package.joinpath(name).read_bytes())
    return code.digest()
