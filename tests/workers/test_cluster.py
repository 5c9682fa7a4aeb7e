"""Work by a Dask cluster: a real scheduler and real workers, each a process that the test starts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pieces
import psutil
import pytest
from command_line import environment, type_in

from bias_harness.design.audit import load_audit
from bias_harness.errors import BiasHarnessError, InputError, UsageError
from bias_harness.planning.calibration import calibrate, simulated_of
from bias_harness.planning.conditions import CONDITIONS
from bias_harness.workers import Workers
from bias_harness.workers import cluster as room

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(
        find_spec("distributed") is None, reason="Dask is not installed: pip install 'bias_harness[cluster]'"
    ),
]
Start = Callable[[], subprocess.Popen[bytes]]


def begun(module: str, *words: str, folder: Path) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-P", "-m", f"distributed.cli.{module}", *words]
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=quiet, stderr=quiet)


@contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process and all that it started are gone afterwards."""
    try:
        yield process
    finally:
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        for one in family:
            one.kill()
        process.wait()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes long to start a worker."""
    monkeypatch.setattr(room, "SECONDS_TO_CONNECT", 120)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler without workers: its address, and its process."""
    known = tmp_path / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(known))
    with ending(begun("dask_scheduler", *words, folder=tmp_path)) as process:
        yield address_in(known), process


def address_in(known: Path) -> str:
    import json

    for _ in range(600):
        if known.exists() and (text := known.read_text()):
            return str(json.loads(text)["address"])
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")


@contextmanager
def workers_at(address: str, folder: Path, count: int = 2) -> Iterator[None]:
    """So many workers, each with a nanny that starts it again where it is killed."""
    words = (address, "--nworkers", str(count), "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
    with ending(begun("dask_worker", *words, folder=folder)):
        yield


def test_a_cluster_comes_to_the_same_as_this_process(scheduler: tuple[str, object], tmp_path: Path) -> None:
    address, _ = scheduler
    of = simulated_of(load_audit("quickstart"))
    alone = calibrate(of, conditions=CONDITIONS[:1], runs=30, gaps=())
    with workers_at(address, tmp_path):
        there = Workers(cluster=address)
        assert calibrate(of, conditions=CONDITIONS[:1], runs=30, gaps=(), workers=there) == alone
        found = list(there.each(pieces.powered, 3, range(40)))
        assert [result for result, _ in found] == [base**3 for base in range(40)]
        assert len({pid for _, pid in found}) == 2
        with pytest.raises(InputError, match="piece 1"):
            list(there.each(pieces.refused, None, range(4)))


def test_a_piece_whose_worker_is_killed_is_done_again(scheduler: tuple[str, object], tmp_path: Path) -> None:
    """What all pieces share goes with the only worker, and comes back with the next one."""
    address, _ = scheduler
    with workers_at(address, tmp_path, count=1):
        there = Workers(cluster=address)
        assert list(there.each(pieces.killed_once, tmp_path, range(12))) == [10 * n for n in range(12)]
        assert (tmp_path / "killed").exists()
        with pytest.raises(BiasHarnessError, match="every worker that was given the same piece of work was killed"):
            list(there.each(pieces.killed_always, None, range(8)))


def test_a_scheduler_that_goes_away_is_told(scheduler: tuple[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    address, process = scheduler
    with workers_at(address, tmp_path):
        results = Workers(cluster=address).each(pieces.slow, 0.2, range(1_000))
        next(results)
        process.kill()
        with pytest.raises(BiasHarnessError, match="connection to the scheduler was lost"):
            list(results)


def test_other_versions_do_no_work(
    scheduler: tuple[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _ = scheduler
    monkeypatch.setattr(room, "installed", lambda: "numpy 0.1")
    with (
        workers_at(address, tmp_path),
        pytest.raises(UsageError, match=r"another installation \(bias_harness .*\) than this command \(numpy 0.1\)"),
    ):
        list(Workers(cluster=address).each(pieces.powered, 3, range(4)))


def test_no_scheduler_or_no_worker_is_told(
    scheduler: tuple[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _ = scheduler
    monkeypatch.setattr(room, "SECONDS_TO_CONNECT", 1)
    with pytest.raises(UsageError, match=r"the scheduler has no workers; start some: dask worker tcp://127"):
        list(Workers(cluster=address).each(pieces.powered, 3, range(4)))
    for wrong in ("tcp://127.0.0.1:1", "nonsense://x"):
        done = type_in("plan", "quickstart", "--simulate", "--cluster", wrong, cwd=tmp_path)
        assert done.returncode == 2
        assert f"--cluster {wrong}: no scheduler answers there" in done.stderr
