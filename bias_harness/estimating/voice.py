"""Who may speak how: headlines with the judgement's voice, what other packages add without any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from bias_harness.errors import InputError
from bias_harness.estimating.comparison import REASONS
from bias_harness.estimating.judgement import Gap, Judgement, Judgements, Word
from bias_harness.plugins import plugins
from bias_harness.vocabulary import Estimate, VerdictWord

_STATUS = {"ok": "ok", "no_data": "no_data", "one_job": "too_few_profiles", "no_variance": "degenerate_no_variance"}
_OLD_WORD: Mapping[Word, VerdictWord] = {
    "clear_gap": "gap_meaningful",
    "difference_too_small_to_matter": "gap_detected_but_negligible",
    "difference_of_unclear_size": "gap_detected_size_unclear",
    "practically_the_same": "equivalent",
}


def judged(items: Iterable[Estimate], judgements: Judgements) -> Iterator[Estimate]:
    """Headlines speak with the judgement's voice: its gap, its interval as used, its p, its word (or none stronger).

    What is explored asserts at most that there is a difference, cells by their simultaneous intervals; differences in
    non-answers only where the run's own test of silence or flags found one.
    """
    for e in items:
        if e.family == "nonanswers":
            yield replace(e, verdict=_uneven(e, judgements))
            continue
        j = judgements.of(e.endpoint, e.attribute, e.level)
        if e.family == "headline" and j is not None:
            yield _headline(e, j)
        elif e.scale == "money" or e.status != "ok" or e.family == "placebo":
            yield e
        else:
            yield replace(e, verdict=_explored(e, j))


def _explored(e: Estimate, j: Judgement | None) -> VerdictWord:
    """At most "there is a difference": of exact cases where these are what is judged, of cells simultaneously."""
    cases = j is not None and j.basis == "cases" and j.differs and e.scope == "panel" and not e.slice
    low, high = e.simultaneous_low, e.simultaneous_high
    apart = e.family == "cells" and low is not None and high is not None and low * high > 0
    return "gap_detected_size_unclear" if cases or apart else "inconclusive"


def _headline(e: Estimate, j: Judgement) -> Estimate:
    made = _with_numbers(e, j) if j.basis == "jobs" else e
    if made.status != "ok":
        return replace(made, verdict=None, p_adjusted=None)
    weak: VerdictWord = "gap_detected_size_unclear" if j.differs and j.basis == "cases" else "inconclusive"
    return replace(made, verdict=weak if j.word is None else _OLD_WORD.get(j.word, weak), p_adjusted=j.p_adjusted)


def _uneven(e: Estimate, judgements: Judgements) -> VerdictWord | None:
    what = {"refused": "silence", "unread": "silence", "implausible": "flags"}.get(e.outcome)
    about = (e.endpoint, e.attribute, e.level, what)
    found = next((i for i in judgements.imbalances if (i.endpoint, i.attribute, i.level, i.what) == about), None)
    if found is None or e.status != "ok":
        return None
    return "gap_meaningful" if found.found else "inconclusive"


def _with_numbers(e: Estimate, j: Judgement) -> Estimate:
    gap = j.gap or Gap(0.0)
    there = j.gap is not None
    status = _STATUS[j.status]
    return replace(
        e,
        estimate=gap.estimate if there else None,
        std_error=0.0 if j.status == "no_variance" else j.equivalent_se,
        df=None,
        conf_low=gap.low,
        conf_high=gap.high,
        p_value=j.p_value if j.status == "ok" else None,
        percent=gap.percent,
        percent_low=gap.percent_low,
        percent_high=gap.percent_high,
        status=status,
        reason=REASONS.get(status, ""),
    )


def plugged_in(observations: pd.DataFrame, own: Sequence[Estimate]) -> Iterator[Estimate]:
    """What the estimators of other packages make of the observations; never a verdict. Raises `InputError`."""
    known = {(e.endpoint, e.attribute, e.level) for e in own}
    for name, plugin in plugins("estimators").items():
        for e in plugin.load()(observations):
            if not isinstance(e, Estimate):
                raise InputError(
                    f"the estimator {name!r} of {plugin.distribution} gave {type(e).__name__}, no Estimate"
                )
            if (e.endpoint, e.attribute, e.level) not in known:
                where = f"{e.endpoint}, {e.attribute}, {e.level}"
                raise InputError(f"the estimator {name!r} of {plugin.distribution} speaks of {where}: not in this run")
            yield replace(e, family="plug-in", estimator=f"{name} ({plugin.distribution})", verdict=None)
