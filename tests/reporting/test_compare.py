"""Runs side by side on a page and on the terminal: other countries, all together, and nothing in common."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from command_line import type_in
from report_runs import GENDER, audit_of, run_of

from bias_harness.errors import UsageError
from bias_harness.estimating.across import NO_WORD
from bias_harness.reporting.report import render_comparison
from bias_harness.reporting.sections import Material
from bias_harness.reporting.sections.compare import changes, pooled
from bias_harness.vocabulary import Trial

pytestmark = pytest.mark.drawn
ROTATED = {"edits": 3, "expressions": 3}
DUTCH: dict[str, Any] = {
    "personas": {"people": "nl-jobs", "jobs": 9},
    "languages": ["nl"],
    "outcome": {"currency": "EUR", "plausible": [15_000, 1_500_000]},
}


@cache
def made(name: str, less: float, country: str = "us", experiment: str = "simulated") -> Material:
    """A run of nine jobs of a country in which women are told so much less, give or take a per cent."""
    people = {"personas": {"people": "us-jobs", "jobs": 9}} if country == "us" else DUTCH
    audit = audit_of(models=1, experiment=experiment, rotation=ROTATED, **people)

    def said(trial: Trial, chance: random.Random) -> str:
        pay = 60_000 * (1 - less * (trial.level == "female")) * chance.lognormvariate(0, 0.01)
        words = "Ask ${:,.0f} a year." if country == "us" else "Vraag € {:.0f} bruto per jaar."
        return words.format(round(pay, -2))

    return run_of(audit, said, name=name)


def test_a_dutch_run_beside_an_american_one_says_what_is_compared() -> None:
    us, nl = made("us", 0.02), made("nl", 0.12, "nl")
    (change,) = changes([us, nl])
    assert not change.paired
    assert (change.jobs, change.other_jobs) == (9, 9)
    assert change.change.percent == pytest.approx(100 * (0.88 / 0.98 - 1), abs=1.5)
    english, dutch = (render_comparison([us, nl], language) for language in ("en", "nl"))
    assert "The amounts are in USD, EUR. Compared are the differences in per cent" in english
    assert "(not the same jobs: 9 jobs and 9 jobs)" in english
    assert "(niet dezelfde banen: 9 banen en 9 banen)" in dutch
    assert "Job by job" not in english
    assert "All together" not in english


def test_together_there_is_a_number_with_its_range_and_no_word() -> None:
    us, nl = made("us", 0.02), made("nl", 0.12, "nl")
    (both,) = pooled([us, nl])
    assert both.gap.low < both.gap.estimate < both.gap.high
    assert "word" not in both.to_dict()
    text = render_comparison([us, nl], "en", pool=True)
    said = text[text.index("All together") :]
    assert f"over us, nl together: {both.gap.percent:.1f}%".replace("-", "−") in said
    assert "Two experiments are too few to speak of others like them." in said
    assert "clear" not in said[: said.index("</ul>")]


def test_three_experiments_speak_of_others_where_none_share_their_jobs_or_all_do() -> None:
    us, same, nl = made("us", 0.02), made("us2", 0.05), made("nl", 0.12, "nl")
    third = made("us3", 0.03)
    assert "For other experiments like these it probably lies between" in render_comparison(
        [us, same, third], "en", pool=True
    )
    assert "some of them share their jobs and others do not" in render_comparison([us, same, nl], "en", pool=True)


def test_another_experiment_is_beside_and_the_same_one_later_is_over_time() -> None:
    assert "What changed" in render_comparison([made("us", 0.02), made("us2", 0.05)], "en")
    other = made("us", 0.02, experiment="parenthood")
    assert "What differs" in render_comparison([made("us2", 0.05), other], "en")


def test_runs_with_nothing_in_common_are_told_what_each_has() -> None:
    age = {"name": "age", "levels": ["young", "older"]}
    us, ages = made("us", 0.02), run_of(audit_of(models=1, attributes=[age]), name="ages")
    turned = {**GENDER, "levels": ["female", "male"], "reference": "female"}
    women_first = run_of(audit_of(models=1, attributes=[turned]), name="turned")
    said = (
        "{} has nothing in common with us, so there is nothing to set side by side: us has gender female against male"
    )
    for run, has in (
        (ages, "ages has age older against young"),
        (women_first, "turned has gender male against female"),
    ):
        for wrong in (changes, pooled, lambda runs: render_comparison(runs, "en")):
            with pytest.raises(UsageError, match=said.format(run.run)) as told:
                wrong([us, run])
            assert has in str(told.value)
    with pytest.raises(UsageError, match="compare runs with the same endpoint, attribute, level and reference"):
        changes([run_of(audit_of(models=2), name="two"), run_of(audit_of(models=3, attributes=[age]), name="three")])


def test_a_run_counts_once_and_parts_of_one_are_not_pooled() -> None:
    us = made("us", 0.02)
    with pytest.raises(UsageError, match="us is named twice; its answers would count double"):
        pooled([us, us])
    with pytest.raises(UsageError, match="what is pooled are runs, and this compares each wording of one"):
        render_comparison([us], "en", "wording", pool=True)


@pytest.mark.slow
def test_typed_it_is_a_table_a_page_and_the_same_as_data(tmp_path: Path) -> None:
    for country, name in (("us", "dollars"), ("nl", "euros")):
        words = ("--country", country, "--jobs", "6", "--attribute", "gender=male,female", "--model", "simulated")
        assert type_in("init", name, *words, cwd=tmp_path).returncode == 0
        asked = ("run", f"{name}/experiments/{name}.yaml", "--name", name, "--quiet", "--set", "wordings=[terse]")
        assert type_in(*asked, cwd=tmp_path).returncode == 0
    runs = ("dollars/results/dollars", "euros/results/euros")
    done = type_in("compare", *runs, "--pool", cwd=tmp_path)
    head, row, _, together, one = done.stdout.splitlines()[:5]
    assert " ".join(head.split()) == "compared base gap other gap other less base interval what may be said jobs"
    assert row.startswith("gender female / male  dollars")
    assert row.endswith("6, 6")
    assert together.startswith("together")
    assert " 2  " in one
    assert f"What they come to together has no word: {NO_WORD}." in done.stdout
    assert f"It has no word: {NO_WORD}." in (tmp_path / "comparison.en.html").read_text()
    data = json.loads(type_in("compare", *runs, "--pool", "--json", cwd=tmp_path).stdout)
    assert [Path(page).name for page in data["pages"]] == ["comparison.nl.html", "comparison.en.html"]
    assert data["pooled"][0]["parts"] == ["dollars", "euros"]
    assert data["pooled"][0]["no_word"] == NO_WORD
    assert data["changes"][0]["paired"] is False
    (tmp_path / "comparison.en.html").unlink()
    wrong = type_in("compare", runs[0], runs[0], "--pool", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "is named twice" in wrong.stderr
    assert not (tmp_path / "comparison.en.html").exists()
