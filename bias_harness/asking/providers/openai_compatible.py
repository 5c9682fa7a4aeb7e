"""Any OpenAI-compatible endpoint, through the `openai` client: chat completions; `openai_responses` is the other API.

The client writes the request: address, authentication, headers. It does so once, for nothing in them changes from
one request to the next; what changes, the body, then goes straight over the wire. That is what makes a request cost
a seventh of the client's own call (`benchmarks/bench_runner.py`). The client's retries are off, for there is one
retry layer, in the runner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.asking.providers.contents import text_of
from bias_harness.asking.providers.openai_batches import FileBatches
from bias_harness.asking.providers.refusals import status_in
from bias_harness.asking.providers.walking import beside
from bias_harness.asking.providers.wire import Wire, read_key, whole_number
from bias_harness.asking.received import money
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import EmptyError, FatalError, InputError, ProviderError
from bias_harness.probabilities import Probabilities
from bias_harness.vocabulary import Nature, Request, Response, Usage

PATHS = ("/chat/completions", "/responses")
OLLAMA, IGNORED_BY_OLLAMA = "fp_ollama", "max_completion_tokens"
NOT_KEPT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})


def create(endpoint: Endpoint, context: Context) -> OpenAICompatible:
    """The endpoint's provider; without a `base_url` that is OpenAI itself.

    Raises `InputError` where the model or the key's variable is missing.
    """
    if not endpoint.model:
        raise InputError(f"endpoint {endpoint.name!r}: 'model' is missing")
    key = read_key(endpoint, context, None if endpoint.base_url else "OPENAI_API_KEY")
    if endpoint.api == "responses":
        from bias_harness.asking.providers.openai_responses import OpenAIResponses

        return OpenAIResponses(endpoint, key, context.outcome.probabilities)
    return OpenAICompatible(endpoint, key, context.outcome.probabilities)


@dataclass(frozen=True)
class Written:
    """A request as the client wrote it, without its body."""

    url: str
    headers: Mapping[str, str]


async def written_by_client(endpoint: Endpoint, key: str, path: str) -> Written:
    """What the `openai` client sends to this path of the endpoint besides the body."""
    import httpx2
    import openai

    seen: list[httpx2.Request] = []

    def catch(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    base_url, query = address_of(endpoint.base_url)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(catch), trust_env=False)
    async with openai.AsyncOpenAI(
        api_key=key, base_url=base_url, max_retries=0, timeout=endpoint.timeout_seconds, http_client=http
    ) as client:
        try:
            await client.post(path, cast_to=httpx2.Response, body={})
        except openai.OpenAIError as error:
            raise FatalError(f"the openai client refuses: {error}".replace(key, "[key]")) from None
    (request,) = seen
    headers = {name: value for name, value in request.headers.items() if name not in NOT_KEPT}
    if endpoint.base_url:  # an account at OpenAI is nobody else's business
        headers = {name: value for name, value in headers.items() if not name.startswith("openai-")}
    if "azure.com" in (request.url.host or ""):  # its dated API reads the key here
        headers["api-key"] = key
    return Written(f"{request.url}{query}", headers)


def address_of(base_url: str | None) -> tuple[str | None, str]:
    """A base_url as the client wants it, and the query that comes behind the path.

    Many write the whole address of what is asked down; what stands behind a question mark (Azure's `api-version`) stays
    behind the path.
    """
    if base_url is None:
        return None, ""
    path, mark, query = base_url.partition("?")
    path = path.rstrip("/")
    for end in PATHS:
        path = path.removesuffix(end)
    return path.rstrip("/"), mark + query


class OpenAICompatible(Provider):
    """Asks `/chat/completions`. `path` is what is asked, `called` what it gives."""

    nature: Nature = "model"
    path: ClassVar[str] = "/chat/completions"
    called: ClassVar[str] = "a chat completion"

    def __init__(self, endpoint: Endpoint, key: str, form: Probabilities | None = None) -> None:
        self.endpoint, self.key, self.form = endpoint, key, form
        self.wire = Wire(endpoint, key)
        self._writing: asyncio.Task[Written] | None = None

    @property
    def rest_until(self) -> float:
        """The monotonic time before which the endpoint asks not to be asked."""
        return self.wire.rest_until

    @property
    def batches(self) -> FileBatches:
        """Its batch API."""
        return FileBatches(self)

    async def ask(self, request: Request) -> Response:
        """The first choice's text. Raises `ProviderError`."""
        written = await self.written()
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        data = await self.wire.post(written.url, written.headers, self.body(request))
        return self.response(request, data, asked_at, written.url)

    def body(self, request: Request) -> bytes:
        """A request as it is sent."""
        return _body(request, self._seed(request))

    def _seed(self, request: Request) -> int | None:
        return request.seed if self.endpoint.send_seed is not False else None

    async def models(self) -> list[str]:
        """The models that the endpoint lists; costs nothing. Raises `ProviderError`."""
        written = await self.written()
        return await self.wire.models(written.url.replace(self.path, "/models"), written.headers)

    async def written(self) -> Written:
        """The request as the client writes it, without its body."""
        if self._writing is None:
            self._writing = asyncio.create_task(written_by_client(self.endpoint, self.key, self.path))
        return self._writing.result() if self._writing.done() else await asyncio.shield(self._writing)

    def response(self, request: Request, data: Any, asked_at: str, url: str = "") -> Response:
        """The first choice. What is odd in the values is the runner's to judge; here only the shape counts.

        `url` is what was asked, the path where it is left out.
        """
        url = url or self.path
        choice = _first_choice(data)
        if choice is None or isinstance(choice.get("error"), dict):
            raise self.no_answer(data, choice, url)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self.no_answer(data, choice, url)
        finish = choice.get("finish_reason")
        text = text_of(message.get("content"), message.get("refusal"))
        if finish == "error" or (text is None and finish is None):
            raise self.no_answer(data, choice, url)
        if data.get("system_fingerprint") == OLLAMA and request.sampling.get(IGNORED_BY_OLLAMA):
            raise FatalError(
                f"Ollama takes no notice of {IGNORED_BY_OLLAMA}; write sampling: {{max_tokens: ...}} instead of it"
            )
        usage = data.get("usage")
        return Response(
            request.key,
            request.endpoint,
            text or "",
            finish,
            data.get("model"),
            usage_of(usage, CHAT_TOKENS) if isinstance(usage, dict) else None,
            asked_at,
            seed=self._seed(request),
            probabilities=None if self.form is None else beside(self.form.begins, choice.get("logprobs")),
        )

    def no_answer(self, data: Any, choice: Mapping[str, Any] | None, url: str) -> ProviderError:
        """What is wrong with a 200 that holds no answer; some gateways wrap another endpoint's error in it."""
        whole = data[0] if isinstance(data, list) and data else data
        error = (choice or {}).get("error") or (whole.get("error") if isinstance(whole, dict) else None)
        if error:
            return self.wire.refused(status_in(error), {"error": error}, {}, url)
        if isinstance(whole, dict) and isinstance(whole.get("code"), int | str) and whole.get("message"):
            return self.wire.refused(status_in(whole), whole, {}, url)
        return EmptyError(
            f"the endpoint did not answer with {self.called} but with {self.wire.shown_data(data)}",
            maybe_billed=choice is not None,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._writing is not None:
            self._writing.cancel()
        await self.wire.aclose()


def _body(request: Request, seed: int | None) -> bytes:
    body = {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **request.sampling,
    }
    if seed is not None:
        body["seed"] = seed
    return orjson.dumps(body)


def _first_choice(data: Any) -> Mapping[str, Any] | None:
    choices = data.get("choices") if isinstance(data, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


@dataclass(frozen=True)
class TokenNames:
    """How an API calls the tokens that it counts; the details of both have `_details` behind them."""

    asked: str
    answered: str


CHAT_TOKENS = TokenNames("prompt_tokens", "completion_tokens")


def usage_of(usage: Mapping[str, Any], names: TokenNames) -> Usage:
    """The tokens that are billed. Thinking is, and some leave it out of the answer's count and not of the total."""
    asked, answered, total = (whole_number(usage.get(n)) for n in (names.asked, names.answered, "total_tokens"))
    thought = _detail(usage, names.answered, "reasoning_tokens")
    if answered is not None and thought is not None and thought > answered:
        answered += thought
    if asked is not None and total is not None and total >= asked:
        answered = max(answered or 0, total - asked)
    cached = _detail(usage, names.asked, "cached_tokens")
    return Usage(asked, answered, _cost(usage), cached_tokens=min(cached, asked or 0) if cached else None)


def _cost(usage: Mapping[str, Any]) -> Any:
    """What OpenRouter says that it took; with a key of one's own the vendor behind it takes the rest."""
    cost, details = money(usage.get("cost")), usage.get("cost_details")
    upstream = money(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
    return (cost or 0.0) + upstream if usage.get("is_byok") is True and upstream is not None else cost


def _detail(usage: Mapping[str, Any], of: str, name: str) -> int | None:
    details = usage.get(f"{of}_details")
    return whole_number(details.get(name)) if isinstance(details, dict) else None
