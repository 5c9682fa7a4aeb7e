"""Observations -> coded columns of one endpoint and attribute: what every estimate starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.errors import InputError
from bias_harness.estimating.coded import STATUSES, Coded, Small, compressed, smallest
from bias_harness.estimating.estimators.cells import Cells, Codes, Mask, cells_of
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.outliers import Flags, flag_outliers

REQUIRED = ("endpoint", "attribute", "persona", "level", "reference", "annual")
LABELS = ("field", "job", "seniority", "place")
READ = (
    *(*REQUIRED, *LABELS, "status", "kind", "currency", "reason", "wording", "language", "edit", "signal", "repeat"),
    *("implausible", "annual_low", "annual_high", "asked_at"),
)
"""The columns of observations that estimates are made of; the others are for people and tables."""


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
    repeat: Small
    status: Small
    ranged: Mask
    implausible: Mask
    currency: Small
    annual: Array
    low: Array
    high: Array
    order: Array
    reason: Small
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
        at = slice(None) if mask.all() else mask  # all of them: nothing is copied
        signal = self.signal[at] if by_signal else np.zeros(int(mask.sum()), dtype=np.int64)
        shape = self.shape if by_signal else (*self.shape[:3], 1)
        index = (self.profile[at], self.wording[at], self.level[at], signal)
        return cells_of(index, (self.annual if amounts is None else amounts)[at], shape, linear=self.linear)

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
    columns = Coded(observations)
    endpoints, attributes = columns.names("endpoint"), columns.names("attribute")
    group = endpoints[0].astype(np.int64) * max(1, len(attributes[1])) + attributes[0]
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if order.size else []:
        endpoint, attribute = endpoints[1][endpoints[0][rows[0]]], attributes[1][attributes[0][rows[0]]]
        at = slice(None) if rows.size == columns.n else rows  # all of them: nothing is copied
        yield rows, replace(_rows_at(columns, endpoint, attribute, at), linear=linear)


def _rows_at(table: Coded, endpoint: str, attribute: str, at: Codes | slice) -> Rows:
    """The rows at these places, coded afresh."""

    def some(column: str) -> tuple[Codes, tuple[str, ...]]:
        codes, names = table.names(column)
        return compressed(codes[at], names)

    profile, profiles = some("persona")
    level, levels = some("level")
    edit, edits = some("edit")
    if edits[0] != "":
        edit, edits = edit + 1, ("", *edits)
    reason, reasons = some("reason")
    wording, wordings = some("wording")
    language, languages = some("language")
    both, pairs = compressed(
        wording * len(languages) + language, [f"{i}" for i in range(len(wordings) * len(languages))]
    )
    marked = np.unique(level[table.flags("reference")[at]])
    currency, currencies = table.names("currency")
    unsaid = currencies.index("") if "" in currencies else -1
    signal = table.counts("signal")[at].astype(np.int64)
    first = np.zeros(len(profiles), dtype=np.int64)
    first[profile[::-1]] = np.arange(profile.size)[::-1]
    order = np.argsort(np.argsort(table.times[at], kind="stable"), kind="stable")
    return Rows(
        endpoint,
        attribute,
        profiles,
        tuple((wordings[int(k) // len(languages)], languages[int(k) % len(languages)]) for k in pairs),
        levels,
        edits,
        int(signal.max(initial=0)) + 1,
        int(marked[0]) if marked.size else None,
        {name: np.array(table.names(name)[1])[table.names(name)[0][at][first]] for name in LABELS},
        profile,
        both,
        level,
        signal,
        edit,
        table.counts("repeat")[at],
        table.status[at],
        _is_range(table, at),
        table.flags("implausible")[at],
        np.where(currency[at] == unsaid, currency.dtype.type(-1), currency[at]),
        table.annual[at],
        table.numbers("annual_low")[at],
        table.numbers("annual_high")[at],
        np.where(np.isnan(table.times[at]), np.nan, order / max(1, profile.size - 1)),
        reason.astype(smallest(len(reasons))),
        reasons,
    )


def _is_range(table: Coded, at: Codes | slice) -> Mask:
    codes, names = table.names("kind")
    mask: Mask = codes[at] == (names.index("range") if "range" in names else -1)
    return mask
