"""A person's labels: what is typed, kept and shown, the reading's error by level, and the corrected gap."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import first
from command_line import type_in
from report_runs import audit_of, run_of
from stats_data import observations

from bias_harness import pipeline
from bias_harness.checking.labelling import Session
from bias_harness.errors import InputError
from bias_harness.estimating.estimators.rectifier import rectifier
from bias_harness.estimating.judging import judge
from bias_harness.estimating.reading_error import (
    Corrected,
    ReadingError,
    ReadingErrors,
    agreement,
    in_order,
    reading_errors,
    sample,
)
from bias_harness.outcome import Analysis, Outcome
from bias_harness.reading.labelled import read_label
from bias_harness.reporting.labelled import labelled as labelled_words
from bias_harness.reporting.material import View, spoken
from bias_harness.reporting.sections import sure
from bias_harness.results.labels import LABELS, read_labels
from bias_harness.runs import material
from bias_harness.sharing.bundle import bundle
from bias_harness.sharing.verification import verify
from bias_harness.vocabulary import Answer

EURO = Outcome(currency="EUR", holiday_allowance=0.08)


@pytest.mark.parametrize(
    ("typed", "low", "high", "annual"),
    [
        ("65000", 65_000, 65_000, 65_000),
        ("65.000", 65_000, 65_000, 65_000),
        ("65,000 year", 65_000, 65_000, 65_000),
        ("65k", 65_000, 65_000, 65_000),
        ("60-70k", 60_000, 70_000, 65_000),
        ("70.000 - 60.000 jaar", 60_000, 70_000, 65_000),
        ("4200 m", 4_200, 4_200, 4_200 * 12 * 1.08),
        ("25,50/uur", 25.5, 25.5, 25.5 * 2_080),
    ],
)
def test_an_amount_that_was_typed(typed: str, low: float, high: float, annual: float) -> None:
    found = read_label(typed, EURO)
    assert (found.status, found.low, found.high) == ("ok", low, high)
    assert found.annual == pytest.approx(annual)


@pytest.mark.parametrize(("typed", "status"), [("-", "no_amount"), ("r", "refused"), ("?", "ambiguous")])
def test_no_amount_is_a_label_too(typed: str, status: str) -> None:
    assert read_label(typed, EURO).status == status


@pytest.mark.parametrize("typed", ["", "about 60", "65000 fortnight", "60--70", "$65000"])
def test_what_is_no_label_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(InputError, match="is no amount; type an amount"):
        read_label(typed, EURO)


def test_a_score_is_a_plain_number() -> None:
    grade = Outcome(measure="score", label={"en": "grade"}, unit={"en": "points"}, plausible=(1, 10))
    assert read_label("7,5", grade).annual == 7.5
    assert read_label("7.125", grade).annual == 7.125


def table(**more):
    frame = observations(people=20, wordings=2, repeats=4, **more)
    frame["key"] = [f"{n:064x}" for n in range(len(frame))]
    frame["amount"] = frame["annual"]
    frame["low"] = frame["high"] = np.nan
    frame["period"] = "year"
    return frame


def labelled(frame, each: int = 10**6) -> dict[str, Answer]:
    """A person who reads as the table says, of so many answers a level."""
    annual = frame.set_index("key")["annual"]
    return {key: amount(annual[key]) for key in sample(frame, each)}


def amount(value: float) -> Answer:
    if math.isnan(value):
        return Answer("no_amount", "no_amount")
    return Answer("ok", "point", value, value, value, annual=value)


def test_a_sample_is_stratified_nested_and_in_an_order_that_tells_nothing() -> None:
    frame = table()
    few, more = sample(frame, 5), sample(frame, 9)
    assert (len(few), len(more)) == (10, 18)
    assert set(few) < set(more)
    assert more[:10] == few
    assert all(set(keys[:5]) < set(few) for keys in in_order(frame).values())
    levels = frame.set_index("key").loc[more, "level"].tolist()
    assert levels != sorted(levels)


def test_a_reading_that_is_right_has_no_error_and_moves_nothing() -> None:
    frame = table(refused={"female": 0.1})
    judgements = judge(frame, analysis=Analysis(), outcome=Outcome())
    found = reading_errors(frame, labelled(frame, 60), Outcome(), judgements)
    assert {e.level: (e.labelled, e.misread) for e in found.errors} == {"female": (60, 0), "male": (60, 0)}
    assert (found.labelled, found.misread) == (120, 0)
    assert all(e.low == 0 and e.high == pytest.approx(1 - 0.025 ** (1 / 60)) for e in found.errors)
    assert [c.why for c in found.corrected] == ["few_misread"]


def test_a_gap_that_the_reader_made_is_taken_off_again() -> None:
    """Truth has no gap; a third of the women's answers is read a fifth too low."""
    truth = table(gaps={"female": 0.0}, gap_sd=0.0)
    seen = truth.copy()
    wrong = (seen["level"] == "female") & (np.random.default_rng(5).random(len(seen)) < 1 / 3)
    for name in ("annual", "amount"):
        seen.loc[wrong, name] *= 0.8
    judgements = judge(seen, analysis=Analysis(), outcome=Outcome())
    found = reading_errors(seen, labelled(truth, 120), Outcome(), judgements)
    assert judgements.items[0].gap is not None
    assert judgements.items[0].gap.percent < -5
    (corrected,) = found.corrected
    assert corrected.low < 0 < corrected.high
    assert abs(corrected.estimate) < 0.03
    alone = judgements.items[0].alone
    assert corrected.high - corrected.low > alone.high - alone.low
    errors = {e.level: e for e in found.errors}
    assert errors["male"].misread == 0
    assert errors["female"].wrong == errors["female"].misread > 25
    assert errors["female"].low < 1 / 3 < errors["female"].high


def test_the_interval_of_a_corrected_gap_holds_what_it_says() -> None:
    """Coverage of the correction alone: amounts without any noise of people, errors at random, 200 samples of 100."""
    random, inside = np.random.default_rng(7), 0
    for _ in range(200):
        truth = random.normal(11, 0.2, 4_000)
        read = np.where(random.random(4_000) < 0.1, truth - 0.3, truth)
        read[random.random(4_000) < 0.05] = np.nan
        whole = truth.mean() - np.nanmean(read)
        at = random.choice(4_000, 100, replace=False)
        found = rectifier(truth[at], read[at])
        assert found is not None
        inside += abs(found.shift - whole) < 1.984 * math.sqrt(found.variance)
    assert 180 <= inside <= 198


def test_the_variance_of_a_correction_is_the_jackknife_s() -> None:
    random = np.random.default_rng(3)
    truth = random.normal(11, 0.2, 800)
    read = np.where(random.random(800) < 0.5, truth + 0.1, np.nan)
    truth[random.random(800) < 0.3] = np.nan
    found = rectifier(truth, read)
    left_out = [np.arange(800) != i for i in range(800)]
    shifts = np.array([np.nanmean(truth[at]) - np.nanmean(read[at]) for at in left_out])
    assert found is not None
    assert found.variance == pytest.approx(799 / 800 * ((shifts - shifts.mean()) ** 2).sum(), rel=0.01)
    assert found.shift == pytest.approx(np.nanmean(truth) - np.nanmean(read))


def test_invented_and_missed_amounts_are_errors_of_their_own() -> None:
    frame = table()
    labels = labelled(frame, 40)
    female, male = (in_order(frame)["bot", "gender", level] for level in ("female", "male"))
    labels[female[0]] = Answer("refused", "refusal")
    frame.loc[frame["key"] == male[1], ["annual", "status"]] = [np.nan, "no_amount"]
    found = {e.level: e for e in reading_errors(frame, labels, Outcome(), judge_of(frame)).errors}
    assert (found["female"].wrong, found["female"].invented, found["female"].missed) == (0, 1, 0)
    assert (found["male"].wrong, found["male"].invented, found["male"].missed) == (0, 0, 1)


def judge_of(frame):
    return judge(frame, analysis=Analysis(), outcome=Outcome())


def test_only_the_beginning_of_the_order_counts() -> None:
    frame = table()
    labels = labelled(frame, 40)
    order = in_order(frame)["bot", "gender", "female"]
    del labels[order[10]]
    found = {e.level: e.labelled for e in reading_errors(frame, labels, Outcome(), judge_of(frame)).errors}
    assert found == {"female": 10, "male": 40}


def test_the_same_amount_as_stated_is_no_error_whatever_the_text_says_of_the_year() -> None:
    frame = table()
    key = in_order(frame)["bot", "gender", "female"][0]
    frame.loc[frame["key"] == key, ["amount", "period"]] = [5_000.0, "month"]

    def misread(typed: str) -> list[int]:
        labels = {key: read_label(typed, Outcome(holiday_allowance=0.08))}
        return [e.misread for e in reading_errors(frame, labels, Outcome(), judge_of(frame)).errors]

    assert misread("5000 month") == [0]
    assert misread("5000 week") == misread("5001 month") == [1]


def test_two_people_agree_where_both_found_one_amount_or_none() -> None:
    first = {"a": amount(60_000), "b": amount(math.nan), "c": amount(50_000), "d": amount(1)}
    second = {"a": amount(60_010), "b": Answer("refused", "refusal"), "c": amount(55_000)}
    assert agreement(first, second) == (2, 3)


@pytest.fixture
def run(small: Path):
    return pipeline.run(pipeline.load_experiment(small))


def test_labels_are_kept_at_once_taken_back_and_gone_on_with(run) -> None:
    before = run.observations["annual"].tolist()
    session = Session(run, "a", 3)
    first, second, *rest = session.left
    session.label(first, "65000")
    session.label(second, "-")
    assert read_labels(run.folder.path).labels == {"a": {first: "65000", second: "-"}}
    assert session.undo() == second
    assert session.left == [second, *rest]
    assert Session(run, "a", 3).left == [second, *rest]
    assert Session(run, "a", 3).undo() is None
    assert Session(run, "b", 3).left == [first, second, *rest]
    with pytest.raises(InputError):
        session.label(second, "lots")
    assert read_labels(run.folder.path).labels == {"a": {first: "65000"}}
    assert pipeline.load_run(run.folder.path).observations["annual"].tolist() == before


def test_at_the_terminal(run, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    folder = run.folder.path
    monkeypatch.setattr("sys.stdin", io.StringIO("65000\nlots\n-\nu\nr\nq\n"))
    done = type_in("label", str(folder), "--each", "3", cwd=small.parent.parent)
    assert done.returncode == 0, done.stderr
    kept = read_labels(folder).labels["a"]
    assert list(kept.values()) == ["65000", "r"]
    assert "is no amount" in done.stderr
    levels = {str(level) for level in run.observations["level"]}
    assert not any(f"\n{level}\n" in done.stderr for level in levels)
    assert "misread" in done.stdout
    found = json.loads(type_in("label", str(folder), "--json", cwd=small.parent.parent).stdout)
    assert (found["by"], found["agreement"]) == ({"a": 2}, [])
    assert sum(e["labelled"] for e in found["errors"]) >= 1
    assert {c["why"] for c in found["corrected"]} <= {"few_labels", "no_gap"}


def test_labels_travel_with_a_bundle_and_what_they_say_stays(run, tmp_path: Path) -> None:
    session = Session(run, "a", 2)
    for key in session.left:
        session.label(key, "65k")
    archive = bundle(run, tmp_path / "run.zip")
    assert "run/labels.json" in zipfile.ZipFile(archive).namelist()
    assert verify(archive).troubles == ()


def test_a_file_that_was_damaged_is_refused_with_its_name(run) -> None:
    path = run.folder.path / LABELS
    key = str(run.observations["key"].iloc[0])
    for text, said in (
        ("{", "is not JSON"),
        ('{"format": 99, "labels": {}}', "format 99 is newer"),
        ('{"labels": {}}', "'format' is None"),
        (json.dumps({"format": 1, "labels": {"a": {key: "lots"}}}), "'lots' is no amount"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said) as caught:
            _ = pipeline.load_run(run.folder.path).labels
        assert LABELS in str(caught.value)


@pytest.mark.parametrize("language", first(1, ["en", "nl"]))
def test_the_page_says_it_in_a_sentence(run, language: str) -> None:
    def said() -> str:
        made = material(pipeline.load_run(run.folder.path))
        return "\n".join(sure.build(made, spoken(made, language))["items"])

    words = {"en": "Checked by a person", "nl": "Een mens las mee"}[language]
    enough = {"en": "not enough to tell", "nl": "te weinig om te zeggen"}[language]
    assert words not in said()
    session = Session(run, "a", 4)
    read = {response.key: answer for response, answer in run.everything()}
    for key in session.left:
        annual = read[key].annual
        session.label(key, "-" if annual is None else f"{annual:.2f}")
    assert words in said()
    assert enough not in said()
    session.label(session.chosen[0], "12345")
    assert re.search(r"\(\S+ [01] \S+ 4, \S+ [01] \S+ 4\)", said())
    assert enough in said()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_page_corrects_where_there_are_labels_enough(language: str) -> None:
    made = run_of(audit_of(models=1))
    j = made.judgements[0]
    about = (j.endpoint, j.attribute, j.level, j.reference)
    errors = tuple(ReadingError(*about[:2], level, 90, 40, 6, 1, 1, 0.2, 0.1, 0.3) for level in about[2:])
    corrected = Corrected(*about, "", 0.03, -0.02, -0.05, 0.01)
    found = ReadingErrors(80, 16, errors, (corrected,))
    made = replace(made, reading_errors=found)
    text = labelled_words(View(made, spoken(made, language)), [j]).replace("\xa0", " ")
    assert all(re.search(n, text) for n in ("−2[.,]0", "−4[.,]9", r"1[.,]0", "80", "16", "8 .{2,3} 40")), text
    assert not re.search(r"[{}]", text)
