"""`kill -9` and other signals at random moments: every request is answered exactly once in the log; none is lost."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from asking import all_answered_once, ask, logged, requests
from conftest import SMALL
from loopback_server import Server, echo

from bias_harness.asking.interrupts import stopping_on_interrupt
from bias_harness.cli import main

COUNT, KILLS, AT_ONCE = 2_000, 20, 16


def child(folder: str, base_url: str) -> None:
    ask(Path(folder), base_url, COUNT, max_connections=AT_ONCE)


def questions_in(folder: Path) -> set[str]:
    """The questions that have a whole line in the log."""
    numbers = {r.key: r.messages[-1].content for r in requests(COUNT)}
    log = folder / "responses.jsonl"
    lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
    return {numbers[json.loads(line)["key"]] for line in lines if line.endswith(b"\n")}


@pytest.mark.slow
def test_nothing_is_lost_or_repeated_over_twenty_kills(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["asking", "openai", "bias_harness.asking.providers.openai_compatible"])
    rng = random.Random(11)
    known: set[str] = set()
    asked_again = 0
    with Server(lambda seen: [rng.random() * 0.02, *echo(seen)]) as server:
        for number in range(KILLS):
            begun, recorded = len(server.seen), questions_in(tmp_path)
            process = context.Process(target=child, args=(str(tmp_path), server.base_url))
            process.start()
            wanted = begun + rng.randrange(20, 2 * COUNT // KILLS - 20)
            while len(server.seen) < wanted and process.is_alive():
                time.sleep(rng.random() * 0.01)
            process.kill()
            process.join()
            questions = [seen.question for seen in server.seen[begun:]]
            assert not recorded & set(questions), "what was recorded is never asked again"
            repeated = known & set(questions)
            assert len(repeated) <= AT_ONCE * (number + 1) - asked_again, "more than was in flight at the kill"
            asked_again += len(repeated)
            known |= set(questions)
        ask(tmp_path, server.base_url, COUNT, max_connections=AT_ONCE)
        sent = Counter(seen.question for seen in server.seen)
    assert all_answered_once(tmp_path, COUNT)
    assert len(logged(tmp_path)) == len(sent) == COUNT
    assert sum(sent.values()) - COUNT <= AT_ONCE * KILLS


ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def command(workspace: str, said: str) -> None:
    """`bias-harness run` in this process, its words in a file."""
    os.chdir(workspace)
    for number in ENDING:  # where the tests themselves were started by nohup or in the background
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for number in (1, 2):
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["bias-harness", "run", "x.yaml", "--quiet", "--no-report"]
    main.main()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a Windows process cannot be sent these")
def test_nothing_is_lost_or_asked_twice_over_fifteen_signals(workspace: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["asking", "openai", "bias_harness.cli.main", "bias_harness.pipeline"])
    rng, log, words = random.Random(5), workspace / "results" / "small" / "responses.jsonl", workspace / "said.txt"
    with Server(lambda seen: [rng.random() * 0.1, *echo(seen)]) as server:
        text = SMALL.split("endpoints:")[0].replace("repeats: 2", "repeats: 20")
        ends = f"endpoints: [{{name: loop, base_url: '{server.base_url}', model: m, max_connections: 8}}]\n"
        (workspace / "x.yaml").write_text(text + ends)
        for number in range(15):
            process = context.Process(target=command, args=(str(workspace), str(words)))
            process.start()
            wanted = len(server.seen) + rng.randrange(5, 30)
            while len(server.seen) < wanted and process.is_alive():
                time.sleep(0.01)
            assert process.pid is not None
            os.kill(process.pid, ENDING[number % len(ENDING)])
            process.join(60)
            assert process.exitcode == 130, words.read_text()
            kept = [json.loads(line)["key"] for line in log.read_bytes().splitlines()]
            assert len(kept) == len(set(kept)) == len(server.seen), "what was in flight at the signal is waited for"
    assert len(kept) > 100
    assert "Traceback" not in words.read_text()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a closed terminal sends nothing here")
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_run_under_nohup_outlives_its_terminal(before: signal.Handlers) -> None:
    class Stoppable:
        stop = abort = asyncio.Event()

    async def heeded() -> bool:
        with stopping_on_interrupt(Stoppable()):
            return callable(signal.getsignal(signal.SIGHUP))

    kept = signal.signal(signal.SIGHUP, before)
    try:
        assert asyncio.run(heeded()) == (before is signal.SIG_DFL)
        assert signal.getsignal(signal.SIGHUP) is before
    finally:
        signal.signal(signal.SIGHUP, kept)
