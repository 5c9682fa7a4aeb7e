"""Probabilities from the question to the page: one estimand, named everywhere, never beside drawn answers."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from bias_harness import compare, load_experiment, plan, report, run
from bias_harness.design.audit import load_audit
from bias_harness.design.portion import WHOLE, by_beginning, requests_of
from bias_harness.errors import InputError, UsageError
from bias_harness.runs import Run

PLANT = {"gaps": {"gender": {"female": -0.05}}, "trial_sd": 0.3, "profile_gap_sd": 0.01, "word_sd": 0.003, "seed": 3}
CHANGES: dict[str, Any] = {
    "endpoints": [{"name": "sim", "plant": PLANT}],
    "outcome": {"currency": "USD", "plausible": [5_000, 5_000_000], "probabilities": {"begins": "$"}},
}
DRAWN = {**CHANGES, "outcome": {"currency": "USD", "plausible": [5_000, 5_000_000]}}


def asked(folder: Path, changes: dict[str, Any]) -> Run:
    return run(load_experiment("quickstart", changes=changes), results=folder)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return asked(tmp_path_factory.mktemp("read"), CHANGES)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return asked(tmp_path_factory.mktemp("drawn"), DRAWN)


def test_a_planted_gap_is_found_without_the_noise_of_drawing(read: Run, drawn: Run) -> None:
    (by_probabilities,), (by_draws,) = read.judgements.items, drawn.judgements.items
    assert by_probabilities.gap is not None
    assert by_probabilities.word == "clear_gap"
    assert by_probabilities.gap.low <= math.log(0.95) <= by_probabilities.gap.high
    assert 4 * by_probabilities.equivalent_se < by_draws.equivalent_se


def test_a_cell_is_the_mean_log_amount_of_what_was_planted(read: Run) -> None:
    rows = read.observations
    assert (rows["covered"].round(6) == 1).all()
    assert (rows["bound_low"].round(2) == rows["annual"].round(2)).all()
    assert set(rows["reason"]) == {"probabilities"}


def test_the_estimand_has_its_name_in_the_numbers(read: Run, drawn: Run) -> None:
    told = read.estimates.to_dict()
    assert {j["outcome"] for j in told["judgements"]["items"]} == {"salary_by_probabilities"}
    assert {e["outcome"] for e in told["items"] if e["family"] == "headline"} == {"salary_by_probabilities"}
    assert "given a form of answer" in told["items"][0]["estimator"]
    assert told["settings"]["probabilities"]["estimand"].startswith("mean log amount")
    (row,) = told["settings"]["probabilities"]["open"]
    assert row["covered"] == pytest.approx(1)
    assert "probabilities" not in drawn.estimates.settings
    assert {j.outcome for j in drawn.judgements.items} == {"salary"}


def test_the_page_and_the_terminal_say_so_first(read: Run, drawn: Run) -> None:
    assert any(line.startswith("Probabilities, not drawn answers") for line in read.headlines)
    assert not any("Probabilities" in line for line in drawn.headlines)
    nl, en = (path.read_text(encoding="utf-8") for path in report(read))
    assert "Kansen, geen getrokken antwoorden" in nl
    assert "Probabilities, not drawn answers" in en
    assert "rest on 100% of the probability" in en


def test_it_is_never_set_beside_draws(read: Run, drawn: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not set side by side"):
        compare([read, drawn], tmp_path)


def test_the_digest_tells_them_apart_and_draws_keep_theirs() -> None:
    one, other = (load_audit("quickstart", changes) for changes in (CHANGES, DRAWN))
    assert one.digests["judging"] != other.digests["judging"]
    assert "probabilities" not in other.to_yaml()


def test_asking_again_is_refused_for_it_tells_nothing_new() -> None:
    with pytest.raises(InputError, match="the same each time"):
        load_experiment("quickstart", repeats=3, changes=CHANGES)


def test_a_plan_reckons_without_the_noise_of_drawing() -> None:
    with_noise, without = (plan(load_experiment("quickstart", changes=changes)) for changes in (DRAWN, CHANGES))
    assert without.outlooks[0].forecasts[0].half_width < with_noise.outlooks[0].forecasts[0].half_width


def test_the_local_models_answer_is_begun() -> None:
    audit = load_audit("quickstart", {"outcome.probabilities": {"begins": "$"}})
    requests = list(requests_of(audit, audit.experiment.endpoints[0], WHOLE))
    assert {request.messages[-1].content for request in requests} == {"$"}


def test_repeats_and_edits_of_one_question_follow_each_other_person_by_person() -> None:
    crossed = {**DRAWN, "personas.jobs": 4, "rotation": None, "repeats": 3, "wordings": ["terse", "plain"]}
    audit = load_audit("quickstart", crossed)
    requests = list(requests_of(audit, audit.experiment.endpoints[0], WHOLE))
    ordered = list(by_beginning(requests))
    assert sorted(r.key for r in ordered) == sorted(r.key for r in requests)
    assert _shared(ordered) > 1.2 * _shared(requests)
    people = [request.trial.persona for request in ordered if request.trial]
    assert len([1 for a, b in itertools.pairwise(people) if a != b]) == len(set(people)) - 1


def _shared(requests: list[Any]) -> int:
    """Characters that each question shares with the one before it, from its beginning."""
    texts = [request.messages[0].content for request in requests]
    return sum(
        next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        for one, other in itertools.pairwise(texts)
    )
