"""Work is the same whoever does it, ends when it should, and is not lost with whoever did it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pieces
import psutil
import pytest
from command_line import environment

from bias_harness.errors import BiasHarnessError, InputError
from bias_harness.workers import HERE, Workers, cores, workers

TWO = Workers(2)
ENDS_IN = 60
"""Seconds; the work would take hours."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started after the first piece."""
    monkeypatch.setattr(workers, "SECONDS_TO_START", -1.0)


def test_results_come_in_order_from_several_processes(at_once: None) -> None:
    found = list(TWO.each(pieces.powered, 3, range(40)))
    assert [result for result, _ in found] == [base**3 for base in range(40)]
    by = {pid for _, pid in found}
    assert len(by) > 1
    assert found[0][1] == os.getpid()


def test_little_work_starts_no_process() -> None:
    for who in (HERE, TWO, Workers(8)):
        assert {pid for _, pid in who.each(pieces.powered, 2, range(1_000))} == {os.getpid()}


@pytest.mark.slow
def test_processes_start_only_where_what_is_left_pays_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SECONDS_TO_START", 0.2)
    few, many = (list(TWO.each(pieces.busy, 0.05, range(n))) for n in (5, 30))
    assert {pid for _, pid in few} == {os.getpid()}
    assert len({pid for _, pid in many}) > 1
    unknown = list(TWO.each(pieces.busy, 0.05, iter(range(8))))
    assert len({pid for _, pid in unknown}) > 1


def test_no_pieces_are_no_results(at_once: None) -> None:
    assert list(TWO.each(pieces.powered, 2, [])) == []


def test_pieces_are_taken_only_a_little_ahead(at_once: None) -> None:
    taken = []
    results = TWO.each(pieces.powered, 1, (taken.append(n) or n for n in range(10_000)))
    for _ in range(5):
        next(results)
    assert len(taken) < 20
    results.close()


def test_a_piece_whose_worker_is_killed_is_done_again(at_once: None, tmp_path: Path) -> None:
    assert list(TWO.each(pieces.killed_once, tmp_path, range(12))) == [10 * n for n in range(12)]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_piece_that_kills_every_worker_ends_in_a_sentence(at_once: None) -> None:
    found = TWO.each(pieces.killed_always, None, range(8))
    with pytest.raises(BiasHarnessError, match=r"killed 3 times over the same piece of work.*--workers 1"):
        list(found)


def test_what_a_piece_raises_is_raised_here(at_once: None) -> None:
    for who in (HERE, TWO):
        with pytest.raises(InputError, match="piece 1"):
            list(who.each(pieces.refused, None, range(4)))


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


SCRIPT = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
import pieces
from bias_harness.workers import Workers, workers
workers.SECONDS_TO_START = -1.0
if __name__ == "__main__":
    for place, found in enumerate(Workers(2).each(pieces.{name}, {shared}, range(400))):
        print(found, flush=True)
"""


def begun(folder: Path, name: str, shared: str) -> subprocess.Popen[str]:
    """A script that has its workers do something; it has printed some results."""
    (folder / "script.py").write_text(SCRIPT.format(name=name, shared=shared))
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", str(folder / "script.py")]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    for _ in range(6):
        assert process.stdout.readline()
    return process


def ended(children: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(children, timeout=ENDS_IN)[1]


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_whoever_started_them(tmp_path: Path, end: signal.Signals) -> None:
    process = begun(tmp_path, "stuck", "None")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.send_signal(end)
    process.communicate(timeout=ENDS_IN)
    assert process.returncode != 0
    assert ended(children)


def test_no_worker_imports_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("")
    (tmp_path / "socket.py").write_text("raise SystemExit('a module of the working folder was run')")
    process = begun(tmp_path, "imported", "None")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert str(tmp_path) not in out
