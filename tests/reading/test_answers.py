"""Responses become answers, one each; files are read line by line; readings can be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bias_harness.checking.rereading import unread
from bias_harness.errors import InputError
from bias_harness.outcome import Outcome
from bias_harness.reading.answers import Reader, read_response, reader_version
from bias_harness.reading.files import read_lines
from bias_harness.vocabulary import Answer, Failure, Response

USD = Outcome()


def response(text: str | None, *, finish: str | None = "stop", error: Failure | None = None) -> Response:
    return Response("k", "e", text, finish, "m", None, "2026-01-01T00:00:00.000000Z", error)


def answer(text: str | None, **how) -> Answer:
    return read_response(response(text, **how), language="en", prompt=None, outcome=USD)


def test_every_response_has_an_answer():
    assert answer("$95,000").annual == 95_000
    assert answer(None, finish=None, error=Failure("transient", "504")).status == "failed"
    assert answer(None, finish=None, error=Failure("content", "blocked")).status == "refused"
    assert answer(None, finish="content_filter").reason == "content_filter"
    assert answer("", finish="content_filter").status == "refused"
    assert answer(None).status == "failed"
    assert answer("").reason == "empty"
    assert answer("   ").status == "failed"


def test_a_number_at_the_break_of_a_cut_off_text_is_not_believed():
    assert answer("I would ask for $12", finish="length").reason == "cut_off"
    assert answer("I would ask for $120,000. The market", finish="length").amount == 120_000
    assert answer("First, think of", finish="max_tokens").reason == "cut_off"


def test_the_same_text_is_read_once():
    reader = Reader(USD)
    first, second = (reader.read(response("I'd ask for $95,000.")) for _ in range(2))
    assert first is second
    assert reader.read(response("I'd ask for $95,000."), prompt="They offer $95,000.") is not first


def test_the_version_is_stable_and_short():
    assert reader_version() == reader_version()
    assert len(reader_version()) == 12


def write(folder: Path, *lines: object) -> Path:
    source = folder / "in.jsonl"
    source.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines))
    return source


def test_one_line_out_for_one_line_in(tmp_path):
    source = write(
        tmp_path,
        {"id": 7, "text": "Vraag € 4.500 bruto per maand.", "language": "nl", "currency": "EUR", "period": "month"},
        {"text": "I can't say."},
        {"text": "140", "prompt": "In thousands of dollars, please.", "currency": "usd"},
    )
    counts = read_lines(source, tmp_path / "out" / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out" / "out.jsonl").read_text().splitlines()]
    assert counts == {"ok": 2, "refused": 1}
    assert rows[0]["id"] == 7
    assert (rows[0]["amount"], rows[0]["period"], rows[0]["annual"], rows[0]["span"]) == (
        4500,
        "month",
        54_000,
        [6, 29],
    )
    assert (rows[1]["kind"], rows[1]["amount"]) == ("refusal", None)
    assert (rows[2]["amount"], rows[2]["currency"], rows[2]["annual"]) == (140_000, None, 140_000)
    assert {"status", "kind", "amount", "low", "high", "currency", "period", "span", "annual"} <= rows[1].keys()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: this is not valid JSON"),
        ("[1]", 'line 2: an object with a "text"'),
        ({"txt": "5"}, 'line 2: an object with a "text"'),
        ({"text": 5}, 'line 2: an object with a "text"'),
        ({"text": "5", "prompt": 5}, "line 2: 'prompt' must be text or null"),
        ({"text": "5", "period": "decade"}, "line 2: 'period' is 'decade'; it can be year, month"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, line, said):
    source = write(tmp_path, {"text": "ok"}, line)
    with pytest.raises(InputError) as error:
        read_lines(source, tmp_path / "out.jsonl")
    assert said in str(error.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_lines(tmp_path / "none.jsonl", tmp_path / "out.jsonl")


def test_what_is_unread():
    groups = unread([("Hello  there", answer("Hello")), ("Hello there", answer("Hello")), ("$9", answer("I can't"))])
    assert [(g.count, g.status, g.example) for g in groups] == [(2, "no_amount", "Hello there"), (1, "refused", "$9")]
