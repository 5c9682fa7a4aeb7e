"""Oaxaca-Blinder: in a paired design the explained part is zero by construction, and this shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array


@dataclass(frozen=True)
class Decomposition:
    """First minus second: `gap` = `explained` (by unlike covariates) + `unexplained` (by unlike treatment)."""

    gap: float
    explained: float
    unexplained: float


def oaxaca_blinder(first: tuple[Array, Array], second: tuple[Array, Array]) -> Decomposition:
    """Two-fold decomposition with pooled coefficients that hold a group dummy. Each side is (outcome, covariates).

    Covariates are rows x columns without a constant. Paired personas have equal covariates, so `explained` is 0.
    """
    (y1, x1), (y2, x2) = first, second
    x = np.vstack([x1, x2])
    group = np.r_[np.ones(len(y1)), np.zeros(len(y2))]
    design = np.column_stack([np.ones(len(x)), group, x])
    coefficients = np.linalg.lstsq(design, np.r_[y1, y2], rcond=None)[0][2:]
    gap = float(np.mean(y1) - np.mean(y2))
    explained = float((np.mean(x1, axis=0) - np.mean(x2, axis=0)) @ coefficients)
    return Decomposition(gap, explained, gap - explained)
