"""A server that names a time is believed over its words; one that is away for a while is waited for."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from asking import all_answered_once, ask, logged
from cases import first
from loopback_server import Seen, Server, echo, error, reply

from bias_harness.asking import lane
from bias_harness.asking.providers.refusals import classify, message_of, remedy_for
from bias_harness.asking.providers.waits import of_a_day, wait_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import ContentError, FatalError, QuotaError, TransientError


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(lane, "LONGEST_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(lane, "JITTER_SECONDS", 0.01)


def google(delay: str | None, quota: str, message: str = "You exceeded your current quota, check your billing") -> Any:
    details: list[Any] = [{"@type": "google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}]
    details += [{"@type": "google.rpc.RetryInfo", "retryDelay": delay}] if delay else []
    return [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message, "details": details}}]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (google("45.5s", "InputTokensPerModelPerMinute"), 45.5),
        ({"error": {"message": "Rate limit reached (RPM): Limit 3. Please try again in 20s."}}, 20),
        ({"error": {"message": "Please try again in 1h2m3.5s."}}, 3723.5),
        ({"error": {"message": "try again in 250 milliseconds"}}, 0.25),
        ({"error": {"message": "Retry after 2 minutes and 5 seconds"}}, 125),
        ({"error": {"message": "Please retry in 1.4s."}}, 1.4),
        ({"error": {"message": "x", "metadata": {"retry_after": 7}}}, 7),
        ("slow down, wait 12 seconds", 12),
        ({"error": {"message": "wait for better days"}}, None),
        ({"error": {"message": "try again in 12 people"}}, None),
        ({"error": {"message": "You have exhausted your capacity. Your quota will reset after 18h21m3s."}}, 66063),
        ({"error": {"message": "Limit resets in 2 minutes."}}, 120),
        ({"error": {"message": "Retry your request after 30 sec"}}, 30),
        ({"error": {"message": "available 3 s"}}, None),
        ({"error": {"details": [{"metadata": {"quotaResetDelay": "373.5ms"}}]}}, 0.3735),
        ({"error": {"details": [{"retryDelay": {"seconds": 30, "nanos": 5}}]}}, 30),
        ({"error": {"details": [{"retryDelay": {}}]}}, None),
        ({"error": {"resets_in_seconds": 12}}, 12),
        ({"error": {"retry_after_ms": 1500}}, 1.5),
        ({"error": {"retry_after_ms": [], "retryDelay": "-5s", "retry_after": float("nan")}}, None),
        (None, None),
    ],
)
def test_the_time_that_an_error_names(said: Any, seconds: float | None) -> None:
    assert wait_of(said, {}) == seconds


@pytest.mark.parametrize("words", first(2, ["route ", "try again in ", "1 s ", "PerModel", "<", "exceeded your "]))
def test_an_error_of_any_length_is_judged_at_once(tmp_path: Path, words: str) -> None:
    """Patterns that go back over a long text again and again would hold the whole run, for hours here."""
    said = {"error": {"message": words * 200_000}}
    inside, alone = json.dumps({"choices": None, **said}).encode(), json.dumps(said).encode()
    for status, body in ((200, inside), (404, alone), (500, b"<p>" + words.encode() * 200_000)):
        refusal = reply(body, status)
        with Server(lambda _, said=refusal: [said]) as server:
            assert ask(tmp_path / str(status), server.base_url, 1, max_attempts=1).answered == 0


def test_a_header_comes_before_what_the_body_says() -> None:
    assert wait_of({"error": {"message": "try again in 20s"}}, {"retry-after": "3"}) == 3


def test_a_reset_that_a_gateway_passes_on_is_a_time_too() -> None:
    body = {"error": {"metadata": {"headers": {"X-RateLimit-Reset": str(int((time.time() + 7200) * 1000))}}}}
    assert wait_of(body, {}) == pytest.approx(7200, abs=2)


def kind_of(status: int, said: Any) -> Exception:
    return classify(status, message_of(said), wait_of(said, {}), day_is_over=of_a_day(said))


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (429, google("1s", "InputTokensPerModelPerMinute"), TransientError),
        (429, google("33s", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"), QuotaError),
        (429, google(None, "x"), QuotaError),
        (
            429,
            {"error": {"message": "Quota exceeded for aiplatform/generate_requests_per_minute_per_project"}},
            TransientError,
        ),
        (429, {"error": {"message": "Resource exhausted, please try again later."}}, TransientError),
        (429, {"error": {"message": "Rate limit (RPD): Limit 200", "code": "rate_limit_exceeded"}}, QuotaError),
        (429, {"error": {"message": "Rate limit on requests per day. Please try again in 8.64s"}}, TransientError),
        (429, {"error": {"message": "x", "code": "insufficient_quota"}}, QuotaError),
        (402, {"error": {"message": "pay"}}, QuotaError),
        (400, {"error": {"message": "Your credit balance is too low"}}, QuotaError),
        (400, {"error": {"code": "content_filter", "message": "ResponsibleAIPolicyViolation"}}, ContentError),
        (400, {"error": {"message": "bad"}}, FatalError),
    ],
)
def test_what_a_refusal_means(status: int, said: Any, kind: type[Exception]) -> None:
    assert type(kind_of(status, said)) is kind


LIMITS = {
    "Gemini": lambda: [reply(json.dumps(google("0.3s", "RequestsPerMinute")).encode(), 429)],
    "OpenAI's free tier": lambda: [error(429, "Rate limit reached (RPM): Limit 3, Used 3. Please try again in 300ms.")],
    "Groq": lambda: [
        error(429, "tokens per minute (TPM)", x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="0.3s")
    ],
    "inside a 200": lambda: [reply(b'{"choices": null, "error": {"code": 429, "message": "try again in 0.3s"}}')],
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_a_minute_slows_down_and_finishes(tmp_path: Path, name: str) -> None:
    """Five answers in each 0.3 seconds, as if they were a minute."""
    window: list[float] = []

    def behave(seen: Seen):
        window[:] = [at for at in window if seen.at - at < 0.3]
        if len(window) >= 5:
            return LIMITS[name]()
        window.append(seen.at)
        return echo(seen)

    with Server(behave) as server:
        tally = ask(tmp_path, server.base_url, 30)
        assert tally.stopped is None
        assert all_answered_once(tmp_path, 30)
        assert len(server.seen) < 90, "while the limit is known, nobody asks"


def test_when_one_is_told_to_wait_nobody_asks_before_that_time(tmp_path: Path) -> None:
    def behave(seen: Seen):
        return [error(429, "try again in 700ms")] if seen.number == 9 else [0.02, *echo(seen)]

    with Server(behave) as server:
        ask(tmp_path, server.base_url, 60, max_connections=4)
        told = server.seen[9].at
        early = [seen.number for seen in server.seen if told + 0.3 < seen.at < told + 0.7]
    assert early == []
    assert all_answered_once(tmp_path, 60)


def test_the_end_of_a_day_inside_a_200_stops_with_the_time_to_come_back(tmp_path: Path) -> None:
    headers = {"X-RateLimit-Reset": str(int((time.time() + 5 * 3600) * 1000))}
    body = {"error": {"message": "free-models-per-day", "code": 429, "metadata": {"headers": headers}}}
    with Server(lambda _: [reply(json.dumps(body).encode())]) as server:
        tally = ask(tmp_path, server.base_url, 100, max_connections=4)
    assert "asks to wait 300 minutes, until " in (tally.stopped or "")
    assert len(server.seen) <= 4


def test_an_outage_is_waited_out_without_using_up_attempts(tmp_path: Path) -> None:
    with Server(lambda seen: [0.002, *echo(seen)]) as server:

        def outage() -> None:
            while len(server.seen) < 60:
                time.sleep(0.005)
            server.down()
            time.sleep(1.5)
            server.up()

        thread = threading.Thread(target=outage)
        thread.start()
        tally = ask(tmp_path, server.base_url, 200, max_attempts=3)
        thread.join()
    assert (tally.stopped, tally.failed) == (None, 0)
    assert all_answered_once(tmp_path, 200)


def test_an_outage_is_not_waited_for_longer_than_said(tmp_path: Path) -> None:
    with Server(lambda seen: echo(seen) if seen.number < 30 else [error(503, "nobody here")]) as server:
        begun = time.monotonic()
        tally = ask(tmp_path, server.base_url, 200, max_attempts=2, outage_seconds=1, max_connections=4)
    assert 1 < time.monotonic() - begun < 10
    assert "nobody here" in (tally.stopped or "")


def test_one_request_that_breaks_its_gateway_does_not_hold_up_the_others(tmp_path: Path) -> None:
    def behave(seen: Seen):
        return [error(502, "it broke")] if seen.question == "question 3" else [0.005, *echo(seen)]

    with Server(behave) as server:
        tally = ask(tmp_path, server.base_url, 300, max_attempts=3, max_connections=4, outage_seconds=2)
    assert (tally.answered, tally.failed, tally.stopped) == (299, 1, None)
    assert sum(seen.question == "question 3" for seen in server.seen) <= 5


ENDPOINT = Endpoint(name="e", model="m", base_url="http://x/v1", extra_body={"top_k": 5})


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "max_completion_tokens: 300",
        ),
        ("`temperature` is deprecated for this model.", "sampling: {temperature: null}"),
        ("body.seed: Extra inputs are not permitted", "send_seed: false"),
        ("top_k: unknown field", "top_k in the endpoint's extra_body"),
        ("This model only support stream mode", "extra_body: {stream: true}"),
    ],
)
def test_a_refused_parameter_is_said_with_our_key(message: str, key: str) -> None:
    assert key in remedy_for(ENDPOINT, 400, message, "base_url")


@pytest.mark.parametrize("path", ["", "/v1/chat/completions", "/v1?api-version=2024-10-21"])
def test_an_address_one_step_off_works_or_is_named(tmp_path: Path, path: str) -> None:
    def behave(seen: Seen):
        right = ("/v1/chat/completions", "/v1/chat/completions?api-version=2024-10-21")
        return echo(seen) if seen.path in right else [reply(b'{"error": "Unexpected endpoint or method."}')]

    with Server(behave) as server:
        tally = ask(tmp_path, server.base_url.removesuffix("/v1") + path, 30)
        works = all_answered_once(tmp_path, 30)
        assert works == bool(path)
        assert works or "base_url" in (tally.stopped or "")
        assert works or len(server.seen) <= 8


def test_ollama_is_not_asked_for_what_it_takes_no_notice_of(tmp_path: Path) -> None:
    body = json.loads(echo(Seen(0, "", {}, {"messages": [{"content": "x"}]}))[0].split(b"\r\n\r\n", 1)[1])
    whole = json.dumps({**body, "system_fingerprint": "fp_ollama"}).encode()

    from asking import ask_all, endpoint, request, work

    from bias_harness.asking import in_loop

    with Server(lambda _: [reply(whole)]) as server:
        doing = work(endpoint(server.base_url), [request(1, max_completion_tokens=300)])
        in_loop(ask_all(tmp_path, [doing]))
    assert "Ollama takes no notice of max_completion_tokens" in (doing.tally.stopped or "")
    assert logged(tmp_path) == []
