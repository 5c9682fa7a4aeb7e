"""Cells of amounts with a truth that is known, for what is promised of the intervals in each scope."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.cells import Contrast, cells_of_dense, contrast, mean_over
from bias_harness.estimating.estimators.gaps import SCOPES, log_gap
from bias_harness.estimating.estimators.interval import Array, Interval
from bias_harness.estimating.estimators.scopes import profile_means


@dataclass(frozen=True)
class Planted:
    """A design in numbers and the truth behind its answers. Gaps and standard deviations are on the log scale.

    `heap` rounds amounts to multiples (0 = not at all); `refusals` are the shares refused by the level and by the
    reference. The truth for people and prompts like these is `gap`; for these prompts it is `gap` plus what the
    wordings that were drawn do to it; for exactly these cases it is what each cell's own gap averages to.
    """

    profiles: int = 10
    wordings: int = 3
    repeats: int = 3
    signals: int = 1
    gap: float = 0.0
    profile_gap_sd: float = 0.03
    cell_gap_sd: float = 0.02
    wording_gap_sd: float = 0.0
    trial_sd: float = 0.06
    profile_sd: float = 0.25
    heap: float = 5_000
    base: float = 90_000
    refusals: tuple[float, float] = (0.0, 0.0)


def simulate(planted: Planted, random: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """One run: its amounts, which of them were refused (0/1), the true gap of each cell, what each wording adds to it.

    Amounts are profile x wording x level x signal x repeat, the reference first; NaN = refused.
    """
    p, v, s, r = planted.profiles, planted.wordings, planted.signals, planted.repeats
    people = random.normal(0, planted.profile_sd, (p, 1, 1))
    wording_effects = random.normal(0, planted.wording_gap_sd, v)
    cell_gaps = (
        planted.gap
        + random.normal(0, planted.profile_gap_sd, (p, 1, 1))
        + wording_effects[None, :, None]
        + random.normal(0, planted.cell_gap_sd, (p, v, s))
    )
    means = np.stack([np.broadcast_to(people, (p, v, s)), people + cell_gaps], axis=2)
    amounts = planted.base * np.exp(means[..., None] + random.normal(0, planted.trial_sd, (p, v, 2, s, r)))
    if planted.heap:
        amounts = np.maximum(np.round(amounts / planted.heap), 1) * planted.heap
    share = np.array([planted.refusals[1], planted.refusals[0]])[None, None, :, None, None]
    refused = (random.random(amounts.shape) < share).astype(float)
    return np.where(refused > 0, np.nan, amounts), refused, cell_gaps, wording_effects


def panel_truth(of: Contrast, cell_gaps: Array) -> float:
    """The true gap of the cells that were compared, weighted as the estimate weights them."""
    known = mean_over(np.where(np.isnan(of.log), np.nan, cell_gaps))
    means = profile_means(known)
    return float(np.nanmean(means)) if np.isfinite(means).any() else math.nan


def intervals(planted: Planted, seed: int) -> list[tuple[Interval, float]]:
    """One run: the interval of each scope, and its truth."""
    amounts, _, cell_gaps, wordings = simulate(planted, np.random.default_rng(seed))
    of = contrast(cells_of_dense(amounts), 1, 0)
    truths = (planted.gap + float(wordings.mean()), panel_truth(of, cell_gaps), planted.gap)
    return [(log_gap(of, scope, 0.95), truth) for scope, truth in zip(SCOPES, truths, strict=True)]
