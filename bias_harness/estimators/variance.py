"""Where variation comes from: balanced analysis-of-variance components; a negative estimate is 0 and flagged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimators.interval import Array


@dataclass(frozen=True)
class OneWay:
    """Components between and within groups of the same size, and their share `icc`."""

    ms_between: float
    ms_within: float
    between: float
    within: float
    icc: float | None
    negative: bool


def one_way(groups: Array) -> OneWay | None:
    """Groups x repeats: sigma^2_between = (MS_between - MS_within) / repeats. None below two of either."""
    k, r = groups.shape
    if k < 2 or r < 2:
        return None
    means = groups.mean(axis=1)
    ms_between = float(r * means.var(ddof=1))
    ms_within = float(((groups - means[:, None]) ** 2).sum() / (k * (r - 1)))
    raw = (ms_between - ms_within) / r
    between = max(0.0, raw)
    total = between + ms_within
    return OneWay(ms_between, ms_within, between, ms_within, between / total if total > 0 else None, raw < 0)


@dataclass(frozen=True)
class Crossed:
    """Variances of profile, wording, their interaction and the trial; None where the design cannot tell them apart."""

    profile: float | None
    wording: float | None
    interaction: float | None
    trial: float | None
    negative: tuple[str, ...] = ()
    status: str = "ok"


def crossed(means: Array, trial_variance: float | None, repeats: float | None) -> Crossed:
    """Profile x wording cell means without NaN, with the pooled variance of a trial and the repeats behind a mean.

    profile (MS_P - MS_PV)/(V R), wording (MS_V - MS_PV)/(P R), interaction (MS_PV - MS_E)/R with mean squares on the
    scale of trials. Without repeats the interaction holds the trial noise too (`trial_not_separable`).
    """
    p, v = means.shape
    if p < 2 or v < 2:
        return Crossed(None, None, None, trial_variance, status="too_few_cells")
    centre = means.mean()
    rows, columns = means.mean(axis=1) - centre, means.mean(axis=0) - centre
    residual = means - centre - rows[:, None] - columns[None, :]
    ms_p = v * float((rows**2).sum()) / (p - 1)
    ms_v = p * float((columns**2).sum()) / (v - 1)
    ms_pv = float((residual**2).sum()) / ((p - 1) * (v - 1))
    noise = trial_variance / repeats if trial_variance is not None and repeats else 0.0
    raw = {"profile": (ms_p - ms_pv) / v, "wording": (ms_v - ms_pv) / p, "interaction": ms_pv - noise}
    negative = tuple(name for name, value in raw.items() if value < 0)
    kept = {name: max(0.0, value) for name, value in raw.items()}
    status = "ok" if trial_variance is not None and repeats else "trial_not_separable"
    return Crossed(kept["profile"], kept["wording"], kept["interaction"], trial_variance, negative, status)


def pooled_variance(variances: Array, counts: Array) -> tuple[float | None, float | None]:
    """The trial variance pooled over cells with two trials or more, and the harmonic mean of all cells' counts."""
    several = counts > 1
    if not several.any():
        return None, None
    pooled = float((variances[several] * (counts[several] - 1)).sum() / (counts[several] - 1).sum())
    used = counts[counts > 0]
    return pooled, float(used.size / np.sum(1 / used))
