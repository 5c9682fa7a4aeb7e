"""How far an endpoint is, in words; and a line of it that is written over, for a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from bias_harness.asking.tally import Tally

SECONDS_BETWEEN = 0.5


def sentence(tally: Tally, speed: float) -> str:
    """The same in words."""
    parts = [f"{tally.done:,} of {tally.planned:,}", *remarks_of(tally, speed)]
    left = tally.planned - tally.done
    if speed and left > 0 and tally.stopped is None and not tally.under_way:
        minutes, seconds = divmod(round(left / speed), 60)
        parts.append(f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d} left")
    return ", ".join(parts)


def remarks_of(tally: Tally, speed: float) -> list[str]:
    """What is worth a word: the speed, what failed, what it cost, how far its batches are."""
    remarks = [f"{speed:,.1f}/s"] if speed else []
    remarks += [f"{tally.failed:,} failed"] if tally.failed else []
    remarks += [f"{tally.retried:,} retried"] if tally.retried else []
    remarks += [f"US$ {tally.cost:,.2f}"] if tally.cost else []
    remarks += [tally.under_way] if tally.under_way else []
    return [*remarks, *(["stopped"] if tally.stopped else [])]


def speedometer() -> Callable[[Tally], float]:
    """Requests a second since the endpoint was first heard of."""
    begun: dict[str, float] = {}

    def speed(tally: Tally) -> float:
        now = time.monotonic()
        elapsed = now - begun.setdefault(tally.endpoint, now)
        return (tally.answered + tally.failed) / elapsed if elapsed > 0 else 0.0

    return speed


def line_of_progress(into: TextIO | None = None) -> Callable[[Tally], None]:
    """A function that keeps one line of all endpoints up to date, on standard error where nothing else is named."""
    told: dict[str, str] = {}
    speed, written = speedometer(), 0.0

    def update(tally: Tally) -> None:
        nonlocal written
        told[tally.endpoint] = f"{tally.endpoint}: {sentence(tally, speed(tally))}"
        over, now = tally.done >= tally.planned or tally.stopped is not None, time.monotonic()
        if over or now - written >= SECONDS_BETWEEN:
            written = now
            out = into or sys.stderr
            out.write(f"\r{' | '.join(told.values())}\x1b[K")
            out.flush()

    return update
