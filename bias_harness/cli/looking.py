"""Looking while it runs: how many answers there are of each level, what cannot be read, and the last ones on request.

Never a gap: what is counted is how many, not how much, so that nobody stops when the numbers please.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bias_harness.cli.printing import note
from bias_harness.reading.answers import Reader
from bias_harness.reading.watch import Watch

if TYPE_CHECKING:
    from bias_harness.outcome import Outcome
    from bias_harness.vocabulary import Answer, Request, Response

SECONDS_BETWEEN_ANSWERS = 1.0
LETTERS = 160


@dataclass
class Looking:
    """To be called with each request and its response; what `Watch` does, and counts by level besides.

    `show` prints an answer a second at most, with what was read in it.
    """

    outcome: Outcome
    most_unread: float | None = None
    show: bool = False
    _counts: dict[str, Counter[str]] = field(default_factory=dict)
    _shown: float = float("-inf")

    def __post_init__(self) -> None:
        self._watch = Watch(self.outcome, self.most_unread)
        self._reader = Reader(self.outcome)

    def __call__(self, request: Request, response: Response) -> str | None:
        """Count one response, and show it where that is wanted. Returns why its endpoint should be given up, if so."""
        if request.trial is not None and response.error is None:
            level = request.trial.level
            self._counts.setdefault(request.endpoint, Counter())[level] += 1
            if self.show and time.monotonic() - self._shown >= SECONDS_BETWEEN_ANSWERS:
                self._shown = time.monotonic()
                self._say(request, response)
        return self._watch(request, response)

    def facts(self, endpoint: str) -> dict[str, Any]:
        """Answers so far by level, and of those that were read already how many refused or had no amount otherwise."""
        read, refused, unread = self._watch.read(endpoint)
        levels = dict(sorted(self._counts.get(endpoint, Counter()).items()))
        return {"levels": levels, "read": read, "refused": refused, "unread": unread}

    def so_far(self, endpoint: str) -> str:
        """`female 120, male 121; of 130 read 4 refused, 2 unread`; empty before the first answer."""
        found = self.facts(endpoint)
        levels = ", ".join(f"{level} {n:,}" for level, n in found["levels"].items())
        lost = ", ".join(f"{found[name]:,} {name}" for name in ("refused", "unread") if found[name])
        return f"{levels}; of {found['read']:,} read {lost}" if lost else levels

    def _say(self, request: Request, response: Response) -> None:
        prompt = "\n".join(message.content for message in request.messages)
        trial = request.trial
        language = trial.language if trial else None
        answer = self._reader.read(response, language=language, prompt=prompt)
        text = " ".join((response.text or "").split())
        short = text if len(text) <= LETTERS else f"{text[:LETTERS]} …"
        who = f"{trial.persona}, {trial.level}" if trial else ""
        note(f"{request.endpoint}, {who}: read as {read_as(answer)}: {short!r}")


def read_as(answer: Answer) -> str:
    """What was read, in a few words: the amount as stated, or why there is none."""
    if answer.status != "ok" or answer.amount is None:
        return f"{answer.status} ({answer.reason})" if answer.reason else answer.status
    unit = " ".join(filter(None, (answer.currency, f"a {answer.period}" if answer.period else "")))
    return f"{answer.amount:,.10g} {unit}".strip()
