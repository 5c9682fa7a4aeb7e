"""What is left to say of exactly these cases: one job, or an analysis that asks for no more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bias_harness.estimating.estimators.interval import from_standard_error
from bias_harness.estimating.judgement import Because, Judgement, Word
from bias_harness.estimating.measured import gap_between, gap_of
from bias_harness.estimating.sides import Side
from bias_harness.estimating.words import Rule


def cases_alone(side: Side, level: int, rule: Rule, blank: Judgement) -> Judgement:
    """The judgement by the noise of asking alone (repeats within person, wording and form): "in these cases"."""
    of = side.gaps[level]
    because: tuple[Because, ...] = ("one_job",) if of.jobs == 1 else ()
    base = replace(blank, basis="cases", because=because, gap=gap_of(of.mean, None, blank), alone=None)
    noise = [_noise(side, g) for g in (level, side.rows.reference or 0)]
    if any(n is None for n in noise):
        return replace(base, word="cannot_tell", status="one_job" if of.jobs == 1 else "ok")
    parts = [n for n in noise if n is not None]
    variance = sum(v for v, _ in parts)
    if variance <= 1e-24:
        return replace(base, word="every_job_the_same", status="no_variance", because=(*because, "no_variance"))
    df = variance**2 / sum(v**2 / f for v, f in parts if v > 0)
    wide = from_standard_error(of.mean, math.sqrt(variance), df, 1 - rule.level, of.jobs)
    alone = from_standard_error(of.mean, math.sqrt(variance), df, 1 - rule.same, of.jobs)
    word: Word = "cannot_tell"
    if wide.conf_low is not None and wide.conf_high is not None and wide.conf_low * wide.conf_high > 0:
        word = "difference_in_these_cases"
    p = None if alone.p_value is None else rule.look.p(alone.p_value)
    return replace(
        base,
        word=word,
        gap=gap_between(of.mean, wide.conf_low, wide.conf_high, blank),
        alone=gap_between(of.mean, alone.conf_low, alone.conf_high, blank),
        p_value=p,
        p_adjusted=None if p is None else rule.adjusted(p),
        equivalent_se=math.sqrt(variance),
    )


def _noise(side: Side, level: int) -> tuple[float, float] | None:
    """The variance of an arm's mean by the spread of repeats, and its df; None without any repeat."""
    rows, at = side.rows, side.at(level)
    form = rows.signal[at] * len(rows.edits) + rows.edit[at]
    key = (rows.profile[at] * len(rows.wordings) + rows.wording[at]) * (int(form.max(initial=0)) + 1) + form
    keys, cell = np.unique(key, return_inverse=True)
    counts = np.bincount(cell)
    df = float(at.size - keys.size)
    if df < 1:
        return None
    means = np.bincount(cell, weights=side.values[at]) / counts
    squares = float(((side.values[at] - means[cell]) ** 2).sum()) / df
    return squares * float((1 / counts).sum()) / keys.size**2, df
