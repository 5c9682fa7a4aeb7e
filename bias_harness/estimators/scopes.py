"""Whom a gap speaks of: these exact cases (`panel`), people like these (`profiles`), prompts like these too."""

from __future__ import annotations

import numpy as np

from bias_harness.estimators.interval import Array, Interval, from_standard_error, paired_t

FEWEST_WORDINGS = 3


def profiles(gaps: Array, confidence: float = 0.95) -> Interval:
    """Gaps D[p, v] -> one gap per profile -> t(P-1). Wordings weigh the same; missing cells are left out."""
    return paired_t(profile_means(gaps), confidence)


def profile_means(gaps: Array) -> Array:
    """The mean over wordings of D[p, v], NaN where a profile has no cell."""
    present = ~np.isnan(gaps)
    counts = present.sum(axis=1)
    sums = np.where(present, gaps, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def profiles_and_wordings(gaps: Array, confidence: float = 0.95) -> Interval:
    """The crossed two-way formula, for people and prompts like these.

    Var = max((MS_p + MS_v - MS_r)/(PV), MS_p/(PV)); df = (PV Var)^2 / (MS_p^2/(P-1) + MS_v^2/(V-1) +
    MS_r^2/((P-1)(V-1))), at least 1. Needs three wordings (`too_few_wordings`). An unbalanced table is cut to the
    profiles that have every wording.
    """
    complete = gaps[~np.isnan(gaps).any(axis=1)]
    p, v = complete.shape
    if v < FEWEST_WORDINGS:
        return Interval(None, status="too_few_wordings")
    if p < 2:
        return Interval(None, n=p, status="too_few_profiles", few_profiles=True)
    mean = complete.mean()
    rows, columns = complete.mean(axis=1) - mean, complete.mean(axis=0) - mean
    residual = complete - mean - rows[:, None] - columns[None, :]
    ms_p = v * float((rows**2).sum()) / (p - 1)
    ms_v = p * float((columns**2).sum()) / (v - 1)
    ms_r = float((residual**2).sum()) / ((p - 1) * (v - 1))
    scaled = max(ms_p + ms_v - ms_r, ms_p)
    weights = ms_p**2 / (p - 1) + ms_v**2 / (v - 1) + ms_r**2 / ((p - 1) * (v - 1))
    df = max(1.0, scaled**2 / weights) if weights > 0 else float(p - 1)
    return from_standard_error(float(mean), float(np.sqrt(scaled / (p * v))), df, confidence, p)


def panel(
    estimate: float | None,
    variances: tuple[Array, Array],
    counts: tuple[Array, Array],
    confidence: float = 0.95,
) -> Interval:
    """The gap for exactly these cells under repeated asking: trial noise only.

    `variances` and `counts` are s^2 and R of the level's and the reference's cells. SE^2 = sum (s_B^2/R_B +
    s_A^2/R_A) / n^2 with Satterthwaite's df. One repeat gives `too_few_repeats`; no variance at all `deterministic`.
    """
    if estimate is None:
        return Interval(None, status="no_data")
    used = (counts[0] > 0) & (counts[1] > 0)
    n = int(used.sum())
    r = np.concatenate([counts[0][used], counts[1][used]])
    s2 = np.concatenate([variances[0][used], variances[1][used]])
    if n == 0 or bool((r < 2).any()):
        return Interval(estimate, n=n, status="too_few_repeats")
    parts = s2 / r
    total = float(parts.sum())
    if total <= 1e-24:
        return Interval(estimate, 0.0, n=n, status="deterministic")
    df = total**2 / float((parts**2 / (r - 1)).sum())
    return from_standard_error(estimate, float(np.sqrt(total)) / n, df, confidence, n)
