"""Far-off answers are flagged and counted per arm; nothing is ever thrown away unseen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.quantiles import grouped_quantiles

RATIO = 3.0
FARTHEST_Z = 5.0
MAD_TO_SD = 1.4826
_TIE = 1e-9


@dataclass(frozen=True)
class Flags:
    """`magnitude`: a period or a digit is probably misread; `robust`: far from its group on the log scale."""

    magnitude: NDArray[np.bool_]
    robust: NDArray[np.bool_]


def flag_outliers(
    amounts: Array, groups: NDArray[np.int64] | None = None, floor: float = 0.0, ratio: float = RATIO
) -> Flags:
    """Flags of positive amounts, compared with the median of their group (all of one group by default).

    magnitude: below `floor`, or outside [1/ratio, ratio] times the median by more than a rounding of floats: exactly a
    third is inside, whichever way it was computed. robust: |log(y/median)| more than five
    times 1.4826 MAD; with a MAD of zero, the usual case with heaped salaries, nothing. Groups must not be made by the
    label, or the rule itself could make a gap.
    """
    y = np.asarray(amounts, dtype=float)
    if y.size == 0:
        return Flags(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    codes = np.zeros(y.size, dtype=np.int64) if groups is None else np.asarray(groups)
    centred = np.log(y) - _median(np.log(y), codes)
    spread = MAD_TO_SD * _median(np.abs(centred), codes)
    magnitude = (np.abs(centred) > np.log(ratio) + _TIE) | (y < floor)
    robust = (spread > 1e-12) & (np.abs(centred) > FARTHEST_Z * np.maximum(spread, 1e-300))
    return Flags(magnitude, robust)


def _median(values: Array, codes: NDArray[np.int64]) -> Array:
    medians = grouped_quantiles(values, codes, int(codes.max()) + 1, (0.5,))
    result: Array = medians[codes, 0]
    return result
