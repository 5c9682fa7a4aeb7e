"""Where a function is zero."""

from __future__ import annotations

from collections.abc import Callable


def root(of: Callable[[float], float], low: float, high: float, precision: float) -> float:
    """The place between `low` and `high` where the function changes its sign, within `precision` (Brent's method).

    Raises `ValueError` where it has the same sign at both ends.
    """
    from scipy import optimize  # late: it takes as long to import as numpy, and few commands look for a root

    return float(optimize.brentq(of, low, high, xtol=precision))
