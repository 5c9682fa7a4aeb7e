"""Where variation comes from: profile, wording, their interaction, trial. ANOVA by expected mean squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, present
from bias_harness.estimating.estimators.scopes import two_way


@dataclass(frozen=True)
class OneWay:
    """Variance between and within groups; `negative` marks an estimate below zero that is reported as 0."""

    ms_between: float
    ms_within: float
    var_between: float
    var_within: float
    icc: float | None
    negative: bool


def one_way(groups: Sequence[Array]) -> OneWay | None:
    """One-way components: between = (MS_B - MS_W)/n0, with n0 = (N - sum n^2/N)/(k-1), the plain n when balanced.

    The raw variance of group means is not this: it still holds MS_W/n. None for fewer than two groups or no repeats.
    """
    values = [g for g in (present(np.asarray(g, dtype=float)) for g in groups) if g.size]
    sizes = np.array([g.size for g in values], dtype=float)
    total, k = float(sizes.sum()), len(values)
    if k < 2 or total <= k:
        return None
    means = np.array([g.mean() for g in values])
    grand = float(sizes @ means) / total
    ms_between = float(sizes @ (means - grand) ** 2) / (k - 1)
    ms_within = float(sum(((g - g.mean()) ** 2).sum() for g in values)) / (total - k)
    n0 = (total - float((sizes**2).sum()) / total) / (k - 1)
    raw = (ms_between - ms_within) / n0
    between = max(0.0, raw)
    whole = between + ms_within
    return OneWay(ms_between, ms_within, between, ms_within, between / whole if whole > 0 else None, raw < 0)


@dataclass(frozen=True)
class Crossed:
    """Variances by source. `trial` and `interaction` are None where one repeat cannot tell them apart (`residual`).

    `negative` names the sources whose estimate fell below zero and is reported as 0.
    """

    profile: float
    wording: float
    interaction: float | None
    trial: float | None
    residual: float
    negative: tuple[str, ...]


def crossed(amounts: Array) -> Crossed | None:
    """Components of a complete array profile x wording x repeat (logs, as a rule).

    trial = MS_E; interaction = (MS_PV - MS_E)/R; wording = (MS_V - MS_PV)/(P R); profile = (MS_P - MS_PV)/(V R).
    """
    table = np.asarray(amounts, dtype=float)
    repeats = table.shape[2]
    within = float(table.var(axis=2, ddof=1).mean()) if repeats > 1 else None
    return crossed_cells(table.mean(axis=2), within, repeats)


def crossed_cells(means: Array, within: float | None, repeats: float) -> Crossed | None:
    """The same from cell means (profile x wording), the pooled variance within cells and the number of repeats.

    Profiles with an empty cell are left out; `repeats` may be a harmonic mean. None for fewer than two either way.
    """
    complete = means[~np.isnan(means).any(axis=1)]
    p, v = complete.shape
    if p < 2 or v < 2:
        return None
    _, ms_p, ms_v, ms_r = two_way(complete)
    raw = {"profile": (ms_p - ms_r) / v, "wording": (ms_v - ms_r) / p}
    if within is not None:
        raw["interaction"] = ms_r - within / repeats
    negative = tuple(name for name, x in raw.items() if x < 0)
    kept = {name: max(0.0, x) for name, x in raw.items()}
    return Crossed(kept["profile"], kept["wording"], kept.get("interaction"), within, ms_r, negative)
