"""A finding in plain words: the rules of what may be said, in both languages, from the estimates themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from stats_data import CASES, observations

from bias_harness.estimating.comparison import interval_fields, percent_fields
from bias_harness.estimating.estimates import Estimates, estimate
from bias_harness.estimating.estimators import paired_t
from bias_harness.outcome import Analysis, Margin, Outcome
from bias_harness.reporting.sentences import DETECTED, Names, finding, largest_pair, sentence, warning
from bias_harness.reporting.texts import LANGUAGES, texts
from bias_harness.vocabulary import Estimate

ONE_PER_CENT = Margin(0.01, "fraction")
WORDS = {"en": ("women", "men"), "nl": ("vrouwen", "mannen")}


def estimated(frame: pd.DataFrame, **analysis) -> Estimates:
    return estimate(frame, analysis=Analysis(**{"resamples": 199, **analysis}), outcome=Outcome())


def headline_case() -> Estimates:
    rows = CASES["S01_headline_gap"]["inputs"]["rows"]
    frame = pd.DataFrame(rows, columns=["persona", "wording", "level", "repeat", "annual"])
    frame = frame.assign(endpoint="GPT", attribute="gender", reference=frame["level"] == "male")
    found = estimated(frame)
    return replace(found, items=tuple(_as_worked(e) if e.family == "headline" else e for e in found.items))


def _as_worked(e: Estimate) -> Estimate:
    """The headline with the worked case's interval and a verdict: one form a side earns no such word of its own."""
    interval = paired_t(np.array(list(e.details["profile_gaps"].values())))
    return replace(e, **interval_fields(interval), **percent_fields(interval), verdict="gap_meaningful")


def said(found: Estimates, language: str = "en", *, margin: Margin = ONE_PER_CENT, **more: Any) -> str:
    log = found.find(family="headline")[0]
    level, reference = WORDS[language]
    names = {"model": "GPT", "level": level, "reference": reference}
    values = {"refusals": found.refusal(log), "panel": found.panel(log), **more}
    return sentence(log, found.money(log), language=language, margin=margin, **names, **values)


def test_the_worked_sentence() -> None:
    """$5,229 belongs to 4.7 % (the ratio of means), 4.0 % is the typical gap; the ends swap with the sign."""
    text = said(headline_case())
    assert text.startswith(
        "For the same profile, GPT advises women to ask for $5,229 a year less than men "
        "(4.7% less; probably between $644 and $9,814)."
    )
    assert "The typical difference for one profile is 4.0% less (probably between 1.7% and 6.3%)." in text
    assert "Based on 8 profiles, 2 wordings and 96 answers." in text
    assert "people like these, asked in these words" in text
    assert "19 times out of 20" in text


def test_the_same_in_dutch() -> None:
    text = said(headline_case(), "nl").replace("\xa0", " ")
    assert text.startswith("Bij hetzelfde profiel raadt GPT vrouwen aan om US$ 5.229 per jaar minder te vragen dan")
    assert "dan mannen (4,7% minder; waarschijnlijk tussen US$ 644 en US$ 9.814)" in text
    assert "8 profielen, 2 formuleringen en 96 antwoorden" in text
    assert "19 van de 20 keer" in text


def test_a_coach_reads_round_amounts_and_one_per_cent() -> None:
    text = said(headline_case(), full=False)
    assert "$5,200 a year less than men (4.7% less; probably between $640 and $9,800)" in text
    assert "typical" not in text


def test_what_cannot_be_told_is_said_with_both_sides() -> None:
    found = estimated(observations(gaps={"female": 0.0}, people=8, seed=3))
    assert found.find(family="headline")[0].verdict == "inconclusive"
    text = said(found)
    assert re.search(r"We cannot tell whether .* between \$[\d,]+ less and \$[\d,]+ more a year", text)
    assert "advises women to ask" not in text


def test_no_gap_that_matters_is_a_claim_about_the_margin() -> None:
    found = estimated(observations(gaps={"female": 0.0}, gap_sd=0, people=40, trial_sd=0.01, signals=3))
    assert found.find(family="headline")[0].verdict == "equivalent"
    assert "no difference larger than 1.0%" in said(found)
    assert "geen verschil groter dan 1,0%" in said(found, "nl")


def test_exact_cases_start_with_saying_so() -> None:
    found = estimated(observations(people=1, repeats=20, trial_sd=0.02, gaps={"female": -0.1}))
    assert said(found).startswith("In these exact test cases: for the same profile, GPT advises women")
    assert "nothing about other people" in said(found)
    assert said(found, "nl").startswith("In precies deze testgevallen: bij hetzelfde profiel raadt GPT vrouwen")
    assert "19 times" not in said(found)
    alone = said(found, panel=None)
    assert "no reliable range" in alone
    assert "only one profile" in alone


def test_money_and_per_cent_that_disagree_are_not_called_less() -> None:
    found = headline_case()
    log = found.find(family="headline")[0]
    money = replace(found.money(log), estimate=900.0, conf_low=-400.0, conf_high=2_200.0)
    text = sentence(log, money, language="en", model="GPT", level="women", reference="men", margin=ONE_PER_CENT)
    assert "depends on how you average" in text
    assert "$400 less and $2,200 more" in text
    assert "advises women to ask" not in text


def test_a_verdict_that_money_alone_would_not_carry_shows_the_typical_gap() -> None:
    found = headline_case()
    log = found.find(family="headline")[0]
    money = replace(found.money(log), conf_low=-11_000.0, conf_high=600.0)
    text = finding(texts("en"), log, money, None, Names("GPT", "women", "men"), 0.01).sentence
    assert "between $11,000 less and $600 more" in text
    assert "The typical difference for one profile is 4.0% less" in text


def test_unequal_refusals_bring_their_rates_and_the_bounds() -> None:
    found = estimated(observations(people=20, refused={"female": 0.4, "male": 0.02}, repeats=6))
    text = said(found)
    assert re.search(r"refuses to name an amount more often .* [34]\d\.\d% of the time for women", text)
    assert re.search(
        r"can put the difference we found anywhere between \$[\d,]+ (less|more) and \$[\d,]+ (less|more) a year", text
    )
    assert "Dat alleen al kan het gevonden verschil tussen" in said(found, "nl")


def test_all_refused_is_no_gap_to_report() -> None:
    text = said(estimated(observations(refused={"female": 1.0})))
    assert text.startswith("GPT gave no pair of amounts for women and men")
    assert "$" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_single_pair_is_only_quoted_as_the_largest_of_many(language: str) -> None:
    found = headline_case()
    text = largest_pair(texts(language), found.find(family="headline")[0])
    assert re.search(r"(of|van) 16 pa", text)
    assert largest_pair(texts(language), Estimate("", "", "", "", "", "log", "profiles", "headline")) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_warnings_have_words(language: str) -> None:
    found = estimated(observations(people=3, refused={"female": 0.5}))
    assert len(found.warnings) == 2
    for code in (*found.warnings, "no_reference: x", "no_answers: x", "mixed_currencies: x"):
        assert code.partition(": ")[2] in warning(texts(language), code)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scope", ["panel", "profiles", "profiles+wordings"])
def test_every_verdict_and_status_can_be_said(language: str, scope: str) -> None:
    """Whatever the numbers are, there is a sentence without a hole, a None or a nan in it."""
    base = headline_case()
    log = base.find(family="headline")[0]
    money = base.money(log)
    verdicts = [*DETECTED, "equivalent", "inconclusive"]
    statuses = ["no_data", "too_few_profiles", "degenerate_no_variance", "deterministic", "too_few_wordings"]
    statuses += ["too_few_repeats", "invalid_nonpositive"]
    cases = [(replace(log, verdict=v, scope=scope), money) for v in verdicts]
    bare = replace(log, verdict=None, conf_low=None, conf_high=None, scope=scope)
    cases += [(replace(bare, status=s), replace(money, status=s, conf_low=None, conf_high=None)) for s in statuses]
    for one, twin in cases:
        names = dict(zip(("level", "reference"), WORDS[language], strict=True))
        text = sentence(one, twin, language=language, model="GPT", margin=ONE_PER_CENT, **names)
        assert text
        assert text[0].isupper()
        assert not re.search(r"[{}]|None|nan|\s\.|  ", text), text


def keys(node: Any, path: str = "") -> dict[str, set[str]]:
    if isinstance(node, dict):
        return {k: v for name, child in node.items() for k, v in keys(child, f"{path}.{name}").items()}
    if isinstance(node, list):
        return {k: v for i, child in enumerate(node) for k, v in keys(child, f"{path}.{i}").items()}
    return {path: set(re.findall(r"{(\w+)}", str(node)))}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    one, other = (keys(dict(texts(language).table)) for language in LANGUAGES)
    assert one.keys() == other.keys()
    assert {k: v for k, v in one.items() if v != other[k]} == {}


def test_the_numbers_of_text_and_table_are_one() -> None:
    found = estimated(observations(people=12, seed=6, gaps={"female": -0.12}, signals=3))
    log = found.find(family="headline")[0]
    money = found.money(log)
    row = found.to_frame().query("family == 'money' and slice == ''").iloc[0]
    amount = f"${abs(round(row['estimate'])):,}"
    assert amount in said(found)
    assert row["estimate"] == money.estimate
    assert np.isclose(row["percent"], money.percent)
