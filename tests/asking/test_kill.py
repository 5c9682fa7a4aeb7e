"""`kill -9` at twenty random moments: every request is answered exactly once in the log, and none is lost."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from asking import all_answered_once, ask, logged, requests
from loopback_server import Server, echo

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
