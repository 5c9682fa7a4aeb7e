"""A table of observations as codes and numbers, column by column: each is coded once, when it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.errors import InputError
from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.estimators.interval import Array

STATUSES = ("ok", "refused", "no_amount", "ambiguous", "failed")
Small = NDArray[np.integer[Any]]
"""Codes that nothing is multiplied with, in the smallest type that holds them: of ten million rows, 10 MB a byte."""


class Coded:
    """The whole table, coded once."""

    def __init__(self, observations: pd.DataFrame) -> None:
        self.frame, self.n = observations, len(observations)
        self.coded: dict[str, tuple[Small, list[str]]] = {}
        self.annual = self.numbers("annual")
        status, names = self.names("status")
        unknown = sorted(set(names) - {*STATUSES, ""})
        if unknown:
            raise InputError(f"status {unknown[0]!r} is none of {', '.join(STATUSES)}; mend the column `status`")
        place = np.array([STATUSES.index(name) if name else -1 for name in names], dtype=np.int8)
        said = place[status] if names else np.full(self.n, -1, dtype=np.int8)
        unsaid = np.where(np.isnan(self.annual), np.int8(STATUSES.index("no_amount")), np.int8(0))
        self.status: Small = np.where(said >= 0, said, unsaid)

    def names(self, column: str) -> tuple[Small, list[str]]:
        """Codes into the sorted names of a column; missing values and columns are the empty name."""
        if column not in self.coded:
            self.coded[column] = self._names(column)
        return self.coded[column]

    def _names(self, column: str) -> tuple[Small, list[str]]:
        if column not in self.frame:
            return np.zeros(self.n, dtype=np.int8), [""]
        words = self.frame[column]
        categories = (words if isinstance(words.dtype, pd.CategoricalDtype) else words.astype("category")).cat
        codes = categories.codes.to_numpy()
        found = [*(str(c) for c in categories.categories), ""]  # a missing value has code -1, which is the last
        names = sorted({*found[:-1], *found[-1:] * bool((codes < 0).any())})
        where = {name: i for i, name in enumerate(names)}
        return np.array([where.get(name, 0) for name in found], dtype=smallest(len(names)))[codes], names

    def numbers(self, column: str, default: float = np.nan) -> Array:
        """A column of numbers, or the default all over."""
        if column not in self.frame:
            return np.full(self.n, default)
        return self.frame[column].to_numpy(dtype=float, na_value=np.nan)

    def counts(self, column: str) -> Small:
        """A column of whole numbers, 0 where there are none."""
        if column in self.frame and isinstance(self.frame[column].dtype, np.dtype):
            there: Small = self.frame[column].to_numpy()
            if there.dtype.kind == "i":
                return there
        return self.numbers(column, 0.0).astype(np.int64)

    def flags(self, column: str) -> Mask:
        """A column of yes and no; missing is no."""
        if column not in self.frame:
            return np.zeros(self.n, dtype=bool)
        return self.frame[column].fillna(value=False).to_numpy(dtype=bool)

    @cached_property
    def times(self) -> Array:
        """When each row was asked; NaN where not known throughout: the order of a table says nothing of time."""
        if "asked_at" not in self.frame or bool(self.frame["asked_at"].isna().any()):
            return np.full(self.n, np.nan)
        moments: Array = pd.to_datetime(self.frame["asked_at"], utc=True).astype("int64").to_numpy().astype(np.float64)
        return moments


def smallest(names: int) -> np.dtype[Any]:
    """The smallest type of codes into so many names, with room for -1."""
    return np.min_scalar_type(-max(1, names))


def compressed(codes: Small, names: Sequence[str]) -> tuple[Codes, tuple[str, ...]]:
    """Codes into the names that really occur."""
    there = np.bincount(codes, minlength=len(names)) > 0
    return (np.cumsum(there) - 1)[codes], tuple(name for name, used in zip(names, there, strict=True) if used)
