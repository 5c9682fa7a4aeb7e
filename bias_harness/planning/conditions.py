"""How the answers of a simulated model vary: documented assumptions, or what a finished run shows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bias_harness.errors import InputError
from bias_harness.estimating.estimators.round_numbers import rounding_step
from bias_harness.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.estimating.judgement import Judgement, Judgements

CELL = 0.01
"""The standard deviation (log) of what a wording does to a job's gap, in every condition."""
PERSON = 0.25
"""The standard deviation (log) of pay between people: it cancels in every gap, and rounding is coarser for low pay."""
BASE = 90_000.0
_CELL = ("endpoint", "attribute", "persona", "wording", "language", "signal", "edit")


@dataclass(frozen=True)
class Condition:
    """Standard deviations on the scale of the gap (log for pay), the step of rounding, and what goes wrong.

    `job`: of the gap between jobs; `words`: of what any change of words does to the mean, and again within each job;
    `answer`: of one answer. `step` rounds amounts to its multiples (0: not at all); `refused` and `jumps` are the
    shares of all answers, of either side alike, that are refused and that come out at a third of their amount.
    """

    name: str
    job: float
    words: float
    answer: float
    step: float = 0.0
    refused: float = 0.0
    jumps: float = 0.0
    base: float = BASE


CONDITIONS = (
    Condition("calm", 0.02, 0.0025, 0.03, 1_000),
    Condition("typical", 0.02, 0.005, 0.06, 5_000),
    Condition("wordy", 0.03, 0.02, 0.06, 5_000),
    Condition("rough", 0.02, 0.005, 0.06, 5_000, refused=0.05, jumps=0.005),
)
"""What is assumed before anything is known: models that hardly vary, that vary as most do, that any change of words
moves, and typical ones that refuse 5 % and answer far off in 0.5 %."""
TYPICAL = CONDITIONS[1]


def assumed(outcome: Outcome) -> Condition:
    """Typical answers for an outcome: of a share the widest there is, of a score a tenth of its scale."""
    answer = outcome.measured.assumed_sd(outcome.ends)
    if answer is None:
        return _as_read(TYPICAL, outcome)
    return Condition("typical", 0.1 * answer, 0.05 * answer, answer, base=sum(outcome.ends) / 2)


def suited(condition: Condition, outcome: Outcome) -> Condition:
    """The condition with its amounts within an outcome's plausible ends, the step in proportion."""
    condition = _as_read(condition, outcome)
    low, high = outcome.ends
    if not outcome.measured.relative or 2 * low < condition.base < high / 2:
        return condition
    base = math.sqrt(max(low, 1.0) * high)
    return replace(condition, base=base, step=condition.step * base / condition.base)


def _as_read(condition: Condition, outcome: Outcome) -> Condition:
    """The same; where probabilities are read, a question has one mean amount, without the noise of drawing it."""
    return condition if outcome.probabilities is None else replace(condition, answer=0.0, step=0.0)


def condition_of(run: str, judgements: Judgements, observations: pd.DataFrame) -> Condition:
    """What a finished run shows: medians over its comparisons. Raises `InputError` where it is too small to tell.

    What words do is assumed (typical) where the run put its reference in one way only: none seen is not none.
    """
    known = [j for j in judgements.items if j.jobs > 1 and j.control is not None]
    repeats = _repeats(observations)
    answers = {id(j): _answer(j, repeats) for j in known}
    there = [j for j in known if answers[id(j)] is not None]
    if not there:
        raise InputError(
            f"the run {run!r} cannot be planned with: it takes two jobs, and several answers of the reference level "
            "about each person"
        )
    amounts = observations.loc[~observations["implausible"].astype(bool), "annual"].dropna().to_numpy(dtype=float)
    relative, answer = there[0].scale == "log", statistics.median(answers[id(j)] or 0.0 for j in there)
    silent = observations["status"].astype(str).isin(("refused", "no_amount", "ambiguous"))
    return Condition(
        f"as in {run}",
        statistics.median(_job(j, answers[id(j)] or 0.0) for j in there),
        _spread_of_words(there, None if relative else 0.05 * answer),
        answer,
        (rounding_step(amounts, money=relative) or 0.0) if relative else 0.0,
        float(silent.mean()),
        _far(there),
        float(np.exp(np.log(amounts).mean())) if relative else float(amounts.mean()),
    )


def _repeats(observations: pd.DataFrame) -> float:
    """How many answers of the reference level stand behind one of the values that the control compares."""
    known = observations[observations["annual"].notna() & observations["reference"].astype(bool)]
    names = [name for name in _CELL if name in known]
    return float(known.groupby(names, observed=True).size().mean()) if len(known) else 1.0


def _spread_of_words(there: Sequence[Judgement], otherwise: float | None) -> float:
    tried = [_words(j) for j in there if j.control is not None and j.control.spread is not None]
    return statistics.median(tried) if tried else TYPICAL.words if otherwise is None else otherwise


def _words(j: Judgement) -> float:
    control = j.control
    if control is None or control.spread is None or control.noise is None:
        return 0.0
    return math.sqrt(max(control.spread**2 - control.noise**2, 0.0))


def _answer(j: Judgement, repeats: float) -> float | None:
    """Two neutral values of a person differ by twice the variance of answers and of words, in all jobs and in one."""
    if j.control is None or j.control.pair_size is None:
        return None
    return math.sqrt(repeats * max(j.control.pair_size**2 / 2 - 2 * _words(j) ** 2, 0.0))


def _job(j: Judgement, answer: float) -> float:
    """The variance of the gaps of jobs without that of the answers they are made of."""
    noise = (answer**2 + _words(j) ** 2) * (j.jobs / max(j.n_level, 1) + j.jobs / max(j.n_reference, 1))
    return math.sqrt(max(statistics.variance(j.job_gaps.values()) - noise, 0.0))


def _far(there: Sequence[Judgement]) -> float:
    """The share of far-off amounts."""
    return statistics.median(
        next((s.share for s in j.sensitivities if s.variation == "without_flagged"), 0.0) for j in there
    )
