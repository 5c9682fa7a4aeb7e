"""How pay is spoken of: by the month where the currency's people do, else by the year."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.estimating.judgement import Judgement
from bias_harness.outcome import Outcome
from bias_harness.reporting.gap_words import GapWords
from bias_harness.reporting.texts import Texts

BY_THE_MONTH = frozenset(("EUR",))
"""Currencies whose people speak of pay by the month."""


@dataclass(frozen=True)
class Pay:
    """Amounts of one outcome in the words of one language.

    A month is a year's pay divided as reading multiplies it: by the months, and by the holiday allowance on top.
    """

    texts: Texts
    outcome: Outcome

    @property
    def monthly(self) -> bool:
        """Whether a reader thinks of the pay of a month."""
        return self.outcome.currency in BY_THE_MONTH and self.outcome.measured.relative

    @property
    def parts(self) -> float:
        """What a year's amount is divided by to be spoken of."""
        return self.outcome.months_per_year * (1 + self.outcome.holiday_allowance) if self.monthly else 1.0

    def words(self, j: Judgement) -> GapWords:
        """The judgement's sizes as they are spoken of."""
        return GapWords(self.texts, j, parts=self.parts)

    def whole(self, j: Judgement) -> str:
        """The size of the gap with its period, without a direction: `€ 210 bruto per maand`, `0.4 points`."""
        words = self.words(j)
        return self.spoken(words.size(words.values()[0])) if words.in_money else words.size(words.values()[0])

    def spoken(self, amount: str) -> str:
        """An amount with the words that it is gross and by the month or year."""
        basis = self.texts(f"report.research.bases.{self.outcome.basis}")
        return self.texts(f"spoken.{'month' if self.monthly else 'year'}", amount=amount, basis=basis)
