"""How often the reading is wrong, by level, and what the gaps would be without: from answers that a person read too."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any, Literal

import numpy as np
import pandas as pd

from bias_harness.estimating.accounts import counted
from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.estimating.estimators.proportions import clopper_pearson
from bias_harness.estimating.estimators.rectifier import Rectifier, rectifier
from bias_harness.estimating.judgement import Judgement, Judgements
from bias_harness.outcome import Outcome
from bias_harness.vocabulary import Answer

ENOUGH, DIFFERING = 30, 5
"""Labelled answers of either side, and misread ones of the two together, below which no gap is corrected: the variance
of a correction that rests on fewer is not known well enough for its interval to hold what it says."""
STRATUM = ["endpoint", "attribute", "level"]

Stratum = tuple[str, str, str]
Why = Literal["", "no_gap", "few_labels", "few_misread"]


@dataclass(frozen=True, slots=True)
class ReadingError:
    """Of one level: of `labelled` answers, how many were `misread`, and the exact interval of that share.

    `wrong`: another amount than the person's; `invented`: an amount where the person found none that counts;
    `missed`: none where the person found one. `answers` is how many there are in all.
    """

    endpoint: str
    attribute: str
    level: str
    answers: int
    labelled: int
    wrong: int
    invented: int
    missed: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def misread(self) -> int:
        """All errors."""
        return self.wrong + self.invented + self.missed


@dataclass(frozen=True, slots=True)
class Corrected:
    """A gap (level minus reference) with the reading's mean error taken off, on the scale of the judgement's gap.

    `shift` is what the correction adds; the ends are those of this comparison alone, wider than before by the
    correction's own uncertainty. None where there is none, and `why`: no gap, fewer than 30 labelled answers of a side,
    or fewer than 5 misread ones.
    """

    endpoint: str
    attribute: str
    level: str
    reference: str
    why: Why
    shift: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ReadingErrors:
    """What a person's labels say of the reading: its error by level, and the corrected gaps.

    `labelled` answers count in all and `misread` of them, each once, however many levels it was about.
    """

    labelled: int
    misread: int
    errors: tuple[ReadingError, ...]
    corrected: tuple[Corrected, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def in_order(observations: pd.DataFrame) -> dict[Stratum, list[str]]:
    """The keys of what was answered about each level, in an order that is random and always the same.

    The order is that of a hash of the key, so that the first n are a random sample of the level, wherever one stops.
    """
    asked = observations[observations["status"].astype(str) != "failed"]
    found: dict[Stratum, list[str]] = {}
    for stratum, rows in asked.astype(dict.fromkeys(STRATUM, str)).groupby(STRATUM, sort=True):
        found[tuple(stratum)] = sorted(rows["key"].unique(), key=_place)  # type: ignore[index]
    return found


def _place(key: str) -> bytes:
    return hashlib.sha256(f"label {key}".encode()).digest()


def sample(observations: pd.DataFrame, each: int) -> list[str]:
    """The keys of a sample stratified by level: the first `each` of every level, the levels in turn."""
    ranks: dict[str, int] = {}
    for keys in in_order(observations).values():
        for rank, key in enumerate(keys[:each]):
            ranks[key] = min(rank, ranks.get(key, rank))
    return sorted(ranks, key=lambda key: (ranks[key], _place(key)))


def reading_errors(
    observations: pd.DataFrame, labels: Mapping[str, Answer], outcome: Outcome, judgements: Judgements
) -> ReadingErrors:
    """The error of the reading by level, and the gaps corrected for it (prediction-powered, see `rectifier`).

    `labels` are a person's readings by key. Of each level those count that stand without a gap at the beginning of its
    order, for these are a random sample. The correction averages answers, each alike: of a design where the jobs have
    answers alike, which is every one that was asked here, that is the mean of the judgement's gap.
    """
    table = _Table(observations, labels, outcome)
    errors = tuple(table.error(stratum) for stratum in table.strata)
    counting = {key for keys in table.strata.values() for key in keys}
    misread = sum(not _one(*table.both(key)) for key in counting)
    return ReadingErrors(len(counting), misread, errors, tuple(_corrected(j, table) for j in judgements.items))


class _Table:
    """Reading and label of every labelled answer, as the judgement counts them: NaN is no amount that counts."""

    def __init__(self, observations: pd.DataFrame, labels: Mapping[str, Answer], outcome: Outcome) -> None:
        self.outcome, self.labels = outcome, labels
        self.relative = outcome.measured.relative
        there = observations.assign(counts=counted(observations, linear=not self.relative))
        self.answers = in_order(observations)
        known = {s: list(takewhile(labels.__contains__, keys)) for s, keys in self.answers.items()}
        self.strata = {stratum: keys for stratum, keys in known.items() if keys}
        rows = there[there["key"].isin(labels.keys())].drop_duplicates("key")
        self.rows = {str(row["key"]): row for row in rows.to_dict("records")}

    def values(self, stratum: Stratum) -> tuple[Array, Array]:
        """Truth and reading of a level's sample, annual."""
        both = [self.both(key) for key in self.strata.get(stratum, [])]
        pairs = np.array(both, dtype=float).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def both(self, key: str) -> tuple[float, float]:
        """Truth and reading of an answer; the same number where they agree."""
        row, label = self.rows[key], self.labels[key]
        read = float(row["annual"]) if row["counts"] else math.nan
        lowest, highest = self.outcome.ends
        told = math.nan if label.annual is None or not lowest <= label.annual <= highest else label.annual
        return (read if _alike(row, read, label, told) else told), read

    def error(self, stratum: Stratum) -> ReadingError:
        truth, read = self.values(stratum)
        has, seen = np.isfinite(truth), np.isfinite(read)
        wrong = int((truth[has & seen] != read[has & seen]).sum())
        invented, missed, n = int((seen & ~has).sum()), int((has & ~seen).sum()), int(truth.size)
        low, high = clopper_pearson(wrong + invented + missed, n) or (None, None)
        share = (wrong + invented + missed) / n if n else None
        return ReadingError(*stratum, len(self.answers[stratum]), n, wrong, invented, missed, share, low, high)

    def rectifier(self, stratum: Stratum) -> Rectifier | None:
        """The shift of the mean on the scale of the gaps."""
        truth, read = self.values(stratum)
        return rectifier(np.log(truth), np.log(read)) if self.relative else rectifier(truth, read)


def _one(truth: float, read: float) -> bool:
    return truth == read or (math.isnan(truth) and math.isnan(read))


def _alike(row: Mapping[Any, Any], read: float, label: Answer, told: float) -> bool:
    """Whether the two are one amount: a year's, or as stated, where a text says more of the year than a label can."""
    if math.isnan(read) or math.isnan(told):
        return False
    if math.isclose(read, told, rel_tol=1e-3):
        return True
    period = row["period"] if isinstance(row["period"], str) else label.period
    stated = [row[end] if math.isfinite(row[end]) else row["amount"] for end in ("low", "high")]  # a point has none
    return (*stated, period) == (label.low, label.high, label.period)


def _corrected(j: Judgement, table: _Table) -> Corrected:
    about = (j.endpoint, j.attribute, j.level, j.reference)
    sides = [table.rectifier((j.endpoint, j.attribute, level)) for level in (j.level, j.reference)]
    level, reference = sides
    gap = j.alone
    if gap is None or gap.low is None or gap.high is None:
        return Corrected(*about, "no_gap")
    if level is None or reference is None or min(level.n, reference.n) < ENOUGH:
        return Corrected(*about, "few_labels")
    if level.differing + reference.differing < DIFFERING:
        return Corrected(*about, "few_misread")
    shift = level.shift - reference.shift
    t = t_quantile((1 + j.confidence) / 2, min(level.n, reference.n) - 1)
    own = t * math.sqrt(level.variance + reference.variance)
    estimate = gap.estimate + shift
    low, high = (math.hypot(abs(end - gap.estimate), own) for end in (gap.low, gap.high))
    return Corrected(*about, "", shift, estimate, estimate - low, estimate + high)


def agreement(first: Mapping[str, Answer], second: Mapping[str, Answer]) -> tuple[int, int]:
    """Of the answers that two people both labelled: how many alike, of how many."""
    both = [(first[key], second[key]) for key in first.keys() & second.keys()]
    return sum(_same(one, other) for one, other in both), len(both)


def _same(one: Answer, other: Answer) -> bool:
    if one.annual is None or other.annual is None:
        return one.annual is other.annual
    return math.isclose(one.annual, other.annual, rel_tol=1e-3)


def disagreeing(first: Mapping[str, Answer], second: Mapping[str, Answer]) -> Iterator[str]:
    """The keys on which they differ, in the order of the first."""
    return (key for key, answer in first.items() if key in second and not _same(answer, second[key]))
