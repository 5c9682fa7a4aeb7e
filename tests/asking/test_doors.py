"""Whatever an endpoint answers: no run is lost, nothing ends in a traceback, and what was written can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import KEY, ask, ask_all, logged, request, requests
from hypothesis import given
from hypothesis import strategies as st
from loopback_server import Seen, Server, completion, echo, error, reply

from bias_harness.asking import Tally, Work, in_loop, lane
from bias_harness.asking.received import received
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import ProviderError, TransientError
from bias_harness.plugins import Provider
from bias_harness.results import RunFolder, open_log
from bias_harness.results.lines import dump_line, read_line
from bias_harness.vocabulary import Failure, Response, Usage

GOOD = json.loads(completion("$60,000"))
ODD = [
    None,
    True,
    7,
    -35,
    8.5,
    1e300,
    float("nan"),
    2**70,
    "",
    "text",
    "\ud83d",
    [],
    [None],
    {},
    {"text": 1},
    [[]],
    "x" * 5_000,
]
PLACES = [
    ("choices",),
    ("choices", 0),
    ("choices", 0, "message"),
    ("choices", 0, "message", "content"),
    ("choices", 0, "finish_reason"),
    ("model",),
    ("usage",),
    ("usage", "completion_tokens"),
    ("error",),
]


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(lane, "LONGEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(lane, "JITTER_SECONDS", 0.001)


def changed(place: tuple[Any, ...], value: Any) -> bytes:
    """The good answer with another value in one place."""
    body = json.loads(json.dumps(GOOD))
    node = body
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return json.dumps(body).encode()


BODIES = [changed(place, value) for place in PLACES for value in ODD]
RAW = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 5_000,
    b'"text"',
    b"1e999",
    b"data: {}\n\n",
    b"data: [DONE]\n\n",
    b": x\n",
]
HEADERS = [
    {"retry_after": "-5"},
    {"retry_after": "soon"},
    {"retry_after": "0"},
    {"retry_after_ms": "1e400"},
    {"retry_after": "Thu, 99 Foo 2026"},
    {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "never"},
    {"content_type": "text/html; charset=none"},
    {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1ms"},
]


def test_a_hundred_odd_bodies_and_headers_lose_no_run(tmp_path: Path) -> None:
    said = [[reply(body)] for body in (*BODIES, *RAW)]
    said += [[reply(b"{}", status, **more)] for status in (429, 500, 503) for more in HEADERS]
    assert len(said) > 150

    def behave(seen: Seen):
        number = int(seen.question.split()[1])
        return said[number] if number < len(said) and seen.number % 2 == 0 else echo(seen)

    with Server(behave) as server:
        for begin in range(0, len(said), 40):  # in parts, so that one fatal word ends no more than its part
            asked = [request(n) for n in range(begin, begin + 40)]
            in_loop(ask_all(tmp_path, [work_of(server, asked)], share=0.99))
        again = ask(tmp_path, server.base_url, len(said), max_connections=1, share=0.99)
    assert again.stopped is None or "HTTP 4" in again.stopped
    kept = list(RunFolder(tmp_path).responses())
    assert len({response.key for response in kept}) > 100
    with open_log(RunFolder(tmp_path)) as log:
        assert log.found.set_aside == []


def work_of(server: Server, asked: list[Any], **options: Any) -> Work:
    from asking import endpoint, work

    return work(endpoint(server.base_url, max_attempts=3, **options), asked)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
listed = st.lists(plain, max_size=3)
anything = plain | listed | st.dictionaries(st.text(), plain | listed, max_size=3)


texts = st.sampled_from(["", " ", "\n\n", "\u00a0", "\u200b", "\0", "\ufeff", "EUR 1", "\ud83d", "\u2028"])
failures = st.builds(Failure, st.sampled_from(["empty", "transient", "content", "x"]), anything, anything)


@given(st.tuples(texts | anything, *[anything] * 8, st.none() | failures | anything))
def test_what_passes_the_door_can_be_written_and_read(values: tuple[Any, ...]) -> None:
    text, finish, model, asked, answered, cost, at, seed, attempts, error = values
    given = Response(
        request(1).key,
        "loop",
        text,
        finish,
        model,
        Usage(asked, answered, cost, cost, asked),
        at,
        error,
        seed,
        attempts,
    )
    try:
        response = received(request(1), given)
    except ProviderError:
        return
    assert read_line(dump_line(response)) == response
    assert (response.error is None) == bool((response.text or "").strip()) or response.finish_reason in lane_filtered()


def lane_filtered() -> frozenset[str]:
    from bias_harness.vocabulary import FILTERED

    return FILTERED


@pytest.mark.parametrize("given", [None, "text", {"text": "x"}, 7])
def test_what_is_no_response_is_a_failed_try(given: Any) -> None:
    with pytest.raises(TransientError, match="instead of a Response"):
        received(request(1), given)


def test_a_response_to_another_request_is_not_taken() -> None:
    given = Response(request(2).key, "loop", "x", None, None, None, "")
    with pytest.raises(TransientError, match="another request"):
        received(request(1), given)


@pytest.mark.parametrize("raised", [RuntimeError("out of order"), KeyError("x"), RecursionError(), ZeroDivisionError()])
def test_whatever_a_provider_raises_is_one_failed_request(tmp_path: Path, raised: Exception) -> None:
    class Broken(Provider):
        nature = "model"

        async def ask(self, asked: Any) -> Any:
            if asked.key == request(0, "b").key:
                raise raised
            return Response(asked.key, "b", "€ 1", None, None, None, "")

    of = Endpoint(name="b", max_attempts=2)
    tally = Tally("b", 30)
    in_loop(ask_all(tmp_path, [Work(of, Broken(), requests(30, "b"), tally)]))
    assert (tally.answered, tally.failed, tally.stopped) == (29, 1, None)
    (failed,) = [line for line in logged(tmp_path) if line["error"]]
    assert type(raised).__name__ in failed["error"]["message"]


PARTS = {
    "mistral": [{"type": "thinking", "thinking": [{"type": "text", "text": "$1?"}]}, {"type": "text", "text": "$2"}],
    "no type": [{"text": "$2"}],
    "output_text": [{"type": "output_text", "text": "$2"}],
    "one part alone": {"type": "text", "text": "$2"},
    "plain strings": ["$", "2"],
    "text in a value": [{"type": "text", "text": {"value": "$2", "annotations": []}}],
}


@pytest.mark.parametrize("name", PARTS)
def test_content_in_parts_is_read_whatever_its_shape(tmp_path: Path, name: str) -> None:
    body = changed(("choices", 0, "message", "content"), PARTS[name])
    with Server(lambda _: [reply(body)]) as server:
        ask(tmp_path, server.base_url, 1, max_attempts=1)
    assert logged(tmp_path)[0]["text"] == "$2"


def test_a_part_that_nobody_knows_is_shown_and_no_empty_answer(tmp_path: Path) -> None:
    body = changed(("choices", 0, "message", "content"), [{"type": "text", "txt": "$2"}])
    with Server(lambda _: [reply(body)]) as server:
        ask(tmp_path, server.base_url, 1, max_attempts=1)
    assert "'txt': '$2'" in logged(tmp_path)[0]["error"]["message"]


def test_an_answer_that_was_all_thought_is_empty_and_says_which_key_helps(tmp_path: Path) -> None:
    thought = completion("", finish_reason="length")
    with Server(lambda seen: [reply(thought)] if seen.number % 10 == 0 else echo(seen)) as server:
        tally = ask(tmp_path, server.base_url, 40, max_connections=1)
        assert (tally.empty, tally.answered, tally.stopped) == (4, 36, None)
        assert ask(tmp_path, server.base_url, 40).done == 40
        assert len(server.seen) == 40, "an empty answer is asked again only when that is wanted"
        server.behave = echo
        with open_log(RunFolder(tmp_path)) as log:
            assert len(log.found.settled(retried=True)) == 36
    empty = [line for line in logged(tmp_path) if line["error"]]
    assert {line["error"]["kind"] for line in empty} == {"empty"}
    assert "max_tokens" in empty[0]["error"]["message"]
    assert empty[0]["usage"]["output_tokens"] == 5, "it was paid for"


def test_an_endpoint_that_gives_only_empty_answers_is_given_up_at_once(tmp_path: Path) -> None:
    with Server(lambda _: [reply(completion("", finish_reason="length"))]) as server:
        tally = ask(tmp_path, server.base_url, 500, max_connections=4)
    assert "max_tokens" in (tally.stopped or "")
    assert len(server.seen) < 20


def test_a_blank_text_of_an_older_log_is_empty_too(tmp_path: Path) -> None:
    old = Response(request(0).key, "loop", " ", "length", "m", None, "2026-01-01T00:00:00+00:00")
    (tmp_path / "responses.jsonl").write_bytes(dump_line(old))
    with open_log(RunFolder(tmp_path)) as log:
        assert old.key in log.found.empty
        assert old.key not in log.found.answered


def test_a_filters_refusals_never_give_an_endpoint_up(tmp_path: Path) -> None:
    with Server(lambda _: [error(400, "content_filter: the prompt was filtered")]) as server:
        tally = ask(tmp_path, server.base_url, 100, max_connections=4, share=0.1)
    assert tally.stopped is None
    assert (tally.filtered, tally.failed) == (100, 100)


ERRORS = {
    "choices null": {"choices": None, "error": {"message": "Provider returned error", "code": 429}},
    "in a choice": {
        "choices": [{"error": {"code": 502, "message": "gone"}, "finish_reason": "error", "message": {"content": ""}}]
    },
    "broken off": {"choices": [{"finish_reason": "error", "message": {"content": "€ 6"}}]},
    "as text": {"error": "the model is loading"},
    "a word for a number": {"error": {"code": "rate_limit_exceeded", "message": "slow down"}},
    "in a list": [{"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}],
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_inside_a_200_is_tried_again(tmp_path: Path, name: str) -> None:
    body = json.dumps(ERRORS[name]).encode()
    with Server(lambda seen: [reply(body)] if seen.number % 3 == 0 else echo(seen)) as server:
        tally = ask(tmp_path, server.base_url, 20, max_connections=1)
    assert (tally.answered, tally.failed) == (20, 0)
    assert tally.retried > 0


def test_a_streamed_answer_is_put_together_and_half_a_stream_is_none(tmp_path: Path) -> None:
    def stream(text: str, *, whole: bool) -> bytes:
        deltas = [{"choices": [{"index": 0, "delta": {"content": c}}]} for c in text]
        lines = "".join(f"data: {json.dumps(d)}\n\n" for d in deltas) + ("data: [DONE]\n\n" if whole else "")
        return reply(lines.encode(), content_type="text/event-stream")

    with Server(lambda seen: [stream(f"answer to {seen.question}", whole=seen.number % 2 == 1)]) as server:
        ask(tmp_path, server.base_url, 6, max_connections=1)
    assert [line["text"] for line in logged(tmp_path)] == [f"answer to question {n}" for n in range(6)]
    assert len(server.seen) == 12


def test_a_key_that_an_answer_repeats_is_not_kept(tmp_path: Path) -> None:
    given = Response(request(1).key, "loop", f"your key {KEY}", KEY, KEY, None, "", Failure("transient", f"x {KEY}"))
    assert KEY not in repr(received(request(1), given, (KEY,)))


def test_a_folder_that_is_replaced_stops_the_run_at_once(tmp_path: Path) -> None:
    from bias_harness.errors import RunFolderError

    folder, moved = tmp_path / "run", tmp_path / "moved"

    def behave(seen: Seen):
        if seen.number == 20:
            folder.rename(moved)
            folder.mkdir()
        return echo(seen)

    with Server(behave) as server, pytest.raises(RunFolderError, match="removed, moved or replaced"):
        ask(folder, server.base_url, 2_000, max_connections=4)
    assert len(server.seen) < 40
    assert len(logged(moved)) == len(server.seen), "what had been paid for is in the folder that was moved"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("blank", [" ", "\n\n", "\t\n", "\u00a0", "\u2003\n"])
def test_blanks_after_thinking_are_an_empty_answer_that_can_be_read_back(tmp_path: Path, blank: str) -> None:
    """Models that think often end with a line of nothing; such an answer must not spoil the whole log."""
    thought = completion(blank, finish_reason="length")
    with Server(lambda seen: [reply(thought)] if seen.number % 10 == 0 else echo(seen)) as server:
        tally = ask(tmp_path, server.base_url, 40, max_connections=1)
    assert (tally.empty, tally.answered) == (4, 36)
    kept = list(RunFolder(tmp_path).responses())
    assert sum(response.error is not None and response.error.kind == "empty" for response in kept) == 4


HALF_A_LETTER = completion("$60,000 \N{WAVING HAND SIGN}").replace(rb"\ud83d\udc4b", b"\xf0\x9f\x91")
TOLERATED = {
    "cut inside of a letter": (HALF_A_LETTER, {}),
    "another encoding": (
        completion("kost @60.000").replace(b"@", b"\x80"), {"content_type": "application/json; charset=windows-1252"}
    ),
    "NaN beside the text": (completion("$60,000")[:-1] + b', "score": NaN}', {}),
    "a mark": (b"\xef\xbb\xbf" + completion("$60,000"), {}),
    "NaN in a stream": (
        b'data: {"choices":[{"delta":{"content":"$60,000"},"finish_reason":"stop"}],"usage":{"prompt_tokens":NaN}}\n\n',
        {},
    ),
    "parts in a stream": (
        b'data: {"choices":[{"delta":{"content":[{"type":"text","text":"$60,000"}]},"finish_reason":"stop"}]}\n\n', {}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLERATED)
def test_what_is_odd_around_a_paid_answer_does_not_lose_it(tmp_path: Path, name: str) -> None:
    body, headers = TOLERATED[name]
    with Server(lambda _: [reply(body, **headers)]) as server:
        ask(tmp_path, server.base_url, 1, max_attempts=1)
    (line,) = logged(tmp_path)
    assert "60" in line["text"]
    assert "€60.000" in line["text"] or "$60,000" in line["text"]


def test_an_error_inside_a_stream_keeps_its_words(tmp_path: Path) -> None:
    event = b'data: {"choices":[{"delta":{"content":"$6"},"error":{"code":503,"message":"engine gone"}}]}\n\n'
    with Server(lambda _: [reply(event)]) as server:
        ask(tmp_path, server.base_url, 1, max_attempts=1)
    assert "engine gone" in logged(tmp_path)[0]["error"]["message"]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("room", [0, 390, 9_990])
def test_no_part_of_a_key_is_shown_where_an_error_is_cut(tmp_path: Path, status: int, room: int) -> None:
    """Blanks before it are left out of what is shown, and so must not bring half of it over the cut."""
    with Server(lambda _: [reply(b"<p>" + b" " * room + KEY.encode() + b" is no key</p>", status)]) as server:
        ask(tmp_path, server.base_url, 1, max_attempts=1)
    (line,) = logged(tmp_path)
    assert KEY[:8] not in line["error"]["message"]
    assert "[key] i" in line["error"]["message"]
