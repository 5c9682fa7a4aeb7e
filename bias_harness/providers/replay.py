"""A recorded run as an endpoint: asks no network; a request that was not recorded is an error.

The recording's own resolved experiment tells what each recorded answer was an answer to, so that a miss can name
the nearest recorded request and show the first difference.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from bias_harness.audit import read_resolved
from bias_harness.config import Endpoint
from bias_harness.errors import InputError, ReplayMissError
from bias_harness.providers import Context
from bias_harness.results import RunFolder
from bias_harness.vocabulary import Nature, Request, Response


def create(endpoint: Endpoint, _context: Context) -> Replay:
    """The recording that `run:` names."""
    if not endpoint.run:
        raise InputError(f"endpoint {endpoint.name!r}: 'run' is missing; name the folder of a recorded run")
    return Replay(endpoint, RunFolder(Path(endpoint.run)))


Identity = tuple[tuple[tuple[str, str], ...], int]


class Replay:
    """Answers from the recording: the same messages, the same repeat, the same answer."""

    nature: Nature = "recording"

    def __init__(self, endpoint: Endpoint, folder: RunFolder) -> None:
        self.endpoint, self.folder = endpoint, folder
        audit = read_resolved(folder.experiment(), str(folder.path / "experiment.yaml"), folder.path)
        latest = folder.latest()
        sources = [e for e in audit.experiment.endpoints if endpoint.model in ("", e.name, e.model)]
        if not sources:
            raise InputError(f"endpoint {endpoint.name!r}: {folder.path} has no recording of {endpoint.model!r}")
        if len(sources) > 1:
            names = ", ".join(e.name for e in sources)
            raise InputError(f"endpoint {endpoint.name!r}: {folder.path} holds {names}; name one of them in 'model'")
        requests = (r for _, block in audit.requests(sources[0]) for r in block)
        self.recorded = {_identity(r): latest[r.key] for r in requests if r.key in latest}

    async def ask(self, request: Request) -> Response:
        """The recorded response under this request's key. Raises `ReplayMissError`."""
        found = self.recorded.get(_identity(request))
        if found is None:
            raise ReplayMissError(f"{self.folder.path} does not hold this request. {self._nearest(request)}")
        return replace(found, key=request.key, endpoint=request.endpoint)

    def _nearest(self, request: Request) -> str:
        if not self.recorded:
            return "It holds no answer at all."
        wanted = _text(_identity(request))
        texts = {_text(identity): identity for identity in self.recorded}
        near = difflib.get_close_matches(wanted, texts, n=1, cutoff=0.0)[0]
        place = next(
            (i for i, (a, b) in enumerate(zip(wanted, near, strict=False)) if a != b), min(len(wanted), len(near))
        )
        start = max(0, place - 20)
        there, here = near[start : place + 40], wanted[start : place + 40]
        return f"The nearest recorded request differs first here: {there!r} there, {here!r} here."


def _identity(request: Request) -> Identity:
    return tuple((m.role, m.content) for m in request.messages), request.repeat


def _text(identity: Identity) -> str:
    messages, repeat = identity
    return "\n".join(f"{role}: {content}" for role, content in messages) + f"\nrepeat {repeat}"
