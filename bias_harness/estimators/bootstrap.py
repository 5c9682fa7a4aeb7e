"""Bootstrap intervals over profiles, never over answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bias_harness.estimators.interval import Array

FEWEST_PROFILES = 20


@dataclass(frozen=True)
class Bootstrap:
    """BCa interval and standard error of a mean, with the seed and the number of resamples that made it."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    resamples: int
    seed: int


def bca_means(values: Array, resamples: int = 9_999, seed: int = 0, confidence: float = 0.95) -> list[Bootstrap | None]:
    """For each column of profiles x cells (no NaN): the BCa interval of its mean (Efron 1987).

    All columns share the resampling weights, so that the work is one matrix product. A constant column gives None.
    """
    p, cells = values.shape
    if p < 2:
        return [None] * cells
    random = np.random.default_rng(seed)
    weights = random.multinomial(p, np.full(p, 1 / p), size=resamples).astype(float) / p
    means = weights @ values
    observed = values.mean(axis=0)
    return [_bca(means[:, j], values[:, j], float(observed[j]), resamples, seed, confidence) for j in range(cells)]


def _bca(
    means: Array, values: Array, observed: float, resamples: int, seed: int, confidence: float
) -> Bootstrap | None:
    centred = values - values.mean()
    squares = float((centred**2).sum())
    if squares <= 1e-24:
        return None
    below = ((means < observed).mean() + (means <= observed).mean()) / 2
    z0 = float(special.ndtri(np.clip(below, 1 / (resamples + 1), resamples / (resamples + 1))))
    acceleration = float((centred**3).sum()) / (6 * squares**1.5)
    z = special.ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    levels = special.ndtr(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
    low, high = np.quantile(means, levels)
    return Bootstrap(observed, float(means.std(ddof=1)), float(low), float(high), resamples, seed)
