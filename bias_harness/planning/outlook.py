"""What a design can tell, in a table and in sentences: its forecast, and that of a full crossing for the same price."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import Design
from bias_harness.design.rotation import CROSSED_REPEATS, JOBS_FOR_THE_SAME, is_rotated
from bias_harness.design.varying import vary
from bias_harness.estimating.looks import looks_of
from bias_harness.outcome import Outcome
from bias_harness.planning.calibration import GAPS, simulated_of
from bias_harness.planning.conditions import Condition, suited
from bias_harness.planning.forecast import OFTEN, Forecast, forecast
from bias_harness.vocabulary import MOST_JOBS

Shown = Callable[[float], str]
LARGEST = 100_000
"""Answers of one endpoint up to which a design is drawn in a moment."""
LOSSES = (-1.5, -2.5, -5.0)
"""The gaps that are shown where pay is not measured, in smallest gaps that matter."""


@dataclass(frozen=True)
class Outlook:
    """A design by its name, with its requests of each endpoint, and what it can tell of each attribute."""

    design: str
    requests: int
    forecasts: tuple[Forecast, ...]

    HEAD: ClassVar[Sequence[str]] = (
        *("design", "requests", "attribute", "jobs", "half-width", "gaps", "said to differ", "said to be clear"),
        "the same, of none",
    )

    def rows(self, outcome: Outcome) -> Iterator[tuple[object, ...]]:
        """The rows of a table, one an attribute."""
        unit = "%" if outcome.measured.relative else ""
        for f in self.forecasts:
            shown = [f"{gap:.3g}" for gap in f.powers.differs]
            width = "–" if f.half_width is None else outcome.sized(outcome.measured.shown(f.half_width))
            shares = (f.powers.differs.values(), f.powers.clear.values(), (f.powers.same,))
            said = ("/".join(f"{100 * share:.0f}" for share in each) + "%" for each in shares)
            yield (self.design, self.requests, f.attribute, f.jobs, width, "/".join(shown) + unit, *said)


def outlook_of(audit: Audit, condition: Condition) -> Iterator[Outlook]:
    """The experiment's own design, and for a rotated one the full crossing with as many requests at most."""
    e = audit.experiment
    requests = sum(c.trials for c in audit.design.counts())
    if requests > LARGEST or not audit.primary:
        return
    gaps = gaps_for(audit)
    fits = suited(condition, e.outcome)

    def outlook(name: str, asked: int, design: Design) -> Outlook:
        return Outlook(name, asked, tuple(forecast(simulated_of(audit, design), fits, gaps)))

    yield outlook("this one", requests, audit.design)
    crossed = crossed_for(audit, requests) if is_rotated(e) else None
    if crossed is not None:
        asked = sum(c.trials for c in crossed.counts())
        yield outlook(f"crossed, {CROSSED_REPEATS} repeats", asked, crossed)


def gaps_for(audit: Audit) -> list[float]:
    """The gaps that a plan speaks of, on the scale of the gap, the smallest loss first."""
    measured = audit.experiment.outcome.measured
    if measured.relative:
        return [math.log1p(gap) for gap in GAPS]
    margin = measured.margin(audit.experiment.analysis).bound
    return [times * margin for times in LOSSES]


def crossed_for(audit: Audit, requests: int) -> Design | None:
    """The full crossing of the same attributes and wordings with at most so many requests; None where one is more."""
    e = audit.experiment
    choices = [choice.model_copy(update={"rotation": None}) for choice in e.attributes]
    crossed = e.model_copy(update={"repeats": CROSSED_REPEATS, "rotation": None, "attributes": choices})
    attributes = tuple(vary(choice, audit.resolved.attributes) for choice in choices)

    def of(people: int) -> Design:
        design = audit.design
        return Design(crossed, design.personas[:people], attributes, design.edits, design.more_edits)

    people = requests // sum(c.trials for c in of(1).counts())
    return of(people) if people else None


def said(audit: Audit, condition: Condition, outlooks: Sequence[Outlook], *, piloted: bool) -> Iterator[str]:
    """The sentences of a plan about what the design can tell."""
    if not outlooks:
        yield "This design is too large to be drawn in a moment; plan --simulate says what it can tell."
        return
    outcome = audit.experiment.outcome

    def shown(size: float) -> str:
        return outcome.sized(outcome.measured.shown(size))

    def deviation(size: float) -> str:
        return outcome.sized(outcome.measured.factor * size)

    basis = "as a finished run shows it" if piloted else "assumed; give a finished run with --pilot"
    yield (
        f"Spread of gaps over jobs {deviation(condition.job)}, of any change of words {deviation(condition.words)}, "
        f"of answers {deviation(condition.answer)} ({basis}). "
        f"Shares are of {outlooks[0].forecasts[0].runs} simulated runs; --simulate has more, with refusals, rounding "
        "and what is said falsely."
    )
    several = len(outlooks[0].forecasts) > 1
    for forecast_ in outlooks[0].forecasts:
        yield from _would_help(forecast_, shown, f"{forecast_.attribute}: a" if several else "A")


def stops(until: Mapping[float, float], outcome: Outcome) -> str:
    """After how many jobs asking is expected to stop, by the gap that all comparisons have: `54 of no gap, 42 at -5%`.

    `until` are expected jobs by the gap as shown.
    """
    unit = "%" if outcome.measured.relative else ""
    return ", ".join(f"{n:.0f} at {gap:.3g}{unit}" if gap else f"{n:.0f} of no gap" for gap, n in until.items())


def latest(forecasts: Sequence[Forecast]) -> dict[float, float]:
    """The expected jobs of the attribute that takes longest; nothing where one is not looked at before its end."""
    if not forecasts or not all(f.until for f in forecasts):
        return {}
    return {gap: max(f.until[gap] for f in forecasts) for gap in forecasts[0].until}


def _expected(forecasts: Sequence[Forecast], outcome: Outcome) -> str:
    said = stops(latest(forecasts), outcome)
    return f" Expected jobs until it stops, by the gap of all comparisons: {said}." if said else ""


def looks_said(audit: Audit, outlooks: Sequence[Outlook]) -> Iterator[str]:
    """What a run that stops when it is clear would do with this design; nothing below 40 jobs."""
    jobs = len({persona.job for persona in audit.design.personas})
    counts = looks_of(jobs)
    if len(counts) > 1 and audit.primary:
        yield (
            f"run --until decided looks after {', '.join(map(str, counts[:-1]))} and {jobs} jobs, and stops when every "
            "declared comparison is clear or the same; what is said above is of all jobs, looked at once."
            f"{_expected(outlooks[0].forecasts, audit.experiment.outcome) if outlooks else ''}"
        )


def _beyond(jobs: int) -> str:
    return ", more than any list of jobs has: answers lie too far apart" if jobs > MOST_JOBS else ""


def _would_help(f: Forecast, shown: Shown, begin: str) -> Iterator[str]:
    if f.half_width is None or f.twice_the_jobs is None or f.twice_the_forms is None or f.alone is None:
        return
    family = f", one comparison instead of {f.family_size} {shown(f.alone)}" if f.family_size > 1 else ""
    yield (
        f"{begin} gap is told to within {shown(f.half_width)} either way. What would help: twice the jobs makes that "
        f"{shown(f.twice_the_jobs)}, twice the edits and expressions {shown(f.twice_the_forms)}{family}."
    )
    if f.half_width > f.margin:
        within = f"To tell it to within the smallest gap that matters, {shown(f.margin)},"
        yield (
            f"{within} no number of jobs is enough: say everything in more ways, or let only a larger gap matter."
            if (f.needed is None)
            else f"{within} it takes {f.needed:,} jobs{_beyond(f.needed)}."
        )
    if f.same_margin is not None and f.powers.same < OFTEN and f.jobs >= JOBS_FOR_THE_SAME:
        yield (
            f"Four true zeros out of five would be called practically the same if gaps below {shown(f.same_margin)} "
            "did not matter."
        )
