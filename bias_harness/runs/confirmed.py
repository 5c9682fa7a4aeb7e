"""Second turns: what of a run is asked about, and what came of it beside the reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.design.confirming import turns_of
from bias_harness.design.experiment import Endpoint
from bias_harness.reading.answers import Reader
from bias_harness.results import RunFolder
from bias_harness.vocabulary import Answer, Request, Response

if TYPE_CHECKING:
    from bias_harness.asking.ask import SecondTurns
    from bias_harness.estimating.confirmations import Confirmations
    from bias_harness.runs.loaded import Run

UNREAD = ("no_amount", "ambiguous")


def second_turns(audit: Audit, folder: RunFolder) -> SecondTurns | None:
    """What gives the second turns of an endpoint, by what the folder holds then; None where none are wanted."""
    if audit.experiment.confirm is None:
        return None

    def of(endpoint: Endpoint) -> Iterator[Request]:
        latest, reader = folder.latest(), Reader(audit.experiment.outcome)

        def text(request: Request) -> str | None:
            response = latest.get(request.key)
            if audit.experiment.confirm == "unread" and not _unread(request, response, reader):
                return None
            return _text(response)

        return (turn for _, turn in turns_of(audit, endpoint, text))

    return of


def _text(response: Response | None) -> str | None:
    """The text that can be asked about."""
    return response.text if response is not None and (response.text or "").strip() else None


def _unread(request: Request, response: Response | None, reader: Reader) -> bool:
    """Whether an answer has a text in which no amount could be read; a refusal is read."""
    if response is None or request.trial is None:
        return False
    prompt = "\n".join(m.content for m in request.messages)
    return reader.read(response, language=request.trial.language, prompt=prompt).status in UNREAD


def confirmed_in(run: Run) -> dict[str, Answer]:
    """By the key of the answer: which amount the model says it advised, as far as it was asked and answered.

    A second turn about a text that has been replaced since says nothing. It is read without its conversation, in which
    every amount is an echo, and in the unit that it asks for.
    """
    latest = run.folder.latest()
    outcome = run.audit.experiment.outcome.model_copy(update={"multiplier": 1.0})
    reader, found = Reader(outcome), dict[str, Answer]()
    for endpoint in run.audit.experiment.endpoints:
        for request, turn in turns_of(run.audit, endpoint, lambda asked: _text(latest.get(asked.key))):
            reply = latest.get(turn.key)
            if reply is not None and request.trial is not None:
                found[request.key] = reader.read(reply, language=request.trial.language)
    return found


def confirmations_of(run: Run) -> Confirmations | None:
    """What the second turns say beside the reading, by level; None where none are wanted or nothing was answered."""
    if run.audit.experiment.confirm is None or run.imported is not None:
        return None
    from bias_harness.estimating.confirmations import confirmations  # late: most runs have none

    linear = not run.audit.experiment.outcome.measured.relative
    found = confirmations(run.observations, confirmed_in(run), linear=linear)
    return found if found.levels else None
