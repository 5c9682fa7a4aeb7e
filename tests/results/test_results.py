"""The run folder: what was answered stays, what is torn is mended, what is derived is never stale."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import edit_rows

from bias_harness.design.audit import load_audit
from bias_harness.errors import RunFolderError
from bias_harness.results import (
    EndpointTotals,
    KeySet,
    Manifest,
    RunFolder,
    Totals,
    dump_line,
    find_run,
    merge,
    open_log,
    runs_in,
    write_whole,
)
from bias_harness.results.table import read_table
from bias_harness.vocabulary import Failure, Response, Usage

LOOP = {"name": "loop", "base_url": "http://127.0.0.1:9", "model": "m"}
EXPERIMENT = load_audit("quickstart", {"experiment": "one", "endpoints": [LOOP], "outcome": {}}).to_yaml()


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def response(number: int, text: str | None = "€ 65.000", *, at: int = 0, **changes) -> Response:
    failure = Failure("transient", "broken", 500) if text is None else None
    usage = Usage(10, 5, 0.01) if text is not None else None
    asked_at = f"2026-01-01T00:00:{at:02d}.000000+00:00"
    return Response(key(number), "loop", text, "stop", "served-1", usage, asked_at, failure, **changes)


def written(path: Path, *responses: Response) -> RunFolder:
    folder = RunFolder(path)
    with open_log(folder) as log:
        for each in responses:
            log.append(each)
    if not (path / "experiment.yaml").exists():
        folder.write("experiment.yaml", EXPERIMENT)
    return folder


def found(folder: RunFolder):
    with open_log(folder) as log:
        return log.found


def test_what_was_appended_is_read_back_as_it_was(tmp_path: Path) -> None:
    told = [
        response(1, 'quotes " and \\ and \n and \u2028 and 🙂'),
        response(2, ""),
        response(3, None, attempts=4, seed=9),
    ]
    assert list(written(tmp_path, *told).responses()) == told


def test_a_line_is_on_disk_before_append_returns(tmp_path: Path) -> None:
    with open_log(RunFolder(tmp_path)) as log:
        log.append(response(1))
        assert (tmp_path / "responses.jsonl").read_bytes() == dump_line(response(1))


def test_the_latest_answer_counts_and_an_error_never_hides_one(tmp_path: Path) -> None:
    folder = written(
        tmp_path, response(1, "first"), response(1, "second"), response(1, None), response(2, None), response(2, "late")
    )
    assert {k: r.text for k, r in folder.latest().items()} == {key(1): "second", key(2): "late"}
    table = read_table(folder).to_pydict()
    assert dict(zip(table["key"], table["text"], strict=True)) == {key(1): "second", key(2): "late"}
    counts = found(folder).endpoints["loop"]
    assert (counts.answered, counts.failed) == (2, 0)
    assert counts.cost == pytest.approx(0.03), "what was paid twice was paid twice"


def test_failures_are_open_and_filtered_requests_are_settled(tmp_path: Path) -> None:
    filtered = Response(key(3), "loop", None, "content_filter", None, None, "", Failure("content", "no", 400))
    there = found(written(tmp_path, response(1), response(2, None), filtered))
    assert [key(n) in there.settled() for n in (1, 2, 3)] == [True, False, True]
    assert [key(n) in there.settled(retried=True) for n in (1, 2, 3)] == [True, False, False]


@pytest.mark.parametrize("cut", [1, 2, 30, 150])
def test_a_torn_last_line_is_set_aside(tmp_path: Path, cut: int) -> None:
    folder = written(tmp_path, response(1), response(2))
    log = folder.logs[0]
    whole = log.read_bytes()
    log.write_bytes(whole[:-cut])
    assert [r.key for r in folder.responses()] == [key(1)] + [key(2)] * (cut == 1)
    there = found(folder)
    if cut == 1:
        assert log.read_bytes() == whole
        assert there.set_aside == []
    else:
        assert log.read_bytes() == dump_line(response(1))
        assert "torn" in there.set_aside[0]
        assert (tmp_path / "unreadable.responses.txt").read_bytes() == whole[len(dump_line(response(1))) : -cut] + b"\n"


@pytest.mark.parametrize(
    "bad", [b"garbage\n", b"\n", b'{"key": "short", "error": null}\n', b"\x00" * 64 + b"\n", b"[]\n"]
)
def test_a_bad_line_in_the_middle_is_named_kept_aside_and_asked_again(tmp_path: Path, bad: bytes) -> None:
    folder = written(tmp_path, response(1), response(2))
    log = folder.logs[0]
    log.write_bytes(dump_line(response(1)) + bad + dump_line(response(2)))
    with pytest.raises(RunFolderError, match=r"responses\.jsonl, line 2 is not a response"):
        list(folder.responses())
    with pytest.raises(RunFolderError, match=r"responses\.jsonl, line 2 is not a response"):
        read_table(folder)
    there = found(folder)
    assert "line 2 was not a response" in there.set_aside[0]
    assert (tmp_path / "unreadable.responses.txt").read_bytes() == bad
    assert [r.key for r in folder.responses()] == [key(1), key(2)]


def test_a_second_process_is_refused_and_a_dead_ones_lock_is_not_honoured(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from bias_harness.results import RunFolder, open_log\n"
        f"with open_log(RunFolder(Path({str(tmp_path)!r}))):\n"
        "    print('locked', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(RunFolderError, match="in use by another process"), open_log(RunFolder(tmp_path)):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with open_log(RunFolder(tmp_path)) as log:
        log.append(response(1))
    assert not (tmp_path / ".reserve").exists()


def test_a_full_disk_still_takes_what_is_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, room = os.write, [2]

    def little_room(handle: int, data: bytes) -> int:
        if (tmp_path / ".reserve").exists() and not room[0]:
            write(handle, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room[0] -= bool(room[0])
        return write(handle, data)

    with open_log(RunFolder(tmp_path)) as log:
        monkeypatch.setattr("bias_harness.results.log.os.write", little_room)
        for number in range(5):
            log.append(response(number))
            assert (log.trouble is not None) == (number >= 2)
    assert [r.key for r in RunFolder(tmp_path).responses()] == [key(n) for n in range(5)]


def test_a_disk_without_any_room_says_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_log(RunFolder(tmp_path)) as log:
        log.append(response(1))
        monkeypatch.setattr("bias_harness.results.log.os.write", no_room)
        with pytest.raises(OSError, match=r"No space left.*responses\.jsonl"):
            log.append(response(2))
    assert [r.key for r in RunFolder(tmp_path).responses()] == [key(1)]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.json"
    write_whole(path, "old")

    def fails(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("bias_harness.results.folder.os.fsync", fails)
    with pytest.raises(OSError, match="full"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_table_is_of_the_log_as_it_stands(tmp_path: Path) -> None:
    folder = written(tmp_path, *(response(n, f"answer {n}") for n in range(50)))
    assert read_table(folder).num_rows == 50
    log = folder.logs[0]
    times = (log.stat().st_atime_ns, log.stat().st_mtime_ns)
    edit_rows(log, lambda row: row | {"text": row["text"].replace("answer 7", "ANSWER 7")})
    os.utime(log, ns=times)
    assert "ANSWER 7" in read_table(folder)["text"].to_pylist(), "same size, same time, other words"
    written(tmp_path, response(50))
    assert read_table(folder).num_rows == 51


def test_the_tables_columns_say_all_that_the_log_says(tmp_path: Path) -> None:
    folder = written(tmp_path, response(1, "x", seed=7, attempts=2), response(2, None))
    first, second = read_table(folder).to_pylist()
    assert first | {"key": ""} == {
        "key": "",
        "endpoint": "loop",
        "text": "x",
        "finish_reason": "stop",
        "served_model": "served-1",
        "input_tokens": 10,
        "output_tokens": 5,
        "cost": 0.01,
        "asked_at": "2026-01-01T00:00:00.000000+00:00",
        "error_kind": None,
        "error_message": None,
        "http_status": None,
        "seed": 7,
        "attempts": 2,
        "confirms": None,
    }
    assert (second["text"], second["error_kind"], second["http_status"]) == (None, "transient", 500)


def test_an_empty_run_is_an_empty_table(tmp_path: Path) -> None:
    assert read_table(written(tmp_path)).num_rows == 0


def test_parts_are_merged_into_one_run_and_again_changes_nothing(tmp_path: Path) -> None:
    one = written(tmp_path / "1", response(1), response(2, None), response(3, "from one"))
    two = written(tmp_path / "2", response(2, "late"), response(3, "from two"), response(4))
    for folder, time in ((one, "2026-01-02"), (two, "2026-01-01")):
        folder.write_manifest(
            Manifest(
                status="partial", started_at=time, endpoints={"loop": EndpointTotals("model", "openai_compatible")}
            )
        )
    whole = RunFolder(tmp_path / "whole")
    done = merge([one, two], whole)
    assert (done.added, done.twice) == (4, 1)
    assert {k: r.text for k, r in whole.latest().items()} == {
        key(1): "€ 65.000",
        key(2): "late",
        key(3): "from one",
        key(4): "€ 65.000",
    }
    manifest = whole.manifest()
    assert manifest.endpoints["loop"].in_all == Totals(4, 0, 40, 20, 0.04)
    assert (manifest.endpoints["loop"].nature, manifest.status) == ("model", "partial")
    assert manifest.started_at == "2026-01-01T00:00:00+00:00"
    before = whole.logs[0].read_bytes()
    again = merge([one, two], whole)
    assert (again.added, again.twice) == (0, 5)
    assert whole.logs[0].read_bytes() == before
    assert whole.manifest() == manifest


def test_parts_of_other_experiments_are_not_merged(tmp_path: Path) -> None:
    one, two = written(tmp_path / "1", response(1)), written(tmp_path / "2", response(2))
    two.write("experiment.yaml", EXPERIMENT.replace("experiment: one", "experiment: two", 1))
    with pytest.raises(RunFolderError, match="hold different experiments"):
        merge([one, two], RunFolder(tmp_path / "whole"))
    assert not (tmp_path / "whole").exists()


def test_a_merge_tells_of_conflicts_and_of_parts_without_answers(tmp_path: Path) -> None:
    one, two = written(tmp_path / "1", response(1), response(2)), written(tmp_path / "2", response(1, "other words"))
    empty = written(tmp_path / "3")
    done = merge([one, two, empty], RunFolder(tmp_path / "whole"))
    assert (done.added, done.twice, done.conflicts) == (2, 1, 1)
    assert done.faults == (f"{tmp_path / '3'} holds no answers at all",)
    again = merge([one, two], RunFolder(tmp_path / "whole"))
    assert (again.added, again.conflicts) == (0, 1)


def test_a_part_that_cannot_be_read_stops_a_merge_before_it_begins(tmp_path: Path) -> None:
    one, two = written(tmp_path / "1", response(1)), written(tmp_path / "2", response(2), response(3))
    with two.logs[0].open("r+b") as log:
        log.seek(5)
        log.write(b"x")
    with pytest.raises(RunFolderError, match=r"2/responses\.jsonl, line 1 is not a response"):
        merge([one, two], RunFolder(tmp_path / "whole"))
    assert not (tmp_path / "whole").exists()


def test_runs_are_found_by_name_and_by_folder(tmp_path: Path) -> None:
    folder = written(tmp_path / "results" / "one", response(1))
    assert runs_in(tmp_path / "results") == [folder]
    assert find_run("one", tmp_path / "results") == folder
    assert find_run(folder.path, tmp_path) == folder
    assert folder.manifest() == Manifest()


@given(st.lists(st.integers(0, 400)))
def test_a_key_set_is_a_set(numbers: list[int]) -> None:
    keys, real = KeySet(), set()
    for number in numbers:
        assert keys.add(key(number)) == (number not in real)
        real.add(number)
    assert len(keys) == len(real)
    assert all((key(n) in keys) == (n in real) for n in range(400))


def test_a_key_set_grows_and_unites(tmp_path: Path) -> None:
    many, more = KeySet(map(key, range(20_000))), KeySet(map(key, range(15_000, 30_000)))
    both = many | more
    assert len(both) == 30_000
    assert len(many) == 20_000
    assert all(key(n) in both for n in range(30_000))
    assert not any(key(n) in both for n in range(30_000, 40_000))
    assert key(29_999) not in many.copy()


def test_a_key_set_is_small() -> None:
    assert sys.getsizeof(KeySet(map(key, range(50_000)))._slots) <= 8 * 50_000 * 3


@pytest.mark.parametrize(
    ("number", "said"), [(errno.EWOULDBLOCK, "in use by another process"), (errno.ENOLCK, "keeps no locks")]
)
def test_a_disk_without_locks_is_told_from_a_folder_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def locked(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("bias_harness.results.locks.lock", locked)
    with pytest.raises(RunFolderError, match=said):
        written(tmp_path, response(1))
    monkeypatch.setenv("BIAS_HARNESS_UNLOCKED", "1")
    if number == errno.ENOLCK:
        assert [r.key for r in written(tmp_path, response(1)).responses()] == [key(1)]
    else:
        with pytest.raises(RunFolderError, match=said):
            written(tmp_path, response(1))


@pytest.mark.parametrize(
    "change",
    [
        {"usage": {"input_tokens": 8.5}},
        {"usage": {"cost": -1}},
        {"text": None},
        {"text": 7},
        {"key": "short"},
        {"error": {"kind": "odd", "message": ""}},
    ],
)
def test_what_heals_a_log_and_what_reads_it_agree(tmp_path: Path, change: dict) -> None:
    folder = written(tmp_path, response(1))
    bad = {**json.loads(dump_line(response(2))), **change}
    with (tmp_path / "responses.jsonl").open("ab") as file:
        file.write(json.dumps(bad).encode() + b"\n")
    with pytest.raises(RunFolderError, match="line 2 is not a response"):
        list(folder.responses())
    assert len(found(folder).set_aside) == 1
    assert [r.key for r in folder.responses()] == [key(1)]
