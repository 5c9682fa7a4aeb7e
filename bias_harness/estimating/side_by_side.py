"""Two recordings of the same questions, side by side: one row a question that both were asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.rows import Rows, placed_rows

CELL = ("endpoint", "attribute", "persona", "wording", "language", "level", "signal", "edit")
_NAMED = (*CELL, "job", "reference")
Table = np.ndarray[tuple[int, int], np.dtype[np.float64]]
_KINDS = ("amount", "refused", "silent", "odd")


def side_by_side(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """One row a question that stands in both: by recording the mean log of its amounts and its answers' kinds."""
    both = pd.DataFrame({name: _joined(before[name], now[name]) for name in _NAMED})
    key = np.zeros(len(both), dtype=np.int64)
    for name in CELL:
        key = key * max(1, len(both[name].cat.categories)) + both[name].cat.codes.to_numpy()
    _, first, cell = np.unique(key, return_index=True, return_inverse=True)
    means = [_means(_kinds_of(frame), part, first.size) for frame, part in _parts(before, now, cell)]
    shared = np.isin(np.arange(first.size), cell[: len(before)]) & np.isin(np.arange(first.size), cell[len(before) :])
    made = both.iloc[first[shared]].reset_index(drop=True)
    for when, found in zip(("before", "now"), means, strict=True):
        made[[f"{kind}_{when}" for kind in _KINDS]] = found[shared]
    return made


def _joined(before: pd.Series, now: pd.Series) -> pd.Series:
    """A column of both tables, as categories: each table's own are few, whatever they are made of."""
    tables = [column.astype("category").cat for column in (before, now)]
    values = sorted({value for table in tables for value in table.categories.tolist()})
    place = {value: code for code, value in enumerate(values)}
    known = [np.array([place[value] for value in table.categories.tolist()], dtype=np.int64) for table in tables]
    codes = [codes_of[table.codes.to_numpy()] for codes_of, table in zip(known, tables, strict=True)]
    return pd.Series(pd.Categorical.from_codes(np.concatenate(codes), pd.Index(values)))


def _parts(before: pd.DataFrame, now: pd.DataFrame, cell: Codes) -> Iterator[tuple[pd.DataFrame, Codes]]:
    yield before, cell[: len(before)]
    yield now, cell[len(before) :]


def _means(kinds: Table, cell: Codes, cells: int) -> Table:
    """The mean of each kind over the answers of a cell that have it; NaN where none has."""
    known = np.isfinite(kinds)
    counts = np.column_stack([np.bincount(cell, weights=k, minlength=cells) for k in known.T])
    sums = np.column_stack([np.bincount(cell, weights=k, minlength=cells) for k in np.where(known, kinds, 0).T])
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _kinds_of(observations: pd.DataFrame) -> Table:
    """Of each answer: its log amount, and whether it was refused, gave no amount that counts, or a far-off one."""
    kinds = np.full((len(observations), len(_KINDS)), np.nan)
    for places, rows in placed_rows(observations, linear=False):
        kinds[places] = _kinds(rows)
    return kinds


def _kinds(rows: Rows) -> Table:
    odd: Mask = (rows.is_status("ok") & rows.implausible) | (rows.valued & rows.flags.magnitude)
    refused = rows.is_status("refused")
    silent = ~refused & ~odd & ~rows.believable
    events = [np.where(rows.asked, happened, np.nan) for happened in (refused, silent, odd)]
    return np.column_stack([np.where(rows.believable, rows.scaled, np.nan), *events])
