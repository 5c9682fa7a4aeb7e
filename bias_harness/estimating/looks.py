"""Looking before all that was planned is in: when, and how wide an interval then has to be. For any family of words.

Jobs come in random order, all ways of saying it from the first look on. Whoever looks asks `Look` for the level of an
interval instead of taking its alpha; each comparison that is decided stays as it was decided, and needs no more data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bias_harness.estimating.estimators.group_sequential import levels, sequential_p

PARTS = (0.4, 0.6, 0.8, 1.0)
FEWEST_AT_A_LOOK = 20
FEWEST_PLANNED = 40


def looks_of(planned: int) -> tuple[int, ...]:
    """After how many jobs is looked: 40, 60, 80 and 100 % of those planned, never before 20; below 40 at the end."""
    if planned < FEWEST_PLANNED:
        return (planned,)
    counts = [math.ceil(planned * part) for part in PARTS]
    return tuple(dict.fromkeys(n for n in counts if n >= FEWEST_AT_A_LOOK))


@dataclass(frozen=True, slots=True)
class Look:
    """One of the looks at a comparison: the fractions of what is planned at this and every earlier one, rising to 1.

    `WHOLE` is the only look at all there is: its levels and p values are the plain ones.
    """

    fractions: tuple[float, ...] = (1.0,)

    @classmethod
    def after(cls, counts: Sequence[int], planned: int) -> Look:
        """The look after these numbers of jobs, of so many planned."""
        return cls(tuple(min(1.0, n / planned) for n in counts))

    @property
    def last(self) -> bool:
        """Whether everything that was planned is in."""
        return self.fractions[-1] >= 1

    def level(self, alpha: float) -> float:
        """The two-sided level of an interval read now, so that all looks together err in `alpha`.

        In a family of k it is `level(alpha / k)`: each comparison spends its own part.
        """
        return alpha if self.fractions == (1.0,) else levels(self.fractions, alpha)[-1]

    def p(self, p_value: float) -> float:
        """A two-sided p at this look as it counts over all looks."""
        return sequential_p(p_value, self.fractions)


WHOLE = Look()
