"""Experiments set side by side and pooled: against scipy, statsmodels and what can be worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy

from bias_harness.estimating.across import Across, Z, across
from bias_harness.estimating.changes import Change, changes_of
from bias_harness.estimating.estimators import shared_people
from bias_harness.estimating.seen import Part, seen_of
from bias_harness.outcome import Analysis, Outcome


def part(name: str, gaps: dict[str, float], people: str = "", pay: float = 50_000.0, **more: Any) -> Part:
    """An experiment in which each job's gap is the one that is given, asked in one way only."""
    made = [
        {"persona": job, "job": job, "level": level, "annual": pay * math.exp(gap if level == "female" else 0.0)}
        for job, gap in gaps.items()
        for level in ("male", "female")
    ]
    rows = pd.DataFrame(made).assign(endpoint="bot", attribute="gender", status="ok", **more)
    return Part(name, "bot", rows.assign(reference=rows["level"] == "male"), people or name)


def drawn(
    random: np.random.Generator, n: int, mean: float = -0.05, sd: float = 0.02, first: int = 0
) -> dict[str, float]:
    return {f"j{i:02d}": float(x) for i, x in enumerate(random.normal(mean, sd, n), first)}


def change_of(*parts: Part) -> Change:
    (found,) = changes_of([parts], analysis=Analysis(), outcome=Outcome())
    return found


def pooled_of(*parts: Part) -> Across:
    (found,) = across([parts], Outcome())
    return found


def test_jobs_of_two_lists_are_compared_as_welch_does_in_whatever_currency() -> None:
    random = np.random.default_rng(3)
    dollars, euros = drawn(random, 12), drawn(random, 20, -0.09, 0.05, first=50)
    found = change_of(part("us", dollars), part("nl", euros, pay=41_000.0, currency="EUR"))
    want = scipy.stats.ttest_ind(list(euros.values()), list(dollars.values()), equal_var=False).confidence_interval()
    assert (found.change.low, found.change.high) == pytest.approx((want.low, want.high))
    assert (found.paired, found.jobs, found.other_jobs) == (False, 12, 20)
    assert found.change.percent == pytest.approx(100 * math.expm1(found.after.estimate - found.before.estimate))
    assert found.change.money is None
    assert found.because == ("one_form",), "one way of saying it earns no more than a difference in these words"


def test_the_same_jobs_of_one_list_are_paired() -> None:
    random = np.random.default_rng(4)
    before = drawn(random, 14)
    after = {job: gap - 0.02 + random.normal(0, 0.003) for job, gap in before.items()}
    found = change_of(part("before", before, "list"), part("after", after, "list"))
    want = scipy.stats.ttest_rel(list(after.values()), list(before.values())).confidence_interval()
    assert (found.change.low, found.change.high) == pytest.approx((want.low, want.high))
    assert (found.paired, found.jobs, found.other_jobs) == (True, 14, None)
    apart = change_of(part("before", before, "list"), part("after", after, "another"))
    assert not apart.paired


def test_few_jobs_in_common_do_not_drive_the_others_out() -> None:
    random = np.random.default_rng(5)
    found = change_of(part("a", drawn(random, 20), "list"), part("b", drawn(random, 20, first=17), "list"))
    assert (found.paired, found.jobs, found.other_jobs) == (False, 20, 20)


def test_occupations_of_one_name_in_two_lists_count_as_one_draw() -> None:
    """The variance of a mean over two lists has twice their covariance over the names that both have."""
    random = np.random.default_rng(6)
    a = drawn(random, 20)
    b = {job: gap + random.normal(0, 0.002) for job, gap in a.items()}
    mean, difference = pooled_of(part("a", a), part("b", b)), change_of(part("a", a), part("b", b))
    both = np.array([list(a.values()), list(b.values())])
    weights = np.array(mean.weights)
    for gap, weighted in ((mean.gap, weights @ both), (difference.change, both[1] - both[0])):
        se = weighted.std(ddof=1) / math.sqrt(20)
        assert (gap.high - gap.low) / 2 == pytest.approx(scipy.stats.t.ppf(0.975, 19) * se)
    assert mean.jobs == 20


def test_independent_experiments_are_pooled_as_statsmodels_does() -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    random = np.random.default_rng(8)
    means = (-0.02, -0.09, 0.0, -0.05)
    parts = [part(str(i), drawn(random, 40 - 10 * i, mean, 0.01 + 0.03 * i, 100 * i)) for i, mean in enumerate(means)]
    found = pooled_of(*parts)
    alone = [next(seen_of(p, linear=False)).measured() for p in parts]
    sizes = np.array([[m.gap, (m.half(0.05) / Z) ** 2] for m in alone])
    want = combine_effects(sizes[:, 0], sizes[:, 1], method_re="chi2")
    assert want.sd_eff_w_re_hksj > want.sd_eff_w_re, "the case is one in which Hartung and Knapp's is the larger"
    half = scipy.stats.t.ppf(0.975, 3) * want.sd_eff_w_re_hksj
    assert found.method == "experiments"
    assert found.gap.estimate == pytest.approx(want.mean_effect_re)
    assert (found.others.high - found.others.low) / 2 == pytest.approx(half)
    assert (found.tau**2, found.i2) == (pytest.approx(want.tau2), pytest.approx(want.i2))
    assert sum(found.weights) == pytest.approx(1)


def test_experiments_that_happen_to_agree_are_no_surer_than_their_own_errors() -> None:
    """Where gaps coincide, Hartung and Knapp's standard error is next to nothing: the plain one is the least."""
    random = np.random.default_rng(9)
    own = np.array(list(drawn(random, 10).values()))
    own += -0.05 - own.mean()
    parts = [part(str(i), {f"{i}-{n}": float(x) for n, x in enumerate(own)}) for i in range(3)]
    found = pooled_of(*parts)
    plain = own.std(ddof=1) / math.sqrt(10) * scipy.stats.t.ppf(0.975, 9) / Z / math.sqrt(3)
    assert (found.others.high - found.others.low) / 2 == pytest.approx(scipy.stats.t.ppf(0.975, 2) * plain)
    assert found.tau == 0
    two = pooled_of(*parts[:2])
    assert two.others.high - two.others.low > 5 * (two.gap.high - two.gap.low)


def test_experiments_about_the_same_jobs_share_them() -> None:
    random = np.random.default_rng(10)
    jobs = random.normal(0, 0.03, 12)
    table = -0.05 + jobs + random.normal(0, 0.02, (3, 1)) + random.normal(0, 0.005, (3, 12))
    parts = [part(str(i), {f"j{n}": float(x) for n, x in enumerate(row)}, "list") for i, row in enumerate(table)]
    found, want = pooled_of(*parts), shared_people(table)
    assert (found.method, found.shared_jobs, found.jobs) == ("experiments_and_jobs", 12, 12)
    assert found.gap.estimate == pytest.approx(want.estimate)
    assert (found.others.low, found.others.high) == pytest.approx((want.conf_low, want.conf_high))
    assert found.gap.high - found.gap.low < found.others.high - found.others.low


def test_where_some_share_their_jobs_they_are_no_sample() -> None:
    random = np.random.default_rng(11)
    same = drawn(random, 10)
    found = pooled_of(part("a", same, "one"), part("b", same, "one"), part("c", drawn(random, 10, first=50), "two"))
    assert (found.method, found.others, found.tau) == ("none", None, None)
    assert found.weights == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert found.gap.low is not None


def test_the_luck_of_words_that_all_share_stays_in_the_mean() -> None:
    """What words do in every experiment alike does not shrink with the number of experiments."""
    random = np.random.default_rng(12)
    lucks = random.normal(0, 0.05, 6)

    def worded(name: str, first: int) -> Part:
        rows = []
        for job, gap in drawn(random, 24, first=first).items():
            for n, luck in enumerate(lucks):
                about = {"persona": job, "job": job, "signal": str(n)}
                noise = random.normal(0, 0.001, 2)
                rows.append({**about, "level": "male", "annual": 50_000 * math.exp(noise[0])})
                rows.append({**about, "level": "female", "annual": 50_000 * math.exp(gap + luck + noise[1])})
        frame = pd.DataFrame(rows).assign(endpoint="bot", attribute="gender", status="ok")
        return Part(name, "bot", frame.assign(reference=frame["level"] == "male"), name)

    parts = [worded(str(i), 100 * i) for i in range(4)]
    alone, together = pooled_of(*parts[:2]).gaps[0], pooled_of(*parts).gap
    assert together.high - together.low > 0.8 * (alone.high - alone.low)


def test_other_references_and_levels_are_nothing_in_common() -> None:
    random = np.random.default_rng(13)
    usual, other = part("a", drawn(random, 8)), part("b", drawn(random, 8))
    turned = other.observations.assign(reference=other.observations["level"] == "female")
    assert across([[usual, Part("b", "bot", turned)]], Outcome()) == []
    assert changes_of([[usual, Part("b", "bot", turned)]], analysis=Analysis(), outcome=Outcome()) == []


def test_one_job_is_told_and_not_tested() -> None:
    random = np.random.default_rng(14)
    found = change_of(part("a", drawn(random, 8)), part("b", {"j": -0.1}))
    assert (found.change, found.word) == (None, None)
    assert across([[part("a", drawn(random, 8)), part("b", {"j": -0.1})]], Outcome()) == []
