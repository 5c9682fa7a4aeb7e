"""What all lanes of a run share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bias_harness.asking.budget import Purse
from bias_harness.results import KeySet
from bias_harness.vocabulary import Request, Response


class Log(Protocol):
    """Where responses go."""

    @property
    def trouble(self) -> OSError | None:
        """Why nothing new should be asked, if there is a reason."""
        ...

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns."""
        ...

    def hold(self, request: Request, reserved: float) -> None:
        """Note on disk what a request that is about to be sent may cost in all, in US dollars."""
        ...

    def let_go(self, request: Request) -> None:
        """A request that was on its way needs no line, for nothing was paid for it."""
        ...

    def sync(self) -> None:
        """Hand what was written to the disk itself."""
        ...


See = Callable[[Request, Response], str | None]
"""Told of each response once it is kept; a sentence back says why its endpoint should be asked nothing more."""


@dataclass
class Common:
    """What all lanes share. `asking` holds the tasks whose request is on its way, which a stop lets finish."""

    log: Log
    done: KeySet
    again: KeySet
    purse: Purse
    stop: asyncio.Event
    max_error_share: float
    see: See
    empty: KeySet = field(default_factory=KeySet)
    asked: KeySet = field(default_factory=KeySet)
    asking: set[asyncio.Task[None]] = field(default_factory=set)
