"""What a plan says of words: simulated through the design itself, the same again, and right where it is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import type_in

from bias_harness import pipeline
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.experiment import Experiment
from bias_harness.estimating.judging import judge_rows
from bias_harness.planning.calibration import Calibration, Result, calibrate, is_false, simulated_of
from bias_harness.planning.conditions import CONDITIONS, TYPICAL, Condition, condition_of
from bias_harness.planning.drawing import Columns, columns_of
from bias_harness.planning.forecast import forecast
from bias_harness.planning.outlook import crossed_for
from bias_harness.workers import Workers

DRAWN = {
    "wordings": ["terse", "plain"],
    "outcome": {"currency": "USD", "plausible": [15_000, 1_500_000]},
    "rotation": {"edits": 8, "expressions": 4, "reference_answers": 4, "level_answers": 4},
}
CALM = replace(CONDITIONS[0], step=0.0)


@pytest.fixture(scope="module")
def audit() -> Audit:
    return load_audit("quickstart", DRAWN)


def simulated(audit: Audit, condition: Condition = CALM, **more) -> Calibration:
    return calibrate(simulated_of(audit), conditions=[condition], **{"runs": 40, "gaps": (-0.05,), **more})


def planted(of: Calibration, name: str) -> Result:
    return next(result for result in of.results if result.planted == name)


def test_the_design_that_is_simulated_is_the_one_that_is_asked(audit: Audit) -> None:
    (columns,) = columns_of(audit.design, audit.experiment.outcome)
    asked = list(audit.design.trials("x"))
    assert columns.job.size == len(asked)
    assert len(columns.rows.jobs[1]) == len({p.job for p in audit.design.personas})
    forms = {(t.level, t.signal, t.edit) for t in asked}
    assert int(columns.form.max()) + 1 == len(forms)


def test_what_is_planted_is_found_and_nothing_is_not(audit: Audit) -> None:
    found = simulated(audit)
    none, there = planted(found, "nothing"), planted(found, "-5%")
    assert none.differs.share < 0.2
    assert none.false.share == none.differs.share
    assert there.clear.share > 0.8
    assert there.false.share == 0
    assert there.covered is not None
    assert there.covered.share > 0.85
    assert planted(found, "the margin").gap == pytest.approx(-found.margin)
    assert sum(rate.share for rate in there.words.values()) == pytest.approx(1)


@pytest.mark.slow
def test_the_figures_are_those_of_the_seed_whatever_the_workers(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    one = simulated(audit, runs=21, seed=3)
    monkeypatch.setattr("bias_harness.workers.workers.SECONDS_TO_START", -1.0)
    two = simulated(audit, runs=21, seed=3, workers=Workers(2), progress=lambda done, of: seen.append((done, of)))
    assert one == two
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert one == simulated(audit, runs=21, seed=3, workers=Workers(8))
    assert one != simulated(audit, runs=21, seed=4)


def test_refusals_and_jumps_come_as_often_as_they_are_planted(audit: Audit) -> None:
    (columns,) = columns_of(audit.design, audit.experiment.outcome)
    rough = replace(CALM, refused=0.3, jumps=0.1, job=0.0, words=0.0)
    random = np.random.default_rng(2)
    rows = [columns.planted(columns.draw(rough, random), rough, 0.0, audit.experiment.outcome) for _ in range(20)]
    refused = np.mean([row.is_status("refused").mean() for row in rows])
    assert refused == pytest.approx(0.3, abs=0.03)
    assert all((np.isnan(row.annual) == row.is_status("refused")).all() for row in rows)
    fall = [
        (row.annual < 0.6 * pd.Series(row.annual).groupby(row.profile).transform("median"))[row.valued].mean()
        for row in rows
    ]
    assert np.mean(fall) == pytest.approx(0.1, abs=0.02)


def test_amounts_are_rounded_to_the_step_and_carry_the_gap(audit: Audit) -> None:
    (columns,) = columns_of(audit.design, audit.experiment.outcome)
    still = Condition("still", 0.0, 0.0, 0.0, 5_000)
    drawn = columns.draw(still, np.random.default_rng(1))
    rows = columns.planted(drawn, still, -0.5, audit.experiment.outcome)
    assert (rows.annual % 5_000 == 0).all()
    level = rows.level != rows.reference
    assert rows.annual[level].mean() / rows.annual[~level].mean() == pytest.approx(np.exp(-0.5), abs=0.05)


def test_a_forecast_says_what_the_simulation_finds(audit: Audit) -> None:
    """The quick way (a gap only moves the estimate) against the whole judgement."""
    of = simulated_of(audit)
    exact = replace(TYPICAL, step=0.0)
    (quick,) = forecast(of, exact, [float(np.log(0.95))])
    whole = planted(calibrate(of, conditions=[exact], gaps=(-0.05,), runs=100), "-5%")
    assert quick.powers.differs[-5.0] == pytest.approx(whole.differs.share, abs=0.12)
    assert quick.half_width == pytest.approx(whole.half_width, rel=0.15)
    assert quick.powers.same == 0
    assert quick.twice_the_jobs < quick.half_width
    assert quick.twice_the_forms < quick.half_width
    assert quick.needed > quick.jobs


def test_the_crossed_design_asks_no_more_and_tells_less(audit: Audit) -> None:
    made = pipeline.plan(audit)
    own, crossed = made.outlooks
    assert crossed.requests <= own.requests
    assert crossed.forecasts[0].jobs < own.forecasts[0].jobs
    assert crossed.forecasts[0].half_width > own.forecasts[0].half_width
    assert crossed_for(audit, 1) is None
    assert any("fewer than 40" in remark for remark in made.remarks)


@pytest.mark.slow
def test_a_large_family_is_held_to_more_and_asks_for_more_jobs(audit: Audit) -> None:
    of = simulated_of(audit)
    family = replace(of, sizes={"primary": 15, "explored": 0}, endpoints=15)
    alone, among = (forecast(each, CALM, [-0.03])[0] for each in (of, family))
    assert among.half_width > alone.half_width
    assert among.alone == pytest.approx(alone.half_width, rel=0.1)
    one, all_ = (planted(calibrate(x, conditions=[CALM], gaps=(), runs=40), "nothing").false for x in (of, family))
    assert all_.share <= 1
    assert one.error <= all_.error or all_.share == 0


@pytest.mark.parametrize(
    ("word", "gap", "wrong"),
    [
        ("clear_gap", 0.0, True),
        ("clear_gap", -0.02, True),
        ("clear_gap", -0.03, False),
        ("difference_of_unclear_size", 0.0, True),
        ("difference_of_unclear_size", -0.01, False),
        ("practically_the_same", -0.02, True),
        ("practically_the_same", -0.01, False),
        ("difference_too_small_to_matter", 0.0, True),
        ("cannot_tell", 0.0, False),
    ],
)
def test_what_is_false_is_known_from_what_is_planted(word: str, gap: float, *, wrong: bool) -> None:
    assert is_false(word, gap, 0.02) is wrong


def test_a_pilot_s_spreads_are_those_it_was_made_with() -> None:
    audit = load_audit("quickstart", {**DRAWN, "personas.jobs": 100})
    e, truth = audit.experiment, Condition("truth", 0.04, 0.02, 0.08)
    (columns,) = columns_of(audit.design, e.outcome)
    found = [pilot(columns, truth, e, seed) for seed in range(8)]
    assert np.mean([c.answer for c in found]) == pytest.approx(truth.answer, rel=0.1)
    assert np.mean([c.job for c in found]) == pytest.approx(truth.job, rel=0.2)
    assert np.mean([c.words**2 for c in found]) ** 0.5 == pytest.approx(truth.words, rel=0.3)
    assert all((c.refused, c.jumps, c.step) == (0, 0, 0) for c in found)


def test_a_pilot_in_one_way_of_saying_it_leaves_the_words_assumed() -> None:
    audit = load_audit("quickstart", {**DRAWN, "rotation": {"edits": 1, "reference_answers": 4, "level_answers": 4}})
    (columns,) = columns_of(audit.design, audit.experiment.outcome)
    found = pilot(columns, Condition("truth", 0.04, 0.0, 0.08), audit.experiment, 1)
    assert found.words == TYPICAL.words
    assert found.answer == pytest.approx(0.08, rel=0.25)


def pilot(columns: Columns, truth: Condition, experiment: Experiment, seed: int) -> Condition:
    """What one finished run would show."""
    rows = columns.planted(columns.draw(truth, np.random.default_rng(seed)), truth, 0.0, experiment.outcome)
    judged = judge_rows([rows], analysis=experiment.analysis, outcome=experiment.outcome)
    frame = pd.DataFrame(
        {
            "annual": rows.annual,
            "status": "ok",
            "implausible": rows.implausible,
            "persona": rows.profile,
            "wording": rows.wording,
            "signal": rows.signal,
            "edit": rows.edit,
            "reference": rows.level == rows.reference,
        }
    )
    return condition_of("pilot", judged, frame)


@pytest.mark.slow
def test_typed_twice_it_prints_the_same(workspace: Path) -> None:
    def typed(seed: str) -> dict:
        words = (
            "plan",
            "quickstart",
            "--simulate",
            "--runs",
            "20",
            "--gap",
            "-8%",
            "--seed",
            seed,
            "--json",
            "--quiet",
        )
        done = type_in(*words, cwd=workspace)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = typed("3")
    assert first == typed("3")
    assert {result["planted"] for result in first["results"]} == {"nothing", "the margin", "-8%"}
    assert {result["condition"]["name"] for result in first["results"]} == {c.name for c in CONDITIONS}


@pytest.mark.parametrize("text", ["large", "nan%", "-100%"])
def test_a_gap_that_is_none_is_a_usage_error(workspace: Path, text: str) -> None:
    done = type_in("plan", "quickstart", "--simulate", "--gap", text, cwd=workspace)
    assert done.returncode == 2
    assert "--gap" in done.stderr
