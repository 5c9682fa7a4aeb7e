"""No page, figure, table, alternative text, terminal line or file asserts more than the judgements' words.

A spread of runs is rendered whole, and every phrase that asserts something is looked for in all of it: it may stand
there only where a judgement of that run has that word.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from cases import kept
from gallery_runs import JOBS, told
from places import ROOT
from report_runs import GENDER, audit_of, run_of

from bias_harness.estimating.judgement import ASSERTS_A_DIFFERENCE, ASSERTS_SAMENESS, WORDS, Judgement
from bias_harness.handwritten import parse_shipped
from bias_harness.reporting.accounting import account_lines
from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.charts.forest import Forest
from bias_harness.reporting.charts.heat import Heat
from bias_harness.reporting.charts.pairs import Slopes
from bias_harness.reporting.charts.scene import Sign
from bias_harness.reporting.charts.strip import Strip
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.headline import few
from bias_harness.reporting.judged import SIGNS, key_of, shown
from bias_harness.reporting.material import View, spoken
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.report import documents, render_comparison
from bias_harness.reporting.sections import Material, first, summary
from bias_harness.reporting.sections.compare import changes
from bias_harness.reporting.texts import LANGUAGES, texts
from bias_harness.vocabulary import Trial

ASSERT = frozenset(WORDS) - {"cannot_tell", "depends"}
LOCALE = ROOT / "bias_harness" / "reporting" / "locale"
EIGHT: dict[str, Any] = {**JOBS, "personas": {"people": "us-jobs", "jobs": 8}}
NO_WORDS: dict[str, Any] = {"placebo": {"signals": False, "edits": False}, "models": 1}
SCORE: dict[str, Any] = {
    "outcome": {"measure": "score", "label": {"en": "the mark"}, "unit": {"en": "points"}, "plausible": [1, 10]},
    "analysis": {"smallest_difference": 0.25},
}


def marked(trial: Trial, chance: random.Random) -> str:
    return f"I would give it {7 - 0.8 * (trial.level == 'female') + chance.gauss(0, 0.1):.1f} out of 10."


def called(trial: Trial, chance: random.Random) -> str:
    return "Correct." if chance.random() < 0.6 - 0.3 * (trial.level == "female") else "Incorrect."


SPREAD: Mapping[str, Callable[[], Material]] = {
    "no bias": lambda: run_of(audit_of(**JOBS), told(0, 0.01)),
    "clear gap": lambda: run_of(audit_of(**EIGHT), told(0.1, 0.01)),
    "size unclear": lambda: run_of(audit_of(**EIGHT), told(0.012, 0.01)),
    "too small": lambda: run_of(audit_of(**JOBS), told(0.008, 0.005)),
    "noise": lambda: run_of(audit_of(**EIGHT), told(0.01, 0.1)),
    "few jobs": lambda: run_of(audit_of(models=1, repeats=3), told(0.1, 0.01)),
    "one job": lambda: run_of(
        audit_of(models=1, repeats=4, personas={"people": "denver", "fields": ["law"], "seniorities": ["senior"]}),
        told(0.1, 0.01),
    ),
    "one form": lambda: run_of(audit_of(**{**NO_WORDS, "personas": EIGHT["personas"]}), told(0.1, 0.01)),
    "unequal refusals": lambda: run_of(audit_of(**JOBS), told(0.0, 0.01, refused=0.4)),
    "flagged": lambda: run_of(audit_of(**JOBS), told(0.0, 0.01, odd=0.12)),
    "still": lambda: run_of(audit_of(models=1), told(0.0, 0.0)),
    "evenly": lambda: run_of(audit_of(models=1), told(0.05, 0.0)),
    "refused": lambda: run_of(audit_of(models=1), lambda _trial, _chance: "I'm sorry, but I can't name a salary."),
    "combined": lambda: run_of(
        audit_of("after-thws-2025", models=1, wordings=["terse"], attributes=[{"name": "combined", "signals": 1}]),
        told(0.1, 0.01),
    ),
    "explored": lambda: run_of(
        audit_of(**{**EIGHT, "attributes": [GENDER, "migration"], "primary": ["migration"]}), told(0.1, 0.01)
    ),
    "a score": lambda: run_of(audit_of("grading", wordings=["interest", "letter"], **SCORE), marked),
    "a share": lambda: run_of(audit_of("grading", wordings=["interest", "letter"]), called),
}


@cache
def run(name: str) -> Material:
    return SPREAD[name]()


@cache
def assertions(language: str) -> dict[str, set[str]]:
    """Pattern of a phrase that asserts -> the words that may say it: the words as shown, and their sentences."""
    told: list[tuple[str, str]] = [("every_job_the_same", texts(language)("sentences.evenly"))]
    for about in (language, f"measured.{language}"):
        table = parse_shipped((LOCALE / f"{about}.yaml").read_text(encoding="utf-8"))
        table = table.get("texts", table)
        told += [(w, phrase) for w, phrase in table["verdicts"].items() if w in ASSERT]
        told += [(w, table["sentences"][w]) for w in ("practically_the_same", "every_job_the_same")]
        told += [("every_job_the_same", table["sentences"]["evenly_gap"]), *table["sentences"]["gap"].items()]
        told += headings(table["heading"])
    patterns = {pattern(phrase) for _, phrase in told}
    return {
        p: {w for w, phrase in told if re.search(p, re.sub(r"{\w+}", "X", phrase), re.IGNORECASE)} for p in patterns
    }


def headings(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(word, phrase) of the headings that assert something, of one model and of several."""
    one, several = table["one"], table["several"]
    yield from ((w, phrase) for w, phrase in one.items() if w in ASSERT)
    yield "every_job_the_same", one["evenly"]
    yield from ((w, several[key]) for key in ("differ", "differ_either_way") for w in ASSERTS_A_DIFFERENCE)
    same = (*ASSERTS_SAMENESS, "every_job_the_same")
    yield from ((w, several[key]) for key in ("same", "same_some") if key in several for w in same)


def pattern(phrase: str) -> str:
    """A phrase as it may be filled in: each placeholder is a few words of one sentence."""
    parts = [re.escape(part.strip()) for part in re.split(r"{\w+}", phrase) if part.strip(" .,:")]
    return r"\s?(?:(?!\. ).){1,60}?\s?".join(parts)


def everything(material: Material, language: str) -> Iterator[tuple[str, str]]:
    """(where, text) of all that is made of a run in a language: pages, figures with their words, tables, terminal."""
    for name, data in documents(material, [language]).items():
        shown = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", data.decode(), flags=re.DOTALL)
        yield name, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown)).replace("\xa0", " ")
    view = View(material, spoken(material, language))
    for drawing in Drawings(view):
        table = "\n".join(" | ".join(row) for row in drawing.chart.table().shown(view.texts))
        yield (
            drawing.id,
            " ".join((drawing.title, drawing.alt, drawing.note, table, drawing.chart.table().to_csv().decode())),
        )
    yield "terminal", terminal(view)
    yield "judgements.csv", material.estimates.judgements.to_frame().to_csv()
    yield "estimates.csv", material.estimates.to_frame().to_csv()


def terminal(view: View) -> str:
    built = first.build(view.material, view.texts)
    lines = [f"{f['verdict']}: {f['sentence']} {f['more']} {f['numbers']}" for f in built["findings"] + built["uneven"]]
    return "\n".join([*lines, *account_lines(view)]).replace("\xa0", " ")


@pytest.mark.parametrize("language", ["nl", pytest.param("en", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", kept(["no bias", "clear gap", "size unclear", "evenly", "one form", "a share"], SPREAD)
)
def test_a_phrase_that_asserts_stands_only_where_the_judgement_does(name: str, language: str) -> None:
    material = run(name)
    words = {j.word or "explored" for j in material.judgements}
    told = assertions(language)
    for where, text in everything(material, language):
        for phrase, of in told.items():
            found = re.search(phrase, text, re.IGNORECASE)
            assert found is None or of & words, (where, found[0], of, words)
        for word in WORDS:
            assert not re.search(rf"\b{word}\b", text) or word in words, (where, word, words)
        assert not re.search(r"gap_meaningful|gap_detected|\bequivalent\b(?! se)|inconclusive", text), where


def test_the_spread_earns_every_word() -> None:
    """Otherwise the test above would prove less than it says."""
    earned = {j.word for name in SPREAD for j in run(name).judgements}
    assert earned == {*WORDS, None}


def test_the_phrases_are_found_where_they_are_earned() -> None:
    """The search itself: it finds each word on the page of a run that has it."""
    for name in SPREAD:
        text = terminal(View(run(name), spoken(run(name), "en")))
        for j in run(name).judgements:
            if j.word in ("clear_gap", "practically_the_same", "difference_of_unclear_size"):
                assert any(re.search(p, text, re.IGNORECASE) for p, of in assertions("en").items() if j.word in of)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SPREAD)
def test_the_heading_of_one_model_is_its_words_and_its_amount_is_the_judgements(name: str, language: str) -> None:
    material = run(name)
    view = View(material, spoken(material, language))
    leading = Drawings(view).gaps.leading
    told = summary.build(material, view.texts)
    if few(leading):
        assert re.search(pattern(view.texts("heading.few")), told["heading"])
        return
    differ = [j for j in leading if j.differs]
    if len(leading) > 1 and len(differ) != 1:
        assert_counted(view, leading, differ, told["heading"])
        return
    (j,) = differ or leading
    evenly = j.word == "every_job_the_same" and j.gap is not None and j.gap.estimate != 0
    key = "no_data" if j.gap is None else "evenly" if evenly else key_of(j)
    assert re.search(pattern(view.texts(f"heading.one.{key}")), told["heading"])
    if j.word in ("clear_gap", "difference_in_these_cases", "difference_in_these_words"):
        assert j.gap is not None
        amount = Pay(view.texts, material.audit.experiment.outcome).words(j).size
        value = j.gap.money if j.gap.money is not None else shown(j)[0]
        assert amount(value or 0.0) in told["heading"]
        assert amount(value or 0.0) in told["tiles"][0]["big"]
    assert (told["client"] is not None) <= j.differs


def assert_counted(view: View, leading: list[Judgement], differ: list[Judgement], heading: str) -> None:
    """Of several models the heading says how many differ, and nothing of a difference where none does."""
    ways = ("differ", "differ_either_way") if differ else ("same", "same_some", "unknown")
    said = [pattern(view.texts(f"heading.several.{key}")) for key in ways]
    if all(j.gap is None for j in leading):
        said = [pattern(view.texts("heading.nothing"))]
    assert any(re.search(p, heading) for p in said)
    if differ:
        counts = [view.texts.number(len(x)) for x in (differ, leading)]
        assert Counter(counts) <= Counter(re.findall(r"\d+", heading))


def drawn(material: Material) -> Iterator[Drawing]:
    return iter(Drawings(View(material, texts("en"))))


@pytest.mark.parametrize("name", SPREAD)
def test_signs_and_colours_say_no_more_than_the_word(name: str) -> None:
    from bias_harness.reporting.charts.mpl.axes import MARKERS

    """Forests have the sign of the word, heat maps colour only what is asserted or what zero is left out of."""
    for drawing in drawn(run(name)):
        chart = drawing.chart
        if isinstance(chart, Forest):
            assert [r.word for r in chart.rows if MARKERS[SIGNS[r.word]] == "D"] == [
                r.word for r in chart.rows if r.word == "clear_gap"
            ]
        if isinstance(chart, Strip):
            assert {d.word for d in chart.dots if not d.placebo} <= {key_of(j) for j in run(name).judgements}
        if isinstance(chart, Slopes):
            assert chart.word in {key_of(j) for j in run(name).judgements}
        if isinstance(chart, Strip | Slopes) and "clear_gap" not in {j.word for j in run(name).judgements}:
            signs = [m for m in chart.scene(texts("en"), 720).marks if isinstance(m, Sign)]
            gaps = signs if isinstance(chart, Strip) else signs[-1:]
            assert not [s for s in gaps if s.shape == "diamond" or s.kind == "dot clear"]
        if isinstance(chart, Heat):
            for cell in (c for row in chart.rows for c in row.cells):
                coloured = cell.tone[-1:] in "1234" and cell.tone[:4] in ("less", "more")
                if coloured and cell.word not in (None, "explored"):
                    assert any(j.differs and key_of(j) == cell.word for j in run(name).judgements)
                elif coloured:
                    assert cell.low is not None
                    assert cell.high is not None
                    assert cell.low * cell.high > 0
                    assert cell.jobs >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comparison_of_runs_says_the_words_of_its_changes(language: str) -> None:
    audit = audit_of(**EIGHT)
    same, less = (run_of(audit, told(x, 0.01), name=str(x)) for x in (0.0, 0.1))
    for other in (same, less):
        html = render_comparison([same, other], language)
        words = {c.word for c in changes([same, other])}
        for word, phrase in texts(language).under("report.compare.words.over").items():
            assert (f": {phrase} (" in html) == (word in words)
    assert {c.word for c in changes([same, less])} == {"clear_gap"}
