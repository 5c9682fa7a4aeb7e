"""What a budget buys: the default designs, and the smallest gap that they call clear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cases import first
from command_line import type_in

from bias_harness import pipeline
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.personas import Persona
from bias_harness.errors import InputError
from bias_harness.planning import proposing
from bias_harness.planning.calibration import simulated_of
from bias_harness.planning.conditions import CONDITIONS, TYPICAL
from bias_harness.planning.forecast import forecast
from bias_harness.planning.proposing import Prices, proposed

EACH = Prices(1.0, 1.0, None)
STUDY = """\
experiment: study
personas: {people: us-jobs, jobs: 12}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse, plain]
endpoints:
  - {model: gpt-5-mini, base_url: "https://api.openai.com/v1", api_key_env: SOME_KEY}
"""
LEVELS = """\
attribute: thing
label: {en: thing}
reference: l0
introduction: {en: {self: "I am {}.", client: "My client is {}.", user: "The user is {}.", candidate: "It is {}."}}
levels:
"""
LEVEL = """\
  l%d: {label: {en: l%d}, tag: {en: l%d}, one: {en: one}, signals: [{en: aa%d}], expressions: [%s]}
"""


@pytest.fixture
def study(workspace: Path) -> Path:
    path = workspace / "experiments" / "study.yaml"
    path.write_text(STUDY)
    return path


def of_levels(workspace: Path, levels: int) -> Audit:
    """A study of an attribute with so many levels besides the reference, each said in six ways."""
    made = [LEVEL % (n, n, n, n, ", ".join(f"{{en: {c}{c}{n}}}" for c in "bcdef")) for n in range(levels + 1)]
    (workspace / "personas" / "thing.yaml").write_text(LEVELS + "".join(made))
    path = workspace / "experiments" / "many.yaml"
    path.write_text(STUDY.replace("{name: gender, levels: [male, female]}", "thing").replace("study", "many"))
    return load_audit(path)


@pytest.mark.parametrize(
    ("requests", "levels", "jobs", "ways"),
    first(
        3,
        [
            (150, 1, 18, (8, 4, 4, 4)),
            (150, 5, 16, (8, 4, 4, 1)),
            (500, 1, 41, (8, 4, 8, 4)),
            (500, 5, 45, (12, 4, 6, 1)),
            (500, 23, 17, (12, 4, 6, 1)),
            (2_000, 5, 74, (12, 6, 12, 3)),
            (2_000, 23, 57, (12, 4, 12, 1)),
            (10_000, 5, 120, (24, 6, 24, 6)),
            (10_000, 23, 120, (12, 6, 12, 3)),
        ],
    ),
)
def test_a_budget_buys_the_default_design(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, requests: int, levels: int, jobs: int, ways: tuple[int, ...]
) -> None:
    monkeypatch.setattr(proposing, "forecast", lambda *_, **__: [])
    point = proposed(of_levels(workspace, levels), TYPICAL, EACH, requests, piloted=False)
    assert (point.jobs, tuple(point.rotation.values())) == (jobs, ways)
    assert point.requests == jobs * (ways[2] + levels * ways[3]) <= requests


def test_too_little_money_is_said_with_what_would_do(workspace: Path) -> None:
    with pytest.raises(InputError, match=r"fewer than 6 jobs.*--levels.*US\$ 174\.00"):
        proposed(of_levels(workspace, 23), TYPICAL, EACH, 150, piloted=False)


@pytest.mark.slow
def test_the_smallest_clear_gap_is_called_clear_in_eighty_of_a_hundred() -> None:
    ways = {"expressions": 4, "reference_answers": 4, "level_answers": 4}
    changes = {f"rotation.{key}": value for key, value in ways.items()} | {"outcome.probabilities": None}
    audit = load_audit("quickstart", changes)
    for condition in (replace(CONDITIONS[0], step=0.0), TYPICAL):
        (found,) = forecast(simulated_of(audit), condition, ())
        assert found.clear_at is not None
        (again,) = forecast(simulated_of(audit), condition, (-found.clear_at,), seed=2)
        (share,) = again.powers.clear.values()
        assert share == pytest.approx(0.8, abs=0.1)


def test_where_nothing_can_be_called_clear_there_is_no_such_gap(study: Path) -> None:
    few = load_audit(study, {"personas.jobs": 4, "rotation": {}, "repeats": 1})
    (found,) = forecast(simulated_of(few), TYPICAL, ())
    assert found.clear_at is None


@pytest.mark.slow
def test_a_pilot_s_spread_chooses_among_the_ways(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one answer varies much and words little, money goes into answers of few jobs as well as into jobs."""
    audit = load_audit(study)
    points = [
        proposed(audit, replace(TYPICAL, words=words, answer=answer, job=job), EACH, 480, piloted=piloted)
        for words, answer, job in ((0.02, 0.03, 0.02), (0.0, 0.03, 0.08))
        for piloted in (False, True)
    ]
    for plain, chosen in (points[:2], points[2:]):
        assert chosen.requests <= 480
        assert (chosen.clear_at or 9) <= (plain.clear_at or 9)
    assert points[3].jobs > points[1].jobs, "gaps that vary over jobs want more jobs"


@pytest.mark.slow
def test_the_frontier_falls_with_the_money_and_batches_cost_half(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "STEPS", (18, 41))
    made = pipeline.plan(load_audit(study), propose=True)
    assert [point.jobs for point in made.frontier] == [18, 41]
    gaps = [point.clear_at or 9 for point in made.frontier]
    assert gaps == sorted(gaps, reverse=True)
    assert all(point.batch == pytest.approx(point.usual / 2) for point in made.frontier)
    assert all(point.usual < point.most for point in made.frontier)
    assert all((point.clear_by_probabilities or 9) < (point.clear_at or 9) for point in made.frontier)
    assert made.frontier[0].until == {}
    assert list(made.frontier[1].until) == [0, -5, -10]
    assert 20 <= made.frontier[1].until[-10] <= made.frontier[1].until[0] <= 41
    few, many = made.frontier_rows()
    assert (few[-1], "of no gap" in str(many[-1]), "at -10%" in str(many[-1])) == ("–", True, True)
    assert pipeline.plan(load_audit(study)).frontier == ()


def test_what_is_proposed_is_written_and_is_the_design_that_was_shown(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "STEPS", (6,))
    cwd = study.parent.parent
    said = type_in("plan", "study", "--budget", "0.05", "--levels", "male, female", "--write", "next.yaml", cwd=cwd)
    assert said.returncode == 0, said.stderr
    written = load_audit(cwd / "next.yaml")
    jobs = len(written.design.personas)
    assert f"buy {jobs} jobs, {sum(c.trials for c in written.design.counts()):,} requests" in said.stdout
    assert written.experiment.budget == 0.05
    assert [p.id for p in written.design.personas] == [p.id for p in _first(study, jobs)]
    again = type_in("plan", "study", "--budget", "0.05", "--write", "next.yaml", cwd=cwd)
    assert again.returncode == 2
    assert "it is there already" in again.stderr
    assert "--write goes with --budget" in type_in("plan", "study", "--write", "x.yaml", cwd=cwd).stderr
    assert "is not known" in type_in("plan", "study", "--levels", "male,femal", cwd=cwd).stderr


@pytest.mark.slow
def test_a_run_is_a_pilot_of_the_next_design(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "STEPS", (6,))
    monkeypatch.setattr(proposing, "WAYS", ((8, 4, 4, 4), (8, 4, 8, 4)))
    cwd = study.parent.parent
    plant = {"gaps": {"gender": {"female": 0}}, "job_gap_sd": 0.1, "heap": 0}
    audit = load_audit(study, {"endpoints": [{"name": "gpt-5-mini", "plant": plant}]})
    pipeline.run(audit, results=cwd / "results", name="first")
    words = ("--pilot", "first", "--budget", "0.03", "--write", "next.yaml")
    said = type_in("plan", "study", *words, cwd=cwd)
    assert said.returncode == 0, said.stderr
    assert "(as a finished run shows it)" in said.stdout
    written = load_audit(cwd / "next.yaml")
    rotation = written.experiment.attributes[0].rotation
    assert rotation is not None
    assert (rotation.reference_answers, rotation.level_answers) == (4, 4), "gaps vary over jobs: jobs before answers"


def _first(study: Path, jobs: int) -> tuple[Persona, ...]:
    return load_audit(study, {"personas.jobs": jobs}).design.personas


def test_where_asking_is_free_nothing_is_proposed(small: Path) -> None:
    said = type_in("plan", "small", "--budget", "5", cwd=small.parent.parent)
    assert said.returncode == 0
    assert "No design is proposed" in said.stderr
