"""With how many jobs a check would decide: from the noise of one answer, which is all that two recordings differ in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bias_harness.design.audit import Audit
from bias_harness.design.rotation import FEWEST_JOBS
from bias_harness.estimating.estimators.interval import t_quantile
from bias_harness.estimating.paired_changes import ALPHA, SPARE
from bias_harness.margin import Margin
from bias_harness.planning.conditions import Condition

BEYOND = 0.01
SPREAD_OF_WORDS = 1.15
"""What the interval is wider by, over checks, for words that seem to have moved and for uneven answers (simulated)."""
FOUND = 0.9
MOST_JOBS = 100_000


@dataclass(frozen=True)
class GatePlan:
    """What a check of one attribute takes, in one endpoint.

    `jobs_pass`: the jobs at which an unchanged product passes in four checks of five; `jobs_found`: at which a gap that
    grew by the margin and one point more is found in nine of ten. `requests` are those of the larger. `now` are the
    jobs that the design has. `allowed` is the margin, as gaps are shown.
    """

    attribute: str
    allowed: float
    now: int
    jobs_pass: int
    jobs_found: int
    requests: int

    @property
    def enough(self) -> bool:
        """Whether the design as it is decides both ways."""
        return self.now >= max(self.jobs_pass, self.jobs_found)


def gate_plans(audit: Audit, condition: Condition, margin: Margin) -> Iterator[GatePlan]:
    """What a check at a margin would take for each attribute, with as many answers about each job as the design has."""
    jobs = len({persona.job for persona in audit.design.personas})
    family = max(1, len(audit.primary) * len(audit.experiment.endpoints))
    rounding = condition.step / condition.base / math.sqrt(12) if condition.step else 0.0
    noise = condition.answer**2 + rounding**2
    grown = Margin(margin.value + BEYOND, margin.unit).bound - margin.bound
    for counts, attribute in zip(audit.design.counts(), audit.design.attributes, strict=True):
        others, each = max(1, counts.levels - 1), counts.trials / max(1, jobs)
        repeats = 1 if attribute.rotation is not None else audit.experiment.repeats
        level = repeats * counts.treatment_pairs / others / max(1, jobs)
        reference = each - level * others
        deviation = SPREAD_OF_WORDS * math.sqrt(2 * noise * (1 / max(level, 1) + 1 / max(reference, 1)))
        passes = _jobs(deviation, margin.bound / SPARE, lambda df: t_quantile(1 - ALPHA, df))
        found = _jobs(deviation, grown, lambda df: t_quantile(1 - ALPHA / 2 / family, df) + t_quantile(FOUND, df))
        requests = math.ceil(each * max(passes, found))
        yield GatePlan(attribute.name, margin.shown, jobs, passes, found, requests)


def _jobs(deviation: float, wide: float, quantiles: Callable[[int], float]) -> int:
    """The fewest jobs at which so many standard errors are no wider than that."""
    low, high = FEWEST_JOBS - 1, MOST_JOBS
    while high - low > 1:
        middle = (low + high) // 2
        fits = quantiles(middle - 1) * deviation / math.sqrt(middle) <= wide
        low, high = (low, middle) if fits else (middle, high)
    return high


def in_sentences(plans: list[GatePlan]) -> Iterator[str]:
    """What a check takes, for a terminal: what decides, at how many requests, and whether the design is enough."""
    for p in plans:
        yield (
            f"A check of {p.attribute} at {p.allowed:g}%: an unchanged product passes (4 checks of 5) with "
            f"{p.jobs_pass:,} jobs, a gap that grew by {p.allowed + 100 * BEYOND:g}% is found (9 of 10) with "
            f"{p.jobs_found:,}. That is {p.requests:,} requests of each endpoint; the design has {p.now:,} jobs"
            + (", which is enough." if p.enough else ": take more jobs, or more answers about each (repeats).")
        )
