"""How far the run is, to standard error: bars on a terminal, plain lines elsewhere, JSON lines for a program."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from bias_harness.asking.telling import remarks_of, sentence, speedometer
from bias_harness.cli.printing import note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from bias_harness.asking import Tally

SECONDS_BETWEEN_LINES = 10.0
LARGE = 5_000
"""From so many answers on it is told what is done after asking, where there is no terminal for a bar."""
Update = Callable[["Tally"], None]
Stage = Callable[[str, int, int], None]


class Seen(Protocol):
    """What is known of the answers of an endpoint so far: never how much, only how many."""

    def facts(self, endpoint: str) -> dict[str, Any]:
        """As plain data."""

    def so_far(self, endpoint: str) -> str:
        """In words."""


@contextmanager
def shown_progress(
    *,
    quiet: bool = False,
    as_json: bool = False,
    in_lines: bool = False,
    seen: Seen | None = None,
) -> Iterator[Update]:
    """A function to be told of every tally, as often as one likes.

    `in_lines` keeps to lines on a terminal too, because something else is printed there; `seen` says of an endpoint
    how many answers there are so far of each level, and how many could not be used.
    """
    if quiet:
        yield lambda _: None
    elif as_json:
        yield _at_intervals(
            lambda tally, speed: note(json.dumps(facts(tally, speed) | (seen.facts(tally.endpoint) if seen else {})))
        )
    elif sys.stderr.isatty() and not in_lines:
        with _bars(seen) as update:
            yield update
    else:
        yield _at_intervals(lambda tally, speed: note(_line(tally, speed, seen.so_far(tally.endpoint) if seen else "")))


@contextmanager
def shown_stages(*, quiet: bool = False, as_json: bool = False) -> Iterator[Stage]:
    """A function to be told what is done after asking, how much of it is done, and how much it is in all.

    A bar for each on a terminal. Elsewhere a line at the beginning of each, and every ten seconds, of what is large.
    """
    if quiet:
        yield lambda _stage, _done, _of: None
    elif sys.stderr.isatty() and not as_json:
        with _stage_bars() as update:
            yield update
    else:
        yield _stage_lines(as_json=as_json)


def _stage_lines(*, as_json: bool) -> Stage:
    told: dict[str, float] = {}

    def update(stage: str, done: int, of: int) -> None:
        now = time.monotonic()
        if of >= LARGE and now - told.get(stage, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
            told[stage] = now
            far = f" {done:,} of" if done else ""
            note(json.dumps({"stage": stage, "done": done, "of": of}) if as_json else f"{stage}:{far} {of:,} answers")

    return update


@contextmanager
def _stage_bars() -> Iterator[Stage]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bars:
        tasks: dict[str, TaskID] = {}

        def update(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=bars.tasks[task].total)
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done)

        yield update
        for task in tasks.values():
            bars.update(task, completed=bars.tasks[task].total)


def _line(tally: Tally, speed: float, so_far: str) -> str:
    return f"{tally.endpoint}: {sentence(tally, speed)}" + (f" ({so_far})" if so_far else "")


def facts(tally: Tally, speed: float) -> dict[str, object]:
    """How far one endpoint is; `per_second` and `seconds_left` null before anything was asked."""
    left = tally.planned - tally.done
    return {
        "endpoint": tally.endpoint,
        "done": tally.done,
        "planned": tally.planned,
        "failed": tally.failed,
        "retried": tally.retried,
        "cost": tally.cost,
        "per_second": round(speed, 1) if speed else None,
        "seconds_left": round(left / speed) if speed else None,
        "under_way": tally.under_way or None,
        "stopped": tally.stopped,
    }


def _at_intervals(tell: Callable[[Tally, float], None]) -> Update:
    """A line for each endpoint every ten seconds, and one when it has ended; of batches where they are further."""
    told: dict[str, float] = {}
    under_way: dict[str, str] = {}
    ended: dict[str, int] = {}
    speed = speedometer()

    def update(tally: Tally) -> None:
        now, over = time.monotonic(), tally.done >= tally.planned or tally.stopped is not None
        due = now - told.get(tally.endpoint, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES
        if tally.under_way:
            due = tally.under_way != under_way.get(tally.endpoint)
            under_way[tally.endpoint] = tally.under_way
        measured = speed(tally)
        if tally.planned and ended.get(tally.endpoint) != tally.planned and (due or over):
            told[tally.endpoint] = now
            tell(tally, measured)
            if over:
                ended[tally.endpoint] = tally.planned

    return update


@contextmanager
def _bars(seen: Seen | None) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[remarks]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bars:
        yield _update_bars(bars, seen)


def _update_bars(bars: Progress, seen: Seen | None) -> Update:
    tasks: dict[str, TaskID] = {}
    speed = speedometer()

    def update(tally: Tally) -> None:
        if tally.endpoint not in tasks:
            tasks[tally.endpoint] = bars.add_task(tally.endpoint, total=tally.planned, remarks="")
        told = " ".join([*remarks_of(tally, speed(tally)), *([seen.so_far(tally.endpoint)] if seen else [])])
        bars.update(tasks[tally.endpoint], completed=tally.done, total=tally.planned, remarks=told)

    return update
