"""How often the intervals of experiments set side by side and pooled hold the truth that they are about.

Answers of each experiment are drawn (`simulated_answers`), compared and pooled by the product's own functions. Three
intervals: the second experiment's gap minus the first's; the mean of these experiments; the mean of all experiments
that they are a sample of. `lists` says whether each has jobs of its own or all have the same, whose gaps are then alike
by a standard deviation of .02; `words` whether what the words do is drawn for each experiment, or partly for all (.01).

    python benchmarks/bench_across.py [--runs 400] [--jobs 20] [--condition typical]
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np
import pandas as pd
from simulated_answers import CONDITIONS, REFERENCE, Condition, Design, Truth, simulate

from bias_harness.estimating.across import across
from bias_harness.estimating.changes import changes_of
from bias_harness.estimating.judgement import Gap
from bias_harness.estimating.seen import Part
from bias_harness.outcome import Analysis, Outcome

MEAN, LIKE_JOBS, LIKE_WORDS = -0.03, 0.02, 0.01


def experiments(
    k: int, tau: float, lists: str, words: str, design: Design, condition: Condition, random: np.random.Generator
) -> tuple[list[Part], np.ndarray]:
    """Parts to compare, and the true gap of each."""
    truths = MEAN + random.normal(0, tau, k)
    jobs, forms = random.normal(0, LIKE_JOBS, design.jobs), random.normal(0, LIKE_WORDS, (2, 64))
    parts = []
    for i, truth in enumerate(truths):
        table = simulate(design, condition, Truth(float(truth)), random)
        level = (table["level"] != REFERENCE).to_numpy()
        log = np.zeros(len(table))
        if lists == "same":
            log += np.where(level, jobs[table["job"].str[4:].astype(int).to_numpy() - 1], 0.0)
        if words == "shared":
            place = np.where(level, table["signal"].to_numpy(), pd.factorize(table["edit"])[0])
            log += forms[level.astype(int), place]
        amount = np.round(table["amount"] * np.exp(log) / condition.step) * condition.step
        job = table["job"] if lists == "same" else f"e{i}-" + table["job"]
        rows = table.rename(columns={"model": "endpoint"}).assign(annual=amount, job=job, persona=job, status="ok")
        rows = rows.assign(attribute="group", reference=~level)
        parts.append(Part(str(i), "model-1", rows, "all" if lists == "same" else str(i)))
    return parts, truths


def holds(gap: Gap | None, truth: float) -> bool:
    """Whether an interval holds a gap."""
    return gap is not None and gap.low is not None and gap.high is not None and gap.low <= truth <= gap.high


def measured(k: int, tau: float, lists: str, words: str, wanted: argparse.Namespace) -> str:
    """A row: coverage of the three intervals, and half their widths."""
    design, condition = Design(jobs=wanted.jobs), CONDITIONS[wanted.condition]
    told, widths = np.zeros((wanted.runs, 3)), np.zeros((wanted.runs, 3))
    for run in range(wanted.runs):
        random = np.random.default_rng([wanted.first + run, k])
        parts, truths = experiments(k, tau, lists, words, design, condition, random)
        change = changes_of([parts[:2]], analysis=Analysis(), outcome=Outcome())[0].change
        (pooled,) = across([parts], Outcome())
        of_all = float(np.dot(pooled.weights, truths))
        for place, (gap, truth) in enumerate(
            [(change, float(truths[1] - truths[0])), (pooled.gap, of_all), (pooled.others, MEAN)]
        ):
            told[run, place] = holds(gap, truth)
            if gap is not None and gap.low is not None and gap.high is not None:
                widths[run, place] = (gap.high - gap.low) / 2
    shares = "  ".join(
        f"{share:6.1%} ({100 * np.sqrt(share * (1 - share) / wanted.runs):.1f}) +-{100 * width:4.1f}"
        for share, width in zip(told.mean(axis=0), np.median(widths, axis=0), strict=True)
    )
    return f"{k:>2}  {tau:.2f}  {lists:<4}  {words:<6}  {shares}"


def main() -> None:
    """Print a line for each number of experiments, spread of their gaps, lists of jobs, and words."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first run")
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--condition", choices=sorted(CONDITIONS), default="typical")
    wanted = parser.parse_args()
    print(
        f"{wanted.condition}, {wanted.jobs} jobs, {wanted.runs} runs: held (Monte Carlo SE) +- half of a 95% interval"
    )
    print(" k   tau  jobs  words   difference of two     mean of these         mean of others too")
    began = time.process_time()
    for k, tau, (lists, words) in product((2, 4), (0.0, 0.03), (("own", "own"), ("own", "shared"), ("same", "shared"))):
        print(measured(k, tau, lists, words, wanted), flush=True)
    print(f"{time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()
