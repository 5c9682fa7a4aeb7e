"""How far the run is: bars on a terminal, plain lines elsewhere, to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bias_harness.commands import note

if TYPE_CHECKING:
    from bias_harness.audit import Audit
    from bias_harness.runner import Tally

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def shown_progress(audit: Audit, limit: int | None, *, quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """A function to be told of every tally."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bars(audit, limit) as update:
            yield update
    else:
        yield _lines()


def _lines() -> Callable[[Tally], None]:
    told: dict[str, float] = {}

    def update(tally: Tally) -> None:
        now = time.monotonic()
        if (
            now - told.get(tally.endpoint, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES
            or tally.done == tally.planned
        ):
            told[tally.endpoint] = now
            note(f"{tally.endpoint}: {tally.done:,} of {tally.planned:,} done, {tally.failed:,} failed")

    return update


@contextmanager
def _bars(audit: Audit, limit: int | None) -> Iterator[Callable[[Tally], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    planned = sum(c.trials for c in audit.design.counts())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {
            e.name: bars.add_task(e.name, total=min(planned, limit or planned), rate="", failed="")
            for e in audit.experiment.endpoints
        }
        begun = time.monotonic()

        def update(tally: Tally) -> None:
            rate = (tally.answered + tally.failed) / max(1e-9, time.monotonic() - begun)
            failed = f"{tally.failed:,} failed" if tally.failed else ""
            bars.update(tasks[tally.endpoint], completed=tally.done, rate=f"{rate:,.1f}/s", failed=failed)

        yield update
