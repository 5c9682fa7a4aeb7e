"""After how many jobs `run --until decided` would stop: its looks, drawn some times without asking anything.

Jobs come in random order, so that the mean of the first n wanders as a sum of n independent gaps; what the ways of
saying it do of themselves is there from the first look on and stays. Both spreads are estimated anew in every run, from
as many degrees of freedom as they have. Each comparison is put to the rule of words at the level of its look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean

import numpy as np

from bias_harness.estimating.around import at_jobs
from bias_harness.estimating.estimators.forms import Term
from bias_harness.estimating.looks import Look, looks_of
from bias_harness.estimating.sequential import DECIDED
from bias_harness.estimating.words import Measured, Rule, word_of

COMPARISONS = 200
FEWEST_RUNS = 60


def jobs_until_decided(typical: Measured, rule: Rule, gap: float, compared: int) -> float | None:
    """The expected jobs of one attribute when every one of its comparisons has this gap (on the scale of the gap).

    `typical` is one comparison of the whole design, `compared` how many end together; they are taken to be independent,
    which makes the last of them somewhat late. A comparison that is never decided takes all jobs. None where the design
    is too small to be looked at before its end.
    """
    counts = looks_of(typical.jobs)
    if len(counts) < 2:
        return None
    random = np.random.default_rng(1)
    looks = [
        (at_jobs(typical, n), replace(rule, look=Look.after(counts[: place + 1], typical.jobs)))
        for place, n in enumerate(counts)
    ]
    runs = max(FEWEST_RUNS, math.ceil(COMPARISONS / compared))
    return fmean(max(_stop(looks, gap, random) for _ in range(compared)) for _ in range(runs))


def _stop(looks: list[tuple[Measured, Rule]], gap: float, random: np.random.Generator) -> int:
    """The jobs at the look that decides one comparison, or all of them."""
    for found, rule in _path(looks, gap, random):
        if word_of(found, rule)[0] in DECIDED:
            return found.jobs
    return looks[-1][0].jobs


def _path(
    looks: list[tuple[Measured, Rule]], gap: float, random: np.random.Generator
) -> Iterator[tuple[Measured, Rule]]:
    """One comparison as each look would find it."""
    whole = looks[-1][0]
    job = whole.variance * whole.jobs
    lasting = sum(t.share * max(t.spread.forms - t.spread.noise, 0.0) for t in whole.terms)
    words = random.standard_normal() * math.sqrt(lasting)
    off = [random.chisquare(t.spread.df) / t.spread.df if t.spread.df else 1.0 for t in whole.terms]
    summed = squares = 0.0
    before = 0
    for expected, rule in looks:
        n = expected.jobs
        summed += random.standard_normal() * math.sqrt(job * (n - before))
        squares += random.chisquare(n - before - (before == 0))
        before = n
        terms = tuple(
            Term(t.share, replace(t.spread, forms=t.spread.forms * by))
            for t, by in zip(expected.terms, off, strict=True)
        )
        variance = expected.variance * squares / (n - 1)
        yield replace(expected, gap=gap + words + summed / n, variance=variance, terms=terms), rule
