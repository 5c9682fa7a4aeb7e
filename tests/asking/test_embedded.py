"""The local model: what is sent and recorded, its errors in our words, and the real engine where there is a model."""

from __future__ import annotations

import asyncio
import importlib.metadata
import itertools
import logging
import os
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bias_harness.asking.providers import Context, Provider, create, embedded, weights
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import FatalError, InputError, TransientError
from bias_harness.vocabulary import Message, Request

SMALLEST = "smollm2-135m"


def request(text: str = "What salary should I ask for?", *, seed: int | None = None, **sampling: Any) -> Request:
    return Request("key", "local", "m", (Message("user", text),), sampling or {"temperature": 1.0}, 0, seed)


class Engine:
    """Keeps what it is sent and answers with what it is given."""

    def __init__(self, answer: Any = None, seconds: float = 0.0) -> None:
        self.answer, self.seconds, self.sent = answer, seconds, []

    def handle_chat_completions(self, body: dict[str, Any]) -> Any:
        self.sent.append(body)
        time.sleep(self.seconds)
        if self.answer is not None:
            return self.answer
        choice = {"message": {"content": " $80,000"}, "finish_reason": "stop"}
        return {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


def provider(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> embedded.Embedded:
    monkeypatch.setattr(embedded, "start", lambda _: engine)
    return embedded.Embedded(Path("m.gguf"), "M (sha256 0)", "tiny model")


def ask(asked: embedded.Embedded, *requests: Request) -> list[Any]:
    async def all_of_them() -> list[Any]:
        try:
            return [await asked.ask(r) for r in requests]
        finally:
            await asked.aclose()

    return asyncio.run(all_of_them())


def test_sampling_is_plain_unless_the_request_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    ask(provider(monkeypatch, engine), request(), request(temperature=0.7, top_p=0.9, top_k=40, max_tokens=24))
    first, second = ({k: v for k, v in body.items() if k != "messages"} for body in engine.sent)
    assert first == {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
    assert second == {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.0, "max_tokens": 24}


def test_the_response_records_the_seed_that_was_sent_the_model_and_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    with_seed, without = ask(provider(monkeypatch, engine), request(seed=5), request())
    assert [body.get("seed") for body in engine.sent] == [5, None]
    assert (with_seed.seed, without.seed) == (5, None)
    assert with_seed.text == " $80,000"
    assert with_seed.served_model == "M (sha256 0)"
    assert (with_seed.usage.input_tokens, with_seed.usage.output_tokens, with_seed.usage.cost) == (7, 3, 0.0)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"error": {"code": 400, "message": "request (6030 tokens) exceeds"}}, FatalError, "6030 tokens"),
        ({"error": "out of memory"}, FatalError, "out of memory"),
        ({}, TransientError, "no answer"),
    ],
)
def test_the_engine_s_errors_are_ours(answer, error, said, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(error, match=said):
        ask(provider(monkeypatch, Engine(answer)), request())


def test_the_engine_never_holds_up_other_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the engine works for 0.3 s, the event loop turns many times."""

    async def both() -> int:
        asked = provider(monkeypatch, Engine(seconds=0.3))
        task = asyncio.create_task(asked.ask(request()))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.005)
            turns += 1
        await asked.aclose()
        return turns

    assert asyncio.run(both()) > 10


def test_requests_are_asked_one_at_a_time_and_stamped_when_their_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def three() -> list[Any]:
        asked = provider(monkeypatch, Engine(seconds=0.05))
        found = await asyncio.gather(*(asked.ask(request()) for _ in range(3)))
        await asked.aclose()
        return found

    times = sorted(r.asked_at for r in asyncio.run(three()))
    seconds = [float(t[17:26]) for t in times]
    assert all((later - earlier) % 60 >= 0.049 for earlier, later in itertools.pairwise(seconds))


def test_without_the_openmp_runtime_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(FatalError, match="apt-get install libgomp1"):
        embedded.start(Path("m.gguf"))


def test_without_the_engine_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr(importlib.metadata, "version", gone)
    with pytest.raises(FatalError, match=r'pip install "\.\[local\]"'):
        embedded.start(Path("m.gguf"))


def test_waiting_threads_are_told_to_sleep_before_the_engine_is_imported() -> None:
    code = (
        "import os, sys; from bias_harness.asking.providers import embedded; assert 'xllamacpp' not in sys.modules\n"
        "try: embedded.start('/nowhere.gguf')\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["FatalError", "PASSIVE"]


def test_one_slot_and_its_whole_context(monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.SimpleNamespace(
        model=types.SimpleNamespace(), cpuparams=types.SimpleNamespace(), cpuparams_batch=types.SimpleNamespace()
    )
    fake = types.SimpleNamespace(CommonParams=lambda: made, Server=lambda parameters: parameters)
    monkeypatch.setitem(sys.modules, "xllamacpp", fake)
    started = embedded.start(Path("m.gguf"))
    assert (started.n_parallel, started.n_ctx) == (1, embedded.CONTEXT_TOKENS)


def test_a_model_of_ones_own_is_labelled_by_its_size_and_said_when_it_replaces_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF mine")
    context = Context({weights.VARIABLE: str(path)})
    endpoint = Endpoint(name="local", provider="embedded", model=weights.DEFAULT_MODEL)
    with caplog.at_level(logging.WARNING):
        made = create(endpoint, context)
    assert made.nature == "tiny model"
    assert "mine.gguf" in caplog.text
    assert weights.DEFAULT_MODEL in caplog.text
    monkeypatch.setattr(embedded, "TINY_BELOW_BYTES", 4)
    named = Endpoint(name="local", provider="embedded", model="mine", model_path=str(path))
    assert create(named, Context()).nature == "model"


def test_a_model_nobody_knows_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match=r"did you mean 'smollm2-135m'"):
        create(Endpoint(name="local", provider="embedded", model="smollm-135m"), Context())


def needs_model(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a test as one that asks the smallest real model; BIAS_HARNESS_TESTS=all lets none be skipped."""
    there = weights.where(SMALLEST) is not None or os.environ.get("BIAS_HARNESS_TESTS") == "all"
    reason = f"{SMALLEST} is not in the cache (bias-harness model fetch {SMALLEST})"
    return pytest.mark.local_model(pytest.mark.skipif(not there, reason=reason)(test))


def real() -> Provider:
    path = weights.where(SMALLEST)
    assert path is not None, f"get it with: bias-harness model fetch {SMALLEST}"
    return embedded.Embedded(path, weights.weights_of(SMALLEST).served, "tiny model")


@needs_model
def test_the_real_engine_answers_and_a_seed_repeats_its_text() -> None:
    short = {"temperature": 1.0, "max_tokens": 12}
    asked = [request(seed=seed, **short) for seed in (1, 2, 1)] + [request("Name a colour.", seed=1, **short)]
    one, other, again, different = ask(real(), *asked)
    assert one.text
    assert one.text == again.text
    assert len({one.text, other.text, different.text}) == 3
    assert one.usage.output_tokens <= 12
    assert one.finish_reason in ("stop", "length")
    assert "SmolLM2" in one.served_model


@pytest.mark.slow
@needs_model
def test_the_real_engine_refuses_what_it_cannot_hold_and_goes_on() -> None:
    async def long_then_short() -> str:
        asked = real()
        with pytest.raises(FatalError, match="exceeds"):
            await asked.ask(request("a " * 9000))
        response = await asked.ask(request(max_tokens=3))
        await asked.aclose()
        return response.text

    assert asyncio.run(long_then_short())


@pytest.mark.slow
@needs_model
def test_the_process_ends_cleanly_and_at_once_after_the_engine() -> None:
    code = (
        "import asyncio, time; from bias_harness.asking.providers import embedded, weights\n"
        "from bias_harness.vocabulary import Message, Request\n"
        f"p = embedded.Embedded(weights.where('{SMALLEST}'), 'm', 'tiny model')\n"
        "r = Request('k', 'e', 'm', (Message('user', 'Hi'),), {'max_tokens': 2}, 0)\n"
        "async def go():\n    print((await p.ask(r)).usage.output_tokens)\n    await p.aclose()\n"
        "asyncio.run(go())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() in (["1"], ["2"])
    assert done.stderr == ""
