"""Checking the instrument: a design is simulated many times, and the product's own functions judge each time.

What is planted is known, so coverage, false alarms and power can be counted. Every simulated run goes the way of a
real one from the cells on: `cells_of_dense`, `contrast`, `log_gap`, `verdict`, the refusal gap. Reproducible from the
seed, whatever the number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from bias_harness.estimating.estimators.cells import Contrast, cells_of_dense, contrast, mean_over
from bias_harness.estimating.estimators.gaps import SCOPES, log_gap
from bias_harness.estimating.estimators.interval import Array, Interval, paired_t
from bias_harness.estimating.estimators.proportions import wilson
from bias_harness.estimating.estimators.scopes import profile_means
from bias_harness.estimating.estimators.signflip import sign_flip
from bias_harness.estimating.estimators.verdicts import verdict
from bias_harness.outcome import Analysis, Margin

FEWEST_FOR_WORKERS = 400
CHUNK = 50


@dataclass(frozen=True)
class Planted:
    """A design in numbers and the truth behind its answers. Gaps and standard deviations are on the log scale.

    `heap` rounds amounts to multiples (0 = not at all); `refusals` are the shares refused by the level and by the
    reference. The truth for people and prompts like these is `gap`; for these prompts it is `gap` plus what the
    wordings that were drawn do to it; for exactly these cases it is what each cell's own gap averages to.
    """

    name: str = "design"
    profiles: int = 10
    wordings: int = 3
    repeats: int = 3
    signals: int = 1
    gap: float = 0.0
    profile_gap_sd: float = 0.03
    cell_gap_sd: float = 0.02
    wording_gap_sd: float = 0.0
    trial_sd: float = 0.06
    profile_sd: float = 0.25
    heap: float = 5_000
    base: float = 90_000
    refusals: tuple[float, float] = (0.0, 0.0)

    @property
    def answers(self) -> int:
        """Answers in one simulated run."""
        return 2 * self.profiles * self.wordings * self.signals * self.repeats


@dataclass(frozen=True)
class Rate:
    """How often something happened, with the Monte Carlo error of that share and its Wilson interval."""

    share: float | None
    error: float | None
    conf_low: float | None
    conf_high: float | None
    n: int


@dataclass(frozen=True)
class ScopeResult:
    """One scope over all runs. `coverage`: intervals that hold the scope's truth; `alarms`: intervals without zero.

    `alarms` are false alarms where nothing is planted and power where something is. `width` is the mean width of the
    interval in log units, `bias` the mean estimate minus the truth, `available` the share of runs with an interval.
    """

    scope: str
    coverage: Rate
    alarms: Rate
    width: float | None
    bias: float | None
    available: float


@dataclass(frozen=True)
class Result:
    """One planted design over all runs."""

    planted: Planted
    runs: int
    scopes: tuple[ScopeResult, ...]
    sign_flip_alarms: Rate
    refusal_alarms: Rate
    verdicts: dict[str, float]


@dataclass(frozen=True)
class Calibration:
    """What a calibration found, design by design; `seed` and `runs` are what is needed to make it again."""

    results: tuple[Result, ...]
    runs: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def variants(of: Planted, gap: float) -> list[Planted]:
    """What a calibration of a design plants by default: a gap, none, rounding, refusals, wordings that matter."""
    planted = replace(of, gap=gap)
    return [
        replace(planted, name="planted gap", heap=0),
        replace(of, name="no gap", gap=0.0, heap=0),
        replace(planted, name="planted gap, rounded to 5,000", heap=5_000),
        replace(planted, name="planted gap, one level refuses more", refusals=(0.15, 0.05)),
        replace(planted, name="planted gap, wordings move it", wording_gap_sd=0.02),
    ]


def calibrate(
    designs: Sequence[Planted],
    *,
    runs: int = 1_000,
    seed: int = 1,
    workers: int = 2,
    analysis: Analysis | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Simulate each design `runs` times. `progress(done, all)` is called as chunks of runs come in.

    Few runs are done in this process; many are spread over `workers` processes, with the same numbers.
    """
    rules = analysis or Analysis()
    tasks = [
        (d, rules, seed, index, s, min(CHUNK, runs - s))
        for index, d in enumerate(designs)
        for s in range(0, runs, CHUNK)
    ]
    gathered: list[list[_One]] = [[] for _ in designs]
    done = 0
    for task, found in zip(tasks, _worked(tasks, workers, runs * len(designs)), strict=True):
        gathered[task[3]] += found
        done += len(found)
        if progress is not None:
            progress(done, runs * len(designs))
    return Calibration(tuple(_result(d, found, rules) for d, found in zip(designs, gathered, strict=True)), runs, seed)


Task = tuple[Planted, Analysis, int, int, int, int]


def _worked(tasks: Sequence[Task], workers: int, runs: int) -> Iterator[list[_One]]:
    if workers < 2 or runs < FEWEST_FOR_WORKERS:
        yield from map(_chunk, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_chunk, tasks)


@dataclass(frozen=True)
class _One:
    """What one simulated run said: an interval and its truth per scope, the words and alarms."""

    intervals: tuple[Interval, ...]
    truths: tuple[float, ...]
    word: str
    sign_flip_p: float | None
    refusal_p: float | None


def _chunk(task: Task) -> list[_One]:
    planted, analysis, seed, index, start, count = task
    return [_run(planted, analysis, np.random.default_rng([seed, index, start + i])) for i in range(count)]


def _run(planted: Planted, analysis: Analysis, random: np.random.Generator) -> _One:
    amounts, refused, cell_gaps, wording_effects = simulate(planted, random)
    of = contrast(cells_of_dense(amounts), 1, 0)
    intervals = tuple(log_gap(of, scope, analysis.confidence) for scope in SCOPES)
    truths = (planted.gap + float(wording_effects.mean()), _panel_truth(of, cell_gaps), planted.gap)
    main = intervals[SCOPES.index(analysis.scope)]
    flips = sign_flip(profile_means(of.log_gaps), analysis.resamples, analysis.seed)
    rates = mean_over(refused[:, :, 1].mean(axis=-1) - refused[:, :, 0].mean(axis=-1))
    refusal = paired_t(profile_means(rates), analysis.confidence)
    word = verdict(main, Margin(analysis.smallest_gap, "fraction"), 1 - analysis.confidence) or main.status
    return _One(intervals, truths, word, flips.p_value if flips else None, refusal.p_value)


def simulate(planted: Planted, random: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """One run: its amounts, which of them were refused (0/1), the true gap of each cell, what each wording adds to it.

    Amounts are profile x wording x level x signal x repeat, the reference first; NaN = refused.
    """
    p, v, s, r = planted.profiles, planted.wordings, planted.signals, planted.repeats
    people = random.normal(0, planted.profile_sd, (p, 1, 1))
    wording_effects = random.normal(0, planted.wording_gap_sd, v)
    cell_gaps = (
        planted.gap
        + random.normal(0, planted.profile_gap_sd, (p, 1, 1))
        + wording_effects[None, :, None]
        + random.normal(0, planted.cell_gap_sd, (p, v, s))
    )
    means = np.stack([np.broadcast_to(people, (p, v, s)), people + cell_gaps], axis=2)
    amounts = planted.base * np.exp(means[..., None] + random.normal(0, planted.trial_sd, (p, v, 2, s, r)))
    if planted.heap:
        amounts = np.maximum(np.round(amounts / planted.heap), 1) * planted.heap
    share = np.array([planted.refusals[1], planted.refusals[0]])[None, None, :, None, None]
    refused = (random.random(amounts.shape) < share).astype(float)
    return np.where(refused > 0, np.nan, amounts), refused, cell_gaps, wording_effects


def _panel_truth(of: Contrast, cell_gaps: Array) -> float:
    """The true gap of the cells that were compared, weighted as the estimate weights them."""
    known = mean_over(np.where(np.isnan(of.log), np.nan, cell_gaps))
    means = profile_means(known)
    return float(np.nanmean(means)) if np.isfinite(means).any() else math.nan


def _result(planted: Planted, found: list[_One], analysis: Analysis) -> Result:
    alpha = 1 - analysis.confidence
    words = sorted({one.word for one in found})
    return Result(
        planted,
        len(found),
        tuple(_scope(i, found) for i in range(len(SCOPES))),
        _alarms([one.sign_flip_p for one in found], alpha),
        _alarms([one.refusal_p for one in found], alpha),
        {word: sum(one.word == word for one in found) / len(found) for word in words},
    )


def _scope(index: int, found: list[_One]) -> ScopeResult:
    pairs = [(one.intervals[index], one.truths[index]) for one in found]
    known = [(i, i.conf_low, i.conf_high, truth) for i, truth in pairs if i.conf_low is not None]
    ends = [(low, high, truth) for _, low, high, truth in known if low is not None and high is not None]
    errors = [i.estimate - truth for i, truth in pairs if i.estimate is not None]
    return ScopeResult(
        SCOPES[index],
        _rate(sum(low <= truth <= high for low, high, truth in ends), len(ends)),
        _rate(sum(low > 0 or high < 0 for low, high, _ in ends), len(ends)),
        sum(high - low for low, high, _ in ends) / len(ends) if ends else None,
        sum(errors) / len(errors) if errors else None,
        len(ends) / len(found),
    )


def _alarms(ps: Sequence[float | None], alpha: float) -> Rate:
    known = [p for p in ps if p is not None]
    return _rate(sum(p < alpha for p in known), len(known))


def _rate(x: int, n: int) -> Rate:
    ends = wilson(x, n)
    if ends is None:
        return Rate(None, None, None, None, 0)
    share = x / n
    return Rate(share, math.sqrt(share * (1 - share) / n), *ends, n)


SPECIFIED = (
    Planted("P30 V5 R5", 30, 5, 5, gap=-0.04),
    Planted("P10 V5 R5", 10, 5, 5, gap=-0.04),
    Planted("P6 V3 R10", 6, 3, 10, gap=-0.04),
    Planted("P30 V5 R5, wordings move the gap", 30, 5, 5, gap=-0.04, wording_gap_sd=0.02),
    Planted("P30 V5 R5, no gap", 30, 5, 5, gap=0.0),
    Planted("P2 V5 R300, no gap", 2, 5, 300, gap=0.0),
)
"""The six designs that the method was chosen on: coverage at a gap of -0.04, false alarms without a gap."""
