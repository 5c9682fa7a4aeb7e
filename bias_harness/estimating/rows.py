"""Observations -> coded columns of one endpoint and attribute: what every estimate starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.errors import InputError
from bias_harness.estimating.estimators.cells import Cells, Codes, Mask, cells_of
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.outliers import Flags, flag_outliers

REQUIRED = ("endpoint", "attribute", "persona", "level", "reference", "annual")
STATUSES = ("ok", "refused", "no_amount", "ambiguous", "failed")
LABELS = ("field", "job", "seniority", "place")


@dataclass(frozen=True)
class Rows:
    """The rows of one endpoint and attribute as codes into sorted names; `edits[0]` is no edit.

    `wordings` are (wording, language) pairs: when languages are pooled, the two together are the wording factor.
    `order` is each row's place in the run, 0 to 1, NaN where the times are not known. `reference` is None where no row
    is marked as the reference level. `reason` are codes into `reasons`, why there is no amount. `linear` amounts are
    scores or shares: compared by difference, not by ratio.
    """

    endpoint: str
    attribute: str
    profiles: tuple[str, ...]
    wordings: tuple[tuple[str, str], ...]
    levels: tuple[str, ...]
    edits: tuple[str, ...]
    n_signals: int
    reference: int | None
    labels: Mapping[str, NDArray[np.str_]]
    profile: Codes
    wording: Codes
    level: Codes
    signal: Codes
    edit: Codes
    repeat: Codes
    status: Codes
    ranged: Mask
    implausible: Mask
    currency: Codes
    annual: Array
    low: Array
    high: Array
    order: Array
    reason: Codes
    reasons: tuple[str, ...]
    linear: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Profiles, wordings, levels, signals."""
        return len(self.profiles), len(self.wordings), len(self.levels), self.n_signals

    def is_status(self, name: str) -> Mask:
        """The rows of a status."""
        mask: Mask = self.status == STATUSES.index(name)
        return mask

    @cached_property
    def plain(self) -> Mask:
        """The rows without a neutral edit: those that treatment pairs are made of."""
        mask: Mask = self.edit == 0
        return mask

    @cached_property
    def asked(self) -> Mask:
        """The rows that were answered in some way: a technical failure says nothing about the level."""
        return ~self.is_status("failed")

    @cached_property
    def valued(self) -> Mask:
        """The rows with an amount that can be compared, however odd it is: above zero, unless it is linear."""
        known = self.is_status("ok") & np.isfinite(self.annual)
        return known if self.linear else known & (np.nan_to_num(self.annual) > 0)

    @cached_property
    def scaled(self) -> Array:
        """The amounts on the scale of their gaps: logs, NaN where there is none to take; linear as they are."""
        return self.annual if self.linear else np.log(np.where(self.valued, self.annual, np.nan))

    @cached_property
    def foreign(self) -> Mask:
        """The rows whose amount is in another unit than the experiment's, a currency above all: never converted."""
        return self.is_status("ok") & ~np.isfinite(self.annual) & ~self.implausible

    @cached_property
    def other_currency(self) -> Mask:
        """The rows in another currency than most answers about their person: each costs its own pair only."""
        known = self.valued & (self.currency >= 0)
        kinds = int(self.currency.max(initial=-1)) + 1
        if np.unique(self.currency[known]).size < 2:
            return np.zeros(len(self.annual), dtype=bool)
        counts = np.bincount(self.profile[known] * kinds + self.currency[known], minlength=len(self.profiles) * kinds)
        own = counts.reshape(len(self.profiles), kinds).argmax(axis=1)
        mask: Mask = known & (self.currency != own[self.profile])
        return mask

    @cached_property
    def believable(self) -> Mask:
        """The rows that the judgement counts: an amount within the plausible ends, in its person's currency."""
        return self.valued & ~self.implausible & ~self.other_currency

    @property
    def compared(self) -> list[int]:
        """The levels that are compared with the reference; none where no row is marked as the reference."""
        return [] if self.reference is None else [b for b in range(len(self.levels)) if b != self.reference]

    @cached_property
    def flags(self) -> Flags:
        """Far-off amounts, compared with all answers of the same profile and wording, whatever the level."""
        known = self.valued & ~self.implausible
        if self.linear:
            return Flags(np.zeros_like(known), np.zeros_like(known))
        groups = self.profile * len(self.wordings) + self.wording
        found = flag_outliers(self.annual[known], groups[known])
        magnitude, robust = np.zeros_like(known), np.zeros_like(known)
        magnitude[known], robust[known] = found.magnitude, found.robust
        return Flags(magnitude, robust)

    def cells(self, mask: Mask, amounts: Array | None = None, *, by_signal: bool = False) -> Cells:
        """The cells of the rows in a mask, by their annual amount unless others are given.

        All ways of saying a level (signals, edits) are one cell, of signal 0, unless `by_signal` keeps signals apart.
        """
        signal = self.signal[mask] if by_signal else np.zeros(int(mask.sum()), dtype=np.int64)
        shape = self.shape if by_signal else (*self.shape[:3], 1)
        index = (self.profile[mask], self.wording[mask], self.level[mask], signal)
        return cells_of(index, (self.annual if amounts is None else amounts)[mask], shape, linear=self.linear)

    @cached_property
    def jobs(self) -> tuple[Codes, tuple[str, ...]]:
        """The job of each person as codes, and the jobs' names; the person where no job is named."""
        named = self.labels["job"]
        names = np.array(self.profiles) if self.job_is_person else named
        found, codes = np.unique(names, return_inverse=True)
        return codes.astype(np.int64), tuple(str(name) for name in found)

    @property
    def job_is_person(self) -> bool:
        """Whether no column told jobs apart."""
        return bool((self.labels["job"] == "").all())


def rows_of(observations: pd.DataFrame, *, linear: bool = False) -> Iterator[Rows]:
    """The rows of each endpoint and attribute, in order of their names.

    Needs the columns in `REQUIRED`; the others of an observations table have plain defaults. Raises `InputError` that
    names the missing columns.
    """
    return (rows for _, rows in placed_rows(observations, linear=linear))


def placed_rows(observations: pd.DataFrame, *, linear: bool) -> Iterator[tuple[Codes, Rows]]:
    """The places of the rows of each endpoint and attribute, and the rows."""
    missing = [name for name in REQUIRED if name not in observations]
    if missing:
        raise InputError(
            f"the observations lack the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            "see bias_harness.frame for the columns of an observations table"
        )
    columns = _Columns(observations)
    endpoints, attributes = columns.names("endpoint"), columns.names("attribute")
    group = endpoints[0] * max(1, len(attributes[1])) + attributes[0]
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if order.size else []:
        endpoint, attribute = endpoints[1][endpoints[0][rows[0]]], attributes[1][attributes[0][rows[0]]]
        yield rows, replace(columns.rows(endpoint, attribute, rows), linear=linear)


class _Columns:
    """The whole table, coded once."""

    def __init__(self, observations: pd.DataFrame) -> None:
        self.frame, self.n = observations, len(observations)
        self.coded: dict[str, tuple[Codes, list[str]]] = {}
        self.annual = self.numbers("annual")
        status, names = self.names("status")
        unknown = sorted(set(names) - {*STATUSES, ""})
        if unknown:
            raise InputError(f"status {unknown[0]!r} is none of {', '.join(STATUSES)}; mend the column `status`")
        place = np.array([STATUSES.index(name) if name else -1 for name in names], dtype=np.int64)
        said = place[status] if names else np.full(self.n, -1)
        self.status = np.where(said >= 0, said, np.where(np.isnan(self.annual), STATUSES.index("no_amount"), 0))

    def names(self, column: str) -> tuple[Codes, list[str]]:
        """Codes into the sorted names of a column; missing values and columns are the empty name."""
        if column not in self.coded:
            self.coded[column] = self._names(column)
        return self.coded[column]

    def _names(self, column: str) -> tuple[Codes, list[str]]:
        if column not in self.frame:
            return np.zeros(self.n, dtype=np.int64), [""]
        words = self.frame[column]
        categories = (words if isinstance(words.dtype, pd.CategoricalDtype) else words.astype("category")).cat
        codes = categories.codes.to_numpy().astype(np.int64)
        found = [str(c) for c in categories.categories]
        if (codes < 0).any():
            codes, found = np.where(codes < 0, len(found), codes), [*found, ""]
        names = sorted(set(found))
        where = {name: i for i, name in enumerate(names)}
        return np.array([where[name] for name in found], dtype=np.int64)[codes], names

    def numbers(self, column: str, default: float = np.nan) -> Array:
        """A column of numbers, or the default all over."""
        if column not in self.frame:
            return np.full(self.n, default)
        return self.frame[column].to_numpy(dtype=float, na_value=np.nan)

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

    def rows(self, endpoint: str, attribute: str, at: Codes) -> Rows:
        """The rows at these places, coded afresh."""

        def some(column: str) -> tuple[Codes, tuple[str, ...]]:
            codes, names = self.names(column)
            return _compressed(codes[at], names)

        profile, profiles = some("persona")
        level, levels = some("level")
        edit, edits = some("edit")
        if edits[0] != "":
            edit, edits = edit + 1, ("", *edits)
        wording, wordings = some("wording")
        language, languages = some("language")
        both, pairs = _compressed(
            wording * len(languages) + language, [f"{i}" for i in range(len(wordings) * len(languages))]
        )
        marked = np.unique(level[self.flags("reference")[at]])
        currency, currencies = self.names("currency")
        unsaid = currencies.index("") if "" in currencies else -1
        signal = self.numbers("signal", 0.0)[at].astype(np.int64)
        first = np.zeros(len(profiles), dtype=np.int64)
        first[profile[::-1]] = np.arange(len(at))[::-1]
        order = np.argsort(np.argsort(self.times[at], kind="stable"), kind="stable")
        return Rows(
            endpoint,
            attribute,
            profiles,
            tuple((wordings[int(k) // len(languages)], languages[int(k) % len(languages)]) for k in pairs),
            levels,
            edits,
            int(signal.max(initial=0)) + 1,
            int(marked[0]) if marked.size else None,
            {name: np.array(self.names(name)[1])[self.names(name)[0][at][first]] for name in LABELS},
            profile,
            both,
            level,
            signal,
            edit,
            self.numbers("repeat", 0.0)[at].astype(np.int64),
            self.status[at],
            self._is_range(at),
            self.flags("implausible")[at],
            np.where(currency[at] == unsaid, -1, currency[at]),
            self.annual[at],
            self.numbers("annual_low")[at],
            self.numbers("annual_high")[at],
            np.where(np.isnan(self.times[at]), np.nan, order / max(1, len(at) - 1)),
            *some("reason"),
        )

    def _is_range(self, at: Codes) -> Mask:
        codes, names = self.names("kind")
        if "range" not in names:
            return np.zeros(len(at), dtype=bool)
        mask: Mask = codes[at] == names.index("range")
        return mask


def _compressed(codes: Codes, names: Sequence[str]) -> tuple[Codes, tuple[str, ...]]:
    """Codes into the names that really occur."""
    there = np.bincount(codes, minlength=len(names)) > 0
    return (np.cumsum(there) - 1)[codes], tuple(name for name, used in zip(names, there, strict=True) if used)
