"""Limits are used and never overrun, money is set aside before it is spent, concurrency finds its level."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import pytest
from asking import all_answered_once, ask, ask_all, endpoint, logged, request, requests, work
from hypothesis import given
from hypothesis import strategies as st
from loopback_server import Seen, Server, echo, error, reply

from bias_harness.asking import Purse, in_loop, lane, price_of, rate_limits
from bias_harness.asking.concurrency import Gate
from bias_harness.asking.providers.waits import retry_after, seconds_of
from bias_harness.asking.rate_limits import Limits
from bias_harness.asking.tries import MOST_REFUSALS, Tries
from bias_harness.design.experiment import Endpoint, Price
from bias_harness.design.prices import MOST_OUTPUT_TOKENS, cost_of, most_tokens
from bias_harness.errors import InputError, QuotaError, TransientError

PRICE = {"input_per_million": 1_000, "output_per_million": 10_000}
"""Ten input and five output tokens, as the server counts them, cost six cents."""


def test_a_gate_opens_to_its_most_and_no_further() -> None:
    gate = Gate(64)
    for _ in range(200):
        gate.succeeded()
    assert gate.limit == 64


def test_a_gate_halves_when_all_is_refused_and_takes_a_tenth_off_for_one_in_five() -> None:
    gate = Gate(100)
    for _ in range(200):
        gate.succeeded()
    for _ in range(100):
        gate.refused()
    assert gate.limit == pytest.approx(50, abs=2)
    before = gate.limit
    for i in range(int(before)):
        gate.refused() if i % 5 == 0 else gate.succeeded()
    assert gate.limit == pytest.approx(0.9 * (before + 0.8), abs=1.5)


@given(st.lists(st.booleans(), max_size=400), st.integers(1, 40))
def test_a_gate_stays_between_one_and_its_most(outcomes: list[bool], most: int) -> None:
    gate = Gate(most)
    for good in outcomes:
        gate.succeeded() if good else gate.refused()
        assert 1 <= gate.limit <= most


def test_those_who_wait_at_a_gate_come_in_by_turns() -> None:
    async def scene() -> list[int]:
        gate, order = Gate(1), []

        async def visitor(number: int) -> None:
            await gate.enter()
            order.append(number)
            await asyncio.sleep(0)
            gate.leave()

        tasks = [asyncio.create_task(visitor(n)) for n in range(6)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.active == 0
        return order

    assert in_loop(scene()) == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("per_minute", [1, 2, 3, 60, 500, 10_000])
def test_no_minute_sees_more_than_the_limit_and_none_much_less(
    per_minute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(rate_limits.time, "monotonic", lambda: clock[0])
    bucket = Limits(Endpoint(name="a", requests_per_minute=per_minute)).requests
    due = []
    for _ in range(4 * per_minute):
        clock[0] += bucket.take(1)
        due.append(clock[0])
    busiest = max(bisect_left(due, begin + 60) - i for i, begin in enumerate(due))
    assert busiest <= per_minute
    assert due[-1] - due[0] <= 60 * 4.1


def test_requests_a_minute_are_kept_on_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        ask(tmp_path / "warm", server.base_url, 1)
        monkeypatch.setattr(rate_limits, "MINUTE", 1.0)
        ask(tmp_path, server.base_url, 90, requests_per_minute=60, max_connections=32)
        times = [seen.at for seen in server.seen[1:]]
    assert max(sum(begin <= t < begin + 0.95 for t in times) for begin in times) <= 61
    assert 1.3 < times[-1] - times[0] < 2.5


def test_tokens_a_minute_count_what_was_really_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MINUTE", 1.0)
    with Server() as server:
        begun = time.monotonic()
        ask(tmp_path, server.base_url, 100, tokens_per_minute=1_500, max_connections=8)
        took = time.monotonic() - begun
    assert 0.6 < took < 3, "100 answers of 15 tokens at 1,500 a (shortened) minute"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("12", 12),
        ("0.5", 0.5),
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("soon", None),
        ("", None),
    ],
)
def test_what_headers_say_about_waiting(value: str, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


def test_dates_and_epochs_are_understood_too() -> None:
    assert seconds_of(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30))) == pytest.approx(30, abs=1.5)
    assert seconds_of(str(int(time.time() + 30))) == pytest.approx(30, abs=1.5)
    assert seconds_of(str(int((time.time() + 30) * 1000))) == pytest.approx(30, abs=1.5)
    http_date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))
    assert retry_after({"retry-after": http_date}) == pytest.approx(30, abs=1.5)


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    with Server(lambda seen: echo(seen) if seen.number else [error(429, retry_after="1")]) as server:
        ask(tmp_path, server.base_url, 1)
        first, second = (seen.at for seen in server.seen)
    assert 1.0 <= second - first < 2.5
    assert logged(tmp_path)[0]["attempts"] == 2


def test_a_wait_of_an_hour_is_said_instead_of_waited(tmp_path: Path) -> None:
    with Server(lambda _: [error(429, "rate limit", retry_after="3600")]) as server:
        tally = ask(tmp_path, server.base_url, 100, max_connections=4)
    assert "asks to wait 60 minutes" in (tally.stopped or "")
    assert "run the same command again" in (tally.stopped or "")
    assert len(server.seen) <= 4


def test_a_used_up_rate_limit_in_the_headers_is_waited_for(tmp_path: Path) -> None:
    def behave(seen: Seen):
        left = (
            {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "400ms"} if seen.number == 9 else {}
        )
        return [reply(echo(seen)[0].split(b"\r\n\r\n", 1)[1], **left)]

    with Server(behave) as server:
        ask(tmp_path, server.base_url, 30, max_connections=1)
        times = [seen.at for seen in server.seen]
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps[9] >= 0.4
    assert max(gaps[:9] + gaps[10:]) < 0.3


def test_a_refusal_for_the_rate_is_no_attempt_but_is_bounded() -> None:
    tries = Tries(2)
    refusal = TransientError("slow down", http_status=429)
    assert all(tries.wait(refusal) for _ in range(MOST_REFUSALS - 1))
    assert tries.wait(refusal) is False
    tries = Tries(2)
    assert [tries.wait(TransientError("broken", http_status=500)) for _ in range(2)] == [True, False]
    assert tries.wait(TransientError("later", retry_after_seconds=2.0)) is not False


def test_one_retry_layer_asks_exactly_as_often_as_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(lane, "JITTER_SECONDS", 0.001)
    with Server(lambda _: [error(500)]) as server:
        tally = ask(tmp_path, server.base_url, 2, max_attempts=4, max_connections=1)
    assert len(server.seen) == 8
    assert (tally.failed, tally.retried) == (2, 6)


def test_a_budget_is_never_exceeded(tmp_path: Path) -> None:
    purse = Purse(2.0)
    with Server() as server:
        tally = ask(tmp_path, server.base_url, 200, price=PRICE, purse=purse, max_connections=16)
        assert "the budget of US$ 2.00 is used up" in (tally.stopped or "")
    assert tally.cost == pytest.approx(0.06 * len(logged(tmp_path)))
    assert 1.7 < purse.spent <= 2.0, "what is in flight was set aside beforehand, and then used"


def test_what_a_run_cost_before_counts_towards_its_budget(tmp_path: Path) -> None:
    with Server() as server:
        ask(tmp_path, server.base_url, 20, price=PRICE)
        from bias_harness.results import RunFolder, open_log

        with open_log(RunFolder(tmp_path)) as log:
            spent = log.found.cost
        assert spent == pytest.approx(20 * 0.06)
        tally = ask(tmp_path, server.base_url, 100, price=PRICE, purse=Purse(1.5, spent))
    assert tally.cost == pytest.approx(0.06 * tally.answered)
    assert spent + (tally.cost or 0) <= 1.5


def test_an_attempt_that_broke_off_may_have_been_billed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.001)
    from loopback_server import CUT

    purse, free = Purse(100.0), Purse(100.0)
    with Server(lambda seen: [CUT] if seen.number == 0 else echo(seen)) as server:
        ask(tmp_path / "a", server.base_url, 1, price=PRICE, purse=purse)
    with Server(lambda seen: [error(500)] if seen.number == 0 else echo(seen)) as server:
        ask(tmp_path / "b", server.base_url, 1, price=PRICE, purse=free)
    worst = cost_of(Price(**PRICE), *most_tokens(request(0)))
    assert purse.spent == pytest.approx(0.06 + worst)
    assert free.spent == pytest.approx(0.06)


def test_a_budget_needs_a_price(tmp_path: Path) -> None:
    with Server() as server, pytest.raises(InputError, match=r"no price is known for 'm'.*add price:"):
        ask(tmp_path, server.base_url, 5, purse=Purse(1.0))
    assert server.seen == []


def test_a_free_endpoint_goes_on_when_the_money_is_gone(tmp_path: Path) -> None:
    async def both(server: Server) -> tuple[str | None, str | None]:
        works = [
            work(endpoint(server.base_url, "paid", price=PRICE), requests(50, "paid")),
            work(endpoint(server.base_url, "free", price=dict.fromkeys(PRICE, 0)), requests(50, "free")),
        ]
        await ask_all(tmp_path, works, purse=Purse(0.5))
        return works[0].tally.stopped, works[1].tally.stopped

    with Server() as server:
        paid, free = in_loop(both(server))
    assert "budget" in (paid or "")
    assert free is None
    assert sum(line["endpoint"] == "free" for line in logged(tmp_path)) == 50


def test_a_purse_waits_for_what_is_in_flight() -> None:
    async def scene() -> float:
        purse = Purse(1.0)
        await purse.reserve(0.7)
        waiting = asyncio.create_task(purse.reserve(0.5))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        purse.settle(0.7, 0.1)
        await waiting
        purse.settle(0.5, 0.5)
        with pytest.raises(QuotaError, match=r"US\$ 0\.6000 spent"):
            await purse.reserve(0.5)
        return purse.spent

    assert in_loop(scene()) == pytest.approx(0.6)


def test_prices_come_from_the_experiment_then_the_list_then_nowhere() -> None:
    own = Endpoint(name="a", model="gpt-4o-mini", price=Price(input_per_million=1, output_per_million=2))
    listed, unknown = Endpoint(name="b", model="gpt-4o-mini"), Endpoint(name="c", model="nobody-knows-me-1")
    assert price_of(own) == Price(input_per_million=1, output_per_million=2)
    known = price_of(listed)
    assert known is not None
    assert 0 < known.input_per_million < known.output_per_million < 10
    assert price_of(unknown) is None
    assert price_of(Endpoint(name="d", provider="simulated")) == Price(input_per_million=0, output_per_million=0)


def test_the_most_a_request_can_take() -> None:
    assert most_tokens(request(3)) == (len("question 3") + 16, 20)
    without = request(3)
    object.__setattr__(without, "sampling", {})
    assert most_tokens(without)[1] == MOST_OUTPUT_TOKENS


def test_a_run_at_its_most_connections_keeps_them_busy(tmp_path: Path) -> None:
    with Server(lambda seen: [0.02, *echo(seen)]) as server:
        ask(tmp_path, server.base_url, 400, max_connections=40)
    assert server.most_in_flight == 40
    assert all_answered_once(tmp_path, 400)


def test_concurrency_settles_near_what_the_endpoint_can_bear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(lane, "JITTER_SECONDS", 0.02)
    monkeypatch.setattr(lane, "LONGEST_WAIT_SECONDS", 0.1)

    def at_most_six(_: Seen):
        return [0.01, error(429)] if server.in_flight > 6 else [0.01, *echo(_)]

    server = Server(at_most_six)
    with server:
        tally = ask(tmp_path, server.base_url, 400, max_connections=64)
    assert all_answered_once(tmp_path, 400)
    assert tally.at_once < 24
    assert tally.retried < 250, "64 at once would be refused ten times as often"


def test_a_provider_that_can_use_one_at_a_time_gets_one_at_a_time(tmp_path: Path) -> None:
    async def scene(server: Server) -> None:
        doing = work(endpoint(server.base_url, max_connections=16), requests(30))
        doing.provider.most_at_once = 1
        await ask_all(tmp_path, [doing])

    with Server(lambda seen: [0.002, *echo(seen)]) as server:
        in_loop(scene(server))
    assert server.most_in_flight == 1
