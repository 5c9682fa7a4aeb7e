"""A run that was looked at while it was asked -> judgements: each comparison as it was at the look that decided it.

The answers of every look are still in the table, so nothing but the number of jobs at each look has to be kept: the
judgements are made anew, look by look. Asking ends where every declared comparison is clear or the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import pandas as pd

from bias_harness.estimating.judgement import Gap, Judgement, Judgements, Word
from bias_harness.estimating.judging import judge
from bias_harness.estimating.looks import Look
from bias_harness.outcome import Analysis, Outcome

DECIDED: frozenset[Word] = frozenset(("clear_gap", "practically_the_same", "difference_too_small_to_matter"))
"""The words that more answers of the same run are not waited for."""
About = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Looked:
    """The looks held: all planned jobs in the order of asking, and how many of them were in at each look."""

    jobs: tuple[str, ...]
    after: tuple[int, ...] = ()

    def looks(self) -> Iterator[tuple[frozenset[str], Look]]:
        """The jobs of each look, and the look."""
        for place, count in enumerate(self.after):
            yield frozenset(self.jobs[:count]), Look.after(self.after[: place + 1], len(self.jobs))


def judge_looked(
    observations: pd.DataFrame,
    looked: Looked,
    *,
    analysis: Analysis,
    outcome: Outcome,
    primary: Collection[str] | None = None,
) -> Judgements:
    """The judgements of a run as its looks made them; answers about jobs of no look yet count for nothing.

    A declared comparison is as it was at the first look that decided it, else as at the last. What is explored is as at
    the look after which its endpoint was asked no more about its attribute. Before the first look every declared
    comparison is "cannot tell", without an interval.
    """
    judged = partial(judge, analysis=analysis, outcome=outcome, primary=primary)
    job = observations["job"].astype(str)
    if not looked.after:
        return _before_any(judged(observations))
    made = [judged(observations[job.isin(jobs)], look=look) for jobs, look in looked.looks()]
    return Judgements(tuple(_chosen([of.items for of in made], looked)), made[-1].imbalances)


def decided(made: Judgements) -> frozenset[About]:
    """Endpoint, attribute and level of the comparisons that are clear or the same."""
    return frozenset(_key(j) for j in made.items if j.word in DECIDED)


def _chosen(looks: Sequence[Sequence[Judgement]], looked: Looked) -> Iterator[Judgement]:
    """Of the judgements of every look those that count, in the order of the last look's."""
    at = [{_key(j): j for j in items} for items in looks]
    by_about = groupby(looks[-1], key=lambda j: (j.endpoint, j.attribute))
    for _, group in by_about:
        items = list(group)
        firsts = {_key(j): _first(at, j) for j in items if j.family == "primary"}
        last = len(looks) - 1
        open_ = not firsts or None in firsts.values()
        ended = last if open_ else max(place for place in firsts.values() if place is not None)
        for j in items:
            place = firsts.get(_key(j))
            found = at[ended if place is None else place].get(_key(j), j)
            after = None if place is None or len(looked.jobs) == looked.after[0] else looked.after[place]
            yield replace(found, decided_after=after)


def _first(at: Sequence[Mapping[About, Judgement]], j: Judgement) -> int | None:
    """The first look that decided a comparison."""
    found = (place for place, items in enumerate(at) if _key(j) in items and items[_key(j)].word in DECIDED)
    return next(found, None)


def _key(j: Judgement) -> About:
    return j.endpoint, j.attribute, j.level


def _before_any(made: Judgements) -> Judgements:
    """What is in before the first look: its mean is shown, and nothing that could be judged by."""
    nothing: dict[str, Any] = dict.fromkeys(("alone", "p_value", "p_adjusted", "equivalent_se", "needed"))
    items = [replace(j, **nothing, sensitivities=(), because=("no_look",), gap=_bare(j.gap)) for j in made.items]
    return Judgements(tuple(j if j.word is None else replace(j, word="cannot_tell") for j in items), ())


def _bare(gap: Gap | None) -> Gap | None:
    return gap and Gap(gap.estimate, percent=gap.percent, money=gap.money)
