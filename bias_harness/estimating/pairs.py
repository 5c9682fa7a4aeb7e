"""Observations -> pairs: each level's trial beside the reference's trial that is alike in everything else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bias_harness.estimating.accounts import counted as believed

ABOUT = ("attribute", "persona", "field", "job", "seniority", "place", "wording", "language", "signal", "repeat")
SIDES = ("level", "status", "annual", "key", "usable")


def pairs_of(observations: pd.DataFrame, *, pay: bool) -> pd.DataFrame:
    """One row a pair. `gap` is level minus reference in the experiment's unit, `log_gap` the log of their ratio.

    Both are there only where both amounts count (`counted`); `log_gap` is missing where no pay is measured. `nature`
    says what answered and has to be a column of the observations.
    """
    rows = observations.assign(usable=believed(observations, linear=not pay))
    rows = rows[rows["edit"].astype(str) == ""]
    keys = ["endpoint", "nature", *ABOUT]
    level, reference = (rows.loc[rows["reference"] == is_it, [*keys, *SIDES]] for is_it in (False, True))
    plain = {name: str for name in keys if name not in ("signal", "repeat")}
    pairs = level.astype(plain).merge(
        reference.astype(plain).rename(columns={n: f"reference_{n}" for n in SIDES}), on=keys, validate="m:1"
    )
    pairs = pairs.rename(columns={n: f"level_{n}" for n in SIDES if n != "level"} | {"reference_level": "reference"})
    counted = pairs["level_usable"] & pairs["reference_usable"]
    gap = (pairs["level_annual"] - pairs["reference_annual"]).where(counted)
    log = np.log((pairs["level_annual"] / pairs["reference_annual"]).where(counted)) if pay else np.nan
    return pairs.assign(counted=counted, gap=gap, log_gap=log)
