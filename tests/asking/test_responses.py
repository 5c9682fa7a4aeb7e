"""OpenAI's Responses API: what is sent and what is not, what counts as the answer, and what it costs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asking import KEY, all_answered_once, ask, ask_all, endpoint, logged, request, work
from loopback_server import Seen, Server, Step, completion, error, reply
from responses_server import LEAST_TOKENS, Responses

from bias_harness.asking import in_loop
from bias_harness.asking.providers import Context, create
from bias_harness.design.endpoints import Endpoint, Price
from bias_harness.design.prices import Listed, cost_of, most_tokens
from bias_harness.errors import ContentError, FatalError, ProviderError, TransientError
from bias_harness.outcome import Outcome
from bias_harness.probabilities import SENT, Probabilities
from bias_harness.vocabulary import Branch, Distribution, Message, Request, Response


def one(folder: Path, behave: Any, *turns: Message, sampling: dict[str, Any] | None = None, **of: Any) -> Any:
    """What is kept of one question, and what was asked for it."""
    sent = {"max_tokens": 400} if sampling is None else sampling
    asked = Request("a" * 64, "loop", "m", turns or (Message("user", "How much?"),), sent, 0, 7)
    with Server(behave) as server:
        given = {"max_attempts": 1, "outage_seconds": 0, "api": "responses", **of}
        doing = work(endpoint(server.base_url, **given), [asked])
        in_loop(ask_all(folder, [doing]))
    lines = logged(folder) if list(folder.glob("responses*.jsonl")) else []
    return (lines[0] if lines else None), [seen.body for seen in server.seen], doing.tally


def test_every_question_gets_its_own_answer(tmp_path: Path) -> None:
    with Server(Responses(thinks=0)) as server:
        ask(tmp_path, server.base_url, 40, api="responses")
        assert {seen.path for seen in server.seen} == {"/v1/responses"}
        assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {KEY}"}
    assert all_answered_once(tmp_path, 40)


def test_all_turns_are_sent_and_nothing_is_kept_there(tmp_path: Path) -> None:
    turns = (Message("system", "Be brief."), Message("user", "A"), Message("assistant", "B"), Message("user", "C"))
    line, (body,), _ = one(tmp_path, Responses(), *turns, extra_body={"reasoning": {"effort": "low"}})
    assert body == {
        "model": "m",
        "input": [{"role": turn.role, "content": turn.content} for turn in turns],
        "store": False,
        "max_output_tokens": 400,
    }
    assert (line["text"], line["finish_reason"], line["served_model"]) == ("answer to C", "completed", "served-1")
    assert line["seed"] is None, "none was sent"


def test_the_limit_of_extra_body_goes_before_the_other(tmp_path: Path) -> None:
    _, (body,), _ = one(tmp_path, Responses(), sampling={"max_tokens": 300, "max_output_tokens": 900})
    assert (body["max_output_tokens"], "max_tokens" in body) == (900, False)
    assert most_tokens(request(1, max_output_tokens=900))[1] == 900, "the larger limit is what it may cost"


def test_the_server_is_one_that_the_official_client_reads_alike(tmp_path: Path) -> None:
    import openai

    behave = Responses(comments=False, cached=1_500)
    with Server(behave) as server:
        client = openai.OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0)
        said = client.responses.create(model="m", input=[{"role": "user", "content": "How much?"}], store=False)
    line, _, _ = one(tmp_path, behave)
    assert (said.output_text, said.status) == (line["text"], line["finish_reason"])
    assert said.usage is not None
    assert (said.usage.input_tokens, said.usage.output_tokens) == (
        line["usage"]["input_tokens"],
        line["usage"]["output_tokens"],
    )


def test_a_refusal_is_an_answer_in_its_own_words(tmp_path: Path) -> None:
    line, _, tally = one(tmp_path, Responses(say=lambda _: "I cannot help with that.", refuses=True))
    assert (line["text"], line["error"], tally.answered) == ("I cannot help with that.", None, 1)


def test_what_the_filter_kept_back_is_an_answer_without_a_text(tmp_path: Path) -> None:
    line, _, _ = one(tmp_path, Responses(filtered=True))
    assert (line["text"], line["finish_reason"], line["error"]) == ("", "content_filter", None)


def test_what_is_said_on_the_way_is_no_part_of_the_answer(tmp_path: Path) -> None:
    line, _, _ = one(tmp_path, Responses(say=lambda _: "$60,000", comments=True))
    assert line["text"] == "$60,000"


def test_tokens_that_were_all_thought_away_are_said_with_the_keys_that_help(tmp_path: Path) -> None:
    line, _, _ = one(tmp_path, Responses(thinks=400))
    assert line["error"]["kind"] == "empty"
    assert "all tokens of 400 were used up" in line["error"]["message"]
    assert "extra_body: {reasoning: {effort: low}}" in line["error"]["message"]
    assert line["usage"]["output_tokens"] == 400, "and they were paid"


def test_an_answer_that_was_cut_says_so(tmp_path: Path) -> None:
    line, _, _ = one(tmp_path, Responses(say=lambda _: "Ask for 60 thousand", thinks=398))
    assert (line["text"], line["finish_reason"]) == ("Ask for", "max_output_tokens")


@pytest.mark.parametrize(
    ("sampling", "extra", "remedy"),
    [
        ({"temperature": 1.0}, {}, "sampling: {temperature: null}"),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}, "moved to 'reasoning.effort'"),
        ({"max_tokens": LEAST_TOKENS - 1}, {}, "change sampling.max_tokens for this endpoint"),
        ({"stop": "x"}, {"stop": "x"}, "take out stop in the endpoint's extra_body"),
    ],
)
def test_what_it_refuses_stops_the_endpoint_with_our_key(
    tmp_path: Path, sampling: dict[str, Any], extra: dict[str, Any], remedy: str
) -> None:
    _, bodies, tally = one(tmp_path, Responses(), sampling=sampling, extra_body=extra)
    assert remedy in (tally.stopped or "")
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "said",
    [
        "This model is only supported in v1/responses and not in v1/chat/completions.",
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
        "The chatCompletion operation does not work with the specified model, x.",
    ],
)
def test_a_model_that_is_served_here_alone_is_said_in_a_sentence(tmp_path: Path, said: str) -> None:
    _, _, tally = one(tmp_path, lambda _: [error(404, said)], api="chat")
    assert "write api: responses for this endpoint" in (tally.stopped or "")


def test_a_server_without_it_is_said_too(tmp_path: Path) -> None:
    _, _, tally = one(tmp_path, lambda _: [error(404, "404 page not found")])
    assert "a server without /responses is asked without api: responses" in (tally.stopped or "")


def failed(code: str) -> bytes:
    given = {**Responses().given({"input": [{"content": "x"}]}), "status": "failed", "output": []}
    return reply(json.dumps({**given, "error": {"code": code, "message": "it says why"}}).encode())


@pytest.mark.parametrize(
    ("code", "kind"),
    [("server_error", TransientError), ("rate_limit_exceeded", TransientError), ("invalid_prompt", ContentError)],
)
def test_an_error_inside_a_200_is_what_it_says(code: str, kind: type[ProviderError]) -> None:
    async def whole(server: Server) -> None:
        provider = create(endpoint(server.base_url, api="responses"), Context({"LOOP_KEY": KEY}))
        try:
            await provider.ask(request(1))
        finally:
            await provider.aclose()

    with Server(lambda _: [failed(code)]) as server, pytest.raises(kind, match="it says why"):
        in_loop(whole(server))


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_that_comes_later_is_not_waited_for(tmp_path: Path, status: str) -> None:
    given = {**Responses().given({"input": [{"content": "x"}]}), "status": status, "output": []}
    line, _, tally = one(tmp_path, lambda _: [reply(json.dumps(given).encode())])
    assert line is None
    assert "take background out" in (tally.stopped or "")


@pytest.mark.parametrize(
    "odd",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"status":["completed"],"output":[]}',
        b'{"status":"completed"}',
        b'{"status":"cancelled","output":[]}',
        completion("$60,000"),
    ],
)
def test_what_is_no_response_is_no_answer(tmp_path: Path, odd: bytes) -> None:
    line, _, _ = one(tmp_path, lambda _: [reply(odd)])
    assert line["error"]["kind"] == "empty"
    assert "did not answer with a response" in line["error"]["message"]


def test_a_stream_is_the_response_at_its_end(tmp_path: Path) -> None:
    sampling = {"max_tokens": 400, "stream": True}
    line, _, _ = one(tmp_path / "whole", Responses(), sampling=sampling)
    assert (line["text"], line["finish_reason"]) == ("answer to How much?", "completed")

    def torn(seen: Seen) -> Sequence[Step]:
        (whole,) = Responses()(seen)
        assert isinstance(whole, bytes)
        cut = whole.split(b"\r\n\r\n", 1)[1].rsplit(b"event: ", 1)[0]
        return [reply(cut, content_type="text/event-stream")]

    line, _, _ = one(tmp_path / "torn", torn, sampling=sampling)
    assert line["error"] is not None


PRICE = {"input_per_million": 1_000, "output_per_million": 10_000, "cached_input_per_million": 100}


def test_thinking_is_paid_and_what_came_from_the_cache_costs_its_own_price(tmp_path: Path) -> None:
    line, _, _ = one(tmp_path / "a", Responses(cached=1_500), price=PRICE)
    usage = line["usage"]
    assert (usage["input_tokens"], usage["cached_tokens"], usage["output_tokens"]) == (2_000, 1_500, 124)
    assert usage["cost"] == pytest.approx((500 * 1_000 + 1_500 * 100 + 124 * 10_000) / 1e6)
    dear = {name: value for name, value in PRICE.items() if name != "cached_input_per_million"}
    line, _, _ = one(tmp_path / "b", Responses(cached=1_500), price=dear)
    assert line["usage"]["cost"] == pytest.approx((2_000 * 1_000 + 124 * 10_000) / 1e6), "no price of its own"
    line, _, _ = one(tmp_path / "c", Responses(cached=9_999_999), price=PRICE)
    assert line["usage"]["cached_tokens"] == 2_000, "no more of it than was asked"


def test_the_cache_s_price_is_that_of_the_list() -> None:
    listed = Listed("gpt-5.1", None)
    all_cached, none = cost_of(listed, 2_000, 0, cached_tokens=2_000), cost_of(listed, 2_000, 0)
    assert 0 < all_cached < none / 2
    assert cost_of(Price(input_per_million=3, output_per_million=0), 1e6, 0, cached_tokens=1e6) == pytest.approx(3)


def test_chat_tells_of_its_cache_too(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 2_000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 1_000}}
    body = json.dumps({**json.loads(completion("€ 1")), "usage": usage}).encode()
    line, _, _ = one(tmp_path, lambda _: [reply(body)], api="chat", price=PRICE)
    assert line["usage"]["cost"] == pytest.approx((1_000 * 1_000 + 1_000 * 100 + 10 * 10_000) / 1e6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": "anthropic"}, "api: responses is OpenAI's"),
        ({"send_seed": True}, "takes no seed; leave send_seed out"),
        ({"api": "respons"}, "'chat' or 'responses'"),
    ],
)
def test_what_does_not_go_with_it_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Endpoint(**{"name": "e", "model": "m", "api": "responses", **changes})


def place(drawn: str, others: dict[str, float]) -> dict[str, Any]:
    top = [{"token": text, "bytes": list(text.encode()), "logprob": math.log(p)} for text, p in others.items()]
    return {**next(one for one in top if one["token"] == drawn), "top_logprobs": top}


PLACES = (place("$", {"$": 0.9, "I": 0.1}), place("48", {"48": 0.5, "52": 0.4}), place(",", {",": 0.9, ".": 0.1}))


async def by_probabilities(server: Server) -> Response:
    outcome = Outcome(probabilities=Probabilities(begins="$"))
    provider = create(endpoint(server.base_url, api="responses"), Context({"LOOP_KEY": KEY}, outcome=outcome))
    try:
        return await provider.ask(request(1, temperature=1.0, **SENT))
    finally:
        await provider.aclose()


def test_a_model_that_does_not_think_gives_its_probabilities_in_the_one_call() -> None:
    with Server(Responses(say=lambda _: "$48,000", thinks=0, logprobs=PLACES)) as server:
        found = in_loop(by_probabilities(server)).probabilities
    (body,) = [seen.body for seen in server.seen]
    assert (body["include"], body["top_logprobs"], "logprobs" in body) == (["message.output_text.logprobs"], 20, False)
    assert found == Distribution("$", (Branch("48", 0.5), Branch("52", 0.4)), 1, ",")


def test_one_that_takes_that_and_gives_none_is_a_clear_error() -> None:
    answers = Responses(say=lambda _: "$48,000", thinks=0)
    with Server(answers) as server, pytest.raises(FatalError, match="gave none with its answer"):
        in_loop(by_probabilities(server))


def test_an_address_that_names_it_is_taken_as_it_stands(tmp_path: Path) -> None:
    with Server(Responses(thinks=0)) as server:
        ask(tmp_path, f"{server.base_url}/responses?api-version=v1", 3, api="responses")
        assert {seen.path for seen in server.seen} == {"/v1/responses?api-version=v1"}
    assert all_answered_once(tmp_path, 3)
