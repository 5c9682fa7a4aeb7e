"""The local model: a small language model in this process, through llama.cpp (`xllamacpp`). No key, no network.

Plain temperature sampling like the other endpoints': what llama.cpp would otherwise add (top_k, min_p) is switched
off unless the experiment names it. With one slot, a seed reproduces a text exactly.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bias_harness.config import Endpoint
from bias_harness.errors import FatalError, TransientError
from bias_harness.providers import Context, weights
from bias_harness.vocabulary import Nature, Request, Response, Usage

DEFAULT_MODEL = "qwen2.5-coder-1.5b"
PLAIN_SAMPLING = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
CONTEXT_TOKENS = 4096


def create(endpoint: Endpoint, context: Context) -> Embedded:
    """The endpoint's model, its file found or fetched; the engine starts with the first request."""
    own = endpoint.model_path or context.environment.get(weights.VARIABLE)
    if own:
        path, digest = weights.own_file(own)
        return Embedded(path, f"{path.name} (sha256 {digest[:12]})", "model" if endpoint.model_path else "tiny model")
    name = endpoint.model or DEFAULT_MODEL
    known = weights.weights_of(name)
    path = weights.where(name) or fetch_with_bar(name)
    return Embedded(path, f"{known.title} (sha256 {known.sha256[:12]})")


def fetch_with_bar(name: str) -> Path:
    """Fetch a model with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(f"Fetching {name}", total=weights.weights_of(name).bytes)
        return weights.fetch(name, lambda got, _: bars.update(task, completed=got))


class Embedded:
    """Asks the engine in a thread of its own, one request at a time."""

    def __init__(self, path: Path, served: str, nature: Nature = "tiny model") -> None:
        self.path, self.served, self.nature = path, served, nature
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._server: Any = None

    async def ask(self, request: Request) -> Response:
        """The model's text. Raises `FatalError` where the engine cannot be started or refuses the request."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        data = await asyncio.get_running_loop().run_in_executor(self._thread, self._complete, request)
        choice = data["choices"][0]
        usage = data.get("usage") or {}
        return Response(
            request.key,
            request.endpoint,
            choice["message"]["content"] or "",
            choice.get("finish_reason"),
            self.served,
            Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), 0.0),
            asked_at,
            seed=request.seed,
        )

    def _complete(self, request: Request) -> dict[str, Any]:
        if self._server is None:
            self._server = start(self.path)
        body = {
            **PLAIN_SAMPLING,
            **request.sampling,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **({} if request.seed is None else {"seed": request.seed}),
        }
        data: dict[str, Any] = self._server.handle_chat_completions(body)
        error = data.get("error")
        if error:
            message = error.get("message", error) if isinstance(error, dict) else error
            raise FatalError(f"the local model refuses: {message}")
        if not data.get("choices"):
            raise TransientError("the local model gave no answer")
        return data

    async def aclose(self) -> None:
        """Stop the engine."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._stop)
        self._thread.shutdown()

    def _stop(self) -> None:
        self._server = None


def start(path: Path) -> Any:
    """The engine with one slot on all cores. Raises `InputError` where it cannot be loaded."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import xllamacpp
    except ImportError as error:
        remedy = "install the system's OpenMP runtime (Debian: apt-get install libgomp1)"
        raise FatalError(f"the engine of the local model cannot be loaded ({error}); {remedy}") from None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel = CONTEXT_TOKENS, 1
    cores = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = cores
    parameters.verbosity = -1
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise FatalError(f"{path} is no model that the engine can load: {error}") from None
