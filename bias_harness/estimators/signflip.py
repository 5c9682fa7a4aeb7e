"""The sign-flip test: under the null the label may be swapped within a profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimators.interval import Array
from bias_harness.estimators.multiplicity import sign_table

MOST_ENUMERATED = 16
TIE = 1e-12


@dataclass(frozen=True)
class SignFlip:
    """Two-sided p of the mean difference; `exact` when every flip was counted."""

    p_value: float
    n_flips: int
    exact: bool
    smallest_possible: float


def sign_flip(differences: Array, resamples: int = 9_999, seed: int = 0) -> SignFlip | None:
    """All 2^P flips up to P = 16, else (1 + count) / (1 + resamples). None without differences."""
    d = differences[~np.isnan(differences)]
    if d.size == 0:
        return None
    signs = sign_table(d.size, resamples, seed, MOST_ENUMERATED)
    observed = abs(d.mean())
    hits = int((np.abs(signs @ d / d.size) >= observed - TIE * max(1.0, observed)).sum())
    if d.size <= MOST_ENUMERATED:
        return SignFlip(hits / len(signs), len(signs), True, 2 / len(signs))
    return SignFlip((1 + hits) / (1 + resamples), resamples, False, 1 / (1 + resamples))
