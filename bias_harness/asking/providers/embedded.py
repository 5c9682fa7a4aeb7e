"""The local model: a small language model in this process, through llama.cpp (`xllamacpp`). No key, no network.

Plain temperature sampling like the other endpoints': what llama.cpp would otherwise add (top_k, top_p, min_p) is
switched off unless the experiment names it. With its one slot, a seed reproduces a text exactly. The engine works in
a thread of its own, so that other endpoints go on meanwhile; a process that has it must not be forked.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.walking import Alternatives, alternatives, no_probabilities, shown, walk
from bias_harness.asking.providers.weights import DEFAULT_MODEL, VARIABLE, own_file, weights_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import FatalError, TransientError
from bias_harness.vocabulary import Message, Nature, Request, Response, Usage

PLAIN_SAMPLING: Mapping[str, Any] = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
CONTEXT_TOKENS = 4096
TINY_BELOW_BYTES = 4_000_000_000
log = logging.getLogger(__name__)


def create(endpoint: Endpoint, context: Context) -> Embedded:
    """The endpoint's model, its file found or fetched; the engine starts with the first request.

    Raises `InputError` where the named file or model is none, `BiasHarnessError` where it cannot be fetched.
    """
    own = endpoint.model_path or context.environment.get(VARIABLE)
    if own:
        return _own(own, endpoint)
    from bias_harness.asking.providers.fetching import fetch_with_bar

    name = endpoint.model or DEFAULT_MODEL
    weights = weights_of(name)
    return Embedded(fetch_with_bar(name), weights.served, "tiny model")


def _own(named: str, endpoint: Endpoint) -> Embedded:
    """The user's own file; one too small to be asked for advice in earnest is labelled as tiny."""
    file = own_file(named, endpoint.model)
    if not endpoint.model_path and endpoint.model and (file.known is None or file.known.name != endpoint.model):
        log.warning(
            "%s: %s is asked instead of %s, for %s names it", endpoint.name, file.served, endpoint.model, VARIABLE
        )
    tiny = file.known is not None or file.path.stat().st_size < TINY_BELOW_BYTES
    return Embedded(file.path, file.served, "tiny model" if tiny else "model")


class Embedded(Provider):
    """Asks the engine, one request at a time. `sampling_added` is what it adds to a request's own sampling."""

    sampling_added = PLAIN_SAMPLING
    most_at_once = 2  # one in the engine's only slot, one ready for it
    drifts = False  # so questions with one beginning follow each other, and the engine reads that beginning once

    def __init__(self, path: Path, served: str, nature: Nature) -> None:
        self.path, self.served, self.nature = path, served, nature
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._engine: Any = None

    async def ask(self, request: Request) -> Response:
        """The model's text. Raises `FatalError` where the engine cannot be started or refuses the request."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, request)

    def _asked(self, request: Request) -> Response:
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        if request.messages[-1].role == "assistant":
            return self._walked(request, asked_at)
        data = self.complete(request)
        choice, usage = data["choices"][0], data.get("usage") or {}
        return Response(
            request.key,
            request.endpoint,
            choice["message"].get("content") or "",
            choice.get("finish_reason"),
            self.served,
            Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), 0.0),
            asked_at,
            seed=request.seed,
        )

    def _walked(self, request: Request, asked_at: str) -> Response:
        """The probabilities of what follows on the answer that is begun, in as many one-token questions as it takes."""
        tokens: list[int] = []

        def ask(so_far: str) -> Alternatives:
            begun = Message("assistant", so_far)
            data = self.complete(replace(request, messages=(*request.messages[:-1], begun)), max_tokens=1)
            tokens.append((data.get("usage") or {}).get("prompt_tokens") or 0)
            return _only_place(data)

        found = walk(request.messages[-1].content, ask, request.sampling["temperature"])
        usage = Usage(tokens[0], found.questions, 0.0)
        return Response(
            request.key,
            request.endpoint,
            shown(found),
            "stop",
            self.served,
            usage,
            asked_at,
            probabilities=found,
        )

    def complete(self, request: Request, **more: Any) -> dict[str, Any]:
        """The engine's whole answer, its timings included; `more` goes over what the request says."""
        if self._engine is None:
            self._engine = start(self.path)
        data: dict[str, Any] = self._engine.handle_chat_completions({**body_of(request), **more})
        error = data.get("error")
        if error:
            message = error.get("message", error) if isinstance(error, dict) else error
            raise FatalError(f"the local model refuses the request: {message}")
        if not data.get("choices"):
            raise TransientError("the local model gave no answer")
        return data

    async def aclose(self) -> None:
        """Stop the engine, once what it is doing is done."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._stop)
        self._thread.shutdown(wait=False)

    def _stop(self) -> None:
        self._engine = None


def _only_place(data: Mapping[str, Any]) -> Alternatives:
    """The alternatives of an answer of one token. Raises `FatalError` where the engine gave none."""
    content = (data["choices"][0].get("logprobs") or {}).get("content") or ()
    found = alternatives(content[0]) if content else []
    if not found:
        raise no_probabilities()
    return found


def body_of(request: Request) -> dict[str, Any]:
    """What the engine is sent: plain sampling, over that the request's own, the messages, and the seed if any."""
    seed = {} if request.seed is None else {"seed": request.seed}
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    return {**PLAIN_SAMPLING, **request.sampling, **seed, "messages": messages}


def start(path: Path) -> Any:
    """The engine with one slot on all cores. Raises `FatalError` where it cannot be loaded."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before the import: spinning threads starve a busy machine
    try:
        import xllamacpp
    except ImportError as error:
        raise FatalError(f"the engine of the local model cannot be loaded ({error}); {_remedy()}") from None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel = CONTEXT_TOKENS, 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _cores()
    parameters.verbosity = -1
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise FatalError(f"{path} is no model that the engine can load: {error}") from None


def _remedy() -> str:
    """What is missing: the engine itself, which is an extra, or what it needs of the system."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        version("xllamacpp")
    except PackageNotFoundError:
        return 'it is not installed: in the checkout of bias_harness, pip install ".[local]"'
    return "install the system's OpenMP runtime (Debian: apt-get install libgomp1)"


def _cores() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, usable or 1)
