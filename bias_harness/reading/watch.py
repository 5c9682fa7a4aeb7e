"""An early word: answers are read as they come, so that what cannot be used is said after twenty, not at the end."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from bias_harness.outcome import Outcome
from bias_harness.reading.answers import Reader
from bias_harness.vocabulary import Answer, Request, Response

FEWEST = 20
"""So many answers of an endpoint are judged together at the earliest."""
TOLD_SHARE = 0.5
ALL_READ, THEN_ONE_IN = 100, 10
"""The first answers are all read; after that one in ten, for each is read once more when the run is over."""
CAUSES = {
    "other_currency": "name another currency than outcome.currency; look at the wording, or set outcome.currency",
    "implausible": "name amounts outside outcome.plausible; look at outcome.period and outcome.plausible",
    "refused": "refuse to name an amount; look at the wording and at what the model is allowed to say",
    "empty": "have no text; give a larger sampling.max_tokens, or less thinking",
    "other_beginning": "begin otherwise than outcome.probabilities.begins; look at one in responses.jsonl",
    "length_open": "leave the length of the amount open (digits one by one, no thousands marks, scattered); have "
    "answers drawn, without outcome.probabilities",
    "little_covered": "are an amount with less than outcome.probabilities.least_covered of the probability; have "
    "answers drawn, without outcome.probabilities",
    "cut_off": "break off before the amount; give a larger sampling.max_tokens",
}
OTHERWISE = "hold no amount that can be read; look at one in responses.jsonl, and at the wording"
logger = logging.getLogger(__name__)


@dataclass
class Watch:
    """Reads the answers of a run while it is asked; to be called with each request and its response.

    Where at least `FEWEST` answers of an endpoint were read and more than half of them cannot be used for one cause,
    that is told once as a warning. Where more than `most_unread` of them cannot be used for whatever cause, the call
    gives back the sentence with which the endpoint is to be given up; None leaves that to the user.
    """

    outcome: Outcome
    most_unread: float | None = None
    _reader: Reader = field(init=False)
    _seen: Counter[str] = field(default_factory=Counter)
    _causes: dict[str, Counter[str]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._reader = Reader(self.outcome)

    def __call__(self, request: Request, response: Response) -> str | None:
        """Read one response. Returns why its endpoint should be asked nothing more, if it should."""
        name = request.endpoint
        self._seen[name] += 1
        if self._seen[name] > ALL_READ and self._seen[name] % THEN_ONE_IN:
            return None
        causes = self._causes.setdefault(name, Counter())
        language = request.trial.language if request.trial else None
        prompt = "\n".join(message.content for message in request.messages)
        causes[_cause(self._reader.read(response, language=language, prompt=prompt), self.outcome)] += 1
        return self._word(name, causes)

    def read(self, endpoint: str) -> tuple[int, int, int]:
        """How many answers of an endpoint were read so far, and how many of these were refusals, or of no use else."""
        causes = self._causes.get(endpoint, Counter())
        refused = causes["refused"]
        return causes.total(), refused, causes.total() - causes[""] - refused

    def _word(self, name: str, causes: Counter[str]) -> str | None:
        read = causes.total()
        unread = {cause: count for cause, count in causes.items() if cause}
        if read < FEWEST or not unread:
            return None
        cause = max(unread, key=lambda c: unread[c])
        sentence = f"{unread[cause]:,} of {read:,} answers {CAUSES.get(cause, OTHERWISE)}"
        if self.most_unread is not None and sum(unread.values()) > self.most_unread * read:
            return f"{sentence} (max_unread_share)"
        if unread[cause] > TOLD_SHARE * read and name not in self._told:
            self._told.add(name)
            logger.warning("%s: %s", name, sentence)
        return None


def _cause(answer: Answer, outcome: Outcome) -> str:
    """Why an answer cannot be used; empty where it can."""
    if answer.status == "ok" and (answer.annual is not None or outcome.measured.form != "money"):
        return ""
    if answer.status == "refused":
        return "refused"
    return answer.reason or answer.status
