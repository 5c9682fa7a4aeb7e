"""The log proves itself: its parts and their index, its checksums, and the money that was on its way."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command_line import type_in
from logs import edit_rows

from bias_harness import pipeline
from bias_harness.checking import check as checking
from bias_harness.errors import RunFolderError
from bias_harness.results import LOG, Found, RunFolder, counted, dump_line, merge, open_log
from bias_harness.results.index import read_index
from bias_harness.results.lines import index_beside
from bias_harness.results.table import read_table
from bias_harness.runs import Run, load_run
from bias_harness.vocabulary import Failure, Request, Response, Usage


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def response(number: int, text: str | None = "€ 65.000", kind: str = "transient", endpoint: str = "loop") -> Response:
    failure = Failure(kind, "broken", 500) if text is None else None
    usage = Usage(10, 5, 0.25) if text is not None else Usage(None, None, None, 0.5)
    asked_at = "2026-01-01T00:00:00.000000+00:00"
    return Response(key(number), endpoint, text, "stop", "served-1", usage, asked_at, failure)


@pytest.fixture
def seven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of seven lines."""
    monkeypatch.setattr("bias_harness.results.log.PART_LINES", 7)


def filled(path: Path, numbers: range) -> RunFolder:
    folder = RunFolder(path)
    with open_log(folder) as log:
        for number in numbers:
            log.append(response(number))
    return folder


def names(folder: RunFolder) -> list[str]:
    return [log.name for log in folder.logs]


def opened(folder: RunFolder) -> Found:
    with open_log(folder) as log:
        return log.found


@pytest.mark.usefixtures("seven")
def test_a_log_goes_on_in_parts_and_is_one_log(tmp_path: Path) -> None:
    folder = filled(tmp_path, range(75))
    assert names(folder) == [LOG, *(f"responses.{n}.jsonl" for n in range(2, 12))], "10 comes after 9"
    assert [r.key for r in folder.responses()] == [key(n) for n in range(75)]
    assert read_table(folder).num_rows == 75
    assert len(opened(folder).answered) == 75
    filled(tmp_path, range(75, 80))
    assert [r.key for r in folder.responses()] == [key(n) for n in range(80)]


@pytest.mark.usefixtures("seven")
def test_an_index_says_what_reading_its_part_says(tmp_path: Path) -> None:
    """Failures, filtered and empty answers, two endpoints, a failure that is answered two parts later."""
    folder = RunFolder(tmp_path)
    told = [
        *(response(n, None) for n in range(4)),
        response(4, None, "content"),
        response(5, None, "empty"),
        *(response(n, endpoint="other") for n in range(6, 12)),
        *(response(n) for n in range(3)),
        *(response(n) for n in range(12, 20)),
    ]
    with open_log(folder) as log:
        for each in told:
            log.append(each)
        as_written = log.found
    assert all(read_index(log) for log in folder.logs[:-1])
    by_index, by_line = opened(folder), counted(folder)
    for found in (by_index, as_written):
        assert found.endpoints == by_line.endpoints
        assert found.cost == by_line.cost
        for group in ("answered", "failed", "filtered", "empty"):
            assert getattr(found, group).shorts() == getattr(by_line, group).shorts()
    assert (by_index.endpoints["loop"].answered, by_index.endpoints["loop"].failed) == (11, 3)


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("spoilt", ["none", "cut", "another state", "a flipped key", "another count", "none of ours"])
def test_an_index_that_does_not_fit_is_made_anew(tmp_path: Path, spoilt: str) -> None:
    folder = filled(tmp_path, range(30))
    part = folder.logs[1]
    index = index_beside(part)
    raw = index.read_bytes()
    if spoilt == "none":
        index.unlink()
    elif spoilt == "another state":
        os.utime(part, (1, 1))
    else:
        flipped = raw[:-80] + bytes([raw[-80] ^ 1]) + raw[-79:]
        miscounted = raw.replace(b'"input_tokens":70', b'"input_tokens":71')
        others = {
            "cut": raw[:-8],
            "a flipped key": flipped,
            "another count": miscounted,
            "none of ours": b"{}\n",
        }
        assert others[spoilt] != raw
        index.write_bytes(others[spoilt])
    assert read_index(part) is None
    assert opened(folder).answered.shorts() == counted(folder).answered.shorts()
    assert read_index(part) is not None


@pytest.mark.usefixtures("seven")
def test_two_writers_share_a_folder_and_are_read_as_one(tmp_path: Path) -> None:
    """A file of another writer, as a shard on a network disk would leave it: read with the rest, never appended to."""
    folder = filled(tmp_path, range(10))
    (tmp_path / "responses.shard-2.jsonl").write_bytes(dump_line(response(50)))
    (tmp_path / "responses.shard-2.2.jsonl").write_bytes(dump_line(response(51)))
    assert len(opened(folder).answered) == 12
    filled(tmp_path, range(10, 20))
    assert (tmp_path / "responses.shard-2.2.jsonl").read_bytes() == dump_line(response(51))
    assert {r.key for r in folder.responses()} == {key(n) for n in (*range(20), 50, 51)}


@pytest.mark.usefixtures("seven")
def test_a_full_disk_at_the_turn_of_a_part_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "full")

    with open_log(RunFolder(tmp_path)) as log:
        monkeypatch.setattr("bias_harness.results.log.write_index", full)
        for number in range(9):
            log.append(response(number))
        assert log.trouble is not None
    monkeypatch.undo()
    assert [r.key for r in filled(tmp_path, range(9, 12)).responses()] == [key(n) for n in range(12)]


def test_a_log_may_be_synced_while_it_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bias_harness.results.log.PART_LINES", 2)
    troubles: list[OSError] = []
    with open_log(RunFolder(tmp_path)) as log:
        done = threading.Event()

        def syncs() -> None:
            while not done.is_set():
                try:
                    log.sync()
                except OSError as error:
                    troubles.append(error)

        thread = threading.Thread(target=syncs)
        thread.start()
        for number in range(200):
            log.append(response(number))
        done.set()
        thread.join()
    assert troubles == []


@pytest.fixture
def run(small: Path) -> Run:
    return pipeline.run(pipeline.load_experiment(small))


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[:-3]


def without_one(lines: list[bytes]) -> list[bytes]:
    return lines[:20] + lines[21:]


def one_changed(lines: list[bytes]) -> list[bytes]:
    return [
        line.replace(b'"finish_reason":"stop"', b'"finish_reason":"STOP"') if n == 41 else line
        for n, line in enumerate(lines)
    ]


def one_more(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[-1]]


def in_another_order(lines: list[bytes]) -> list[bytes]:
    return [*lines[1:], lines[0]]


TOLD = {
    cut: "responses.jsonl has 77 of 80 lines that were written; 3 were cut or removed",
    without_one: "responses.jsonl has 79 of 80 lines that were written; 1 were cut or removed",
    one_changed: "responses.jsonl, line 42 was changed after it was written",
    one_more: "responses.jsonl has 1 lines more than were written, from line 81 on",
    in_another_order: "responses.jsonl: its 80 lines are not those that were written",
}


@pytest.mark.parametrize(
    "change", [pytest.param(of, marks=() if of in (cut, one_changed) else pytest.mark.slow) for of in TOLD]
)
def test_a_log_that_was_altered_is_told_wherever_it_is_read(run: Run, change, caplog, small: Path) -> None:
    log = run.folder.path / LOG
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(change(lines)))
    said, folder = TOLD[change], small.parent.parent
    assert said in load_run(run.folder.path).faults[0]
    shown = type_in("list", cwd=folder)
    assert said in shown.stderr
    assert ("unreadable" if change is one_changed else "altered") in shown.stdout
    reported = type_in("report", "small", cwd=folder)
    if change is one_changed:
        assert reported.returncode == 1
        assert "responses.jsonl, line 42 is not a response (its checksum does not fit" in reported.stderr
        with pytest.raises(RunFolderError, match="line 42 is not a response"):
            merge([run.folder], RunFolder(folder / "whole"))
        assert not (folder / "whole").exists(), "nothing half-made"
        return
    assert said in reported.stderr
    assert "The log of answers is not as it was written" in (run.folder.path / "report.en.html").read_text()
    assert "De antwoorden zijn niet meer zoals" in (run.folder.path / "report.nl.html").read_text()
    assert said in merge([run.folder], RunFolder(folder / "whole")).faults[0]
    whole = load_run(folder / "whole")
    assert (whole.faults, whole.manifest.present) == ((), len(set(whole.observations["key"])))


def test_what_was_cut_is_asked_again_and_then_all_is_well(run: Run, small: Path, caplog) -> None:
    log = run.folder.path / LOG
    log.write_bytes(b"".join(cut(log.read_bytes().splitlines(keepends=True))))
    assert "77 of the 80 questions" in " ".join(load_run(run.folder.path).headlines)
    again = pipeline.run(pipeline.load_experiment(small))
    assert "3 were cut or removed" in caplog.text
    assert (again.faults, again.manifest.status, again.manifest.present) == ((), "success", 80)


def test_a_changed_line_is_set_aside_and_asked_again(run: Run, small: Path, caplog) -> None:
    log = run.folder.path / LOG
    log.write_bytes(b"".join(one_changed(log.read_bytes().splitlines(keepends=True))))
    again = pipeline.run(pipeline.load_experiment(small))
    assert "line 42 was not a response" in caplog.text
    assert (again.faults, again.manifest.present) == ((), 80)


def test_a_missing_part_is_named(run: Run) -> None:
    (run.folder.path / LOG).unlink()
    assert load_run(run.folder.path).faults == (f"{run.folder.path / LOG} is missing: it held 80 lines of the log",)


def test_git_on_windows_changes_no_line(run: Run) -> None:
    log = run.folder.path / LOG
    log.write_bytes(log.read_bytes().replace(b"\n", b"\r\n"))
    loaded = load_run(run.folder.path)
    assert (loaded.faults, len(loaded.observations)) == ((), 80)


def test_an_older_log_without_checksums_is_read(run: Run) -> None:
    log = run.folder.path / LOG
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    edit_rows(log, lambda row: row)
    for row in rows:
        del row["sum"]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    loaded = load_run(run.folder.path)
    assert (loaded.faults, len(loaded.observations)) == ((), 80)


def test_a_fixture_with_a_line_too_few_is_not_compared(workspace: Path, small: Path) -> None:
    audit = pipeline.load_experiment(small)
    fixture = workspace / "fixture"
    checking.record(audit, fixture, small)
    checking.accept(fixture, why="first")
    assert checking.check_offline(fixture).outcome == "unchanged"
    log = fixture / LOG
    log.write_bytes(b"".join(in_another_order(log.read_bytes().splitlines(keepends=True))))
    done = checking.check_offline(fixture)
    assert done.outcome == "not_comparable"
    assert "are not those that were written" in done.gates[0].message


def asked(number: int) -> Request:
    return Request(key(number), "loop", "m", (), {}, 0)


HOLDS = """
import sys, time
from pathlib import Path
from bias_harness.results import RunFolder, open_log
from bias_harness.vocabulary import Request, Response, Usage
with open_log(RunFolder(Path(sys.argv[1]))) as log:
    for n, key in enumerate(sys.argv[2:]):
        log.hold(Request(key, "loop", "m", (), {}, 0), 0.25 + n)
    log.append(Response(sys.argv[2], "loop", "x", "stop", None, Usage(1, 1, 0.125), "2026-01-01T00:00:00+00:00"))
    log.let_go(Request(sys.argv[3], "loop", "m", (), {}, 0))
    print("held", flush=True)
    time.sleep(60)
"""


def test_money_on_its_way_when_a_run_is_killed_stays_spent(tmp_path: Path) -> None:
    """Of four requests one was answered, one cost nothing, and two were on their way for 2.25 and 3.25 dollars."""
    keys = [key(n) for n in range(4)]
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path, *keys], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    found = opened(RunFolder(tmp_path))
    assert found.cost == 0.125 + 2.25 + 3.25
    assert [k in found.settled() for k in keys] == [True, False, False, False]
    assert opened(RunFolder(tmp_path)).cost == found.cost, "and is counted once"
    assert not (tmp_path / ".in-flight").exists()


def test_a_run_that_ends_leaves_nothing_on_its_way(tmp_path: Path) -> None:
    with open_log(RunFolder(tmp_path)) as log:
        for number in range(40):
            log.hold(asked(number), 0.5)
            log.hold(asked(number), 0.75)
        assert (tmp_path / ".in-flight").exists()
        for number in range(39):
            log.append(response(number))
        log.let_go(asked(39))
    assert not (tmp_path / ".in-flight").exists()


@pytest.mark.parametrize(
    "spoilt", [b"\x00" * 512, b'{"key":"x"}', b'{"key":"%s","endpoint":"loop","reserved":NaN}' % key(1).encode()]
)
def test_a_torn_slot_is_passed_over(tmp_path: Path, spoilt: bytes) -> None:
    good = b'{"key":"%s","endpoint":"loop","reserved":2.5}' % key(2).encode()
    (tmp_path / ".in-flight").write_bytes(spoilt.ljust(511) + b"\n" + good.ljust(511) + b"\n")
    assert opened(RunFolder(tmp_path)).cost == 2.5
