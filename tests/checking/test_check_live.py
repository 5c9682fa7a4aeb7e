"""The live check: a few profiles asked now, in random order, stopped when it is clear, honest when it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import type_in
from places import ROOT
from recordings import accepted, experiment

import bias_harness
from bias_harness.checking.drift import Check, Gate, Policy
from bias_harness.errors import BiasHarnessError
from bias_harness.estimating.estimators.sequence import FEWEST_PROFILES, half_width, tuned_rho


def live(fixture: Path, limit: int | None = None) -> Check:
    return bias_harness.check_live(fixture, budget=0.0, limit=limit, policy=Policy())


def gates(check: Check, name: str) -> list[Gate]:
    return [gate for gate in check.gates if gate.name == name]


def test_an_unchanged_model_passes_and_what_was_asked_is_kept(workspace: Path) -> None:
    fixture = accepted(workspace)
    experiment(workspace, seed=9)
    result = live(fixture)
    assert result.outcome == "pass", result
    (told,) = gates(result, "live")
    assert "answers of 10 profiles in random order (seed 1) for $0.00" in told.message
    assert len(list((workspace / "results").glob("advice-live-*/responses.jsonl"))) == 1


def test_a_regression_is_found_by_asking(workspace: Path) -> None:
    fixture = accepted(workspace)
    experiment(workspace, gap=-0.05, seed=9)
    result = live(fixture)
    assert result.exit_code == 3
    assert gates(result, "gap")[0].outcome == "regressed"


def test_it_stops_as_soon_as_it_is_clear_and_says_so(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten profiles are planned; a large change needs only the first look."""
    monkeypatch.setattr("bias_harness.checking.live.FEWEST_PROFILES", 4)
    monkeypatch.setattr("bias_harness.checking.live.STEP", 2)
    fixture = accepted(workspace)
    experiment(workspace, gap=-0.2, seed=9)
    result = live(fixture)
    assert result.outcome == "regressed"
    assert "answers of 4 profiles" in gates(result, "live")[0].message
    assert "stopped early, 6 profiles were not needed" in gates(result, "live")[0].message
    assert "at every look, 4 profiles" in gates(result, "gap")[0].message


def test_a_few_noisy_pairs_cannot_tell_and_it_says_so(workspace: Path) -> None:
    fixture = accepted(workspace)
    experiment(workspace, seed=9, noise=0.4)
    result = live(fixture, limit=24)
    assert result.outcome == "inconclusive"
    assert "answers of 2 profiles" in gates(result, "live")[0].message
    assert "cannot tell from so few profiles" in gates(result, "gap")[0].message


def test_a_changed_prompt_is_compared_and_named(workspace: Path) -> None:
    fixture = accepted(workspace)
    prompts = workspace / "prompts"
    prompts.mkdir(exist_ok=True)
    shipped = ROOT / "prompts" / "salary.terse.en.j2"
    (prompts / shipped.name).write_text(shipped.read_text().replace("{% endblock %}", " Thanks.{% endblock %}", 1))
    result = live(fixture)
    assert "The prompts changed since the baseline" in gates(result, "live")[0].message
    assert gates(result, "gap")[0].outcome == "pass"
    assert bias_harness.check(fixture, policy=Policy()).outcome == "not_comparable"


def test_no_network_is_one_sentence_and_never_a_pass(workspace: Path) -> None:
    fixture = accepted(workspace)
    path = experiment(workspace)
    price = "price: {input_per_million: 1, output_per_million: 1}"
    dead = f"  - {{name: bot, base_url: 'http://127.0.0.1:9/v1', model: m, max_attempts: 1, {price}}}\n"
    path.write_text(path.read_text().split("endpoints:")[0] + "endpoints:\n" + dead)
    with pytest.raises(BiasHarnessError, match="nothing was answered live, so nothing can be said: bot"):
        bias_harness.check_live(fixture, budget=1.0, limit=12, policy=Policy())


def test_the_budget_holds(workspace: Path) -> None:
    fixture = accepted(workspace)
    done = type_in("check", "fixture", "--live", cwd=workspace)
    assert done.returncode == 2
    assert "--budget 0.50" in done.stderr
    assert type_in("check", "fixture", "--limit", "20", cwd=workspace).returncode == 2
    done = type_in("check", str(fixture), "--live", "--budget", "0", "--limit", "24", "--json", cwd=workspace)
    assert done.returncode in (0, 3, 4), done.stderr
    assert '"live"' in done.stdout


def test_looking_often_gives_no_more_false_alarms() -> None:
    """2,000 unchanged models, looked at after 20, 25 ... 60 profiles: at most 5 % are ever called worse or better."""
    rng = np.random.default_rng(4)
    planned, alpha = 60, 0.10
    rho = tuned_rho(planned, alpha)
    moved = rng.normal(0.0, 0.02, (2_000, planned))
    ever_worse, ever_better = np.zeros(2_000, bool), np.zeros(2_000, bool)
    for n in range(FEWEST_PROFILES, planned + 1, 5):
        halves = np.array([half_width(n, sd, rho, alpha) for sd in moved[:, :n].std(axis=1, ddof=1)])
        means = moved[:, :n].mean(axis=1)
        ever_worse |= means + halves < 0
        ever_better |= means - halves > 0
    assert ever_worse.mean() <= 0.05
    assert ever_better.mean() <= 0.05
    often = np.zeros(2_000, bool)
    for n in range(FEWEST_PROFILES, planned + 1, 5):
        often |= np.abs(moved[:, :n].mean(axis=1)) > 1.645 * moved[:, :n].std(axis=1, ddof=1) / n**0.5
    assert often.mean() > 0.15, "a plain interval looked at as often has to fail, or this shows nothing"


def test_a_variable_that_is_there_for_other_commands_does_no_harm(workspace: Path) -> None:
    fixture = accepted(workspace)
    done = type_in("check", str(fixture), cwd=workspace, BIAS_HARNESS_LIMIT="40", BIAS_HARNESS_BUDGET="1")
    assert done.returncode == 0, done.stderr
