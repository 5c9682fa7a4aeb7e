"""How an answer whose probabilities are read is written: what it begins with, and when its amount is known."""

from __future__ import annotations

import re

from pydantic import Field

from bias_harness.handwritten import Share, Strict
from bias_harness.vocabulary import Distribution

TOP = 20
"""How many alternatives are asked for at each place; most endpoints give no more."""
SENT = {"logprobs": True, "top_logprobs": TOP}
"""What a request for probabilities says besides its sampling."""
GIVEN_BY = ("embedded", "openai_compatible", "replay", "simulated")
BEGIN_THE_ANSWER = ("embedded",)
"""Providers that can give probabilities, and those that are sent the beginning of the answer as its last message."""
ENDED = "\n"
"""Stands behind a branch where the answer ends."""
ROUNDING = 1e-3
"""By how much probabilities that were rounded on their way may add up to more than 1."""
_OPEN = re.compile(r"\s*\d*")


class Probabilities(Strict):
    """Read the model's own probabilities instead of drawing answers: the mean log amount, given how an answer begins.

    `begins` are the words or the sign that the amount stands behind ("$"), `thousands` the mark between its groups of
    digits. `least_covered` is the share of the probability that has to end in plausible amounts, else nothing is read.
    """

    begins: str = Field(min_length=1, max_length=40)
    thousands: str = Field(default=",", pattern=r"^[^\w\s]$")
    least_covered: Share = 0.8


def is_open(branch: str) -> bool:
    """Whether the amount of a branch can go on: so far there are only digits, or nothing."""
    return _OPEN.fullmatch(branch) is not None


def is_distribution(found: Distribution) -> bool:
    """Whether the branches leave each other out and their probabilities can be reckoned with."""
    texts, shares = [b.text for b in found.branches], [b.probability for b in found.branches]
    return len(set(texts)) == len(texts) and all(0 <= p <= 1 for p in shares) and sum(shares) <= 1 + ROUNDING
