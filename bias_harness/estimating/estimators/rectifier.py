"""The mean error of a reading, from a sample that a person read too: the second half of prediction-powered inference.

Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Science 382: the estimate from all readings plus the mean
difference between truth and reading in a labelled random sample, at lambda 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array


@dataclass(frozen=True)
class Rectifier:
    """By how much the mean amount is off: truth minus reading, its variance, and how many answers differ of `n`."""

    shift: float
    variance: float
    differing: int
    n: int


def rectifier(truth: Array, read: Array) -> Rectifier | None:
    """The shift of the mean over a labelled random sample of answers; NaN is no amount, in either.

    Each mean is over the answers that have an amount by it, so that an invented and a missed amount count too; the
    variance is that of the difference of the two ratios, linearised (exactly 0 where all agree). None where either
    mean has no amount or there are fewer than two answers.
    """
    has, seen = np.isfinite(truth), np.isfinite(read)
    if truth.size < 2 or not has.any() or not seen.any():
        return None
    mean, mean_read = float(truth[has].mean()), float(read[seen].mean())
    of_truth = np.where(has, truth - mean, 0.0) / has.mean()
    of_read = np.where(seen, read - mean_read, 0.0) / seen.mean()
    variance = float(np.var(of_truth - of_read, ddof=1)) / truth.size
    differing = int((has != seen).sum() + (truth[has & seen] != read[has & seen]).sum())
    return Rectifier(mean - mean_read, variance, differing, int(truth.size))
