"""OpenAI's Responses API, for the models that are served there alone: `api: responses`.

It says the same in other words: the messages are its `input`, the most tokens `max_output_tokens`, and it takes no
seed. What it is asked it would keep for a month, so it is told not to (`store: false`). An answer is a list of items:
what the model thought is one, what it says are those of type `message`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from bias_harness.asking.providers.contents import text_of
from bias_harness.asking.providers.openai_compatible import OpenAICompatible, TokenNames, usage_of
from bias_harness.asking.providers.walking import beside
from bias_harness.errors import FatalError
from bias_harness.probabilities import Probabilities
from bias_harness.vocabulary import Distribution, Request, Response

TOKENS = TokenNames("input_tokens", "output_tokens")
LOGPROBS = "message.output_text.logprobs"
ENDED = frozenset({"completed", "incomplete"})
LATER = frozenset({"queued", "in_progress"})


class OpenAIResponses(OpenAICompatible):
    """Asks `/responses`."""

    path: ClassVar[str] = "/responses"
    called: ClassVar[str] = "a response"

    def body(self, request: Request) -> bytes:
        """A request as it is sent."""
        sampling = dict(request.sampling)
        if "max_tokens" in sampling:  # one limit has one name in an experiment; a limit of extra_body goes before it
            sampling = {"max_output_tokens": sampling.pop("max_tokens"), **sampling}
        if sampling.pop("logprobs", None):
            sampling["include"] = [*sampling.get("include", ()), LOGPROBS]
        said = [{"role": m.role, "content": m.content} for m in request.messages]
        return orjson.dumps({"model": request.model, "input": said, "store": False, **sampling})

    def response(self, request: Request, data: Any, asked_at: str, url: str = "") -> Response:
        """What the items of type `message` say; the finish reason is why it is incomplete, else the status."""
        return read_response(self, request, data, asked_at, url or self.path)


def read_response(provider: OpenAICompatible, request: Request, data: Any, asked_at: str, url: str) -> Response:
    """What a provider makes of a response: that of a batch too which was created before `api` was changed."""
    output = data.get("output") if isinstance(data, dict) else None
    status = str(data.get("status")) if isinstance(data, dict) else None
    if status in LATER:
        raise FatalError(
            f"the endpoint answers later (status {status}), and nobody comes back for it; take background out of "
            "the endpoint's extra_body"
        )
    if not isinstance(output, list) or data.get("error") or status not in ENDED:
        raise provider.no_answer(data, data if isinstance(output, list) else None, url)
    parts = _parts(output)
    usage = data.get("usage")
    return Response(
        request.key,
        request.endpoint,
        text_of(parts) or "",
        _why_incomplete(data) or status,
        data.get("model"),
        usage_of(usage, TOKENS) if isinstance(usage, dict) else None,
        asked_at,
        probabilities=_probabilities(provider.form, parts),
    )


def _parts(output: Sequence[Any]) -> list[Any]:
    """The parts of what is said, comments on the way left out as thoughts are."""
    said = [item for item in output if isinstance(item, dict) and item.get("type") == "message"]
    contents = [item.get("content") for item in said if item.get("phase") != "commentary"]
    return [part for content in contents for part in (content if isinstance(content, list) else [content])]


def _why_incomplete(data: Mapping[str, Any]) -> Any:
    details = data.get("incomplete_details")
    return details.get("reason") if isinstance(details, dict) else None


def _probabilities(form: Probabilities | None, parts: Sequence[Any]) -> Distribution | None:
    if form is None:
        return None
    given = [part.get("logprobs") for part in parts if isinstance(part, dict)]
    return beside(form.begins, {"content": [place for places in given if isinstance(places, list) for place in places]})
