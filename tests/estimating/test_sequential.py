"""Looking at a run while it is asked: what is decided stays as it was, and every interval pays for all looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_judgements import ANALYSIS, table

from bias_harness.estimating.judgement import Judgements
from bias_harness.estimating.judging import judge
from bias_harness.estimating.looks import Look
from bias_harness.estimating.sequential import Looked, decided, judge_looked
from bias_harness.outcome import Outcome

JOBS = tuple(f"j{n}" for n in range(60))
AFTER = (24, 36, 48, 60)


def seen(frame: pd.DataFrame, after: tuple[int, ...]) -> Judgements:
    return judge_looked(frame, Looked(JOBS, after), analysis=ANALYSIS, outcome=Outcome())


def first(frame: pd.DataFrame, jobs: int) -> pd.DataFrame:
    return frame[frame["job"].isin(JOBS[:jobs])]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """A group far below the others, and one at the margin, in 60 jobs."""
    far = table(60, -0.12, seed=5)
    near = table(60, -0.02, seed=5, levels=2)
    return pd.concat([far, near[near["level"] == "g2"]], ignore_index=True)


def test_each_comparison_stops_by_itself_and_stays_as_it_was(frame: pd.DataFrame) -> None:
    whole = seen(frame, AFTER)
    far, near = whole.items
    assert (far.word, far.decided_after, far.jobs) == ("clear_gap", 24, 24)
    assert (near.decided_after, near.jobs) == (None, 60)
    assert whole.items[0] == seen(frame, AFTER[:1]).items[0]
    assert decided(whole) == {("m", "group", "g1")}


def test_later_answers_do_not_touch_what_was_decided(frame: pd.DataFrame) -> None:
    early = frame["job"].isin(JOBS[:24])
    other = frame.assign(annual=np.where(early | (frame["level"] != "g1"), frame["annual"], 150_000.0))
    assert seen(other, AFTER).items[0] == seen(frame, AFTER).items[0]


def test_an_interval_at_a_look_is_as_wide_as_all_looks_together_take(frame: pd.DataFrame) -> None:
    early, once = seen(frame, (24,)).items[0], judge(first(frame, 24), analysis=ANALYSIS, outcome=Outcome()).items[0]
    assert early.gap.estimate == once.gap.estimate
    assert early.gap.high - early.gap.low > 1.3 * (once.gap.high - once.gap.low)
    assert early.p_value > once.p_value
    assert early.equivalent_se == once.equivalent_se
    excludes = early.gap.high < 0
    assert excludes == (early.p_adjusted < 0.05)


def test_sameness_is_shown_at_the_level_of_its_look() -> None:
    calm = table(60, 0.0, noise=0.002, gap_sd=0.001, step=1)
    look = seen(calm, (48,)).items[0]
    assert (look.word, look.decided_after) == ("practically_the_same", 48)
    once = judge(first(calm, 48), analysis=ANALYSIS, outcome=Outcome()).items[0]
    assert look.gap.high - look.gap.low > once.gap.high - once.gap.low


def test_nothing_is_decided_where_nothing_varies() -> None:
    still = table(60, 0.0, noise=0.0, gap_sd=0.0)
    assert not decided(seen(still, AFTER))


def test_before_the_first_look_nothing_is_told(frame: pd.DataFrame) -> None:
    found = seen(first(frame, 20), ())
    assert [(j.word, j.because) for j in found.items] == [("cannot_tell", ("no_look",))] * 2
    assert not decided(found)


def test_a_run_of_one_look_is_a_plain_one(frame: pd.DataFrame) -> None:
    plain = judge(frame, analysis=ANALYSIS, outcome=Outcome())
    assert [replace(j, decided_after=None) for j in seen(frame, (60,)).items] == list(plain.items)
    assert Look().level(0.05) == 0.05
    assert all(j.decided_after is None for j in seen(frame, (60,)).items)


def test_what_is_explored_is_as_at_the_look_after_which_it_was_asked_no_more(frame: pd.DataFrame) -> None:
    found = judge_looked(frame, Looked(JOBS, AFTER), analysis=ANALYSIS, outcome=Outcome(), primary=["group/g1"])
    far, near = found.items
    assert (far.jobs, near.jobs, near.word, near.decided_after) == (24, 24, None, None)
