"""The numbers of a judgement in words: money where there is any, else the outcome's own unit, and its direction."""

from __future__ import annotations

from dataclasses import dataclass, field

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.judged import margin_of, shown
from bias_harness.reporting.texts import Texts, round_significant

DIGITS = (2, 3, 4, 5, 12)
"""Significant digits that the ends of a range are told apart with, from each other and from what lies between."""


@dataclass(frozen=True)
class GapWords:
    """How the sizes of one judgement are written in a language.

    An amount a year is divided by `parts` before it is written: by the months that a year's pay has, for one a month.
    """

    texts: Texts
    j: Judgement
    parts: float = field(default=1.0, kw_only=True)

    @property
    def in_money(self) -> bool:
        """Whether the gap is told as an amount."""
        return self.j.gap is not None and self.j.gap.money is not None

    def size(self, value: float, digits: int = 2) -> str:
        """The size of a gap without its direction: money, or a number in the outcome's own unit."""
        if self.in_money:
            return self.texts.money(round_significant(abs(value), digits), self.j.currency or "", exact=True)
        return self.texts.gap(abs(value), self.texts.digits + digits - 2)

    def bare(self, value: float, digits: int = 2) -> str:
        """The same without its unit, which the other end of a range has."""
        if self.in_money:
            return self.size(value, digits)
        return self.texts.size(abs(value), self.texts.digits + digits - 2)

    @property
    def margin_digits(self) -> int | None:
        """None after the point where the margin is a whole number."""
        return 0 if abs(margin_of(self.j) - round(margin_of(self.j))) < 1e-9 else None

    def direction(self, value: float) -> str:
        """`less` or `more`, or what stands for it."""
        return self.texts("units.less" if value < 0 else "units.more")

    def side(self, value: float, digits: int = 2) -> str:
        """`$1,200 less`: an amount with its direction in words."""
        return self.texts("sentences.side", amount=self.size(value, digits), direction=self.direction(value))

    def values(self) -> tuple[float, float | None, float | None]:
        """The gap and its interval in what the sentence speaks of: money where there is any."""
        gap = self.j.gap
        if gap is not None and gap.money is not None:
            low, high = (None if x is None else x / self.parts for x in (gap.money_low, gap.money_high))
            return gap.money / self.parts, low, high
        value, low, high = shown(self.j)
        return value or 0.0, low, high

    def ends(self) -> dict[str, str]:
        """The interval in words: each end with its side where they differ in it, told apart however near.

        Empty where there is none, or none that can be written.
        """
        value, low, high = self.values()
        if low is None or high is None:
            return {}
        if low * high <= 0:
            return {"low": self.side(low), "high": self.side(high)}
        near, far = sorted((low, high), key=abs)
        apart = [d for d in DIGITS if self.bare(near, d) != self.bare(far, d)]
        if not apart:
            return {}
        of_the_gap = [d for d in apart if self.bare(value) not in (self.bare(near, d), self.bare(far, d))]
        digits = (of_the_gap or apart)[0]
        return {"low": self.bare(near, digits), "high": self.side(far, digits)}
