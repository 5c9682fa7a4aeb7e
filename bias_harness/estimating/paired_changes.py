"""Two recordings of the same questions -> what changed between level and reference, question by question.

A question is a person, a wording and a way of saying it. The change of each, new minus old, is one value: what a way of
saying it does to both recordings cancels, and what is left is noise of asking and what really changed. From there on it
is the rule of the judgement: jobs and ways of saying it are both random, two half-widths in quadrature. Amounts change
in log units, shares of answers without one (refused, unread) or with a far-off one in shares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from bias_harness.estimating.around import at_jobs
from bias_harness.estimating.estimators.forms import Term, form_p
from bias_harness.estimating.estimators.multiplicity import holm
from bias_harness.estimating.judgement import Needed
from bias_harness.estimating.looks import WHOLE, Look
from bias_harness.estimating.rows import placed_rows
from bias_harness.estimating.side_by_side import side_by_side
from bias_harness.estimating.sides import Model, Side
from bias_harness.estimating.words import Measured
from bias_harness.margin import Margin

What = Literal["gap", "refusals", "no_amount", "far_off"]
ChangeWord = Literal["worse", "not_worse", "cannot_tell"]
ALPHA = 0.05
ENOUGH = 0.8
"""The share of the questions answered before that have to be answered now: what is left may be the easy part."""
SPARE = 1.5
"""An interval that is narrower than the margin by this factor lies within it in four unchanged recordings of five."""
MOST_JOBS = 100_000
WORDS_MOVED = 0.05
"""The level of the F test by which ways of saying it have changed otherwise than each other."""
_EQUAL = 1e-12


@dataclass(frozen=True, slots=True)
class PairedChange:
    """How a comparison of level and reference changed from one recording to another, and its word.

    `what` changed: the `gap` (log of pay), or the level's share of `refusals`, of answers without amount (`no_amount`)
    or with a far-off amount (`far_off`) minus the reference's. `before` and `after` are that difference in the
    questions that both recordings answered, `change` is after minus before; negative = the level gets less (of a
    share: is silent less often). `low`, `high` is the interval that made the word: of a step of Holm's over the
    `family_size` for "worse", else each end at 5 % for this change alone; at the level of its look. None where nothing
    varies.

    "worse": farther from equal, by more than `margin`, on either side of it. "not_worse": no such change beyond the
    margin. `p_value` is that of a change within the margin, over all looks, and `p_adjusted` the same in the family;
    `p_moved` is that of no change at all, over all looks where it is below 5 % at this one.
    `jobs` have both sides in both recordings, of `jobs_before`; `answered` is the share of the questions that had an
    amount before and have one now. `could_differ` bounds the share of other jobs that may have changed where no job did
    (rule of three). `needed` is there where it cannot be told: the jobs in all that would.
    """

    what: What
    endpoint: str
    attribute: str
    level: str
    reference: str
    margin: float
    jobs: int = 0
    jobs_before: int = 0
    answered: float = 1.0
    before: float | None = None
    after: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_moved: float | None = None
    p_adjusted: float | None = None
    family_size: int = 1
    word: ChangeWord = "cannot_tell"
    could_differ: float | None = None
    needed: Needed | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is about, the same at every look."""
        return self.what, self.endpoint, self.attribute, self.level

    @property
    def away(self) -> bool:
        """Whether it lies farther from equal than before."""
        return abs(self.after or 0.0) > abs(self.before or 0.0)


@dataclass(frozen=True)
class Asked:
    """What is compared and how: the margins of pay and of shares, the look, and what earlier looks decided."""

    pay: Margin
    shares: Margin
    look: Look = WHOLE
    decided: Mapping[tuple[str, str, str, str], PairedChange] = field(default_factory=dict)
    only: Collection[str] | None = None
    """`attribute` or `attribute/level`, None for every level of every attribute."""

    def wants(self, attribute: str, level: str) -> bool:
        """Whether a comparison is gated."""
        return self.only is None or not {attribute, f"{attribute}/{level}"}.isdisjoint(self.only)


def paired_changes(before: pd.DataFrame, now: pd.DataFrame, asked: Asked) -> list[PairedChange]:
    """Every comparison of the two tables of observations, all in one family. In the order of endpoint and attribute.

    Only questions that stand in both count. Shares of what befell no answer on either side are left out: they can
    neither have changed nor be found to have.
    """
    cells = side_by_side(before, now)
    found = [of for what, values in _WHATS.items() for of in _compared(what, values, cells, asked)]
    found.sort(key=lambda of: (of.about.endpoint, of.about.attribute, of.about.level))
    return _worded(found, asked)


_WHATS: Mapping[What, str] = {"gap": "amount", "refusals": "refused", "no_amount": "silent", "far_off": "odd"}


@dataclass(frozen=True)
class _Found:
    """A comparison before its family is known."""

    about: PairedChange
    measured: Measured
    equal: bool


def _compared(what: What, kind: str, cells: pd.DataFrame, asked: Asked) -> Iterator[_Found]:
    old, new = cells[f"{kind}_before"], cells[f"{kind}_now"]
    there = old.notna() & new.notna()
    if what != "gap" and not (old[there].any() or new[there].any()):
        return
    table = cells[there].assign(annual=(new - old)[there], low=old[there], high=new[there], status="ok")
    for endpoint, own in table.groupby("endpoint", sort=True):
        placed = list(placed_rows(own, linear=True))
        model = Model([Side(rows, np.isfinite(rows.annual), rows.annual, linear=True) for _, rows in placed])
        of_endpoint = cells[cells["endpoint"] == endpoint]
        for (places, _), side in zip(placed, model.sides, strict=True):
            was, now = (replace(side, values=own[end].to_numpy(dtype=float)[places]) for end in ("low", "high"))
            for level in side.rows.compared:
                if asked.wants(side.rows.attribute, side.rows.levels[level]):
                    yield _Sides(model, side, level, was, now).found(what, of_endpoint, asked)


@dataclass(frozen=True)
class _Sides:
    """One comparison: its change, and the two recordings that it was made from."""

    model: Model
    side: Side
    level: int
    was: Side
    now: Side

    def found(self, what: What, cells: pd.DataFrame, asked: Asked) -> _Found:
        rows, of = self.side.rows, self.side.gaps[self.level]
        margin = (asked.pay if what == "gap" else asked.shares).bound
        measured = self._measured()
        reference = rows.levels[rows.reference or 0]
        own = cells[(cells["attribute"] == rows.attribute) & cells["level"].isin((rows.levels[self.level], reference))]
        jobs_before, answered = _coverage(own) if what == "gap" else (of.jobs, 1.0)
        about = PairedChange(
            what,
            rows.endpoint,
            rows.attribute,
            rows.levels[self.level],
            reference,
            margin,
            of.jobs,
            jobs_before,
            answered,
            before=self.was.gaps[self.level].mean if of.jobs else None,
            after=self.now.gaps[self.level].mean if of.jobs else None,
            change=of.mean if of.jobs else None,
        )
        values = np.concatenate([self.side.values[self.side.at(g)] for g in (self.level, rows.reference or 0)])
        equal = bool(of.jobs and np.abs(values).max(initial=0.0) < _EQUAL)
        tested = None if about.change is None or measured.jobs < 2 or measured.still else measured
        p_value = None if tested is None else _p(about, tested, asked.look)
        p_moved = None if tested is None else tested.p_value
        if p_moved is not None and p_moved < ALPHA:
            p_moved = asked.look.p(p_moved)
        return _Found(replace(about, p_value=p_value, p_moved=p_moved), measured, equal)

    def _measured(self) -> Measured:
        """Words cancel, and their terms too, unless the changes of ways of saying it lie apart by more than noise.

        There is no floor of a rounding step: a change is the difference of two amounts, and no amount itself.
        """
        of = self.side.gaps[self.level]
        spreads = ((of.c_level, self.side.level_spread), (of.c_reference, self.model.references))
        terms = tuple(Term(share, spread) for share, spread in spreads if spread.beyond_noise(WORDS_MOVED))
        return Measured(of.mean, of.variance, of.jobs, terms, of.forms[1], tried=any(t.spread.df for t in terms))


def _coverage(cells: pd.DataFrame) -> tuple[int, float]:
    """The jobs with both sides before, and the share of the questions with an amount before that have one now."""
    had = cells[cells["amount_before"].notna()]
    sides = had[["job", "reference"]].drop_duplicates()["job"].value_counts()
    return int((sides > 1).sum()), float(had["amount_now"].notna().mean()) if len(had) else 0.0


def _p(about: PairedChange, measured: Measured, look: Look) -> float:
    """The p of a change that takes it no farther from equal than the margin."""
    beyond = abs(about.change or 0.0) - about.margin
    if beyond <= 0 or not about.away:
        return 1.0
    return look.p(form_p(beyond, measured.variance, measured.jobs, measured.terms))


def _worded(found: Sequence[_Found], asked: Asked) -> list[PairedChange]:
    """The words: Holm over all that can be tested; what was decided at an earlier look stays as it was."""
    before = [asked.decided.get(of.about.key) for of in found]
    p_values = [old.p_value if old else of.about.p_value for of, old in zip(found, before, strict=True)]
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    steps = {i: len(tested) - rank for rank, (_, i) in enumerate(tested)}
    words = []
    for i, (of, old, adjusted) in enumerate(zip(found, before, holm(p_values), strict=True)):
        about = replace(of.about, p_adjusted=adjusted, family_size=max(1, len(tested)))
        words.append(old or _word(replace(of, about=about), steps.get(i, 1), asked.look))
    return words


def _word(of: _Found, step: int, look: Look) -> PairedChange:
    about, measured = of.about, of.measured
    if about.change is None or (measured.jobs < 2 and not of.equal):
        return about
    if measured.still or of.equal:
        return _still(about) if look.last else about
    if about.p_adjusted is not None and about.p_adjusted < ALPHA:
        return replace(_between(about, measured.half(look.level(ALPHA / step))), word="worse")
    shown = _between(about, measured.half(look.level(2 * ALPHA)))
    if about.answered >= ENOUGH and _within(shown):
        return replace(shown, word="not_worse")
    return replace(shown, needed=_needed(about, measured))


def _between(about: PairedChange, half: float) -> PairedChange:
    change = about.change or 0.0
    return replace(about, low=change - half, high=change + half)


def _still(about: PairedChange) -> PairedChange:
    """Every job changed alike, or none at all: the value itself decides, and a rule of three bounds what it hides."""
    worse = abs(about.change or 0.0) > about.margin and about.away
    whole = about.answered >= ENOUGH
    word: ChangeWord = "worse" if worse else "not_worse" if whole else "cannot_tell"
    return replace(about, word=word, could_differ=min(1.0, 3 / about.jobs))


def _within(about: PairedChange) -> bool:
    """Whether no change away from equal is beyond the margin; a change towards equal may be of any size."""
    low, high, change = about.low or 0.0, about.high or 0.0, about.change or 0.0
    down, up = low > -about.margin, high < about.margin
    if about.away:
        return down and up
    return down if change > 0 else up


def _needed(about: PairedChange, measured: Measured) -> Needed:
    """The jobs in all at which an unchanged product, or one that changed like this, would be told."""
    size = abs(about.change or 0.0)
    room = about.margin if size < about.margin / 2 or not about.away else max(abs(size - about.margin), 1e-4)

    def narrow(jobs: int) -> bool:
        return SPARE * at_jobs(measured, jobs).half(2 * ALPHA) <= room

    if not narrow(MOST_JOBS):
        return Needed(None, more_forms=True)
    low, high = measured.jobs, MOST_JOBS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if narrow(middle) else (middle, high)
    return Needed(high, more_forms=False)
