"""The specification curve: the same gap under every declared choice, and a joint test over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.estimating.estimators.matrix_products import product
from bias_harness.estimating.estimators.signflip import TIE, is_exact, p_from_hits, sign_table


@dataclass(frozen=True)
class JointTest:
    """Three statistics over all specifications, each with its p by joint sign flips (Simonsohn et al. 2020).

    `median` of the estimates; `share` in the dominant direction; `significant`, how many specifications are
    significant in that direction. Only `p_median` and `p_share` are two-sided.
    """

    n: int
    median: float
    share: float
    significant: int
    p_median: float
    p_share: float
    p_significant: float


def joint_test(gaps: Array, resamples: int = 9_999, seed: int = 0, alpha: float = 0.05) -> JointTest | None:
    """`gaps` is profiles x specifications (NaN = profile not in it). Whole profiles flip in all of them at once."""
    known = ~np.isnan(gaps)
    n = known.sum(axis=0)
    columns = n >= 2
    if not columns.any():
        return None
    filled, n = np.where(known, gaps, 0.0)[:, columns], n[columns].astype(float)
    critical = np.array([t_quantile(1 - alpha / 2, float(m) - 1) for m in n])
    bar = critical / np.sqrt(critical**2 + n - 1) * np.sqrt(n * (filled**2).sum(axis=0))
    signs = sign_table(gaps.shape[0], resamples, seed)
    exact = is_exact(gaps.shape[0])
    observed = filled.sum(axis=0) / n
    direction = 1.0 if np.median(observed) >= 0 else -1.0
    sums = np.vstack([filled.sum(axis=0), product(signs, filled)])
    median = np.abs(np.median(sums / n, axis=1))
    up = (sums > TIE).mean(axis=1)
    share = np.maximum(up, (sums < -TIE).mean(axis=1))
    significant = (direction * sums > bar + TIE).sum(axis=1)
    ps = [_p(statistic, exact=exact) for statistic in (median, share, significant.astype(float))]
    return JointTest(
        int(columns.sum()), float(np.median(observed)), float(share[0]), int(significant[0]), ps[0], ps[1], ps[2]
    )


def _p(statistic: Array, *, exact: bool) -> float:
    hits = int((statistic[1:] >= statistic[0] - TIE * max(1.0, abs(float(statistic[0])))).sum())
    return p_from_hits(hits, statistic.size - 1, exact=exact)
