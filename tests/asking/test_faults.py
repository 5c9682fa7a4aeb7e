"""Each way in which an endpoint can go wrong, against a real server on loopback: nothing lost, nothing mispaired."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from asking import KEY, all_answered_once, ask, ask_all, endpoint, logged, mispaired, request, requests, work
from cases import kept
from command_line import in_a_process, started
from conftest import SMALL
from loopback_server import CUT, HANG, Seen, Server, completion, echo, error, reply

from bias_harness.asking import in_loop, lane


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same backoff, fifty times faster."""
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(lane, "LONGEST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(lane, "JITTER_SECONDS", 0.01)


def now_and_then(share: float, fault):
    """Answers, but for a share of the arrivals, always the same ones."""

    def behave(seen: Seen):
        chance = int.from_bytes(hashlib.sha256(f"{seen.number}".encode()).digest()[:4], "big") / 2**32
        return fault(seen) if chance < share else echo(seen)

    return behave


FAULTS = {
    "429 without Retry-After": (0.2, lambda _: [error(429, "slow down")]),
    "429 with Retry-After": (0.2, lambda _: [error(429, "slow down", retry_after_ms="20")]),
    "500": (0.05, lambda _: [error(500)]),
    "cut before the answer": (0.1, lambda _: [CUT]),
    "cut in the middle": (0.1, lambda seen: [echo(seen)[0][:150], CUT]),
    "malformed JSON": (0.1, lambda _: [reply(b'{"choices": [{"mess')]),
    "no choices": (0.1, lambda _: [reply(b'{"choices": []}')]),
    "JSON of another kind": (0.1, lambda _: [reply(b'[1, "two"]')]),
    "an error wrapped in 200": (0.1, lambda _: [reply(b'{"error": {"code": 429, "message": "upstream busy"}}')]),
    "HTML with 200": (0.1, lambda _: [reply(b"<html><h1>Welcome</h1></html>", content_type="text/html")]),
    "HTML with 502": (0.1, lambda _: [reply(b"<html><h1>Bad gateway</h1></html>", 502, content_type="text/html")]),
    "a length too long": (0.1, lambda seen: [reply(completion(seen.question), length=5_000), CUT]),
    "a length too short": (0.1, lambda seen: [reply(completion(f"answer to {seen.question}"), length=40)]),
}


@pytest.mark.parametrize(
    "fault",
    kept(
        [
            "429 with Retry-After",
            "cut in the middle",
            "malformed JSON",
            "an error wrapped in 200",
            "a length too short",
        ],
        FAULTS,
    ),
)
def test_every_question_is_answered_once_in_spite_of(fault: str, tmp_path: Path) -> None:
    count = 200
    with Server(now_and_then(*FAULTS[fault])) as server:
        tally = ask(tmp_path, server.base_url, count, max_attempts=8)
    assert tally.stopped is None
    assert all_answered_once(tmp_path, count)
    assert tally.retried > 0
    assert len(server.seen) == count + tally.retried


def test_a_thousand_shuffled_answers_find_their_questions(tmp_path: Path) -> None:
    rng = random.Random(5)
    with Server(lambda seen: [rng.random() * 0.03, *echo(seen)]) as server:
        ask(tmp_path, server.base_url, 1_000, max_connections=64)
    assert server.most_in_flight > 32
    assert all_answered_once(tmp_path, 1_000)


def test_a_slow_trickle_is_read_to_its_end(tmp_path: Path) -> None:
    def drip(seen: Seen):
        whole = echo(seen)[0]
        return [part for i in range(0, len(whole), 20) for part in (whole[i : i + 20], 0.005)]

    with Server(drip) as server:
        ask(tmp_path, server.base_url, 30)
    assert all_answered_once(tmp_path, 30)


def test_a_trickle_that_never_ends_is_cut_off_by_the_timeout(tmp_path: Path) -> None:
    def drip(seen: Seen):
        return [part for byte in echo(seen)[0] for part in (bytes([byte]), 0.05)]

    begun = time.monotonic()
    with Server(drip) as server:
        tally = ask(tmp_path, server.base_url, 4, timeout_seconds=0.3, max_attempts=2)
    assert time.monotonic() - begun < 5
    assert "no answer within 0.3 seconds" in (tally.stopped or "")


def test_a_ten_megabyte_answer_is_an_answer(tmp_path: Path) -> None:
    with Server(lambda _: [reply(completion("€ 65.000 " * 1_200_000))]) as server:
        ask(tmp_path, server.base_url, 2)
    assert [len(line["text"]) for line in logged(tmp_path)] == [10_800_000] * 2


def test_an_endless_answer_is_given_up(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"F4240\r\n" + b"x" * 1_000_000 + b"\r\n"
    with Server(lambda _: [head, *[chunk] * 60]) as server:
        tally = ask(tmp_path, server.base_url, 3, max_attempts=1)
    assert "more than 32,000,000 bytes" in (tally.stopped or "")


def test_an_endpoint_that_dies_half_way_and_comes_back(tmp_path: Path) -> None:
    with Server(lambda seen: [0.002, *echo(seen)]) as server:

        def outage() -> None:
            while len(server.seen) < 150:
                time.sleep(0.005)
            server.down()
            time.sleep(0.4)
            server.up()

        thread = threading.Thread(target=outage)
        thread.start()
        tally = ask(tmp_path, server.base_url, 400, max_attempts=10)
        thread.join()
    assert tally.stopped is None
    assert tally.retried > 0
    assert all_answered_once(tmp_path, 400)


def test_an_endpoint_that_never_answers_is_given_up_in_one_sentence(tmp_path: Path) -> None:
    with Server(lambda _: [HANG]) as server:
        tally = ask(tmp_path, server.base_url, 500, timeout_seconds=0.2, max_attempts=2)
    assert "requests in a row failed" in (tally.stopped or "")
    assert "no answer within 0.2 seconds" in (tally.stopped or "")
    assert len(server.seen) < 50


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    tally = ask(tmp_path, "http://127.0.0.1:9/v1", 100, max_attempts=2)
    assert "127.0.0.1:9 cannot be reached" in (tally.stopped or "")


def test_ipv6_loopback(tmp_path: Path) -> None:
    with Server(host="::1") as server:
        ask(tmp_path, server.base_url, 20)
    assert all_answered_once(tmp_path, 20)


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (401, "Incorrect API key provided: " + KEY, "Incorrect API key provided: [key]"),
        (404, "The model `m` does not exist", "does not exist"),
        (400, "Unsupported parameter: 'max_tokens'", "Unsupported parameter"),
    ],
)
def test_a_fatal_answer_stops_the_endpoint_at_once(tmp_path: Path, status: int, message: str, said: str) -> None:
    with Server(lambda _: [error(status, message)]) as server:
        tally = ask(tmp_path, server.base_url, 500, max_connections=8)
    assert said in (tally.stopped or "")
    assert len(server.seen) <= 8
    assert logged(tmp_path) == []


def test_a_used_up_quota_stops_its_endpoint_and_no_other(tmp_path: Path) -> None:
    def poor(seen: Seen):
        return echo(seen) if seen.number < 5 else [error(429, "You exceeded your current quota, check your billing")]

    async def both(one: Server, two: Server) -> tuple[str | None, str | None]:
        works = [
            work(endpoint(one.base_url, "poor", max_connections=2), requests(100, "poor")),
            work(endpoint(two.base_url, "rich"), requests(100, "rich")),
        ]
        await ask_all(tmp_path, works)
        return works[0].tally.stopped, works[1].tally.stopped

    with Server(poor) as one, Server() as two:
        stopped = in_loop(both(one, two))
    assert "exceeded your current quota" in (stopped[0] or "")
    assert stopped[1] is None
    assert Counter(line["endpoint"] for line in logged(tmp_path)) == {"poor": 5, "rich": 100}


def test_a_slow_endpoint_does_not_hold_back_another(tmp_path: Path) -> None:
    async def both(slow: Server, quick: Server) -> None:
        works = [
            work(endpoint(slow.base_url, "slow", max_connections=2), requests(4, "slow")),
            work(endpoint(quick.base_url, "quick"), requests(200, "quick")),
        ]
        await ask_all(tmp_path, works)

    with Server(lambda seen: [0.4, *echo(seen)]) as slow, Server() as quick:
        in_loop(both(slow, quick))
        last_quick, first_slow = quick.seen[-1].at, slow.seen[0].at
    assert last_quick - first_slow < 0.8
    names = [line["endpoint"] for line in logged(tmp_path)]
    assert names.count("slow") == 4
    assert names.index("slow") > 50


def test_an_error_budget_stops_a_run_that_is_going_nowhere(tmp_path: Path) -> None:
    with Server(lambda seen: echo(seen) if seen.number % 3 == 0 else [error(500, "broken")]) as server:
        tally = ask(tmp_path, server.base_url, 2_000, max_attempts=1, share=0.4)
    assert "requests failed, the last with: HTTP 500: broken" in (tally.stopped or "")
    assert len(server.seen) < 100


def test_filtered_and_truncated_answers_are_kept_as_such(tmp_path: Path) -> None:
    def behave(seen: Seen):
        if seen.question == "question 0":
            return [error(400, "The response was filtered: content_filter")]
        if seen.question == "question 1":
            return [reply(completion("", finish_reason="content_filter"))]
        return [reply(completion("about 6", finish_reason="length"))]

    with Server(behave) as server:
        tally = ask(tmp_path, server.base_url, 3, max_connections=1)
        assert tally.stopped is None
        ask(tmp_path, server.base_url, 3)
    kept = sorted((line["finish_reason"], line["text"], bool(line["error"])) for line in logged(tmp_path)[1:])
    assert kept == [("content_filter", "", False), ("length", "about 6", False)]
    assert logged(tmp_path)[0]["error"]["kind"] == "content"
    assert len(server.seen) == 3


def test_half_a_surrogate_pair_in_an_answer_is_no_reason_to_lose_it(tmp_path: Path) -> None:
    body = completion("?").replace(b'"?"', rb'"65.000 \ud83d"')
    with Server(lambda _: [reply(body)]) as server:
        tally = ask(tmp_path, server.base_url, 1, max_attempts=1)
    assert tally.stopped is None
    assert logged(tmp_path)[0]["text"].startswith("65.000 ")


def test_a_full_disk_stops_the_run_and_says_so_and_keeps_what_was_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, reserve = os.write, tmp_path / ".reserve"

    def little_room(handle: int, data: bytes) -> int:
        if reserve.exists() and len(logged(tmp_path)) >= 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    monkeypatch.setattr("bias_harness.results.log.os.write", little_room)
    with Server() as server, pytest.raises(OSError, match=r"No space left"):
        ask(tmp_path, server.base_url, 500, max_connections=8)
    assert 20 < len(logged(tmp_path)) == len(server.seen) <= 20 + 8
    assert not mispaired(tmp_path, 500)


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with Server() as other, Server(lambda _: [error(307, location=other.base_url + "/chat/completions")]) as server:
        tally = ask(tmp_path, server.base_url, 10)
    assert other.seen == []
    assert "redirects are not followed" in (tally.stopped or "")


def test_the_key_is_sent_and_stays_out_of_everything_else(tmp_path: Path) -> None:
    said = f"the header Authorization: Bearer {KEY} is odd"
    with Server(lambda seen: [error(500, said)] if seen.number % 2 else echo(seen)) as server:
        tally = ask(tmp_path, server.base_url, 40, max_attempts=1, share=0.9)
        assert all(seen.headers["authorization"] == f"Bearer {KEY}" for seen in server.seen)
    assert KEY not in repr(tally)
    assert any(line["error"] for line in logged(tmp_path))
    for path in tmp_path.rglob("*"):
        assert KEY.encode() not in path.read_bytes()


@pytest.mark.slow
def test_no_key_in_anything_that_a_run_writes_or_says(workspace: Path, capfd: pytest.CaptureFixture) -> None:
    from bias_harness import pipeline

    text = SMALL.split("endpoints:")[0].replace("repeats: 2", "repeats: 1")
    said = f"odd header Authorization: Bearer {KEY}"
    (workspace / ".env").write_text(f"LOOP_KEY={KEY}\n")
    with Server(lambda seen: [error(500, said)] if seen.number % 3 == 0 else echo(seen)) as server:
        entry = f"{{name: loop, base_url: '{server.base_url}', model: m, api_key_env: LOOP_KEY, max_attempts: 1}}"
        (workspace / "x.yaml").write_text(f"{text}max_error_share: 0.9\nendpoints: [{entry}]\n")
        pipeline.run(pipeline.load_experiment(workspace / "x.yaml"))
        server.behave = lambda _: [error(401, said)]
        refused = in_a_process("run", "x.yaml", "--name", "again", cwd=workspace)
    assert all(seen.headers["authorization"] == f"Bearer {KEY}" for seen in server.seen)
    assert "Bearer [key]" in refused.stderr
    assert "odd header" in (workspace / "results" / "small" / "responses.jsonl").read_text()
    for output in (*capfd.readouterr(), refused.stdout, refused.stderr):
        assert KEY not in output
        assert "Traceback" not in output
    for path in (workspace / "results").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_the_seed_is_sent_and_recorded_unless_the_endpoint_takes_none(tmp_path: Path) -> None:
    with Server() as server:
        ask(tmp_path / "a", server.base_url, 1)
        ask(tmp_path / "b", server.base_url, 1, send_seed=False)
    assert [seen.body.get("seed") for seen in server.seen] == [7, None]
    assert [logged(tmp_path / d)[0]["seed"] for d in "ab"] == [7, None]
    assert "repeat" not in server.seen[0].body


def test_the_wire_format_is_the_clients_own(tmp_path: Path) -> None:
    with Server() as server:
        ask(tmp_path, server.base_url, 1)
    (seen,) = server.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"].startswith("AsyncOpenAI/")
    assert seen.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "question 0"}],
        "max_tokens": 20,
        "seed": 7,
    }


def test_two_trials_with_one_key_are_asked_once(tmp_path: Path) -> None:
    async def twice(server: Server) -> int:
        doing = work(endpoint(server.base_url), [request(1), request(1), request(2)])
        await ask_all(tmp_path, [doing])
        return doing.tally.already

    with Server() as server:
        assert in_loop(twice(server)) == 1
    assert len(server.seen) == len(logged(tmp_path)) == 2


def test_failed_requests_are_asked_again_by_the_same_command(tmp_path: Path) -> None:
    with Server(lambda seen: [error(500)] if seen.question.endswith("3") else echo(seen)) as server:
        tally = ask(tmp_path, server.base_url, 30, max_attempts=1)
        assert tally.failed == 3
        server.behave = echo
        tally = ask(tmp_path, server.base_url, 30)
    assert (tally.already, tally.answered) == (27, 3)
    assert not mispaired(tmp_path, 30)


def test_chosen_keys_are_asked_again(tmp_path: Path) -> None:
    from bias_harness.results import KeySet

    with Server() as server:
        ask(tmp_path, server.base_url, 10)
        tally = ask(tmp_path, server.base_url, 10, again=KeySet([request(4).key]))
    assert (tally.already, tally.answered) == (9, 1)
    assert server.seen[-1].question == "question 4"


def test_a_stop_drains_what_is_in_flight_and_wakes_those_who_wait(tmp_path: Path) -> None:
    def behave(seen: Seen):
        if seen.number in (8, 9, 10):
            return [error(429, retry_after="30")]
        return [0.15, *echo(seen)] if seen.number < 12 else [0.15, error(500)]

    async def stopped(server: Server) -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(
            ask_all(tmp_path, [work(endpoint(server.base_url, max_connections=8), requests(1_000))], stop=stop)
        )
        await server.has_seen(16)
        stop.set()
        begun = time.monotonic()
        await running
        return time.monotonic() - begun

    with Server(behave) as server:
        assert in_loop(stopped(server)) < 1.5
    assert len(logged(tmp_path)) == 9
    assert not any(line["error"] for line in logged(tmp_path)), "what was not tried to the end has not failed"
    assert not mispaired(tmp_path, 1_000)


def test_a_second_stop_ends_at_once_and_keeps_what_was_answered(tmp_path: Path) -> None:
    async def aborted(server: Server) -> float:
        stop, abort = asyncio.Event(), asyncio.Event()
        asked = work(endpoint(server.base_url), requests(100))
        running = asyncio.create_task(ask_all(tmp_path, [asked], stop=stop, abort=abort))
        await server.has_seen(30)
        stop.set()
        await asyncio.sleep(0.05)
        assert not running.done()
        begun = time.monotonic()
        abort.set()
        await running
        return time.monotonic() - begun

    with Server(lambda seen: echo(seen) if seen.number < 20 else [HANG]) as server:
        assert in_loop(aborted(server)) < 1
    assert len(logged(tmp_path)) == 20


@pytest.mark.slow
def test_two_interrupts_end_the_command_without_a_traceback(workspace: Path) -> None:
    text = SMALL.split("endpoints:")[0]
    with Server(lambda seen: echo(seen) if seen.number < 5 else [HANG]) as server:
        (workspace / "x.yaml").write_text(
            text + f"endpoints: [{{name: loop, base_url: '{server.base_url}', model: m}}]\n"
        )
        process = started("run", "x.yaml", "--quiet", cwd=workspace)
        while len(server.seen) < 8:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Ctrl-C again stops at once" in said
    assert "nothing that was answered is lost" in said
    assert "Traceback" not in said
    assert len(logged(workspace / "results" / "small")) == 5
