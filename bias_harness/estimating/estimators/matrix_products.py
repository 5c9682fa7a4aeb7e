"""Matrix products of many rows, without waking the threads of the linear algebra library."""

from __future__ import annotations

import numpy as np

from bias_harness.estimating.estimators.interval import Array

_SINGLE_THREADED = 200_000


def product(left: Array, right: Array) -> Array:
    """`left @ right` for a tall `left`, slab by slab.

    Products this small gain nothing from threads, while the spinning of waiting threads costs several times the CPU
    of the product itself, most of all on a busy machine.
    """
    if right.ndim == 1 or right.shape[1] == 1:
        result: Array = np.einsum("ij,j...->i...", left, right)
        return result
    rows = max(16, _SINGLE_THREADED // right.size)
    made = np.empty((left.shape[0], right.shape[1]))
    for start in range(0, left.shape[0], rows):
        np.matmul(left[start : start + rows], right, out=made[start : start + rows])
    return made
