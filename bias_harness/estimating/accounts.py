"""What became of every answer that was asked: the sums that must come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.rows import Rows, placed_rows
from bias_harness.vocabulary import FATES, Fate


@dataclass(frozen=True, slots=True)
class Account:
    """Of one level: every answer asked stands under exactly one fate, so that `asked` is their sum.

    `ranges`, `flagged` (far from the other answers about the same person and wording) and `mended` (the text names a
    period in which the amount is not plausible, and only one other makes it so) are among the counted;
    `unread_reasons` say why an answer could not be read, code by code.
    """

    endpoint: str
    attribute: str
    level: str
    asked: int
    counted: int
    refused: int
    empty: int
    unread: int
    implausible: int
    other_currency: int
    incomplete_pair: int
    failed: int
    ranges: int
    flagged: int
    unread_reasons: dict[str, int]
    mended: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def accounts_of(rows: Rows) -> Iterator[Account]:
    """The account of every level of an endpoint and attribute."""
    fates = fates_of(rows)
    counted = fates == FATES.index("counted")
    for level, name in enumerate(rows.levels):
        own = rows.level == level
        counts = {fate: int((own & (fates == place)).sum()) for place, fate in enumerate(FATES)}
        unread = own & (fates == FATES.index("unread"))
        reasons = Counter(rows.reasons[code] or "unknown" for code in rows.reason[unread])
        yield Account(
            rows.endpoint,
            rows.attribute,
            name,
            asked=int(own.sum()),
            **counts,
            ranges=int((own & counted & rows.ranged).sum()),
            flagged=int((own & counted & rows.flags.magnitude).sum()),
            unread_reasons=dict(sorted(reasons.items())),
            mended=int((own & counted & _because(rows, "period_mended")).sum()),
        )


def fates_of(rows: Rows) -> Codes:
    """For each row the place of its fate in `FATES`; the first that applies."""
    silent = rows.is_status("no_amount") | rows.is_status("ambiguous")
    empty = silent & _because(rows, "empty")
    told = rows.is_status("ok")
    implausible = told & (rows.implausible | (np.isfinite(rows.annual) & ~rows.valued))
    tests: list[tuple[Fate, Mask]] = [
        ("failed", rows.is_status("failed")),
        ("refused", rows.is_status("refused")),
        ("empty", empty),
        ("unread", silent),
        ("implausible", implausible),
        ("other_currency", rows.foreign | rows.other_currency),
        ("incomplete_pair", rows.believable & ~_paired(rows)),
    ]
    places = np.array([FATES.index(fate) for fate, _ in tests])
    found: Codes = np.select([mask for _, mask in tests], list(places), FATES.index("counted")).astype(np.int64)
    return found


def _because(rows: Rows, reason: str) -> Mask:
    """The rows whose answer gives this code as its reason."""
    if reason not in rows.reasons:
        return np.zeros(len(rows.annual), dtype=bool)
    mask: Mask = rows.reason == rows.reasons.index(reason)
    return mask


def _paired(rows: Rows) -> Mask:
    """Whether the row's person has the other side too: the reference, or of the reference any compared level."""
    reference = rows.level == (-1 if rows.reference is None else rows.reference)
    size = len(rows.profiles)
    has_reference = np.bincount(rows.profile[rows.believable & reference], minlength=size) > 0
    has_level = np.bincount(rows.profile[rows.believable & ~reference], minlength=size) > 0
    mask: Mask = np.where(reference, has_level[rows.profile], has_reference[rows.profile])
    return mask


def counted(observations: pd.DataFrame, *, linear: bool = False) -> NDArray[np.bool_]:
    """Which rows of observations are believable amounts, those that judgements are made of, in their order."""
    found = np.zeros(len(observations), dtype=bool)
    for places, rows in placed_rows(observations, linear=linear):
        found[places] = rows.believable
    return found
