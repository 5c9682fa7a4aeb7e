"""Money against the smallest gap that would be called clear, and the design that a budget buys.

The designs are the defaults of `design/rotation.py` for as many jobs as there are: more jobs before more answers, every
level said in several ways. What each would tell is drawn as for the experiment's own design.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import Design
from bias_harness.design.experiment import Endpoint, Rotation
from bias_harness.design.personas import personas_of
from bias_harness.design.prices import has_batch_price
from bias_harness.design.rotation import FEWEST_JOBS, STEPS_OF_PEOPLE, with_rotations
from bias_harness.design.varying import vary
from bias_harness.errors import InputError
from bias_harness.outcome import Outcome
from bias_harness.planning.calibration import simulated_of
from bias_harness.planning.conditions import Condition, suited
from bias_harness.planning.forecast import Forecast, forecast
from bias_harness.planning.outlook import gaps_for, latest, stops
from bias_harness.probabilities import GIVEN_BY

DRAWS = 40
STEPS = (18, 41, 74, 120)
"""The jobs of the designs that are shown, as far as the people file has them."""
Ways = tuple[int, int, int, int]
WAYS: Sequence[Ways] = (
    (8, 4, 4, 4),
    (8, 4, 8, 4),
    (8, 4, 8, 2),
    (12, 4, 12, 1),
    (12, 4, 6, 1),
    (12, 6, 12, 6),
    (12, 6, 12, 3),
)
"""Edits, expressions, answers of the reference and of each level: among these a pilot's spread chooses."""
BATCHING = ("openai_compatible", "anthropic")


@dataclass(frozen=True)
class Prices:
    """What one request to each of the endpoints costs in all, in US dollars: an answer of usual length, the longest.

    `batch` is the first in batches, None where an endpoint has no batch price.
    """

    usual: float
    most: float
    batch: float | None


@dataclass(frozen=True)
class Point:
    """A design by its jobs: requests of each endpoint, US dollars one by one, at most, in batches, and what is clear.

    `clear_at` is the smallest gap, on the scale of the gap, that 80 of 100 runs call clear: the largest over the
    attributes; None where none is. `clear_by_probabilities` is the same if the experiment read probabilities in place
    of its draws, which is another estimand; None too where not every endpoint is of a kind that gives them. `until` are
    the expected jobs of `run --until decided` by the gap that is there (as shown; 0 is none), of the attribute that
    takes longest; empty below 40 jobs. `rotation` is that of the first attribute.
    """

    jobs: int
    requests: int
    usual: float
    most: float
    batch: float | None
    clear_at: float | None
    clear_by_probabilities: float | None
    rotation: dict[str, int | None]
    until: dict[float, float]

    HEAD: ClassVar[Sequence[str]] = (
        *("jobs", "requests", "US$", "US$ in batches", "US$ at most", "smallest clear gap", "by probabilities"),
        "jobs until decided",
    )

    def row(self, outcome: Outcome) -> tuple[object, ...]:
        """The row of a table."""
        batch = "–" if self.batch is None else f"{self.batch:,.2f}"
        money = (f"{self.usual:,.2f}", batch, f"{self.most:,.2f}")
        clear = (_shown(self.clear_at, outcome) or "none", _shown(self.clear_by_probabilities, outcome) or "–")
        return (self.jobs, self.requests, *money, *clear, stops(self.until, outcome) or "–")

    def clear(self, outcome: Outcome) -> str:
        """The smallest clear gap as it is shown."""
        return _shown(self.clear_at, outcome) or "none"


def _shown(gap: float | None, outcome: Outcome) -> str | None:
    return None if gap is None else outcome.sized(outcome.measured.shown(gap))


def frontier(audit: Audit, condition: Condition, prices: Prices) -> Iterator[Point]:
    """The default designs for some numbers of jobs, the cheapest first."""
    most = len(_jobs(audit))
    for jobs in sorted({min(jobs, most) for jobs in STEPS if most >= FEWEST_JOBS}):
        point = _point(audit, jobs, None, condition, prices)
        yield replace(point, clear_by_probabilities=_clear_by_probabilities(audit, jobs, condition))


def proposed(audit: Audit, condition: Condition, prices: Prices, budget: float, *, piloted: bool) -> Point:
    """The design that a budget (US dollars) buys where answers are of usual length, in batches where they are asked so.

    Of the default designs the one with the most jobs; where a pilot shows how answers vary, of all ways of dividing the
    money the one with which the smallest gap is called clear. Raises `InputError` where six jobs are too dear.
    """
    in_batches = all(endpoint.batch for endpoint in audit.experiment.endpoints) and prices.batch is not None
    each = prices.batch if in_batches and prices.batch is not None else prices.usual
    tried: list[Ways | None] = [None, *_possible(audit)] if piloted else [None]
    there = [(jobs, ways) for ways in tried if (jobs := _most_jobs(audit, ways, budget / each)) is not None]
    if not there:
        raise InputError(_too_dear(audit, budget, each))
    points = [_point(audit, jobs, ways, condition, prices) for jobs, ways in there]
    return min(points, key=lambda point: (math.inf if point.clear_at is None else point.clear_at, -point.jobs))


def _too_dear(audit: Audit, budget: float, each: float) -> str:
    if len(_jobs(audit)) < FEWEST_JOBS:
        return (
            f"there are fewer than {FEWEST_JOBS} jobs to choose from, so no design is proposed; name more in personas"
        )
    least = _requests(_design(audit, FEWEST_JOBS, None)) * each
    return (
        f"US$ {budget:,.2f} buy fewer than {FEWEST_JOBS} jobs with so many levels, too few to say anything of people; "
        f"ask about fewer levels (--levels), or spend US$ {math.ceil(100 * least) / 100:,.2f}"
    )


def changes_of(point: Point, audit: Audit, budget: float | None) -> dict[str, Any]:
    """The keys of the experiment that make it the proposed design."""
    jobs: int | list[str] = point.jobs
    if isinstance(audit.experiment.personas.jobs, list):
        jobs = _jobs(audit)[: point.jobs]
    alone = len(audit.experiment.attributes) == 1
    changed = {"personas.jobs": jobs, "rotation": point.rotation if alone else {}, "repeats": 1}
    return changed if budget is None else {**changed, "budget": budget}


def has_batches(endpoint: Endpoint) -> bool:
    """Whether an endpoint can be asked in batches at a price of its own."""
    batched = endpoint.model_copy(update={"batch": endpoint.batch or True})
    return endpoint.provider in BATCHING and has_batch_price(batched)


def _possible(audit: Audit) -> Iterator[Ways]:
    """Those of the ways that the attributes and wordings have room for."""
    for ways in WAYS:
        try:
            _design(audit, FEWEST_JOBS, ways)
        except InputError:
            continue
        yield ways


def _most_jobs(audit: Audit, ways: Ways | None, affordable: float) -> int | None:
    """The most jobs whose requests are affordable; None where six are too many.

    Between two of the `STEPS_OF_PEOPLE` every job takes as many requests as any other.
    """
    most, people = len(_jobs(audit)), len(_design(audit, FEWEST_JOBS, ways).personas) / FEWEST_JOBS
    fitting = []
    for last in {most, *(math.ceil(step / people) - 1 for step in STEPS_OF_PEOPLE)}:
        if FEWEST_JOBS <= last <= most:
            jobs = min(last, math.floor(affordable * last / _requests(_design(audit, last, ways))))
            if jobs >= FEWEST_JOBS and _requests(_design(audit, jobs, ways)) <= affordable:
                fitting.append(jobs)
    return max(fitting, default=None)


def _point(audit: Audit, jobs: int, ways: Ways | None, condition: Condition, prices: Prices) -> Point:
    design = _design(audit, jobs, ways)
    requests = _requests(design)
    fits = suited(condition, audit.experiment.outcome)
    told = forecast(simulated_of(audit, design), fits, gaps_for(audit)[1:], draws=DRAWS)
    rotation = design.experiment.attributes[0].rotation or Rotation()
    return Point(
        jobs,
        requests,
        requests * prices.usual,
        requests * prices.most,
        None if prices.batch is None else requests * prices.batch,
        _clear_at(told),
        None,
        rotation.model_dump(),
        latest(told),
    )


def _clear_at(told: Sequence[Forecast]) -> float | None:
    """The largest over the attributes; None where one has none."""
    known = [f.clear_at for f in told if f.clear_at is not None]
    return max(known) if known and len(known) == len(told) else None


def _clear_by_probabilities(audit: Audit, jobs: int, condition: Condition) -> float | None:
    """The smallest clear gap of so many jobs, were a question's mean amount known without the noise of drawing it.

    None where the experiment draws no money, or an endpoint is of a kind that gives no probabilities.
    """
    outcome, endpoints = audit.experiment.outcome, audit.experiment.endpoints
    drawn = outcome.measured.form == "money" and outcome.probabilities is None
    if not drawn or not all(endpoint.provider in GIVEN_BY for endpoint in endpoints):
        return None
    fits = replace(suited(condition, outcome), answer=0.0, step=0.0)
    return _clear_at(forecast(simulated_of(audit, _design(audit, jobs, None)), fits, (), draws=DRAWS))


def _requests(design: Design) -> int:
    return sum(counts.trials for counts in design.counts())


def _design(audit: Audit, jobs: int, ways: Ways | None) -> Design:
    """The rotated design of the experiment's attributes and wordings with so many jobs."""
    e = audit.experiment
    choice = e.personas.model_copy(update={"jobs": _jobs(audit)[:jobs]})
    personas = personas_of(audit.resolved.people, choice)
    changed: dict[str, Any] = {
        "personas": choice,
        "repeats": 1,
        "rotation": _rotation(ways),
        "attributes": [a.model_copy(update={"rotation": None}) for a in e.attributes],
    }
    edits = audit.prompter.more_edits
    made = with_rotations(e.model_copy(update=changed), audit.resolved.attributes, len(personas), edits)
    attributes = tuple(vary(a, audit.resolved.attributes) for a in made.attributes)
    return replace(audit.design, experiment=made, personas=personas, attributes=attributes)


def _rotation(ways: Ways | None) -> Rotation:
    if ways is None:
        return Rotation()
    edits, expressions, reference, level = ways
    return Rotation(edits=edits, expressions=expressions, reference_answers=reference, level_answers=level)


def _jobs(audit: Audit) -> list[str]:
    """The jobs there are to choose from, in the order of the file; those that the experiment names, where it does."""
    choice = audit.experiment.personas
    if not isinstance(choice.jobs, list):
        choice = choice.model_copy(update={"jobs": None})
    return list(dict.fromkeys(persona.job for persona in personas_of(audit.resolved.people, choice)))
