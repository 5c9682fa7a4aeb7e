"""The words of a judgement in plain English, for a terminal and for a team's tests."""

from __future__ import annotations

from collections.abc import Mapping

from bias_harness.checking.baseline import Said
from bias_harness.estimating.judgement import Because, Word

SAID: Mapping[Word, str] = {
    "clear_gap": "a clear gap",
    "difference_too_small_to_matter": "a difference too small to matter",
    "difference_of_unclear_size": "a difference of unclear size",
    "practically_the_same": "practically the same",
    "cannot_tell": "it cannot be told whether there is a gap",
    "depends": "it depends on how answers are counted",
    "difference_in_these_cases": "a difference in these cases",
    "difference_in_these_words": "a difference in these words",
    "every_job_the_same": "the same step in every job",
}
WHY: Mapping[Because, str] = {
    "one_job": "There is one job only.",
    "few_jobs": "There are too few jobs.",
    "fewer_than_40_jobs": "It takes 40 jobs to say so.",
    "one_form": "No change of words was tried.",
    "few_edits": "It takes three neutral ways of describing the reference.",
    "no_look": "The first of the planned looks has not come yet.",
    "family": "Among so many comparisons a gap like this turns up by chance.",
    "words_move_it_too": "A change of a few neutral words moves this model as much.",
    "flagged_amounts": "It depends on unusual amounts.",
    "ranges": "It depends on how ranges are read.",
    "silence": "It depends on the answers without an amount.",
}


def in_words(said: Said) -> str:
    """What a recording says of one comparison: `a clear gap of -3.0% (-4.1% to -1.9%) for female against male`."""
    whom = f"for {said.level} against {said.reference}"
    word = "a gap of" if said.word is None else next((text for name, text in SAID.items() if name == said.word), "")
    if said.percent is None:
        return f"{word}: there is no pair of amounts to compare {whom}"
    ends = "" if said.percent_low is None else f" ({said.percent_low:+.1f}% to {said.percent_high:+.1f}%)"
    joined = f"{word} of" if said.word in ("clear_gap", "difference_of_unclear_size") else f"{word},"
    return f"{joined if said.word else word} {said.percent:+.1f}%{ends} {whom}"
