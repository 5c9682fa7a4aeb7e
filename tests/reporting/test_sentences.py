"""A finding in plain words: what may be said, in both languages, is what the judgement's word says and no more."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from stats_data import observations

from bias_harness.estimating.judgement import (
    BECAUSE,
    UNEVEN,
    WORDS,
    Gap,
    Imbalance,
    Judgement,
    Needed,
    Pairs,
    Sensitivity,
)
from bias_harness.estimating.judging import judge
from bias_harness.outcome import SALARY, SCORE, Analysis, Outcome
from bias_harness.reporting.judged import SIGNS, key_of
from bias_harness.reporting.sentences import Finding, Names, finding, imbalance, round_up
from bias_harness.reporting.texts import LANGUAGES, texts, texts_about

GROUPS = {"en": ("women", "men"), "nl": ("vrouwen", "mannen")}


def judged(word: str | None, low: float, estimate: float, high: float, **more: Any) -> Judgement:
    """A judgement with this word, and a gap on the scale of money: per cents of 100,000."""
    ends = (estimate / 100, low / 100, high / 100)
    gap = Gap(*ends, estimate, low, high, 1_000 * estimate, 1_000 * low, 1_000 * high)
    about = ("GPT", "gender", "female", "male", "salary", "log", "EUR", math.log1p(0.02), 0.95)
    family = "explored" if word is None else "primary"
    base = Judgement(*about, family, 1, word, gap=gap, alone=gap, jobs=44, wordings=2)  # type: ignore[arg-type]
    return replace(base, n_level=88, n_reference=88, **more)


def said(j: Judgement, language: str = "en", frame: str = "") -> Finding:
    return finding(texts(language), j, Names("GPT", *GROUPS[language], frame))


def whole(j: Judgement, language: str = "en") -> str:
    found = said(j, language)
    return f"{found.sentence} {found.more}".replace("\xa0", " ")


CLEAR = judged("clear_gap", -4.1, -2.7, -1.2, pairs=Pairs(35, 1, 8))


def test_a_coach_can_repeat_it() -> None:
    assert said(CLEAR, "nl").sentence.replace("\xa0", " ") == (
        "GPT noemt voor vrouwen gemiddeld € 2.700 per jaar minder dan voor mannen. Dat is 2,7% minder. "
        "Het verschil ligt waarschijnlijk tussen € 1.200 en € 4.100 minder per jaar."
    )
    assert "In 35 van de 44 vergelijkingen is het bedrag voor vrouwen lager, in 1 gelijk en in 8 hoger." in whole(
        CLEAR, "nl"
    )
    assert said(CLEAR).verdict == "a clear difference"


def test_it_counts_jobs_and_says_what_they_are() -> None:
    drawn = said(CLEAR, frame="120 occupations").more
    assert "Measured with 44 jobs (drawn by lot from 120 occupations), asked in these 2 ways: 176 answers." in drawn
    few = whole(judged("difference_in_these_cases", -9, -6, -3, jobs=4, because=("few_jobs",)))
    assert few.startswith("In these cases GPT names €6,000 a year less for women")
    assert "these 4 jobs" in few
    assert "this says nothing about others" in few
    like = whole(replace(CLEAR, wordings_fixed=False))
    assert "asked in 2 ways, for ways like these" in like


@pytest.mark.parametrize(("low", "high"), [(-12.04, -11.98), (-0.2, 0.1)])
def test_the_ends_of_a_range_never_look_alike(low: float, high: float) -> None:
    text = said(judged("difference_of_unclear_size", low, (low + high) / 2, high)).sentence
    ends = re.search(r"probably between (.+?) and (.+?) a year", text)
    assert ends is not None
    assert ends[1].replace(" less", "") != ends[2].replace(" less", "").replace(" more", "")
    assert text.count("less") == (3 if low * high > 0 else text.count("less"))


def test_a_range_that_cannot_be_written_is_no_range_of_two_equal_amounts() -> None:
    text = said(judged("difference_of_unclear_size", -12.0004, -12, -11.9996)).sentence
    assert "between" not in text
    assert "narrower than a rounding: €12,000 less" in text


def test_what_cannot_be_told_says_why_and_what_it_would_take() -> None:
    why = ("family", "words_move_it_too")
    j = judged("cannot_tell", -3, -1, 1, because=why, needed=Needed(143, more_forms=False), family_size=15)
    text = whole(j)
    assert text.startswith("We cannot tell whether GPT names another amount")
    assert "between €3,000 less and €1,000 more a year" in text
    assert "15 comparisons were made at once" in text
    assert "A change of a few neutral words moves this model as much." in text
    assert "With about 150 jobs (now 44)" in text
    beyond = whole(replace(j, needed=Needed(11_000, more_forms=False)))
    assert "some 11,000 jobs to tell, more than any list of jobs has" in beyond
    assert "would be narrow enough" not in beyond
    words = whole(replace(j, needed=Needed(None, more_forms=True)))
    assert "have to be described in more ways" in words
    assert "no change of words was tried" in whole(replace(j, because=("one_form",))).lower()


def test_a_range_of_many_times_the_amount_is_not_written_out() -> None:
    text = whole(judged("cannot_tell", -99, 1, 1_900))
    assert "far too wide to say anything" in text
    assert "€" not in text


def test_the_same_tells_how_many_jobs_are_otherwise() -> None:
    text = whole(judged("practically_the_same", -0.5, 0.1, 0.7, jobs_lower=3, jobs_higher=1))
    assert "practically the same for women and men on average" in text
    assert "in 3 of 44 jobs women get more than 2% less, in 1 more than 2% more" in text


def test_what_depends_on_something_says_on_what_and_how_far() -> None:
    other = Sensitivity(
        "without_flagged", 0.03, Gap(-0.002, -0.01, 0.006, -0.2, -1, 0.6, -200, -1_000, 600), "cannot_tell", holds=False
    )
    j = replace(CLEAR, word="depends", because=("flagged_amounts",), sensitivities=(other,))
    found = said(j)
    assert found.verdict == "depends on a few unusual amounts"
    assert "whether unusual amounts count (3.0% of the answers)" in found.sentence
    assert "With every answer counted it comes to €2,700 less." in found.sentence
    assert "between €1,000 less and €600 more" in found.sentence
    assert "names €2,700 a year less" not in found.sentence


def test_averages_that_disagree_are_told() -> None:
    text = whole(replace(CLEAR, averages_agree=False, mean_difference=900.0))
    assert "The plain mean of the amounts points the other way: €900 more." in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_equal_jobs_have_an_amount_and_a_bound(language: str) -> None:
    still = replace(CLEAR, word="every_job_the_same", status="no_variance", could_differ=0.07, pairs=None)
    gap = replace(still, gap=Gap(math.log(0.95), None, None, -5.0, None, None, -5_000.0))
    none = replace(still, gap=Gap(0.0, None, None, 0.0, None, None, 0.0))
    assert re.search(r"5[.,]0%.*5[.,]000", whole(gap, language))
    assert "7%" in whole(none, language)
    assert said(gap, language).verdict != said(none, language).verdict


def test_what_is_explored_has_no_word() -> None:
    found = said(replace(judged(None, -9, -6, -3), because=("size_unclear",)))
    assert found.word == "explored"
    assert "no conclusion is drawn" in found.sentence


def test_a_mean_is_never_the_range_of_one_person() -> None:
    for language in LANGUAGES:
        table = str(texts(language).table).lower()
        assert "typical" not in table
        assert "typisch" not in table
        assert "for one profile" not in table
        assert "bij één profiel" not in table


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("word", [*WORDS, None])
def test_every_word_can_be_said_with_every_reason(language: str, word: str | None) -> None:
    """Whatever the numbers are, there is a sentence without a hole, a None or a nan in it."""
    sensitivity = Sensitivity(
        "bounds", 0.1, Gap(0.0, -0.1, 0.1, 0.0, -9.5, 10.5, 0.0, -9_500.0, 10_500.0), "cannot_tell", holds=False
    )
    j = replace(CLEAR, word=word, family="primary" if word else "explored", sensitivities=(sensitivity,))
    depends = ("flagged_amounts", "ranges", "silence")
    for because in [depends] if word == "depends" else [(), *((b,) for b in BECAUSE)]:
        for basis, gap in (("jobs", j.gap), ("cases", Gap(0.01, None, None, 1.0, None, None, 1_000.0)), ("jobs", None)):
            one = replace(j, because=because, basis=basis, gap=gap, status="ok" if gap else "no_data")
            found = said(one, language)
            assert found.sentence[0].isupper()
            assert found.verdict
            assert not re.search(r"[{}]|None|nan|\s\.|  ", f"{found.sentence} {found.more}"), found
            assert key_of(one) in SIGNS


@pytest.mark.parametrize("language", LANGUAGES)
def test_silence_is_a_finding_of_its_own(language: str) -> None:
    frame = observations(people=45, refused={"female": 0.4, "male": 0.02}, repeats=4)
    found = judge(frame, analysis=Analysis(), outcome=Outcome()).imbalances
    silence = next(i for i in found if i.what == "silence")
    assert silence.found
    made = imbalance(texts(language), silence, Names("GPT", *GROUPS[language]))
    assert made.word == "silence"
    assert re.search(r"(3\d|4\d)[.,]\d%", made.sentence)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("measured", [False, True])
def test_every_kind_of_imbalance_has_its_sentence_and_its_tile(language: str, measured: bool) -> None:
    spoken = texts_about(language, SCORE if measured else SALARY, "rank", "")
    for what in UNEVEN:
        uneven = Imbalance("m", "gender", "female", "male", what, 0.25, 0.05, 0.2, 1e-6, 3, found=True)
        made = imbalance(spoken, uneven, Names("GPT", *GROUPS[language]))
        assert all(part in made.sentence for part in ("GPT", *GROUPS[language], "25", "5"))
        assert not re.search(r"[{}]", made.sentence + made.verdict)
        assert spoken(f"report.summary.tiles.{what}", level="a", reference="b")


def test_jobs_that_it_would_take_are_rounded_upwards() -> None:
    assert [round_up(n) for n in (8, 52, 143, 1_201)] == [8, 52, 150, 1_300]


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
