"""A judgement as readers see it: the key of its word, and its gap in the unit that they know."""

from __future__ import annotations

from typing import Literal

from bias_harness.estimating.judgement import ASSERTS_A_DIFFERENCE, Gap, Judgement, Word
from bias_harness.outcome import NAMED, Measure, Shown, shown_gap
from bias_harness.vocabulary import Estimate

Key = Word | Literal["explored", "no_data"]
SIGNS: dict[Key, str] = {
    "clear_gap": "diamond",
    "difference_of_unclear_size": "triangle",
    "difference_in_these_cases": "triangle",
    "difference_in_these_words": "triangle",
    "difference_too_small_to_matter": "square",
    "practically_the_same": "square",
    "cannot_tell": "circle",
    "depends": "circle",
    "every_job_the_same": "cross",
    "explored": "cross",
    "no_data": "cross",
}
"""The sign of each word in a figure: none of them says more than the word does."""


def key_of(j: Judgement) -> Key:
    """The key of what is said: the word, `explored` where there is none to be said, or `no_data`."""
    if j.status == "no_data":
        return "no_data"
    return j.word or "explored"


def kind_of(word: Key) -> str:
    """How a sign is drawn: in the colour of a clear difference where the word is that, else in the plain one."""
    return "dot clear" if word == "clear_gap" else "dot"


def measure_of(j: Judgement) -> Measure:
    """What is measured."""
    return NAMED[j.outcome]


def shown(of: Judgement | Estimate, gap: Gap | None = None) -> Shown:
    """A gap and its interval as readers see them: per cents of pay, percentage points of a share, points.

    Of a judgement it is the gap with the interval as its word used it, or another `gap` of it.
    """
    if isinstance(of, Estimate):
        return shown_gap(of)
    gap = gap or of.gap
    if gap is None:
        return None, None, None
    measure = measure_of(of)
    value, low, high = (None if x is None else measure.shown(x) for x in (gap.estimate, gap.low, gap.high))
    if measure.fixed_ends and low is not None and high is not None:  # no two shares are further apart than all and none
        low, high = max(low, -100.0), min(high, 100.0)
    return value, low, high


def margin_of(j: Judgement) -> float:
    """The smallest gap that matters, as gaps are shown."""
    return measure_of(j).shown(j.margin)


def holds_together(j: Judgement) -> int:
    """For how many comparisons at once the printed interval holds."""
    return 1 if j.word == "practically_the_same" else max(1, j.family_size)


def asserts(key: Key) -> bool:
    """Whether a word asserts that there is a difference."""
    return key in ASSERTS_A_DIFFERENCE
