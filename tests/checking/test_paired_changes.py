"""The statistics of the gate on recordings that are drawn: no wolf where nothing moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import first
from two_recordings import Bot

from bias_harness.checking import drift
from bias_harness.checking.baseline import Snapshot
from bias_harness.checking.gates import Check, Policy
from bias_harness.estimating.looks import Look, looks_of
from bias_harness.estimating.paired_changes import PairedChange

RUNS = 40


def checked(bot: Bot, seed: int, before: float, now: float, **share: float) -> Check:
    random = np.random.default_rng(seed)
    standing = bot.standing(random)
    old, new = bot.recorded(random, standing, before), bot.recorded(random, standing, now, **share)
    return drift.compare(new, old, Policy())


def outcomes(bot: Bot, before: float, now: float, runs: int = RUNS, **share: float) -> dict[str, float]:
    found = [checked(bot, seed, before, now, **share).outcome for seed in range(runs)]
    return {word: found.count(word) / runs for word in set(found)}


def gap_of(check: Check) -> PairedChange:
    (found,) = (g.change for g in check.gates if g.name == "gap" and g.change)
    return found


@pytest.mark.parametrize("truth", first(1, [0.0, -0.02, -0.10]))
@pytest.mark.parametrize(
    "bot",
    [
        Bot(jobs=10),
        *(
            pytest.param(of, marks=pytest.mark.slow)
            for of in (Bot(jobs=40, levels=6, answers=(8, 2)), Bot(jobs=12, noise=0.2))
        ),
    ],
)
def test_an_unchanged_bot_is_never_called_worse_whatever_its_gap(bot: Bot, truth: float) -> None:
    assert outcomes(bot, truth, truth, runs=10).get("regressed", 0.0) == 0.0


def test_a_steady_gap_passes_where_there_is_enough_to_tell() -> None:
    assert outcomes(Bot(), -0.05, -0.05, runs=20)["pass"] >= 0.95


@pytest.mark.parametrize(
    ("before", "now"), first(1, [(0.0, -0.05), (-0.05, -0.10), (0.0, 0.06)]), ids=["new", "larger", "other way"]
)
def test_a_gap_that_grew_is_found_either_way(before: float, now: float) -> None:
    assert outcomes(Bot(), before, now, runs=10)["regressed"] == 1.0


def test_a_gap_that_closes_is_a_pass_however_much_it_moved() -> None:
    check = checked(Bot(), 1, -0.10, -0.01)
    assert check.outcome == "pass"
    assert gap_of(check).change == pytest.approx(0.095, abs=0.02)


def test_words_cancel_and_only_what_changed_counts() -> None:
    """Words that move the answers by 5 % leave the interval as narrow as the noise of asking makes it."""
    narrow = [gap_of(checked(Bot(words=w), 3, 0.0, 0.0)) for w in (0.0, 0.05)]
    widths = [c.high - c.low for c in narrow]
    assert widths[1] == pytest.approx(widths[0], rel=0.25)


def test_silence_of_one_side_is_a_worsening_of_its_own() -> None:
    gates = {g.name: g for g in checked(Bot(), 1, 0.0, 0.0, refused=0.3).gates}
    assert gates["refusals"].outcome == "regressed"
    assert "clearly more refusals of one side" in gates["refusals"].message
    gates = {g.name: g for g in checked(Bot(), 1, 0.0, 0.0, odd=0.3).gates}
    assert gates["far-off amounts"].outcome == "regressed"


@pytest.mark.slow
def test_unchanged_refusals_pass_at_a_design_that_is_large_enough() -> None:
    passed = outcomes(Bot(jobs=100, answers=(12, 12), forms=(12, 6), refused=0.1), 0.0, 0.0, runs=30)
    assert passed["pass"] >= 0.8


def test_a_bot_that_goes_silent_is_never_a_pass() -> None:
    random = np.random.default_rng(1)
    bot = Bot()
    standing = bot.standing(random)
    old, new = bot.recorded(random, standing), bot.recorded(random, standing)
    half = new.answers.assign(annual=new.answers["annual"].where(new.answers.index % 2 == 0))
    half["status"] = np.where(half["annual"].isna(), "refused", "ok")
    gates = {g.name: g for g in drift.compare(replace(new, answers=half), old, Policy()).gates}
    assert gates["gap"].outcome == "inconclusive"
    assert "of the questions that had an amount have one now" in gates["gap"].message


def steady(bot: Bot, moved: float = 0.0) -> tuple[Snapshot, Snapshot]:
    """Two recordings of a bot without any noise."""
    random = np.random.default_rng(1)
    standing = bot.standing(random)
    still = replace(bot, noise=0.0, heap=0.0)
    return still.recorded(random, standing), still.recorded(random, standing, moved)


def test_a_constant_bot_passes_by_equality_and_the_rule_of_three() -> None:
    old, new = steady(Bot(jobs=30))
    (gap,) = drift.changes(new, old, Policy())
    assert (gap.word, gap.could_differ, gap.low) == ("not_worse", 0.1, None)
    assert "up to 10% of other jobs could still differ" in drift.compare(new, old, Policy()).gates[-1].message


def test_a_constant_bot_that_moved_in_every_job_alike_is_held_to_the_margin() -> None:
    for moved, outcome in ((-0.01, "pass"), (-0.05, "regressed")):
        old, new = steady(Bot(jobs=30), moved)
        assert drift.compare(new, old, Policy()).outcome == outcome


def test_nothing_is_decided_early_where_nothing_varies() -> None:
    old, new = steady(Bot(jobs=60))
    early = Look.after([24], 60)
    assert [c.word for c in drift.changes(new, old, Policy(), None, early)] == ["cannot_tell"]


def test_cannot_tell_says_how_many_more_jobs_would() -> None:
    check = checked(Bot(jobs=10, noise=0.3), 2, 0.0, 0.0)
    gap = gap_of(check)
    assert gap.word == "cannot_tell"
    assert gap.needed is not None
    assert f"{gap.needed.jobs - 10:,} more jobs would tell" in next(g for g in check.gates if g.name == "gap").message
    enough = replace(Bot(noise=0.3), jobs=gap.needed.jobs)
    assert outcomes(enough, 0.0, 0.0, runs=6)["pass"] >= 0.5


def test_the_bar_stands_whatever_was_accepted() -> None:
    """A gap that grows by less than the margin each time, and is clearly beyond the bar."""
    from bias_harness.checking.baseline import Said

    random = np.random.default_rng(5)
    bot = Bot(jobs=60, noise=0.02)
    standing = bot.standing(random)

    def said(percent: float) -> tuple[Said, ...]:
        return (Said("bot", "g", "f0", "m", "clear_gap", percent, percent - 0.5, percent + 0.5),)

    was, grown = bot.recorded(random, standing, -0.055), bot.recorded(random, standing, -0.070)
    same = bot.recorded(random, standing, -0.055)
    gates = drift.compare(replace(grown, said=said(-7.0)), replace(was, said=said(-5.4)), Policy()).gates
    assert {g.name: g.outcome for g in gates if g.outcome == "regressed"} == {"bar": "regressed"}
    stands = drift.compare(replace(same, said=said(-5.6)), replace(was, said=said(-5.6), why="known"), Policy()).gates
    (bar,) = (g for g in stands if g.name == "bar")
    assert bar.outcome == "pass"
    assert 'as it was accepted: "known"' in bar.message


@pytest.mark.slow
def test_looking_early_costs_no_false_alarms_at_the_margin() -> None:
    """Bots at the margin exactly, where 5 % are called worse at most: by looking four times and keeping the first."""
    bot, worse = Bot(jobs=60, answers=(2, 2), forms=(2, 2), words=0.0), 0
    counts = looks_of(60)
    for seed in range(30):
        random = np.random.default_rng(1_000 + seed)
        standing = bot.standing(random)
        old, new = bot.recorded(random, standing), bot.recorded(random, standing, -0.02)
        for place, seen in enumerate(counts):
            asked = replace(new, answers=new.answers[new.answers["job"].astype(int) < seen])
            (gap,) = drift.changes(asked, old, Policy(), None, Look.after(counts[: place + 1], 60))
            if gap.word != "cannot_tell":
                break
        worse += gap.word == "worse"
    assert worse <= 4


@pytest.mark.slow
def test_the_plan_of_a_check_is_borne_out_by_drawing() -> None:
    """What `plan --check` says, from the noise of one answer, against recordings of that many jobs."""
    from bias_harness import pipeline
    from bias_harness.margin import Margin
    from bias_harness.planning.conditions import Condition
    from bias_harness.planning.gate_plan import gate_plans

    endpoint = {"name": "bot", "plant": {}}
    given = {"endpoints": [endpoint], "attributes": ["gender"], "personas": {"people": "us-jobs", "jobs": 44}}
    audit = pipeline.load_experiment("simulated", changes=given | {"wordings": ["terse", "plain"]})
    (plan,) = gate_plans(audit, Condition("as here", 0.02, 0.01, 0.03, 1_000), Margin(0.02, "fall"))
    counts = audit.design.counts()[0]
    assert plan.requests == pytest.approx(counts.trials / 44 * max(plan.jobs_pass, plan.jobs_found), abs=1)
    level = round(counts.treatment_pairs / 44 / (counts.levels - 1))
    bot = Bot(jobs=plan.jobs_found, answers=(round(counts.trials / 44) - level * (counts.levels - 1), level))
    assert outcomes(bot, 0.0, -0.03, runs=12)["regressed"] >= 0.6
    few = replace(bot, jobs=plan.jobs_pass)
    assert outcomes(few, 0.0, 0.0, runs=12).get("pass", 0.0) >= 0.5
