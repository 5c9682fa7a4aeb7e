"""Whom a gap speaks of: these exact cases (`panel`), people like these (`profiles`), prompts like these too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bias_harness.estimating.estimators.interval import Array, Interval, from_standard_error, paired_t

FEWEST_WORDINGS = 3


def profiles(gaps: Array, confidence: float = 0.95) -> Interval:
    """Gaps D[p, v] -> one gap per profile -> t(P-1). Wordings weigh the same; missing cells are left out."""
    return paired_t(profile_means(gaps), confidence)


def profile_means(gaps: Array) -> Array:
    """The mean over wordings of D[p, v], NaN where a profile has no cell."""
    known = ~np.isnan(gaps)
    counts = known.sum(axis=1)
    sums = np.where(known, gaps, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def profiles_and_wordings(gaps: Array, confidence: float = 0.95) -> Interval:
    """The crossed two-way formula, for people and prompts like these. `gaps` is D[p, v] (or D[p, signal]).

    Var = max((MS_p + MS_v - MS_r)/(PV), MS_p/(PV)); df = (PV Var)^2 / (MS_p^2/(P-1) + MS_v^2/(V-1) +
    MS_r^2/((P-1)(V-1))), at least 1. Needs three wordings (`too_few_wordings`). An unbalanced table is cut to the
    profiles that have every wording; `n` says how many those are.
    """
    gaps = np.asarray(gaps, dtype=float)
    if gaps.size:
        gaps = gaps[:, ~np.isnan(gaps).all(axis=0)]
    complete = gaps[~np.isnan(gaps).any(axis=1)] if gaps.size else gaps
    p, v = complete.shape
    if v < FEWEST_WORDINGS:
        return Interval(None, status="too_few_wordings" if v else "no_data")
    if p < 2:
        estimate = float(complete.mean()) if p else None
        return Interval(estimate, n=p, status="too_few_profiles", few_profiles=True)
    mean, ms_p, ms_v, ms_r = two_way(complete)
    scaled = max(ms_p + ms_v - ms_r, ms_p)
    weights = ms_p**2 / (p - 1) + ms_v**2 / (v - 1) + ms_r**2 / ((p - 1) * (v - 1))
    df = max(1.0, scaled**2 / weights) if weights > 0 else float(p - 1)
    return from_standard_error(mean, float(np.sqrt(scaled / (p * v))), df, confidence, p)


def two_way(table: Array) -> tuple[float, float, float, float]:
    """Grand mean and the mean squares of rows, columns and residual of a complete two-way table."""
    p, v = table.shape
    mean = table.mean()
    rows, columns = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    residual = table - mean - rows[:, None] - columns[None, :]
    ms_p = v * float((rows**2).sum()) / (p - 1)
    ms_v = p * float((columns**2).sum()) / (v - 1)
    ms_r = float((residual**2).sum()) / ((p - 1) * (v - 1))
    return float(mean), ms_p, ms_v, ms_r


def panel(
    gaps: Array,
    variances: tuple[Array, Array],
    counts: tuple[Array, Array],
    confidence: float = 0.95,
) -> Interval:
    """The gap for exactly these cells under repeated asking: trial noise only. `n` counts the pairs of cells.

    `gaps` is D[p, v]; `variances` and `counts` are s^2 (ddof 1) and R of the level's and of the reference's cells, all
    of the same shape (a third axis, signals, is averaged within the cell). Wordings weigh the same within a profile
    and profiles the same, so SE^2 = sum w^2 (s_B^2/R_B + s_A^2/R_A) with w = 1/(P V), and Satterthwaite's df. A cell
    left with one answer borrows the pooled variance; where that is the rule rather than the exception the status is
    `too_few_repeats`. No variance at all is `deterministic`: the value is exact and there is nothing to test.
    """
    gaps = np.asarray(gaps, dtype=float)
    known = ~np.isnan(gaps)
    n = int(known.sum())
    if n == 0:
        return Interval(None, status="no_data")
    weights = _equal_weights(known)
    estimate = float(weights[known] @ gaps[known])
    r = np.stack([c[known] for c in counts])
    s2 = np.stack([s[known] for s in variances])
    single = r < 2
    if single.mean() > 0.5:
        return Interval(estimate, n=n, status="too_few_repeats")
    freedom = np.where(single, 0.0, r - 1)
    pooled = float(np.where(single, 0.0, s2 * freedom).sum() / freedom.sum())
    s2, freedom = np.where(single, pooled, s2), np.where(single, freedom.sum(), freedom)
    parts = weights[known] ** 2 * s2 / r
    total = float(parts.sum())
    if total <= 1e-24 * max(1.0, estimate**2):
        return Interval(estimate, 0.0, n=n, status="deterministic")
    df = total**2 / float((parts**2 / freedom).sum())
    return replace(from_standard_error(estimate, total**0.5, df, confidence, n), few_profiles=False)


def _equal_weights(known: np.ndarray) -> Array:
    """Weights that sum to 1: equal over profiles, then over their wordings, then over their signals."""
    weights: Array = known.astype(float)
    for axis in range(known.ndim - 1, -1, -1):
        rest = tuple(range(axis + 1, known.ndim))
        there = known.any(axis=rest) if rest else known
        counts = there.sum(axis=axis, keepdims=True).astype(float)
        share = there / np.maximum(counts, 1.0)
        weights = weights * share.reshape(share.shape + (1,) * len(rest))
    return weights
