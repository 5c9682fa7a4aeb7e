"""Batches: nothing is asked twice and nothing is lost, whatever a provider does with them."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asking import KEY, all_answered_once, logged, mispaired, requests
from batch_server import ANSWER, BAD, NOTHING, OVERLOADED, REFUSE, BatchServer
from cases import first
from command_line import type_in

from bias_harness.asking import Purse, Runner, Tally, Work, in_loop, price_of
from bias_harness.asking.batches import creating, lane
from bias_harness.asking.batches.managing import forgotten
from bias_harness.asking.providers import Context, create
from bias_harness.design.endpoints import Endpoint, Price
from bias_harness.design.prices import cost_of, has_batch_price
from bias_harness.errors import BiasHarnessError, InputError, UsageError
from bias_harness.results import RunFolder, open_log
from bias_harness.results.batches import BatchBook, KeptBatch
from bias_harness.vocabulary import Request, Trial

COUNT = 40
PRICE = {"input_per_million": 1_000, "output_per_million": 10_000}
KINDS = ("openai_compatible", "anthropic")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(lane, "CROWDED_SECONDS", 0.01)
    monkeypatch.setattr(creating, "LOOK_SECONDS", 0.01)


@pytest.fixture
def server():
    with BatchServer() as there:
        yield there


class Again(list[Request]):
    """Requests that can be gone through again."""


def ask(
    folder: Path,
    server: BatchServer,
    count: int = COUNT,
    *,
    provider: str = "openai_compatible",
    batch: Any = True,
    key: str = KEY,
    purse: Purse | None = None,
    stopped_after: float | None = None,
    see: Callable[[Request, Any], str | None] = lambda _request, _response: None,
    asked: list[Request] | None = None,
    is_first: bool = False,
    **options: Any,
) -> Tally:
    """Ask so many questions in batches, as a run does. Returns the tally."""
    given = {"api_key_env": "LOOP_KEY", "model": "m", "timeout_seconds": 10, "max_attempts": 3, **options}
    base_url = server.base_url.removesuffix("/v1") if provider == "anthropic" else server.base_url
    endpoint = Endpoint(name="loop", provider=provider, base_url=base_url, batch=batch, **given)

    async def whole() -> Tally:
        run = RunFolder(folder)
        with open_log(run) as log:
            made = create(endpoint, Context({"LOOP_KEY": key}))
            wanted = Again(requests(count) if asked is None else asked)
            tally = Tally("loop", len(wanted))
            work = Work(endpoint, made, wanted, tally, price_of(endpoint), (KEY,), BatchBook(run), None, is_first)
            stop = asyncio.Event()
            runner = Runner(log, log.found.settled(), 0.5, stop, lambda _: None, purse or Purse(None, log.found.cost))
            runner.see = see
            if stopped_after is not None:
                asyncio.get_running_loop().call_later(stopped_after, stop.set)
            try:
                await runner.run([work])
            finally:
                await made.aclose()
            return tally

    return in_loop(whole())


def stages(folder: Path) -> list[str]:
    return [kept.stage for kept in BatchBook(RunFolder(folder)).all()]


@pytest.mark.parametrize("provider", KINDS)
def test_everything_is_asked_once_and_every_answer_is_its_own(
    tmp_path: Path, server: BatchServer, provider: str
) -> None:
    tally = ask(tmp_path, server, provider=provider, batch={"requests": 15})
    assert all_answered_once(tmp_path, COUNT)
    assert [len(made.items) for made in server.batches.values()] == [15, 15, 10]
    assert Counter(server.questions) == Counter(r.messages[-1].content for r in requests(COUNT))
    assert (tally.answered, tally.already, tally.stopped) == (COUNT, 0, None)
    assert stages(tmp_path) == ["collected"] * 3
    assert ask(tmp_path, server, provider=provider).already == COUNT
    assert len(server.batches) == 3


def test_the_server_is_one_that_the_official_client_can_use(tmp_path: Path, server: BatchServer) -> None:
    ask(tmp_path, server, batch={"requests": 20})
    import openai

    with openai.OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        listed = list(client.batches.list())
        assert [each.status for each in listed] == ["completed", "completed"]
        made = client.batches.retrieve(listed[0].id)
        assert made.request_counts is not None
        assert made.request_counts.completed == 20
        content = client.files.content(made.output_file_id or "").text
        assert len(content.splitlines()) == 20
        line = next(iter(server.files["file-0"][1].splitlines())) + b"\n"
        file = client.files.create(file=("one.jsonl", line), purpose="batch")
        again = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"bias": "x"}
        )
        assert again.metadata == {"bias": "x"}
        assert client.batches.cancel(again.id).id == again.id


def test_batches_of_the_responses_api_are_made_of_its_own_requests(tmp_path: Path, server: BatchServer) -> None:
    ask(tmp_path, server, api="responses")
    assert all_answered_once(tmp_path, COUNT)
    assert all("input" in body and body["store"] is False for body in server.asked)


@pytest.mark.parametrize(("before", "now"), [("chat", "responses"), ("responses", "chat")])
def test_a_batch_that_is_under_way_is_read_although_the_api_was_changed(
    tmp_path: Path, server: BatchServer, before: str, now: str
) -> None:
    server.ends_after = 10**9
    ask(tmp_path, server, api=before, stopped_after=0.5)
    server.ends_after = 0
    ask(tmp_path, server, api=now)
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.asked) == COUNT, "and nothing is asked, or paid, again"


@pytest.mark.parametrize("provider", KINDS)
def test_a_stop_leaves_it_running_and_another_day_collects(
    tmp_path: Path, server: BatchServer, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.ends_after = 10**6
    tally = ask(tmp_path, server, provider=provider, stopped_after=0.3)
    assert (tally.answered, tally.stopped) == (0, None)
    assert "The same command collects them" in caplog.text
    assert "--cancel" in caplog.text
    assert "batch_0" in caplog.text
    moved = tmp_path.with_name(f"another-machine-{provider}")
    tmp_path.rename(moved)
    server.ends_after = 0
    ask(moved, server, provider=provider)
    assert all_answered_once(moved, COUNT)
    assert len(server.questions) == COUNT
    assert len(server.batches) == 1


@pytest.mark.parametrize("provider", KINDS)
@pytest.mark.parametrize("lost", first(1, [1, 2]))
def test_a_creation_whose_answer_is_lost_is_found_and_not_made_again(
    tmp_path: Path, server: BatchServer, provider: str, lost: int
) -> None:
    server.lost_creates, server.ends_after = lost, 3
    ask(tmp_path, server, provider=provider, batch={"requests": 20})
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.batches) == 2
    assert len(server.questions) == COUNT


def test_two_that_may_be_ours_are_told_apart_by_their_results(tmp_path: Path, server: BatchServer) -> None:
    strangers = {f"other-{n}": {"messages": [{"role": "user", "content": f"other {n}"}]} for n in range(COUNT)}
    server.made(KEY, strangers, {}, "")
    server.lost_creates, server.ends_after = 1, 10**6
    tally = ask(tmp_path, server, provider="anthropic")
    assert "one of the batches batch_1, batch_0 may be ours" in (tally.stopped or "")
    assert stages(tmp_path) == ["intended"]
    server.ends_after = 0
    for made in server.batches.values():
        server.look_at(made)
    ask(tmp_path, server, provider="anthropic")
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.batches) == 2


def test_one_that_was_taken_for_ours_and_is_not_is_let_go(tmp_path: Path, server: BatchServer) -> None:
    strangers = {f"other-{n}": {"messages": [{"role": "user", "content": f"other {n}"}]} for n in range(COUNT)}
    server.made(KEY, strangers, {}, "")
    book = BatchBook(RunFolder(tmp_path))
    kept = KeptBatch("bhxyz", "loop", "127.0.0.1", "m", datetime.now(UTC).isoformat(), COUNT)
    book.begin(kept, [r.key for r in requests(COUNT)], [7] * COUNT)
    ask(tmp_path, server, provider="anthropic")
    assert stages(tmp_path) == ["rejected", "collected"]
    assert all_answered_once(tmp_path, COUNT)


@pytest.mark.parametrize("provider", KINDS)
def test_one_that_was_never_created_is_asked_anew(tmp_path: Path, server: BatchServer, provider: str) -> None:
    book = BatchBook(RunFolder(tmp_path))
    kept = KeptBatch("bhxyz", "loop", "127.0.0.1", "m", datetime.now(UTC).isoformat(), COUNT)
    book.begin(kept, [r.key for r in requests(COUNT)], [7] * COUNT)
    ask(tmp_path, server, provider=provider)
    assert all_answered_once(tmp_path, COUNT)
    assert stages(tmp_path) == ["collected"]
    assert len(server.batches) == 1


def test_without_metadata_it_is_known_by_its_file(tmp_path: Path, server: BatchServer) -> None:
    server.with_metadata, server.lost_creates = False, 1
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.batches) == 1


def test_what_the_provider_was_too_busy_for_is_created_later(tmp_path: Path, server: BatchServer) -> None:
    server.busy = 2
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.batches) == 1


@pytest.mark.parametrize("final", first(1, ["expired", "cancelled", "failed"]))
@pytest.mark.parametrize("provider", KINDS)
def test_what_a_batch_did_not_come_to_is_asked_again_and_the_rest_is_kept(
    tmp_path: Path, server: BatchServer, provider: str, final: str
) -> None:
    if final == "failed" and provider == "anthropic":
        pytest.skip("there a batch only ends")
    server.final, server.reached = final, 25
    server.fate = lambda body: ANSWER
    done: list[str] = []

    def see(_request: Request, _response: Any) -> None:
        done.append("x")
        if len(done) == 25:
            server.final, server.reached = "completed", None

    tally = ask(tmp_path, server, provider=provider, see=see)
    assert tally.under_way == ""
    if final == "cancelled":
        assert tally.answered == 25
        if provider == "openai_compatible":
            assert "was cancelled" in (tally.stopped or "")
        server.final, server.reached = "completed", None
        ask(tmp_path, server, provider=provider)
    assert all_answered_once(tmp_path, COUNT)
    assert Counter(server.questions).most_common()[15][1] == 1, "only the fifteen were asked twice"
    assert len(server.questions) == COUNT + 15


def test_a_completed_batch_may_hold_no_answer(tmp_path: Path, server: BatchServer) -> None:
    server.fate = lambda _body: OVERLOADED
    tally = ask(tmp_path, server)
    assert "none of 40 requests of the batch batch_0 was answered" in (tally.stopped or "")
    assert len(server.batches) == 1, "it is not tried again at once"
    assert logged(tmp_path) == []
    server.fate = lambda _body: ANSWER
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)


def test_one_bad_line_spoils_no_other(tmp_path: Path, server: BatchServer) -> None:
    server.fate = lambda body: BAD if body["messages"][-1]["content"] == "question 7" else ANSWER
    tally = ask(tmp_path, server)
    assert tally.answered == COUNT - 1
    assert "sampling: {temperature: null}" in (tally.stopped or "")


def test_errors_that_pass_are_asked_again_and_at_last_given_up(tmp_path: Path, server: BatchServer) -> None:
    server.fate = lambda body: OVERLOADED if body["messages"][-1]["content"] == "question 7" else ANSWER
    tally = ask(tmp_path, server, count=8)
    assert (tally.answered, tally.failed) == (7, 0)
    assert "none of 1 requests" in (tally.stopped or "")
    server.fate = lambda _body: ANSWER
    assert ask(tmp_path, server, count=8).stopped is None
    assert all_answered_once(tmp_path, 8)


def test_the_filter_and_a_line_that_is_missing(tmp_path: Path, server: BatchServer) -> None:
    fates = {"question 3": REFUSE, "question 5": NOTHING}
    server.fate = lambda body: fates.get(body["messages"][-1]["content"], ANSWER)
    seen: list[str] = []

    def see(_request: Request, response: Any) -> None:
        seen.append(response.key)
        fates.pop("question 5", None) if len(seen) == COUNT - 1 else None

    tally = ask(tmp_path, server, see=see)
    assert (tally.answered, tally.filtered) == (COUNT - 1, 1)
    assert len(server.questions) == COUNT + 1, "the missing one is asked again, the filtered one is not"
    assert not mispaired(tmp_path, COUNT)


def test_files_that_come_after_the_end_are_waited_for(tmp_path: Path, server: BatchServer) -> None:
    server.late = 3
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.batches) == 1


def test_a_batch_of_another_account_is_no_cancelled_one(tmp_path: Path, server: BatchServer) -> None:
    server.ends_after = 10**6
    ask(tmp_path, server, stopped_after=0.3)
    server.ends_after = 0
    tally = ask(tmp_path, server, key="sk-another-0123456789")
    assert "another account or project" in (tally.stopped or "")
    assert "--forget batch_0" in (tally.stopped or "")
    assert len(server.questions) == COUNT, "nothing is asked a second time"
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)


def test_another_address_is_said(tmp_path: Path, server: BatchServer) -> None:
    server.ends_after = 10**6
    ask(tmp_path, server, stopped_after=0.3)
    book = BatchBook(RunFolder(tmp_path))
    (kept,) = book.all()
    book.write(replace(kept, address="elsewhere.example"))
    assert "was made at elsewhere.example" in (ask(tmp_path, server).stopped or "")


@pytest.mark.parametrize("provider", KINDS)
def test_a_limit_that_changed_is_said_with_its_key(tmp_path: Path, server: BatchServer, provider: str) -> None:
    server.limit = 30
    tally = ask(tmp_path, server, provider=provider)
    assert "batch: {requests: 20}" in (tally.stopped or "")
    ask(tmp_path, server, provider=provider, batch={"requests": 20})
    assert all_answered_once(tmp_path, COUNT)


def test_a_queue_that_is_full_gets_smaller_batches(tmp_path: Path, server: BatchServer) -> None:
    server.crowded = 2
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)
    assert [len(made.items) for made in server.batches.values()] == [40, 20, 20, 10, 10]


def test_the_budget_is_reserved_and_kept(tmp_path: Path, server: BatchServer) -> None:
    purse = Purse(2.0)
    tally = ask(tmp_path, server, price=PRICE, purse=purse)
    each = (10 * 1_000 + 5 * 10_000) / 1e6
    sizes = [len(made.items) for made in server.batches.values()]
    assert sizes[0] == int(2.0 / ((26 * 1_000 + 20 * 10_000) / 1e6))
    assert "the budget of US$ 2.00 is used up" in (tally.stopped or "")
    assert purse.spent == pytest.approx(sum(sizes) * each)
    assert purse.spent <= 2.0 < purse.spent + 0.226
    assert purse.reserved == 0


def test_what_is_under_way_counts_on_the_next_start(tmp_path: Path, server: BatchServer) -> None:
    server.ends_after = 10**6
    ask(tmp_path, server, count=10, price=PRICE, purse=Purse(3.0), stopped_after=0.3)
    ask(tmp_path, server, count=COUNT, price=PRICE, purse=Purse(3.0), stopped_after=0.3)
    assert sum(len(made.items) for made in server.batches.values()) * 0.226 <= 3.0


def test_what_cannot_be_used_stops_the_endpoint_in_its_own_words(tmp_path: Path, server: BatchServer) -> None:
    tally = ask(tmp_path, server, see=lambda _request, _response: "nothing of it can be used")
    assert tally.stopped == "loop: nothing of it can be used"
    assert all_answered_once(tmp_path, COUNT), "what was paid is kept all the same"


def test_pairs_stay_together_in_a_file(tmp_path: Path, server: BatchServer) -> None:
    def trial(number: int) -> Trial:
        return Trial("loop", "en", "plain", "p", "gender", "male", 0, "", 0, number // 4)

    asked = [replace(request, trial=trial(number)) for number, request in enumerate(requests(COUNT))]
    ask(tmp_path, server, asked=asked, batch={"requests": 10})
    assert [len(made.items) for made in server.batches.values()] == [8] * 5
    tally = ask(tmp_path / "b", server, asked=asked, batch={"requests": 3})
    assert "asked side by side" in (tally.stopped or "")


def test_the_first_pair_goes_alone(tmp_path: Path, server: BatchServer) -> None:
    server.fate = lambda _body: BAD
    tally = ask(tmp_path, server, is_first=True)
    assert not server.batches
    assert "temperature" in (tally.stopped or "")
    server.fate = lambda _body: ANSWER
    ask(tmp_path, server, is_first=True)
    assert all_answered_once(tmp_path, COUNT)
    assert [len(made.items) for made in server.batches.values()] == [COUNT - 1]


def test_answers_that_are_no_longer_asked_for_are_kept(tmp_path: Path, server: BatchServer) -> None:
    server.ends_after = 10**6
    ask(tmp_path, server, stopped_after=0.3)
    server.ends_after = 0
    ask(tmp_path, server, count=5)
    assert all_answered_once(tmp_path, COUNT)


def test_without_a_batch_api_it_is_refused() -> None:
    endpoint = Endpoint(name="s", plant={}, batch=True)
    work = Work(endpoint, create(endpoint, Context()), [], Tally("s", 0), None, (), BatchBook(RunFolder(Path("x"))))
    with pytest.raises(InputError, match="has no batches"):
        lane.BatchLane(work, None)  # type: ignore[arg-type]


def test_what_was_collected_before_a_crash_is_not_kept_twice(tmp_path: Path, server: BatchServer) -> None:
    seen: list[str] = []

    def crash(_request: Request, response: Any) -> None:
        seen.append(response.key)
        if len(seen) == 11:
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        ask(tmp_path, server, see=crash)
    assert (len(logged(tmp_path)), stages(tmp_path)) == (11, ["created"])
    ask(tmp_path, server)
    assert all_answered_once(tmp_path, COUNT)
    assert len(server.questions) == COUNT


STUDY = """\
experiment: batched
personas: {{people: denver, fields: [law]}}
attributes: [{{name: gender, levels: [male, female]}}]
wordings: [terse, plain]
repeats: 2
endpoints:
  - {{name: cheap, model: gpt-5-mini, base_url: "{base_url}", batch: true, api_key_env: LOOP_KEY}}
"""


@pytest.mark.slow
def test_a_run_by_the_command_line(workspace: Path, server: BatchServer) -> None:
    study = workspace / "experiments" / "batched.yaml"
    study.write_text(STUDY.format(base_url=server.base_url))
    server.ends_after = 10**6
    stop = threading.Timer(4.0, signal.raise_signal, [signal.SIGINT])
    stop.start()
    first = type_in("run", "batched", cwd=workspace, LOOP_KEY=KEY)
    stop.cancel()
    assert first.returncode == 130, first.stderr
    assert "The same command collects them" in first.stderr
    assert "1 batch under way (in_progress; 0 of" in first.stderr
    there = json.loads(type_in("batches", "batched", "--json", cwd=workspace).stdout)
    assert [(each["id"], each["stage"]) for each in there] == [("batch_0", "created")]
    plain = type_in("run", "batched", "--set", "endpoints.*.batch=false", cwd=workspace, LOOP_KEY=KEY)
    assert plain.returncode == 1
    assert "is still to be collected. Leave batch: true" in plain.stderr
    part = workspace / "results" / "batched"
    assert "still under way" in type_in("merge", str(part), "--into", "whole", cwd=workspace).stderr
    assert type_in("batches", "batched", "--cancel", cwd=workspace, LOOP_KEY=KEY).returncode == 0
    assert server.batches["batch_0"].cancel_asked
    server.ends_after, server.reached = 0, 5
    second = type_in("run", "batched", cwd=workspace, LOOP_KEY=KEY)
    assert "was cancelled" in second.stderr
    server.reached = None
    third = type_in("run", "batched", cwd=workspace, LOOP_KEY=KEY)
    assert third.returncode == 0, third.stderr
    assert max(Counter(server.questions).values()) <= 4, "two repeats, each asked twice at most"
    lines = logged(part)
    assert len({line["key"] for line in lines}) == len(lines)


def test_a_batch_that_is_gone_is_given_up_by_its_user(workspace: Path, server: BatchServer) -> None:
    run = workspace / "results" / "r"
    server.ends_after = 10**6
    ask(run, server, stopped_after=0.3)
    server.batches.clear()
    assert "--forget batch_0" in (ask(run, server).stopped or "")
    forgotten(RunFolder(run), ["batch_0"])
    server.ends_after = 0
    ask(run, server)
    assert all_answered_once(run, COUNT)
    with pytest.raises(UsageError, match="no such batch"):
        forgotten(RunFolder(run), ["batch_9"])


KEPT = {"format": 1, "name": "x", "endpoint": "loop", "address": None, "model": "m"}
KEPT |= {"begun_at": "2026-01-01T00:00:00+00:00", "requests": 1}
STRANGER = json.dumps({**KEPT, "name": "../x"})


@pytest.mark.parametrize(
    ("damage", "said"),
    first(
        2,
        [
            ('{"format": 9}', "format 9 is newer"),
            ("{", "is not JSON"),
            (STRANGER, "is of the batch '../x'"),
            ('{"format": 1, "name": 3}', "restore the file"),
            (json.dumps({**KEPT, "reserved": -100.0}), "reserved: .*greater than or equal to 0"),
            (json.dumps({**KEPT, "requests": -1}), "requests: .*greater than or equal to 0"),
            (json.dumps({**KEPT, "requests": "1"}), "requests: .*valid integer"),
            (json.dumps({**KEPT, "begun_at": "long ago"}), "begun_at: Invalid isoformat"),
        ],
    ),
)
def test_a_damaged_file_of_a_batch_is_said(tmp_path: Path, server: BatchServer, damage: str, said: str) -> None:
    server.ends_after = 10**6
    ask(tmp_path, server, stopped_after=0.3)
    (file,) = [p for p in (tmp_path / "batches").glob("*.json") if "requests" not in p.name]
    file.write_text(damage)
    with pytest.raises(BiasHarnessError, match=said):
        ask(tmp_path, server)
    assert len(server.questions) == COUNT


def test_the_price_in_a_batch_is_the_list_s_and_no_constant() -> None:
    def priced(model: str, url: str, **more: Any) -> Endpoint:
        return Endpoint(name="e", model=model, base_url=url, **more)

    def ratio(model: str, url: str) -> float:
        batch, plain = price_of(priced(model, url, batch=True)), price_of(priced(model, url))
        assert batch is not None
        assert plain is not None
        return cost_of(batch, 1_000, 100) / cost_of(plain, 1_000, 100)

    assert ratio("gpt-5-mini", "https://api.openai.com/v1") == pytest.approx(0.5)
    assert ratio("claude-sonnet-4-5", "https://api.anthropic.com/v1") == pytest.approx(0.5)
    assert ratio("mistral-large-latest", "https://api.mistral.ai/v1") == 1
    assert not has_batch_price(priced("mistral-large-latest", "https://api.mistral.ai/v1", batch=True))
    own = priced("m", "https://x.example/v1", price=PRICE, batch={"price": {**PRICE, "input_per_million": 800}})
    assert has_batch_price(own)
    assert cost_of(price_of(own) or Price(**PRICE), 1e6, 0) == 800
    assert not has_batch_price(priced("m", "https://x.example/v1", price=PRICE, batch=True))


def child(folder: str, port: int) -> None:
    lane.POLL_SECONDS = creating.LOOK_SECONDS = 0.02

    class There:
        base_url = f"http://127.0.0.1:{port}/v1"

    ask(Path(folder), There(), 400, batch={"requests": 50})  # type: ignore[arg-type]


@pytest.mark.slow
def test_nothing_is_lost_or_repeated_over_six_kills(tmp_path: Path, server: BatchServer) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["asking", "openai", "bias_harness.asking.providers.openai_compatible"])
    server.ends_after = 4
    port = server.http.server_address[1]
    for number in range(6):
        process = context.Process(target=child, args=(str(tmp_path), port))
        begun = len(server.calls)
        process.start()
        while len(server.calls) < begun + 2 + 6 * number and process.is_alive():
            time.sleep(0.001)
        process.kill()
        process.join()
    ask(tmp_path, server, 400, batch={"requests": 50})
    assert all_answered_once(tmp_path, 400)
    assert len(server.questions) == 400, "no request was put into two batches"
