"""How often each word is said when it is true and when it is false: a design is simulated, and the product judges.

The columns of the experiment's own design are made once; amounts are drawn into them, and every simulated run goes
the way of a real one (`judge_model`: family, forms, sensitivities). What is planted is known. Reproducible from the
seed, whatever the number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import Design
from bias_harness.estimating.judgement import (
    ASSERTS_A_DIFFERENCE,
    ASSERTS_SAMENESS,
    WORDS,
    Family,
    Judgement,
    Word,
)
from bias_harness.estimating.judging import family_sizes, judge_model
from bias_harness.estimating.rows import Rows
from bias_harness.outcome import Analysis, Outcome
from bias_harness.planning.conditions import CONDITIONS, Condition
from bias_harness.planning.drawing import Columns, columns_of
from bias_harness.workers import HERE, Workers

CHUNK = 10
"""Simulated runs that are done in one go."""
GAPS = (-0.03, -0.05, -0.10)


@dataclass(frozen=True)
class Simulated:
    """What is simulated: the columns of one endpoint's design, how they are judged, and the families of the whole run.

    `endpoints` are as many models that vary alike, each independent of the others.
    """

    columns: tuple[Columns, ...]
    analysis: Analysis
    outcome: Outcome
    primary: Collection[str]
    sizes: dict[Family, int]
    endpoints: int

    @property
    def margin(self) -> float:
        """The smallest gap that matters, on the scale of the gap."""
        return self.outcome.measured.margin(self.analysis).bound

    def run(self, condition: Condition, gaps: Sequence[float], random: np.random.Generator) -> list[list[Judgement]]:
        """The declared comparisons of one simulated endpoint under each gap; the same draw under all of them."""
        drawn = [(c, c.draw(condition, random)) for c in self.columns]
        return [self._judged([c.planted(d, condition, gap, self.outcome) for c, d in drawn]) for gap in gaps]

    def _judged(self, rows: Sequence[Rows]) -> list[Judgement]:
        made = judge_model(rows, analysis=self.analysis, outcome=self.outcome, primary=self.primary, sizes=self.sizes)
        return [j for j in made.items if j.word is not None]


def simulated_of(audit: Audit, design: Design | None = None) -> Simulated:
    """What is simulated for an experiment, with a design of its own or another one for the same attributes."""
    e = audit.experiment
    columns = columns_of(design or audit.design, e.outcome)
    primary = [f"{attribute}/{level}" for attribute, level in audit.primary]
    endpoints = len(e.endpoints)
    sizes = {family: n * endpoints for family, n in family_sizes([c.rows for c in columns], primary).items()}
    return Simulated(columns, e.analysis, e.outcome, primary, sizes, endpoints)


@dataclass(frozen=True)
class Rate:
    """A share of comparisons (or of runs), with its Monte Carlo error: one standard error over the simulated runs.

    The error is never below that of one run in all of them, so that "0 %" is not taken for never.
    """

    share: float
    error: float


@dataclass(frozen=True)
class Result:
    """One condition with one planted gap (log), the same for every compared level of every model.

    `words` are the shares of declared comparisons that get each word; `differs`, `clear` and `same` those that assert
    any difference, a clear gap, sameness; `false` the share of **runs** (the whole family, all endpoints) that assert
    anything false. `covered` is the share of intervals alone (95 %) that hold the planted gap, `half_width` the mean
    half-width of the interval of the family (log); both None where there is no interval.
    """

    condition: Condition
    planted: str
    gap: float
    words: Mapping[Word, Rate]
    differs: Rate
    clear: Rate
    same: Rate
    false: Rate
    covered: Rate | None
    half_width: float | None


@dataclass(frozen=True)
class Calibration:
    """How often each word is said, by condition and planted gap; `seed` and `runs` are what makes it again."""

    results: tuple[Result, ...]
    runs: int
    seed: int
    family_size: int
    margin: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def is_false(word: Word, gap: float, margin: float) -> bool:
    """Whether a word asserts what a planted gap is not; a gap at the margin is neither beyond it nor within it."""
    size = abs(gap)
    return (
        (word in ASSERTS_A_DIFFERENCE and size == 0)
        or (word == "clear_gap" and size <= margin)
        or (word in ASSERTS_SAMENESS and size >= margin)
    )


def calibrate(
    of: Simulated,
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    gaps: Sequence[float] = GAPS,
    runs: int = 400,
    seed: int = 1,
    workers: Workers = HERE,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Simulate `runs` runs under each condition, and judge each with no gap, one at the margin, and each of `gaps`.

    `gaps` are fractions (-0.03: 3 % less). `progress(done, all)` is called as chunks of runs come in. Every run has a
    seed of its own, so that the numbers are the same whoever the `workers` are.
    """
    planted = {"nothing": 0.0, "the margin": -of.margin, **{f"{100 * g:g}%": math.log1p(g) for g in gaps}}
    tasks = [
        (c, tuple(planted.values()), seed, index, s, min(CHUNK, runs - s))
        for index, c in enumerate(conditions)
        for s in range(0, runs, CHUNK)
    ]
    gathered: list[list[list[_One]]] = [[] for _ in conditions]
    for done, (task, found) in enumerate(zip(tasks, workers.each(_chunk, of, tasks), strict=True), start=1):
        gathered[task[3]] += found
        if progress is not None:
            progress(done, len(tasks))
    results = [
        _result(of, condition, name, gap, [one[place] for one in found])
        for condition, found in zip(conditions, gathered, strict=True)
        for place, (name, gap) in enumerate(planted.items())
    ]
    return Calibration(tuple(results), runs, seed, of.sizes["primary"], of.margin)


@dataclass(frozen=True)
class _One:
    """What one simulated run said under one gap: its words, and of how many intervals how many held the truth."""

    words: tuple[Word, ...]
    held: int
    intervals: int
    half: float


Task = tuple[Condition, tuple[float, ...], int, int, int, int]


def _chunk(of: Simulated, task: Task) -> list[list[_One]]:
    condition, gaps, seed, index, start, count = task
    made = []
    for run in range(start, start + count):
        judged = of.run(condition, gaps, np.random.default_rng([seed, index, run]))
        made.append([_one(items, gap) for items, gap in zip(judged, gaps, strict=True)])
    return made


def _one(items: Sequence[Judgement], gap: float) -> _One:
    ends = [(j.alone.low, j.alone.high) for j in items if j.alone is not None]
    known = [(low, high) for low, high in ends if low is not None and high is not None]
    halves = [
        (j.gap.high - j.gap.low) / 2
        for j in items
        if j.gap is not None and j.gap.low is not None and j.gap.high is not None
    ]
    words = tuple(j.word for j in items if j.word is not None)
    return _One(words, sum(low <= gap <= high for low, high in known), len(known), fmean(halves) if halves else 0.0)


def _result(of: Simulated, condition: Condition, name: str, gap: float, found: Sequence[_One]) -> Result:
    words: dict[Word, Rate] = {
        word: _rate([fmean(w == word for w in one.words) for one in found])
        for word in WORDS
        if any(word in one.words for one in found)
    }

    def said(among: Collection[Word]) -> Rate:
        return _rate([fmean(w in among for w in one.words) for one in found])

    wrong = _rate([float(any(is_false(w, gap, of.margin) for w in one.words)) for one in found])
    told = [one for one in found if one.intervals]
    return Result(
        condition,
        name,
        gap,
        words,
        said(ASSERTS_A_DIFFERENCE),
        said({"clear_gap"}),
        said(ASSERTS_SAMENESS),
        _in_any(wrong, of.endpoints),
        _rate([one.held / one.intervals for one in told]) if told else None,
        fmean(one.half for one in told) if told else None,
    )


def _rate(shares: Sequence[float]) -> Rate:
    n = len(shares)
    error = stdev(shares) / math.sqrt(n) if n > 1 else 1.0
    return Rate(fmean(shares), max(error, 1 / (n + 1)))


def _in_any(one: Rate, endpoints: int) -> Rate:
    """The share of runs in which any of several independent endpoints says it, from that of one endpoint."""
    if endpoints == 1:
        return one
    rest = 1 - one.share
    return Rate(1 - rest**endpoints, one.error * endpoints * rest ** (endpoints - 1) or one.error)
