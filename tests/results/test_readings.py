"""Readings are kept in columns beside the log, taken from there where they fit, and never believed against it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pieces
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import edit_rows, rows_of

from bias_harness import pipeline
from bias_harness.errors import RunFolderError
from bias_harness.reading import columns
from bias_harness.reading.answers import Reader
from bias_harness.reading.columns import SCHEMA, answers_in, columns_of
from bias_harness.results import own, read_parts
from bias_harness.results.lines import parse_line, summed
from bias_harness.results.own import FOLDER, keep, kept
from bias_harness.results.pieces import key_of
from bias_harness.results.readings import Questions, short
from bias_harness.runs import Run
from bias_harness.vocabulary import Answer, Candidate, Response

COUNT = 120
SIM = [{"name": "sim", "provider": "simulated"}]


@pytest.fixture(autouse=True)
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of its own, which keeps also what is small, in parts of 50 lines."""
    monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "machine"))
    monkeypatch.setattr(read_parts, "FEWEST", 1)
    monkeypatch.setattr("bias_harness.results.log.PART_LINES", 50)
    monkeypatch.setattr(read_parts, "AT_ONCE", 20)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the responses that are read."""
    seen: list[str] = []
    whole = Reader.read

    def noted(self: Reader, response: Response, **known: object) -> Answer:
        seen.append(response.key)
        return whole(self, response, **known)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "read", noted)
    return seen


def asked(folder: Path, limit: int = COUNT, **changes: object) -> Run:
    audit = pipeline.load_experiment("after-thws-2025", changes={"endpoints": SIM, **changes})
    return pipeline.run(audit, results=folder, name="run", limit=limit, see=lambda _request, _response: None)


def again(folder: Path) -> Run:
    return pipeline.load_run("run", results=folder)


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    return True


@pytest.mark.slow
def test_what_was_read_is_read_once_and_says_the_same(tmp_path: Path, read: list[str]) -> None:
    first = asked(tmp_path)
    rows, numbers, raw = first.observations, first.numbers(), first.raw(list(first.observations["key"]))
    assert len(read) == len(set(read)) == len(rows)
    read.clear()
    second = again(tmp_path)
    assert same(second.observations, rows)
    assert second.raw(list(rows["key"])) == raw
    assert second.numbers()["estimates.json"] == numbers["estimates.json"]
    assert not read, "all of it was taken from what is kept"
    shutil.rmtree(first.folder.path / FOLDER)
    assert again(tmp_path).numbers()["estimates.json"] == numbers["estimates.json"]
    assert len(read) == len(rows)


@pytest.mark.slow
def test_only_what_has_come_since_is_read(tmp_path: Path, read: list[str]) -> None:
    before = set(asked(tmp_path, 60).observations["key"])
    read.clear()
    now = asked(tmp_path, COUNT)
    assert set(now.observations["key"]) - before == set(read)
    fresh = Run(now.folder, now.audit)
    shutil.rmtree(now.folder.path / FOLDER)
    assert same(now.observations, fresh.observations)


@pytest.mark.parametrize("what", ["lexicon", "outcome"])
def test_another_reader_or_outcome_reads_anew(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    run = asked(tmp_path)
    rows = run.observations
    read.clear()
    if what == "lexicon":
        monkeypatch.setattr("bias_harness.reading.columns.reader_version", lambda: "another lexicon")
        columns._code.cache_clear()
        assert same(again(tmp_path).observations, rows)
        columns._code.cache_clear()
    else:
        text = run.folder.experiment()
        run.folder.write("experiment.yaml", text.replace("- 15000.0\n", "- 90000.0\n", 1))
        assert again(tmp_path).observations["implausible"].sum() > rows["implausible"].sum()
    assert len(read) == len(rows)


def test_an_answer_to_another_question_is_read_anew(tmp_path: Path, read: list[str]) -> None:
    asked(tmp_path).observations.head()
    now = again(tmp_path)
    places = now.readings.places_of(now.trials.keys)
    read.clear()
    trials = now.trials
    changed = [trials.known[0]._replace(prompt="What is 2 and 2?"), *trials.known[1:]]
    questions = Questions(trials.keys, trials.asked, changed)
    more = read_parts.read_run(now.folder, questions, now.audit.experiment.outcome)
    concerned = trials.keys[(trials.asked == 0) & (places >= 0)]
    assert concerned.size
    assert sorted(short(read).tolist()) == sorted(concerned.tolist())
    assert (more.places_of(trials.keys) == places).all()


@pytest.mark.slow
def test_a_log_that_was_changed_is_read_and_not_what_was_kept(tmp_path: Path, read: list[str]) -> None:
    run = asked(tmp_path)
    there = run.observations["annual"].max()
    times = [(log, log.stat()) for log in run.folder.logs]
    for log, stat in times:
        edit_rows(log, lambda row: row | {"text": "I would ask for $123,450 a year."})
        os.utime(log, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    read.clear()
    now = again(tmp_path)
    assert there != 123_450
    assert set(now.observations["annual"]) == {123_450.0}
    run.folder.logs[0].write_bytes(run.folder.logs[0].read_bytes().replace(b"123,450", b"543,210", 1))
    with pytest.raises(RunFolderError, match="line 1 is not a response"):
        _ = again(tmp_path).observations


def forged(file: Path) -> bytes:
    """The same readings with ten times the amounts."""
    table = pq.read_table(file)
    dear = pa.array(np.nan_to_num(table["annual"].to_numpy()) * 10)
    changed = table.set_column(table.schema.get_field_index("annual"), "annual", dear)
    buffer = pa.BufferOutputStream()
    pq.write_table(changed, buffer)
    return buffer.getvalue().to_pybytes()


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["torn", "empty", "forged", "forged with a seal", "another machine's", "seal torn"])
def test_what_was_planted_torn_or_made_elsewhere_is_made_anew(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    run = asked(tmp_path)
    rows = run.observations
    read.clear()
    files = sorted((run.folder.path / FOLDER).glob("*.parquet"))
    assert len(files) == len(run.folder.logs) > 1
    for file in files:
        about, whole = kept(file) or ({}, b"")
        if harm == "torn":
            file.write_bytes(whole[:-20])
        elif harm == "empty":
            file.write_bytes(b"")
        elif harm == "seal torn":
            file.with_name(f"{file.name}.seal").write_bytes(b'{"format": 1, "hmac"')
        elif harm == "forged":
            file.write_bytes(forged(file))
        elif harm == "forged with a seal":
            monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "stranger"))
            assert keep(file, forged(file), about)
            monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "machine"))
    if harm == "another machine's":
        monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "mine"))
    assert same(again(tmp_path).observations, rows)
    assert len(read) == len(rows)
    read.clear()
    assert same(again(tmp_path).observations, rows)
    assert not read, "and kept once more"


@pytest.mark.slow
def test_a_seal_of_one_part_does_not_stand_for_another(tmp_path: Path) -> None:
    run = asked(tmp_path)
    rows = run.observations
    one, two = sorted((run.folder.path / FOLDER).glob("*.parquet"))[:2]
    for end in ("", ".seal"):
        shutil.copy(f"{one}{end}", f"{two}{end}")
    assert same(again(tmp_path).observations, rows)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["cache", "folder"])
def test_where_nothing_can_be_kept_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    run = asked(tmp_path)
    if where == "cache":
        (tmp_path / "file").write_text("no folder")
        monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "file"))
    else:
        (run.folder.path / FOLDER).write_text("no folder")
    rows = run.observations
    assert len(rows) == len(run.raw(list(rows["key"])))
    assert not list(run.folder.path.glob(f"{FOLDER}/*"))


KILLED = """
import os, sys
from bias_harness.results import files, read_parts
read_parts.FEWEST = 1
from pathlib import Path
at, count, replace = int(sys.argv[2]), 0, Path.replace
def counted(self, target):
    global count
    count += ".readings" in str(target)
    if count == at: os.kill(os.getpid(), 9)
    return replace(self, target)
Path.replace = counted
from bias_harness import pipeline
pipeline.load_run("run", results=sys.argv[1]).observations
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_killed_at_any_file_nothing_is_lost_or_read_wrongly(tmp_path: Path, at: int) -> None:
    run = asked(tmp_path)
    log = b"".join(path.read_bytes() for path in run.folder.logs)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(at)], check=False)
    assert done.returncode == -signal.SIGKILL
    now = again(tmp_path)
    rows = now.observations
    assert log == b"".join(path.read_bytes() for path in run.folder.logs)
    shutil.rmtree(run.folder.path / FOLDER)
    assert same(rows, again(tmp_path).observations)


@pytest.mark.slow
def test_an_answer_comes_back_from_its_columns_as_it_was() -> None:
    told = [
        Answer("refused", "refusal", reason="refusal"),
        Answer(
            "ok", "range", 95_000.0, 90_000.0, 100_000.0, "USD", "year", "net", 95_000.0, 90_000.0, 100_000.0,
            span=(4, 9), evidence="$ 95k", soft=True, reason="only", probability=0.25,
            candidates=(Candidate(1.0, 2.0, None, None, "echo", 0, 3), Candidate(4.0, 5.5, "EUR", "month", "x", 4, 9)),
        ),
        Answer("ok", "point", 1.0, 1.0, 1.0, annual=1.0, covered=0.5, bound_low=0.1, bound_high=2.0, span=(0, 1),
               evidence="7"),
    ]  # fmt: skip
    texts = [None, "for $\u00a095k", "7 of 10"]
    replied = [Response(f"{n:064x}", "a", text, None, None, None, "") for n, text in enumerate(texts)]
    table = columns_of(list(zip(replied, told, strict=True)))
    assert table.schema == SCHEMA
    assert list(answers_in(table, texts)) == told
    assert table["evidence"].to_pylist() == [None, "$ 95k", None]


@pytest.mark.slow
def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = own.machine_key()
    own._key_in.cache_clear()
    assert own.machine_key() == first
    path = tmp_path / "machine" / "seal.key"
    assert path.stat().st_mode & 0o077 == 0
    assert [p.name for p in path.parent.iterdir()] == ["seal.key"]


def kept_bytes(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.path.glob(f"{FOLDER}/*.parquet")}


@pytest.mark.slow
def test_readings_are_the_same_to_the_last_byte_whoever_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process, two, eight, and two of which one is killed in the middle."""
    alone = asked(tmp_path)
    rows, files = alone.observations, kept_bytes(alone)
    assert len(files) > 1
    monkeypatch.setattr("bias_harness.workers.workers.SECONDS_TO_START", -1.0)
    monkeypatch.setenv("KILLED_MARK", str(tmp_path / "killed"))
    for count, how in ((2, read_parts.read_lines), (8, read_parts.read_lines), (2, pieces.read_and_killed_once)):
        monkeypatch.setattr(read_parts, "read_lines", how)
        shutil.rmtree(alone.folder.path / FOLDER)
        several = pipeline.load_run("run", results=tmp_path, workers=count)
        assert same(several.observations, rows)
        assert kept_bytes(several) == files
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_line_that_gives_its_key_twice_is_read_with_the_question_of_the_last(tmp_path: Path) -> None:
    """As JSON is read; nobody writes it."""
    run = asked(tmp_path)
    (run.folder.path / "manifest.json").unlink()
    places, log = run.readings.places_of(run.trials.keys), run.folder.logs[0]
    lines = log.read_bytes().splitlines(keepends=True)
    first, second = (rows_of(log)[place]["key"] for place in (0, 1))
    bare = lines[1][: lines[1].rindex(b',"sum"')] + b"}"
    lines[1] = summed(b'{"key":"' + first.encode() + b'",' + bare[1:])
    log.write_bytes(b"".join(lines))
    assert (key_of(lines[1]), parse_line(lines[1], log, 2).key) == (first, second)
    shutil.rmtree(run.folder.path / FOLDER)
    now = again(tmp_path)
    assert (now.readings.places_of(now.trials.keys) == places).all()
    assert same(now.observations, run.observations)
    assert now.readings.column("question").to_pylist() == run.readings.column("question").to_pylist()


def test_estimates_take_no_more_columns_than_they_are_made_of(tmp_path: Path) -> None:
    asked(tmp_path)
    lean, whole = again(tmp_path), again(tmp_path)
    every = whole.observations
    assert lean.estimates.to_dict() == whole.estimates.to_dict()
    assert "observations" not in vars(lean)
    assert not {"key", "amount", "served_model"} & set(lean._estimated_from)
    assert same(lean._estimated_from, every[list(lean._estimated_from)])
    assert whole._estimated_from is every
