"""A recorded run as an endpoint: asks no network; a request that was not recorded is an error.

The recording's own resolved experiment tells what each recorded answer was an answer to, so that a miss can name
the nearest recorded request and show the first difference.
"""

from __future__ import annotations

import difflib
import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from bias_harness.asking.providers import Context, Provider
from bias_harness.design.audit import Audit
from bias_harness.design.confirming import turns_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import InputError, ReplayMissError
from bias_harness.results import RunFolder
from bias_harness.vocabulary import Nature, Request, Response

CANDIDATES = 20
BEFORE, AFTER = 20, 40
"""Characters shown on either side of the first difference."""


def create(endpoint: Endpoint, _context: Context) -> Replay:
    """The recording that `run:` names; `model:` names one of its endpoints where it has several.

    Raises `InputError` where there is no such endpoint, `RunFolderError` where there is no such recording.
    """
    if not endpoint.run:
        raise InputError(f"endpoint {endpoint.name!r}: 'run' is missing; name the folder of a recorded run")
    return Replay(endpoint, RunFolder(Path(endpoint.run)))


class Replay(Provider):
    """Answers from the recording: the same messages, sampling and repeat, the same answer."""

    nature: Nature = "recording"

    def __init__(self, endpoint: Endpoint, folder: RunFolder) -> None:
        self.endpoint, self.folder = endpoint, folder
        self._audit = Audit.of_folder(folder.path)
        self._source = self._chosen()
        self._latest = folder.latest()
        self._recorded = {_digest(r): r.key for r in self._requests()}

    def _chosen(self) -> Endpoint:
        name, wanted, folder = self.endpoint.name, self.endpoint.model, self.folder.path
        sources = [e for e in self._audit.experiment.endpoints if wanted in ("", e.name, e.model)]
        if not sources:
            raise InputError(f"endpoint {name!r}: {folder} has no recording of {wanted!r}")
        if len(sources) > 1:
            names = ", ".join(e.name for e in sources)
            raise InputError(f"endpoint {name!r}: {folder} holds {names}; name one of them in 'model'")
        return sources[0]

    def _requests(self) -> Iterator[Request]:
        """The recorded requests that have a response, second turns among them."""
        for _, block in self._audit.requests(self._source):
            yield from (request for request in block if request.key in self._latest)
        turns = turns_of(self._audit, self._source, lambda request: self._text_of(request.key))
        yield from (turn for _, turn in turns if turn.key in self._latest)

    def _text_of(self, key: str) -> str | None:
        return self._latest[key].text if key in self._latest else None

    async def ask(self, request: Request) -> Response:
        """The recorded response under this request's key, a recorded failure included. Raises `ReplayMissError`."""
        key = self._recorded.get(_digest(request))
        if key is None:
            raise ReplayMissError(f"{self.folder.path} does not hold this request. {self._nearest(request)}")
        found = self._latest[key]
        return replace(found, key=request.key, endpoint=request.endpoint, attempts=1, confirms=request.confirms)

    def _nearest(self, request: Request) -> str:
        wanted = _text(request)
        likely = heapq.nlargest(CANDIDATES, map(_text, self._requests()), key=lambda t: _alike(t, wanted))
        if not likely:
            return "It holds no answer at all."
        near = max(likely, key=lambda t: difflib.SequenceMatcher(None, t, wanted, autojunk=False).ratio())
        start = max(0, _shared(wanted, near) - BEFORE)
        there, here = near[start : start + BEFORE + AFTER], wanted[start : start + BEFORE + AFTER]
        return f"The nearest recorded request differs first here: {there!r} there, {here!r} here."


def _alike(one: str, other: str) -> int:
    """Characters that two texts share at the beginning and at the end."""
    return _shared(one, other) + _shared(one[::-1], other[::-1])


def _shared(one: str, other: str) -> int:
    """Characters that two texts share at the beginning."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _digest(request: Request) -> bytes:
    return hashlib.sha256(_text(request).encode()).digest()[:16]


def _text(request: Request) -> str:
    messages = request.messages[:-1] if request.messages[-1].role == "assistant" else request.messages  # begun for it
    said = "\n".join(f"{m.role}: {m.content}" for m in messages)
    sampling = orjson.dumps(dict(request.sampling), option=orjson.OPT_SORT_KEYS).decode()
    return f"{said}\nsampling {sampling}, repeat {request.repeat}"
