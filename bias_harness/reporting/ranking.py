"""Which model differs least: places that hold at once, so that a tie is shown as a tie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from bias_harness.estimating.changes import Change, changes_of
from bias_harness.estimating.judgement import Gap, Judgement
from bias_harness.estimating.seen import Part
from bias_harness.reporting.material import Material

Apart = dict[tuple[int, int], Gap]


@dataclass(frozen=True, slots=True)
class Placed:
    """A judgement with the first and the last place that its model may have; place 1 differs least."""

    judgement: Judgement
    material: Material
    first: int
    last: int


def ranked(sides: Sequence[tuple[Material, Judgement]]) -> list[Placed]:
    """The models from the smallest gap to the largest, by simultaneous intervals of the differences between them.

    One model stands before another only where the interval of the difference of their gaps, job by job and with
    Bonferroni over all pairs of models, leaves out zero: its first place counts those that are told apart as smaller,
    its last place those that are told apart as larger (Mogstad, Romano, Shaikh and Wilhelm, 2024). Among equal
    places the order is that of the names. Those without a gap come last and have no place.
    """
    measured = [(m, j) for m, j in sides if j.gap is not None]
    apart = _differences(measured)
    smaller = [[_smaller(a, b, measured, apart) for b in range(len(measured))] for a in range(len(measured))]
    placed = [
        Placed(j, m, 1 + sum(row[i] for row in smaller), len(measured) - sum(smaller[i]))
        for i, (m, j) in enumerate(measured)
    ]
    silent = [Placed(j, m, 0, 0) for m, j in sides if j.gap is None]
    return sorted(placed, key=lambda p: (p.first, p.last, _name(p))) + sorted(silent, key=_name)


def leader(placed: Sequence[Placed]) -> tuple[Literal["least", "tied", "ranked"], Placed | None]:
    """What a ranking says: `least` and the one that is told apart as differing least; `tied`; or neither."""
    measured = [p for p in placed if p.first]
    first = [p for p in measured if p.first == 1]
    if len(first) == 1 and first[0].last == 1 and len(measured) > 1:
        return "least", first[0]
    tied = len(measured) > 1 and all(p.first == 1 and p.last == len(measured) for p in measured)
    return ("tied" if tied else "ranked"), None


def _name(placed: Placed) -> str:
    endpoints = placed.material.audit.experiment.endpoints
    own = next((e for e in endpoints if e.name == placed.judgement.endpoint), None)
    return next(iter(own.label.values()), own.name).casefold() if own else placed.judgement.endpoint


def _differences(sides: Sequence[tuple[Material, Judgement]]) -> Apart:
    """Places of two models -> the second's gap minus the first's, with its interval."""
    if len(sides) < 2:
        return {}
    parts = [_part(i, material, j) for i, (material, j) in enumerate(sides)]
    e = sides[0][0].audit.experiment
    found = changes_of([list(pair) for pair in combinations(parts, 2)], analysis=e.analysis, outcome=e.outcome)
    return {_places(c): c.change for c in found if c.change is not None}


def _places(change: Change) -> tuple[int, int]:
    return int(change.base), int(change.other)


def _part(place: int, material: Material, j: Judgement) -> Part:
    rows = material.observations
    own = (rows["endpoint"] == j.endpoint) & (rows["attribute"] == j.attribute)
    return Part(str(place), j.endpoint, rows[own & rows["level"].isin([j.level, j.reference])])


def _smaller(a: int, b: int, sides: Sequence[tuple[Material, Judgement]], apart: Apart) -> bool:
    """Whether the first is told apart as differing less than the second.

    On one side of zero that is the interval of their difference. Across zero, where one may be less and the other
    more, the size of one has to be below that of the other at whatever place of their own intervals.
    """
    ours, theirs = sides[a][1].gap, sides[b][1].gap
    if a == b or ours is None or theirs is None:
        return False
    if ours.estimate * theirs.estimate < 0:
        return _most(ours) < _least(theirs)
    gap, sign = (apart.get((a, b)), 1) if a < b else (apart.get((b, a)), -1)
    if gap is None or gap.low is None or gap.high is None or gap.low * gap.high <= 0:
        return False
    return sign * gap.estimate * theirs.estimate > 0


def _most(gap: Gap) -> float:
    return float("inf") if gap.low is None or gap.high is None else max(abs(gap.low), abs(gap.high))


def _least(gap: Gap) -> float:
    if gap.low is None or gap.high is None or gap.low * gap.high <= 0:
        return 0.0
    return min(abs(gap.low), abs(gap.high))
