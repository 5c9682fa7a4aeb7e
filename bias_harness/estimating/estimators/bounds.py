"""What a salary gap can be when one side answers less often: bounds instead of a guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bias_harness.estimating.estimators.interval import Array, present


@dataclass(frozen=True)
class Bounds:
    """Level minus reference: `naive` compares what was answered; the truth lies between `low` and `high`.

    `trim_fraction` of the answers of `trimmed` ("level", "reference" or "none", whoever answers more) was taken off
    its top and its bottom in turn.
    """

    naive: float
    low: float
    high: float
    trimmed: str
    trim_fraction: float


def lee_bounds(level: Array, n_level: int, reference: Array, n_reference: int) -> Bounds | None:
    """Lee's trimming bounds (2009). `level`, `reference` are the amounts answered by `n_*` that were asked.

    The side that answers more is trimmed by q = (r_hi - r_lo)/r_hi from the top and from the bottom; the answer at the
    border counts for the part that is left. Assumes that nobody refuses only because of the other label (monotone
    response). None where a side has no answer at all.
    """
    b, a = np.sort(present(level)), np.sort(present(reference))
    if b.size == 0 or a.size == 0:
        return None
    rate_b, rate_a = b.size / n_level, a.size / n_reference
    q = abs(rate_b - rate_a) / max(rate_b, rate_a)
    naive = float(b.mean() - a.mean())
    if q <= 1e-12:
        return Bounds(naive, naive, naive, "none", 0.0)
    if rate_a > rate_b:
        return Bounds(naive, float(b.mean() - _top(a, q)), float(b.mean() - _bottom(a, q)), "reference", q)
    return Bounds(naive, float(_bottom(b, q) - a.mean()), float(_top(b, q) - a.mean()), "level", q)


def _bottom(ordered: Array, q: float) -> float:
    """The mean of the lowest 1 - q of sorted values, with a fractional weight at the border."""
    kept = (1 - q) * ordered.size
    weights = np.clip(kept - np.arange(ordered.size), 0.0, 1.0)
    return float(weights @ ordered / weights.sum())


def _top(ordered: Array, q: float) -> float:
    return -_bottom(-ordered[::-1], q)


def manski_bounds(
    level: Array, n_level: int, reference: Array, n_reference: int, lowest: float, highest: float
) -> Bounds | None:
    """Worst-case bounds (Manski 1990): whoever did not answer could have said anything from `lowest` to `highest`."""
    b, a = present(level), present(reference)
    if n_level == 0 or n_reference == 0:
        return None
    ends_b, ends_a = _filled(b, n_level, lowest, highest), _filled(a, n_reference, lowest, highest)
    naive = float(b.mean() - a.mean()) if b.size and a.size else float("nan")
    if np.isnan(naive):
        return None
    return Bounds(naive, ends_b[0] - ends_a[1], ends_b[1] - ends_a[0], "none", 0.0)


def _filled(values: Array, n: int, lowest: float, highest: float) -> tuple[float, float]:
    total, silent = float(values.sum()), n - values.size
    return (total + silent * lowest) / n, (total + silent * highest) / n


def trimmed_shift(values: Array, q: float) -> tuple[float, float]:
    """How far the mean of values moves when the share `q` of the highest is taken off (down), or of the lowest (up)."""
    ordered = np.sort(present(values))
    if ordered.size == 0:
        return 0.0, 0.0
    mean = float(ordered.mean())
    return _bottom(ordered, q) - mean, _top(ordered, q) - mean
