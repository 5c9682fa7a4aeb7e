"""How others count: labelled lenses to reproduce and compare published tables with. None of them is a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.effects import cohens_d
from bias_harness.estimating.estimators.interval import Array, present, welch_t
from bias_harness.estimating.estimators.ranks import mann_whitney

FOUR_FIFTHS = 0.8
PAY_TRANSPARENCY_LINE = 0.05


@dataclass(frozen=True)
class ImpactRatio:
    """One group's scoring rate (share of answers strictly above the pooled median) over the best group's.

    As New York City's Local Law 144 defines it, which sets no pass line; `below_four_fifths` is the EEOC's rule of
    thumb (29 CFR 1607.4(D)). `mean_ratio` is the plain ratio of mean amounts. None where no one scores.
    """

    scoring_rate: float | None
    impact_ratio: float | None
    below_four_fifths: bool | None
    mean: float | None
    mean_ratio: float | None
    n: int


def impact_ratios(groups: Mapping[str, Array]) -> tuple[dict[str, ImpactRatio], float]:
    """The impact ratio of each group, and the share of answers exactly at the pooled median, which the rule ignores."""
    amounts = {name: present(values) for name, values in groups.items()}
    pooled = np.concatenate([*amounts.values()]) if amounts else np.array([])
    if pooled.size == 0:
        return {name: ImpactRatio(None, None, None, None, None, 0) for name in groups}, 0.0
    median = float(np.median(pooled))
    rates = {name: float((x > median).mean()) if x.size else None for name, x in amounts.items()}
    means = {name: float(x.mean()) if x.size else None for name, x in amounts.items()}
    best = max((r for r in rates.values() if r is not None), default=0.0)
    highest = max((m for m in means.values() if m is not None), default=0.0)
    found = {}
    for name, x in amounts.items():
        rate, mean = rates[name], means[name]
        ratio = rate / best if rate is not None and best > 0 else None
        below = None if ratio is None else ratio < FOUR_FIFTHS
        found[name] = ImpactRatio(rate, ratio, below, mean, mean / highest if mean and highest else None, int(x.size))
    return found, float((pooled == median).mean())


@dataclass(frozen=True)
class RowsTest:
    """What published audits compute on single answers: Welch's t and Mann-Whitney, repeats taken for people.

    `gap` is first minus second, `percent` of the second's mean, `d` with the pooled standard deviation, `area` the
    chance that an answer to the first is above one to the second. It speaks of sampling noise in these very
    questions only, whatever its p says.
    """

    mean_first: float | None
    mean_second: float | None
    gap: float | None
    percent: float | None
    d: float | None
    welch_p: float | None
    welch_p_bonferroni: float | None
    conf_low: float | None
    conf_high: float | None
    mann_whitney_p: float | None
    area: float | None
    n_first: int
    n_second: int


def rows_test(first: Array, second: Array, comparisons: int = 1, confidence: float = 0.95) -> RowsTest:
    """First against second on rows; `comparisons` is Bonferroni's factor. None stands where nothing can be computed."""
    a, b = present(first), present(second)
    welch = welch_t(a, b, confidence)
    p, area = mann_whitney(a, b)
    mean_a, mean_b = (float(x.mean()) if x.size else None for x in (a, b))
    percent = None if mean_a is None or not mean_b else 100 * (mean_a - mean_b) / mean_b
    adjusted = None if welch.p_value is None else min(1.0, welch.p_value * comparisons)
    return RowsTest(
        mean_a,
        mean_b,
        welch.estimate,
        percent,
        cohens_d(a, b),
        welch.p_value,
        adjusted,
        welch.conf_low,
        welch.conf_high,
        p,
        area,
        int(a.size),
        int(b.size),
    )


def pay_transparency(percent_of_means: float | None) -> bool | None:
    """Whether a gap in means (per cent, any sign) reaches the 5 % line of Directive (EU) 2023/970. A reference line."""
    return None if percent_of_means is None else abs(percent_of_means) >= 100 * PAY_TRANSPARENCY_LINE
