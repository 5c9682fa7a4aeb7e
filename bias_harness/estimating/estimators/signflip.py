"""The sign-flip test: under the null the label may be swapped within a profile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bias_harness.estimating.estimators.interval import Array, present
from bias_harness.estimating.estimators.matrix_products import product

MOST_ENUMERATED = 16
TIE = 1e-12


@dataclass(frozen=True)
class SignFlip:
    """Two-sided p of the mean difference; `exact` when every flip was counted.

    `smallest_possible` is the least p that so many profiles can ever reach: 2/2^P, so 0.0625 for five.
    """

    p_value: float
    n_flips: int
    exact: bool
    smallest_possible: float


@lru_cache(maxsize=4)
def sign_table(p: int, resamples: int, seed: int, most: int = MOST_ENUMERATED) -> Array:
    """Rows of -1 and +1: every one of 2^P up to `most` profiles, else `resamples` random ones. Read-only."""
    if p <= most:
        bits = (np.arange(2**p)[:, None] >> np.arange(p)[None, :]) & 1
        table = (2 * bits - 1).astype(float)
    else:
        random = np.random.default_rng(seed)
        table = random.integers(0, 2, size=(resamples, p), dtype=np.int8).astype(float) * 2 - 1
    table.setflags(write=False)
    return table


def is_exact(p: int) -> bool:
    """Whether every flip of so many profiles is enumerated."""
    return p <= MOST_ENUMERATED


def p_from_hits(hits: int, flips: int, *, exact: bool) -> float:
    """The share of flips at least as extreme; (1 + hits) / (1 + flips) where the flips were drawn. Never 0."""
    return hits / flips if exact else (1 + hits) / (1 + flips)


def sign_flip(differences: Array, resamples: int = 9_999, seed: int = 0) -> SignFlip | None:
    """Two-sided p of the mean of d_p over all 2^P flips (P <= 16), else over `resamples`. None without differences.

    Ties are counted with a relative tolerance of 1e-12. Needs no variance: all-equal gaps have a p too.
    """
    d = present(differences)
    if d.size == 0:
        return None
    signs = sign_table(d.size, resamples, seed)
    observed = abs(d.mean())
    hits = int((np.abs(product(signs, d) / d.size) >= observed - TIE * max(1.0, observed)).sum())
    exact = is_exact(d.size)
    smallest = min(1.0, 2 / len(signs)) if exact else 1 / (1 + len(signs))
    return SignFlip(p_from_hits(hits, len(signs), exact=exact), len(signs), exact, smallest)
