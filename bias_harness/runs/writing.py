"""A run's derived files, written where something of what they are made of has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bias_harness.reporting.texts import chosen_languages
from bias_harness.runs.written import drawn_before, note_drawn, note_written, was_written, written

if TYPE_CHECKING:
    from pathlib import Path

    from bias_harness.reporting.drawn import Drawn
    from bias_harness.runs.loaded import Run

Told = Callable[[str, int, int], None]
"""Told what is done at present, how much of it is done, and how much it is in all."""
LEFT_BEHIND = ("answers/*.html", "figures/F*.svg", "figures/F*.png", "figures/F*.csv", "figures/F*.txt")
"""What an earlier report may have left that is not made any more."""


def write(run: Run, languages: str | Iterable[str], *, figures: bool, told: Told) -> list[Path]:
    """See `Run.write`."""
    chosen = chosen_languages(languages)
    there = [path.name.split(".")[1] for path in sorted(run.folder.path.glob("report.*.html"))]
    listed = list(dict.fromkeys((*chosen, *there)))
    wanted = [*sorted(listed), f"figures: {figures}"]
    kept = written(run, wanted)
    if kept is not None:
        _clear(run, kept)
        return kept
    from bias_harness.reporting.drawn import Drawn  # late: what is as it was needs neither pandas nor a page

    _read(run, told)
    drawn = Drawn(drawn_before(run))
    made = {**run.numbers(), **_pages(run, listed, drawn, told, figures=figures)}
    paths = run.folder.write_all(made)
    _clear(run, paths)
    note_drawn(run, drawn.used)
    if not run.observations.empty:
        note_written(run, wanted, made)
    return paths


def _clear(run: Run, paths: list[Path]) -> None:
    for pattern in LEFT_BEHIND:
        run.folder.clear(pattern, paths)


def is_empty(run: Run, told: Told) -> bool:
    """See `Run.is_empty`."""
    if was_written(run):
        return False
    _read(run, told)
    return bool(run.observations.empty)


def _read(run: Run, told: Told) -> None:
    """Read what is not read yet, and tell how far that is."""
    if "readings" in vars(run):
        return
    from bias_harness.results.read_parts import read_run

    of = run.folder.seals()
    lines, done = sum(seal.lines for seal in of.values()), 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        told("reading", done, lines)

    told("reading", 0, lines)
    of_run = (run.folder, run.trials.questions, run.audit.experiment.outcome)
    vars(run)["readings"] = read_run(*of_run, more, run.workers)


def _pages(run: Run, languages: list[str], drawn: Drawn, told: Told, *, figures: bool) -> Mapping[str, Any]:
    from bias_harness.reporting.report import pages
    from bias_harness.runs.loaded import material

    rows = len(run.observations)
    told("estimating", 0, rows)
    made = material(run)
    told("drawing", 0, rows)
    return pages(made, languages, figures=figures, drawn=drawn)
