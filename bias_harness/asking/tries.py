"""Trying one request again: how often, how long to wait, what a failure says of the endpoint, what it may have cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bias_harness.errors import TransientError
from bias_harness.vocabulary import Response, Usage

MOST_REFUSALS = 50
BELIEVED = 3
"""So often the time that an endpoint names is waited for as it is; after that somewhat longer each time."""
LONGER_SECONDS, MOST_LONGER_SECONDS = 0.25, 30.0
MOST_SECONDS = 10 * 366 * 86_400.0
OUTAGE = (502, 503, 504, 529)
"""Statuses by which a gateway says that nobody is behind it at present."""


def too_long(seconds: float, why: str) -> str:
    """What to say of a wait that is too long for a run: until when, and what to do then."""
    if seconds > MOST_SECONDS:
        return f"it asks to wait for years ({why}); look at your account there"
    until = (datetime.now().astimezone() + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M")
    return f"it asks to wait {seconds / 60:,.0f} minutes, until {until} ({why}); run the same command again after that"


def is_outage(error: Exception) -> bool:
    """Whether a failure says that nobody is there at all: no connection, or a gateway with nobody behind it."""
    return isinstance(error, TransientError) and (error.unreachable or error.http_status in OUTAGE)


@dataclass
class Lost:
    """US dollars that attempts without an answer may have cost, for one request."""

    money: float = 0.0

    def added_to(self, response: Response) -> Response:
        """The response with that among what is reserved."""
        if not self.money:
            return response
        usage = response.usage or Usage()
        return replace(response, usage=replace(usage, reserved=(usage.reserved or 0.0) + self.money))


class Tries:
    """Counts what went wrong with one request.

    A refusal for the rate is no attempt, but is bounded too; an outage that is waited for is none either.
    """

    def __init__(self, at_most: int) -> None:
        self.left, self.refusals_left = at_most, MOST_REFUSALS

    def wait(self, error: Exception, *, outage: bool = False) -> bool | float:
        """Seconds to the next attempt, True for the usual backoff, False for no further attempt."""
        if not isinstance(error, TransientError):
            return False
        if error.http_status == 429:
            self.refusals_left -= 1
        elif not outage:
            self.left -= 1
        if not self.left or not self.refusals_left:
            return False
        return True if error.retry_after_seconds is None else error.retry_after_seconds + self._more()

    def _more(self) -> float:
        """Seconds beside the time that the endpoint names, should that have been too short several times."""
        refused = MOST_REFUSALS - self.refusals_left
        return 0.001 if refused <= BELIEVED else min(MOST_LONGER_SECONDS, LONGER_SECONDS * 2 ** (refused - BELIEVED))
