"""What a gap between probabilities leaves open: how much of the probability it rests on, and its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

READ = ("covered", "bound_low", "bound_high")
"""The columns of observations that are read here, beside those of `rows.READ`."""
ESTIMAND = "mean log amount by the model's probabilities, given how its answer begins"


@dataclass(frozen=True)
class OpenMass:
    """Of one comparison: the mean share of the probability that ends in plausible amounts (0-1), bounds in per cent.

    The bounds are those of the gap (level minus reference) if all that is open lay at the lowest plausible amount in
    one arm and at the highest in the other: the worst there can be, not an interval.
    """

    endpoint: str
    attribute: str
    level: str
    covered: float
    percent_low: float
    percent_high: float


def open_masses(observations: pd.DataFrame) -> Iterator[OpenMass]:
    """The open mass of every level beside its reference; nothing where no probabilities were read."""
    if "covered" not in observations:
        return
    rows = observations[observations["covered"].notna() & observations["annual"].notna()]
    for (endpoint, attribute), part in rows.groupby(["endpoint", "attribute"], observed=True, sort=True):
        reference = part[part["reference"]]
        for level, there in part[~part["reference"]].groupby("level", observed=True, sort=True):
            if reference.empty:
                continue
            low = _mean_log(there["bound_low"]) - _mean_log(reference["bound_high"])
            high = _mean_log(there["bound_high"]) - _mean_log(reference["bound_low"])
            covered = float(pd.concat([there, reference])["covered"].mean())
            ends = (100 * math.expm1(end) for end in (low, high))
            yield OpenMass(str(endpoint), str(attribute), str(level), covered, *ends)


def told(observations: pd.DataFrame) -> dict[str, Any]:
    """The estimand by name and the open mass of each comparison, as plain data."""
    return {"estimand": ESTIMAND, "open": [asdict(found) for found in open_masses(observations)]}


def _mean_log(amounts: pd.Series[float]) -> float:
    return float(np.log(amounts.to_numpy(dtype=float)).mean())
