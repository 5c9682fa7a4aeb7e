"""A model's probabilities -> one amount: the geometric mean over the branches that are an amount, and what is open.

Of a branch the amount is known once its length is: `85,` is 85 thousand (what stands behind the mark, less than a
thousand, is left out), `85k` too, and `85000` where the answer ends there or goes on without a digit. A branch that
came beside a drawn answer is taken to go on as that answer did: with the mark, or with a k. Everything else (a branch
that was not walked, digits whose number is open) is not guessed: it is left out of the mean, and the bounds say how far
it could move it. A branch that is no plausible amount is left out too, as an implausible answer would be.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bias_harness.outcome import Outcome
from bias_harness.probabilities import Probabilities, is_open
from bias_harness.reading.convert import annual
from bias_harness.reading.scan import Mention
from bias_harness.vocabulary import Answer, Distribution

GROUP = re.compile(r"\s*(\d{1,3})(.)", re.DOTALL)
PLAIN = re.compile(r"\s*(\d{4,9})(?!\d)")


def read_probabilities(found: Distribution | None, outcome: Outcome) -> Answer:
    """The mean amount and how much of the probability it rests on; never raises on any distribution.

    `ambiguous` with reason `other_beginning` where the answer began otherwise than the experiment states, `length_open`
    where the digits do not tell how long the number is, `little_covered` where less than `least_covered` is an amount.
    """
    form = outcome.probabilities
    if form is None or found is None or found.begins != form.begins:
        return Answer("ambiguous", "ambiguous", reason="other_beginning")
    mass = _mass(found, form, outcome)
    if mass.covered < form.least_covered or mass.covered <= 0:
        reason = "length_open" if mass.open > 1 - form.least_covered else "little_covered"
        return Answer("ambiguous", "ambiguous", reason=reason, covered=mass.covered)
    low, high = (math.exp(mass.mean_with_open_at(math.log(end))) for end in outcome.plausible)
    mean = math.exp(mass.mean)
    return Answer(
        "ok",
        "point",
        amount=mean,
        period="year",
        annual=mean,
        reason="probabilities",
        covered=mass.covered,
        bound_low=low,
        bound_high=high,
    )


@dataclass(frozen=True)
class _Mass:
    """Shares of the probability: `covered` ends in plausible amounts, `open` may still; `mean` is of their log."""

    covered: float
    open: float
    mean: float

    def mean_with_open_at(self, log: float) -> float:
        return (self.covered * self.mean + self.open * log) / (self.covered + self.open)


def _mass(found: Distribution, form: Probabilities, outcome: Outcome) -> _Mass:
    covered = total = 0.0
    unwritten = max(0.0, 1 - sum(branch.probability for branch in found.branches))
    for branch in found.branches:
        amount = _annual(_whole(branch.text, found.following), form, outcome)
        if amount is None:
            unwritten += branch.probability
        elif amount > 0:
            covered += branch.probability
            total += branch.probability * math.log(amount)
    return _Mass(covered, unwritten, total / covered if covered else 0.0)


def _whole(branch: str, following: str) -> str:
    """A branch that came beside a drawn answer, gone on with for one letter as that answer did."""
    return branch + following[:1] if branch.strip() and is_open(branch) else branch


def _annual(branch: str, form: Probabilities, outcome: Outcome) -> float | None:
    """The amount of a branch a year; None where it is open, 0 where it is no plausible amount."""
    if is_open(branch):
        return None
    plain, group = PLAIN.match(branch), GROUP.match(branch)
    if plain:
        return _plausible(float(plain[1]), outcome)
    if group is None or group[2] not in (form.thousands, "k", "K"):
        return 0.0
    amount = 1000 * float(group[1])
    if group[2] == form.thousands and not _plausible(amount, outcome) and _may_be_millions(amount, outcome):
        return None
    return _plausible(amount, outcome)


def _plausible(amount: float, outcome: Outcome) -> float:
    factor, _ = annual(Mention(amount, amount, 0, 0, raw=amount), outcome)
    return 0.0 if factor is None else amount * factor


def _may_be_millions(amount: float, outcome: Outcome) -> bool:
    """Whether a further group of digits would make it plausible."""
    ends = (amount * 1000, (amount + 1000) * 1000 - 1)
    return any(_plausible(end, outcome) for end in ends)
