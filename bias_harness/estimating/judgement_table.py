"""Judgements as a table: one row a comparison, as the codebook explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from bias_harness.estimating.judgement import Judgement

_NESTED = ("gap", "alone", "pairs", "control", "needed", "sensitivities", "job_gaps", "because")
COLUMNS = (
    *(f.name for f in fields(Judgement) if f.name not in _NESTED),
    *("because", "gap", "gap_low", "gap_high", "percent", "percent_low", "percent_high", "money"),
    *("alone_low", "alone_high", "pairs_lower", "pairs_equal", "pairs_higher"),
    *("control_spread", "control_above_floor", "needed_jobs", "needed_more_forms"),
)
"""The columns of a table of judgements."""


def table_of(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """One row a judgement; job gaps and sensitivities are left out."""
    return pd.DataFrame([_flat(j) for j in judgements], columns=COLUMNS).convert_dtypes()


def _flat(j: Judgement) -> dict[str, Any]:
    """A judgement as a row; what does not exist is None."""

    def part(of: Any, prefix: str, **names: str) -> dict[str, Any]:
        return {f"{prefix}{key}": None if of is None else getattr(of, name) for key, name in names.items()}

    return {
        **{f.name: getattr(j, f.name) for f in fields(j) if f.name not in _NESTED},
        "because": ", ".join(j.because),
        **part(j.gap, "", gap="estimate", gap_low="low", gap_high="high", money="money"),
        **part(j.gap, "percent", **{"": "percent", "_low": "percent_low", "_high": "percent_high"}),
        **part(j.alone, "alone", _low="low", _high="high"),
        **part(j.pairs, "pairs", _lower="lower", _equal="equal", _higher="higher"),
        **part(j.control, "control", _spread="spread", _above_floor="above_floor"),
        **part(j.needed, "needed", _jobs="jobs", _more_forms="more_forms"),
    }
