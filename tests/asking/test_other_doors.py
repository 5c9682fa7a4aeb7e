"""The doors of docs/doors.md: each block as it stands there, asked of a loopback server with that provider's traps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from asking import KEY
from docs_blocks import blocks
from loopback_server import Seen, Server, completion, error, reply
from responses_server import Responses

from bias_harness.asking.providers import Context, create
from bias_harness.asking.received import received
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import ContentError, FatalError, TransientError
from bias_harness.outcome import Outcome
from bias_harness.probabilities import SENT, Probabilities
from bias_harness.vocabulary import Message, Request, Response

DOCUMENTED = {
    endpoint["name"]: endpoint
    for code in blocks("docs/doors.md")
    if code.kind == "yaml"
    for endpoint in yaml.safe_load(code.text)["endpoints"]
}


def ask(server: Server, name: str, *, outcome: Outcome | None = None, **changes: Any) -> Response:
    """The documented endpoint's answer, asked of this server in its place."""
    endpoint = Endpoint(**{**DOCUMENTED[name], **changes, "base_url": server.base_url, "api_key_env": "A_KEY"})
    provider = create(endpoint, Context({"A_KEY": KEY}, outcome=outcome or Outcome()))
    sampling = {**(endpoint.sampling.sent() if endpoint.sampling else {"temperature": 1.0, "max_tokens": 300})}
    sampling |= endpoint.extra_body | (SENT if outcome else {})
    asked = Request("a" * 64, name, endpoint.model, (Message("user", "How much?"),), sampling, 0, 1)

    async def whole() -> Response:
        try:
            return received(asked, await provider.ask(asked))
        finally:
            await provider.aclose()

    return asyncio.run(whole())


def answer(text: str | None, usage: dict[str, Any] | None = None, *, message: Any = None, **changes: Any) -> bytes:
    body = json.loads(completion("", message={"role": "assistant", "content": text} | (message or {}), **changes))
    return reply(json.dumps(body | ({"usage": usage} if usage else {})).encode())


def thinking(seen: Seen) -> list[bytes]:
    """A reasoning model of OpenAI."""
    if "max_tokens" in seen.body:
        return [error(400, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")]
    if "temperature" in seen.body:
        return [error(400, "Unsupported value: 'temperature' does not support 1.0 with this model.")]
    if seen.body.get("max_completion_tokens", 0) < 500:
        return [answer("", finish_reason="length")]
    return [answer("$60,000")]


def test_a_thinking_model_takes_neither_temperature_nor_max_tokens() -> None:
    with Server(thinking) as server:
        assert ask(server, "openai-thinking").text == "$60,000"
        with pytest.raises(FatalError, match="max_completion_tokens: 300"):
            ask(server, "openai-thinking", sampling={"temperature": None}, extra_body={})
        with pytest.raises(FatalError, match=r"max_tokens: null\} for this endpoint: max_completion_tokens is sent"):
            ask(server, "openai-thinking", sampling={"temperature": None})
        with pytest.raises(FatalError, match=r"sampling: \{temperature: null\}"):
            ask(server, "openai-thinking", sampling={"temperature": 1, "max_tokens": None})
        empty = ask(server, "openai-thinking", extra_body={"max_completion_tokens": 50})
    assert empty.error is not None
    assert "thinking counts too" in empty.error.message


def test_what_the_responses_api_alone_serves_is_asked_there() -> None:
    with Server(Responses()) as server:
        assert ask(server, "openai-responses").text == "answer to How much?"
        with pytest.raises(FatalError, match="write api: responses"):
            ask(server, "openai-responses", api="chat")
        with pytest.raises(FatalError, match=r"sampling: \{temperature: null\}"):
            ask(server, "openai-responses", sampling={"temperature": 1, "max_tokens": 2000})


def azure(seen: Seen) -> list[bytes]:
    """Azure, which filters prompts itself."""
    if seen.headers.get("authorization") != f"Bearer {KEY}":
        return [error(401, "Access denied")]
    inner = {"code": "ResponsibleAIPolicyViolation"}
    said = {"message": "The response was filtered", "code": "content_filter", "status": 400, "innererror": inner}
    return [reply(json.dumps({"error": said}).encode(), 400)]


def test_what_azure_filters_is_a_refusal_of_one_question() -> None:
    with Server(azure) as server, pytest.raises(ContentError):
        ask(server, "azure")


def gemini(seen: Seen) -> list[bytes]:
    """Gemini's layer: thinking outside the count, errors in a list with the wait in their details."""
    if seen.number == 0:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}]
        said = {"code": 429, "message": "You exceeded your current quota", "details": details}
        return [reply(json.dumps([{"error": said}]).encode(), 429)]
    if seen.body["max_tokens"] < 500:
        return [answer(None, finish_reason="length")]
    return [answer("$60,000", {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 900})]


def test_gemini_thinks_outside_its_count_and_names_its_wait_in_the_body() -> None:
    with Server(gemini) as server:
        with pytest.raises(TransientError) as limit:
            ask(server, "gemini")
        answered = ask(server, "gemini")
        empty = ask(server, "gemini", sampling={"temperature": 1, "max_tokens": 20})
    assert limit.value.retry_after_seconds == pytest.approx(0.2)
    assert (answered.usage.input_tokens, answered.usage.output_tokens) == (10, 890)
    assert empty.error is not None
    assert empty.error.kind == "empty"


def openrouter(seen: Seen) -> list[bytes]:
    """OpenRouter: another host's error inside a 200."""
    assert seen.body["provider"] == {"require_parameters": True, "allow_fallbacks": False}
    if seen.number == 0:
        failed = {"code": 502, "message": "Provider returned error"}
        return [answer("", error=failed, finish_reason="error")]
    return [answer("$60,000")]


def test_openrouter_hides_an_error_inside_a_200() -> None:
    with Server(openrouter) as server:
        with pytest.raises(TransientError, match="Provider returned error"):
            ask(server, "openrouter")
        assert ask(server, "openrouter").text == "$60,000"


def ollama(seen: Seen) -> list[bytes]:
    """Ollama, which does not know max_completion_tokens."""
    body = json.loads(completion("$60,000" if "max_tokens" in seen.body else "$60,000 " * 50))
    return [reply(json.dumps(body | {"system_fingerprint": "fp_ollama"}).encode())]


def test_ollama_ignores_a_limit_under_another_name_and_that_is_said() -> None:
    with Server(ollama) as server:
        assert ask(server, "ollama").text == "$60,000"
        limit = {"max_completion_tokens": 50}
        with pytest.raises(FatalError, match="takes no notice of max_completion_tokens"):
            ask(server, "ollama", sampling={"temperature": 1, "max_tokens": None}, extra_body=limit)


BY_PROBABILITIES = Outcome(probabilities=Probabilities(begins="$"))


def test_lm_studio_takes_logprobs_and_gives_none() -> None:
    with Server(lambda _: [reply(completion("$60,000"))]) as server:
        assert ask(server, "lm-studio").text == "$60,000"
        with pytest.raises(FatalError, match="gave none with its answer"):
            ask(server, "lm-studio", outcome=BY_PROBABILITIES)


def vllm(seen: Seen) -> list[bytes]:
    """vLLM: thoughts in a field of their own, log-probabilities where they are asked for."""
    if seen.body.get("chat_template_kwargs") != {"enable_thinking": False}:
        return [answer(None, message={"reasoning": "Let me think ..."}, finish_reason="length")]
    top = [{"token": "60", "logprob": -0.5}, {"token": "65", "logprob": -1.2}]
    places = [
        {"token": "$", "logprob": -0.01, "top_logprobs": [{"token": "$", "logprob": -0.01}]},
        {"token": "60", "logprob": -0.5, "top_logprobs": top},
        {"token": ",", "logprob": -0.1, "top_logprobs": [{"token": ",", "logprob": -0.1}]},
    ]
    return [answer("$60,000", **({"logprobs": {"content": places}} if seen.body.get("logprobs") else {}))]


def test_vllm_can_think_its_answer_away_and_gives_probabilities() -> None:
    with Server(vllm) as server:
        assert ask(server, "vllm").text == "$60,000"
        empty = ask(server, "vllm", extra_body={})
        read = ask(server, "vllm", outcome=BY_PROBABILITIES)
    assert empty.error is not None
    assert empty.error.kind == "empty"
    assert read.probabilities is not None
    assert [branch.text for branch in read.probabilities.branches] == ["60", "65"]


PLAYED: dict[str, Callable[..., Any]] = {
    "openai-thinking": test_a_thinking_model_takes_neither_temperature_nor_max_tokens,
    "openai-responses": test_what_the_responses_api_alone_serves_is_asked_there,
    "azure": test_what_azure_filters_is_a_refusal_of_one_question,
    "gemini": test_gemini_thinks_outside_its_count_and_names_its_wait_in_the_body,
    "openrouter": test_openrouter_hides_an_error_inside_a_200,
    "ollama": test_ollama_ignores_a_limit_under_another_name_and_that_is_said,
    "lm-studio": test_lm_studio_takes_logprobs_and_gives_none,
    "vllm": test_vllm_can_think_its_answer_away_and_gives_probabilities,
}


def test_every_door_that_is_documented_is_played() -> None:
    assert set(DOCUMENTED) == set(PLAYED)
