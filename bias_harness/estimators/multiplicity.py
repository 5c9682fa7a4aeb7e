"""Adjusted p-values over a family; what could not be tested is left out of the family and stays None."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down: max over the smaller ones of (m - rank) p, capped at 1 (Holm 1979)."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, (len(known) - rank) * p)
        adjusted[index] = min(1.0, running)
    return adjusted


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """The false discovery rate's step-up: min over the larger ones of m p / rank (Benjamini & Hochberg 1995)."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 1.0
    for rank in range(len(known), 0, -1):
        p, index = known[rank - 1]
        running = min(running, len(known) * p / rank)
        adjusted[index] = running
    return adjusted


def benjamini_yekutieli(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini-Hochberg times the harmonic number of the family: holds under any dependence (2001)."""
    m = sum(p is not None for p in p_values)
    harmonic = sum(1 / i for i in range(1, m + 1))
    adjusted: list[float | None] = [None] * len(p_values)
    running = 1.0
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    for rank in range(m, 0, -1):
        p, index = known[rank - 1]
        running = min(running, harmonic * m * p / rank)
        adjusted[index] = running
    return adjusted


def bonferroni(p_values: Sequence[float | None]) -> list[float | None]:
    """Each p times the size of the family, capped at 1."""
    m = sum(p is not None for p in p_values)
    return [None if p is None else min(1.0, m * p) for p in p_values]


def max_t(gaps: np.ndarray, resamples: int, seed: int, confidence: float = 0.95) -> float | None:
    """The critical value c for simultaneous intervals estimate_j -+ c SE_j, by joint sign flips of whole profiles.

    `gaps` is profiles x cells without NaN. All 2^P flips are enumerated up to P = 12, else `resamples` are drawn.
    """
    p, cells = gaps.shape
    if p < 2 or cells == 0:
        return None
    signs = sign_table(p, resamples, seed)
    means = signs @ gaps / p
    squares = (gaps**2).sum(axis=0)[None, :]
    variance = np.maximum(squares / p - means**2, 0.0) / (p - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(variance > 0, np.abs(means) / np.sqrt(variance), 0.0)
    return float(np.quantile(t.max(axis=1), confidence))


def sign_table(p: int, resamples: int, seed: int, most: int = 12) -> np.ndarray:
    """Rows of -1 and +1: every one of 2^P up to `most` profiles, else `resamples` random ones."""
    if p <= most:
        bits = (np.arange(2**p)[:, None] >> np.arange(p)[None, :]) & 1
        return (2 * bits - 1).astype(float)
    random = np.random.default_rng(seed)
    return random.integers(0, 2, size=(resamples, p)).astype(float) * 2 - 1
