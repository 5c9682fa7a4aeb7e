"""The page: its numbers are the estimates' numbers, nothing leaks, nothing is missing, whatever the run is like."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import first
from named_runs import NAMES, ONE_PAIR, always, documents_of, embedded, in_turn, page, research, run
from places import ROOT
from report_runs import GENDER, audit_of, plain, run_of

from bias_harness.errors import InputError, UsageError
from bias_harness.handwritten import parse_shipped
from bias_harness.outcome import Outcome, shown_gap
from bias_harness.reading import read
from bias_harness.reporting.charts.forest import axis, letters
from bias_harness.reporting.charts.heat import HeatCell
from bias_harness.reporting.charts.scene import Scale
from bias_harness.reporting.escaping import visible
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.judged import shown
from bias_harness.reporting.material import View
from bias_harness.reporting.report import (
    documents,
    figure_files,
    pages,
    render_comparison,
    render_report,
    render_research,
    render_summary,
    summary_card,
    summary_picture,
)
from bias_harness.reporting.sections.answers import reading
from bias_harness.reporting.sections.compare import changes
from bias_harness.reporting.texts import texts
from bias_harness.reporting.yardsticks import addresses
from bias_harness.vocabulary import Answer, Estimate

pytestmark = pytest.mark.drawn
LOCALE = ROOT / "bias_harness" / "reporting" / "locale"


class Tags(HTMLParser):
    """Every tag with its attributes, and all ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def count(self, name: str) -> int:
        return sum(tag == name for tag, _ in self.tags)

    @property
    def ids(self) -> list[str]:
        return [str(a["id"]) for _, a in self.tags if "id" in a]


def keys(node: Any, path: str = "") -> dict[str, set[str]]:
    """Dotted key -> the placeholders of its text."""
    if isinstance(node, dict):
        return {k: v for name, below in node.items() for k, v in keys(below, f"{path}.{name}").items()}
    if isinstance(node, list):
        return {k: v for i, below in enumerate(node) for k, v in keys(below, f"{path}[{i}]").items()}
    return {path: set(re.findall(r"{(\w+)}", str(node)))}


@pytest.mark.parametrize("part", ["report", "figures", "measured", "site", "probabilities"])
def test_languages_have_the_same_texts_with_the_same_placeholders(part: str) -> None:
    nl, en = (keys(parse_shipped((LOCALE / f"{part}.{x}.yaml").read_text(encoding="utf-8"))) for x in ("nl", "en"))
    assert nl == en


@pytest.mark.parametrize("path", sorted(LOCALE.glob("*.yaml")), ids=lambda path: path.name)
def test_no_text_is_written_over_by_another_of_the_same_key(path: Path) -> None:
    def twice(node: yaml.Node) -> list[str]:
        if not isinstance(node, yaml.MappingNode):
            return []
        names = [key.value for key, _ in node.value]
        return [n for n in set(names) if names.count(n) > 1] + [n for _, below in node.value for n in twice(below)]

    assert twice(yaml.compose(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_every_run_gives_a_readable_page(name: str, language: str) -> None:
    for html in (page(name, language), research(name)):
        tags = Tags(html)
        assert tags.count("h1") == tags.count("style") == 1
        assert len([a for t, a in tags.tags if t == "script" and "type" not in a]) == 1
        assert len(tags.ids) == len(set(tags.ids))
        assert not [(t, a) for t, a in tags.tags for k in a if k == "style" or k.startswith("on")]
        text = re.sub(r"<script.*?</script>|<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
        assert not re.search(r"\b(nan|NaN|None|inf|Infinity|Undefined)\b", text)
        assert len(html) < 2_000_000


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere_in_the_page_itself(name: str) -> None:
    """So that a page that is mailed alone has no dead link: elsewhere lead only the addresses of its own list."""
    for file, html in documents_of(name).items():
        tags = Tags(html.decode())
        for link in {str(a["href"]) for t, a in tags.tags if t == "a"} - addresses():
            assert link[:1] == "#", (file, link)
            assert link[1:] in tags.ids, (file, link)


def test_heading_tile_ranking_sentence_table_figure_and_alternative_text_say_the_same_number() -> None:
    material = run("plain")
    for language in ("nl", "en"):
        view = View(material, texts(language))
        drawings, html = Drawings(view), page("plain", language)
        drawing = drawings.gaps.lead
        assert drawing is not None
        for e in drawings.gaps.leading:
            assert e.gap is not None
            assert e.gap.percent is not None
            row = next(r for r in drawing.chart.rows if r.group == view.model(e.endpoint))  # type: ignore[attr-defined]
            numbers = (e.gap.percent, e.gap.percent_low, e.gap.percent_high)
            assert (row.percent, row.low, row.high) == pytest.approx(numbers)
            headline = material.estimates.headline(e.endpoint, e.attribute, e.level)
            assert headline is not None
            assert headline.percent == e.gap.percent
            shown = view.texts.percent(e.gap.percent)
            assert f">{shown}</text>" in html
            assert shown in drawing.alt
            if language == "en":
                assert f"{shown}</td>" in research("plain")
                assert f">{view.texts.percent(e.gap.percent, 2)}</a>" in research("plain")
        found = next(e for e in drawings.gaps.leading if e.differs)
        assert found.gap is not None
        amount = view.texts.money(abs(found.gap.money or 0), "USD")
        percent = view.texts.percent(abs(found.gap.percent or 0))
        assert amount in re.findall(r"<h1>(.*?)</h1>", html)[0]
        tile = re.findall(r"<li><b>(.*?)</b> <span>(.*?)</span></li>", html)[0]
        assert amount in tile[0]
        assert percent in tile[1]
        assert re.search(rf"<td>{re.escape(amount)} (minder|less)<small>", html)
        sentence = next(s for s in re.findall(r"<p>(.*?)</p>|$", page("plain", "nl")) if "a year less" in s)
        assert texts("en").money(abs(found.gap.money or 0), "USD") in sentence


def test_figure_files_hold_the_estimates_unrounded() -> None:
    files = figure_files(run("plain"), "F3", formats=["svg"])
    rows = files["F3.csv"].decode().splitlines()
    assert rows[0] == "model,level,percent,low,high,jobs,verdict"
    expected = {str(shown(j)[0]) for j in run("plain").judgements}
    assert {r.split(",")[2] for r in rows[1:]} == expected


@pytest.mark.parametrize(("nature", "words"), [("tiny model", "Niemand vraagt"), ("simulation", "nagebootst")])
def test_what_is_no_chatbot_of_the_public_is_said_before_any_finding(nature: str, words: str) -> None:
    html = render_report(run_of(audit_of(models=1), natures={"m0": nature}), "nl")
    assert 0 < html.index(words) < html.index("<h1>")


def test_a_real_model_gets_no_such_banner_but_its_date() -> None:
    html = render_report(run_of(audit_of(models=1), natures={"m0": "model"}), "nl")
    assert 'class="banner"' not in html
    assert "Gevraagd via de programmeerkant (API) op 2 januari 2026" in html


def test_hostile_answers_are_shown_and_do_nothing() -> None:
    html = page("hostile", "nl") + research("hostile")
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "<b onclick" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "U+202E" in html
    assert "{{ 7 * 7 }}" in html
    assert "👩‍👩‍👧" in html
    packed = [text for group in embedded(research("hostile")) for row in group for text in row[:5]]
    assert not [x for x in packed if "\u202e" in x or "\x00" in x]
    assert any("\u27e6U+202E\u27e7" in x for x in packed)


def test_the_researchers_file_holds_every_answer_word_for_word() -> None:
    material = run("plain")
    rows = [row for group in embedded(research("plain")) for row in group]
    raw = material.raw(list(material.observations["key"]))
    assert sorted("".join(r[1:4]) for r in rows) == sorted(str(response.text) for response, _ in raw.values())


def test_of_too_many_answers_a_stated_sample_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bias_harness.reporting.sections.answers.EMBEDDED", 25)
    html = render_research(run("plain"))
    assert sum(len(group) for group in embedded(html)) == 25
    assert f"Below are 25 of the {len(run('plain').observations)} answers, drawn at random with seed" in html
    assert html == render_research(run("plain"))


def long(amount: str) -> str:
    """Prose with the amount in its third sentence."""
    before, after = "Prepare well. " * 30, " It leaves room. " + "Keep friendly, and wait. " * 30
    return f"{before}### Advice\nI would ask for **{amount} a year** as a start.{after}"


def test_of_a_long_answer_the_sentence_around_the_amount_is_shown_and_the_rest_is_folded() -> None:
    html = render_report(run_of(audit_of(models=1), always(long("$90,000"))), "en")
    quote = re.findall(r'<blockquote class="answer">(.*?)</blockquote>', html, re.DOTALL)[0]
    assert re.sub("<[^>]+>", "", quote) == "… I would ask for $90,000 a year as a start. …"
    assert "Prepare well" in html
    assert re.search(r"<details><summary>The whole answer</summary>", html)
    assert "**" not in quote


def test_what_cannot_be_seen_is_shown_as_its_code() -> None:
    assert str(visible("a\u202eb\x00")) == 'a<span class="code">U+202E</span>b<span class="code">U+0000</span>'
    assert str(visible("<i>\u200b")) == '&lt;i&gt;<span class="code">U+200B</span>'
    assert str(visible("👩‍👩‍👧")) == "👩‍👩‍👧"


def test_level_names_with_quotes_stay_text(tmp_path: Path) -> None:
    """Names come from files that people write: quotes, brackets and braces included."""
    name = "\"><svg onload=alert(1)> {{ 1 }} 'x'"
    attribute = {
        "attribute": "odd",
        "label": {"en": name, "nl": name},
        "reference": "a",
        "introduction": {"en": dict.fromkeys(("self", "client", "user", "candidate"), "I am {}.")},
        "levels": {
            x: {"label": {"en": f"{name} {x}", "nl": f"{name} {x}"}, "signals": [{"en": f"level {x}"}]} for x in "ab"
        },
    }
    (tmp_path / "personas").mkdir()
    (tmp_path / "experiments").mkdir()
    (tmp_path / "personas" / "odd.yaml").write_text(yaml.safe_dump(attribute), encoding="utf-8")
    shipped = (ROOT / "experiments" / "simulated.yaml").read_text(encoding="utf-8")
    (tmp_path / "experiments" / "odd.yaml").write_text(shipped, encoding="utf-8")
    material = run_of(audit_of(str(tmp_path / "experiments" / "odd.yaml"), attributes=[{"name": "odd"}], models=1))
    drawn = figure_files(material, formats=["svg"])
    assert drawn
    for file, content in {**documents(material, ("nl",)), **drawn}.items():
        if file.endswith((".html", ".svg")):
            assert b"<svg onload" not in content, file


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes() -> None:
    first, second = (pages(run_of(audit_of(models=1)), ("nl",)) for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_ten_thousand_answers_make_a_page_below_two_megabytes() -> None:
    attributes = [GENDER, {"name": "ethnicity"}, {"name": "migration", "levels": ["expatriate", "migrant", "refugee"]}]
    material = run_of(audit_of(models=5, wordings=["terse", "plain", "adviser"], repeats=3, attributes=attributes))
    assert 9_000 < len(material.observations) < 11_000
    assert len(render_report(material, "nl").encode()) < 200_000
    assert len(render_research(material).encode()) < 2_000_000


def test_one_figure_alone_in_any_format_and_style() -> None:
    assert list(figure_files(run("plain"), "F1-m0", formats=["pdf"])) == ["F1-m0.pdf", "F1-m0.csv", "F1-m0.txt"]
    ours = figure_files(run("plain"), "F1-m0", formats=["svg"])["F1-m0.svg"]
    theirs = figure_files(run("plain"), "F1-m0", formats=["svg"], styles=["ggplot"])["F1-m0.svg"]
    assert ours != theirs
    with pytest.raises(UsageError, match="no figure 'F99'; it has F1"):
        figure_files(run("plain"), "F99")
    with pytest.raises(InputError, match="no figure format 'bmp'"):
        figure_files(run("plain"), "F1", formats=["bmp"])
    with pytest.raises(InputError, match="no matplotlib style 'fancy'"):
        figure_files(run("plain"), "F1", styles=["fancy"])


def test_the_picture_to_share_is_of_a_preview_s_size_and_the_same_every_time() -> None:
    first = summary_picture(run("plain"), "nl")
    assert first == summary_picture(run("plain"), "nl")
    assert struct.unpack(">II", first[16:24]) == (1200, 630)


def test_the_picture_says_what_the_first_screen_says_and_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    cards: list[Any] = []
    monkeypatch.setattr("bias_harness.reporting.charts.mpl.card.picture", lambda card: cards.append(card) or b"")
    summary_picture(run("plain"), "nl")
    summary_picture(run("prose"), "nl")
    simulated, asked = cards
    assert f"<h1>{simulated.heading}</h1>" in page("plain", "nl")
    assert all(f"<b>{big}</b> <span>{small}</span>" in page("plain", "nl") for big, small in simulated.tiles)
    assert simulated.warning.startswith("Simulatie: ")
    assert asked.warning == ""


def test_no_brand_stands_on_what_was_simulated() -> None:
    ends = [{"name": "bot", "label": {"en": "ChatGPT"}, "plant": {}}]
    for nature, branded in (("simulation", False), ("tiny model", False), ("model", True)):
        material = run_of(audit_of(endpoints=ends), natures={"bot": nature})
        html = render_report(material, "en") + render_research(material)
        assert ("ChatGPT" in html) == branded


def test_who_asked_stands_on_the_page_and_changes_no_digest() -> None:
    with_them = audit_of(models=1, author="A. Nonymous", contact="desk@example.org")
    assert with_them.digest == audit_of(models=1).digest
    html = render_report(run_of(with_them), "nl")
    assert "Wie vroeg dit: A. Nonymous." in html
    assert "desk@example.org" in html


def test_pay_is_spoken_of_by_the_month_as_reading_multiplies_it() -> None:
    material = run("prose")
    view = View(material, texts("nl"))
    j = next(x for x in Drawings(view).gaps.leading if x.differs)
    assert j.gap is not None
    assert j.gap.money is not None
    month = view.texts.money(abs(j.gap.money) / (12 * 1.08), "EUR")
    assert f"{month} bruto per maand minder" in page("prose", "nl")
    assert f"Per jaar {view.texts.money(abs(j.gap.money), 'EUR')}" in page("prose", "nl")


@pytest.mark.slow
@pytest.mark.drawn
def test_a_second_process_draws_the_same_bytes() -> None:
    from bias_harness.reporting.charts.mpl.files import files_of
    from bias_harness.reporting.charts.mpl.second_process import drawn_aside

    drawings = [d for d in Drawings(View(run("one pair"), texts("en"))) if d.family in ("F1", "F3")]
    with drawn_aside(drawings, texts("en")) as made:
        assert made == {}
    assert made == files_of(drawings, texts("en"))


def test_every_family_of_a_single_run_is_there() -> None:
    families = {d.family for d in Drawings(View(run("plain"), texts("en")))}
    assert families == {"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F11", "F12"}


def test_after_the_study_is_never_called_a_replication() -> None:
    assert "In the spirit of" in research("plain")
    for html in (research("plain"), page("plain", "nl"), page("plain", "en")):
        assert not re.search("replicat|replicatie", html, re.IGNORECASE)


def test_runs_side_by_side_tell_a_change_and_what_differs() -> None:
    before = run_of(audit_of(models=1), always("$90,000"), name="before")
    after = run_of(audit_of(models=1), plain, name="after")
    other = run_of(audit_of(models=1, wordings=["terse", "adviser"]), plain, name="other")
    html = render_comparison([before, after, other], "en")
    assert "before" in html
    assert "Job by job the difference changed by" in html
    assert "other cannot simply be compared with before. These differ: the questions." in html
    assert "after cannot" not in html
    assert "<b>" not in html
    assert re.search(r"The grey band is [12]\.0% around it\.", html)
    with pytest.raises(UsageError, match="two runs or more"):
        render_comparison([before], "en")


def test_a_change_of_five_per_cent_is_judged_by_the_same_rule() -> None:
    """The margin of the change is the experiment's; women get 5 % less in the second run, give or take 1 %.

    Of 20 jobs that is a clear change, of 5 one in these cases.
    """

    def less(level: str, persona: str) -> str:
        return f"${94_000 + 200 * (sum(map(ord, persona)) % 11):,}" if level == "female" else "$100,000"

    many = {"personas": {"people": "us-jobs", "jobs": 20}, "rotation": {"edits": 6, "expressions": 3}}
    for asked, word, key in (
        (many, "a clear change", "clear_gap"),
        ({}, "a change in these cases", "difference_in_these_cases"),
    ):
        audit = audit_of(models=1, **asked)
        before = run_of(audit, always("$100,000"), name="before")
        after = run_of(audit, lambda trial, _: less(trial.level, trial.persona), name="after")
        text = render_comparison([before, after], "en")
        assert re.search(rf"the difference changed by −[45]\.\d% \(probably between [^)]*\): {word} \(", text)
        told = changes([before, after])
        assert [c.word for c in told] == [key]
        assert told[0].family_size == 1
        assert told[0].to_dict()["change"]["percent"] == pytest.approx(-4.9, abs=0.4)
    still = changes([before, before])
    assert [c.word for c in still] == ["every_job_the_same"]


@pytest.mark.parametrize("by", ["endpoint", "wording"])
def test_one_run_is_compared_within_itself(by: Any) -> None:
    html = render_comparison([run("plain")], "nl", by)
    assert "Wat er verschilt" in html
    assert "veranderde" not in html
    assert html.count("<figure") == (1 if by == "endpoint" else 2)
    assert ('class="ranking"' in html) == (by == "endpoint")


def test_one_person_speaks_for_the_exact_cases_only() -> None:
    """One job has no interval for other jobs; with repeats it has one for this case, and says so."""
    one = {**ONE_PAIR, "repeats": 6, "wordings": ["terse", "plain"]}
    material = run_of(audit_of(**one))
    assert material.judgements[0].basis == "cases"
    for language, words in (("nl", "Er is maar één baan"), ("en", "There is only one job")):
        assert words in render_report(material, language)


def test_a_models_name_is_never_changed() -> None:
    material = run_of(
        audit_of(endpoints=[{"name": "gpt-odd", "plant": {}}]), always("I'm sorry, but I can't name a salary.")
    )
    html = render_research(material)
    assert "gpt-odd (simulation) gave no pair" in html
    assert "Gpt" not in html


def test_what_was_read_and_does_not_count_says_why() -> None:
    answers = ("$90,000", "Ask for $577 a year.", "Vraag € 60.000 per jaar.")
    material = run_of(audit_of(**{**ONE_PAIR, "repeats": 3}), in_turn(answers))
    text = " ".join(row[4] for group in embedded(render_research(material)) for row in group)
    assert "Read as $577 a year. It was not counted: anything below 15,000 or above 1,500,000" in text
    assert "Read as €60,000 a year. It was not counted: it is in another unit" in text


def test_refusals_are_no_result_and_told_as_such() -> None:
    text = research("all refused")
    assert "no result" in text
    assert re.search(r"That is not the same as no gap\. Of [\d,]+ answers [\d,]+ were refusals\.", text)
    assert "<h1>No result: there is nothing to compare</h1>" in page("all refused", "en")


def test_what_cannot_be_told_is_pale_and_no_share_differs_by_more_than_all() -> None:
    assert HeatCell(-26.7, -180.0, 127.0, "cannot_tell", step=2.0).tone == "less0"
    assert HeatCell(-26.7, -30.0, -20.0, "clear_gap", step=2.0).tone == "less4"
    assert HeatCell(-26.7, -30.0, -20.0, jobs=9, step=2.0).tone == "less4"
    assert HeatCell(-26.7, -80.0, 20.0, jobs=9, step=2.0).tone == "less0"
    assert HeatCell(-26.7, -30.0, -20.0, jobs=2, step=2.0).tone == "few"
    wide = Estimate(
        endpoint="m",
        attribute="a",
        level="f",
        reference="m",
        outcome="share",
        scale="difference",
        scope="profiles",
        estimator="paired_t",
        family="headline",
        estimate=-0.2,
        conf_low=-1.8,
        conf_high=1.4,
    )
    assert shown_gap(wide) == (-20.0, -100.0, 100.0)


def test_spreads_are_of_one_seniority() -> None:
    drawing = Drawings(View(run("plain"), texts("en"))).amounts.spreads["gender"]
    assert drawing.title.endswith(", senior")
    counted = sum(row.n for row in drawing.chart.rows)
    rows = run("plain").observations
    assert counted == int((rows["seniority"] == "senior").sum())


@pytest.mark.parametrize("width", [340, 720])
@pytest.mark.parametrize(("low", "high"), [(60_000, 85_500), (98_000, 142_000), (0, 1_000_000)])
def test_numbers_under_an_axis_stand_apart_and_inside(width: int, low: float, high: float) -> None:
    labels = axis(texts("nl"), Scale(low, high, 30, width - 30), 0, width, "USD")
    edges = [(label.x - letters(label.text) / 2, label.x + letters(label.text) / 2) for label in labels]
    assert len(labels) > 1
    assert all(left >= -0.01 and right <= width + 0.01 for left, right in edges)
    assert all(right < left for (_, right), (left, _) in pairwise(edges))


def test_an_amount_is_read_in_the_unit_that_was_asked_for() -> None:
    salary, share = (
        Outcome(currency="EUR"),
        Outcome(measure="share", label={"en": "x"}, ones=["right"], zeros=["wrong"]),
    )
    amount = Answer("ok", "point", 71_500.0, 71_500.0, 71_500.0, annual=71_500.0)
    assert reading(texts("en"), amount, salary) == "Read as €71,500 a year."
    one = Answer("ok", "point", 1.0, 1.0, 1.0, annual=1.0)
    assert reading(texts("en"), one, share) == "Counted as ‘right’."


@pytest.mark.parametrize(("language", "said"), [("en", "That cannot be right"), ("nl", "Dat kan niet kloppen")])
def test_an_amount_whose_period_was_mended_says_so(language: str, said: str) -> None:
    outcome = Outcome(currency="EUR", plausible=(15_000, 500_000))
    read_so = str(reading(texts(language), read("Vraag € 65.000 per uur.", outcome=outcome), outcome))
    assert said in read_so
    assert re.search(r"65[.,]000.*65[.,]000", read_so)
    assert said not in str(reading(texts(language), read("Vraag € 65.000 per jaar.", outcome=outcome), outcome))


def test_the_official_pay_gap_stands_beside_women_and_men_in_the_netherlands_and_nowhere_else() -> None:
    dutch = page("prose", "nl")
    assert "per uur gemiddeld 14,5% minder dan mannen" in dutch
    assert "CBS, Monitor Loonverschillen mannen en vrouwen 2024" in dutch
    assert "een andere maat" in dutch
    assert "14,5%" not in page("plain", "nl")
    others = run_of(audit_of("nederland", models=1, attributes=[{"name": "migration"}]))
    assert "14,5%" not in render_report(others, "nl")
    assert 'href="https://loonwijzer.nl"' in page("plain", "nl")
    assert 'href="https://loonwijzer.nl"' not in page("plain", "en")


def test_a_label_leaves_room_for_the_finding_and_is_there_in_full() -> None:
    html = render_report(run_of(audit_of(models=1), natures={"m0": "tiny model"}), "nl")
    label = re.findall(r'<details class="banner"><summary><strong>(.*?)</strong></summary><p>(.*?)</p>', html)[0]
    assert len(label[0]) < 50
    assert "Niemand vraagt dit model om advies" in label[1]


def test_headings_of_the_page_are_statements_of_this_run() -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page("prose", "nl"))
    topics = [texts("nl")(f"report.{name}.heading") for name in ("example", "elsewhere", "certain")]
    assert not set(titles) & set(topics)
    asked = re.compile("Noemt de chatbot (.*?) voor een vrouw. Dan gemiddeld (.*?) voor een man")
    said = next(found for x in titles if (found := asked.match(x)))
    assert f"<td>{said[1]}</td><td>{said[2]}</td>" in page("prose", "nl")


def test_the_pdf_to_share_is_one_page_of_a4_with_the_advice_of_the_first_screen() -> None:
    from bias_harness.reporting.charts.mpl.leaf import page as written_page

    card = summary_card(run("prose"), "nl")
    said = [line for passage in card.passages for line in passage.lines]
    shown = unescape(page("prose", "nl"))
    assert all(passage.heading in shown for passage in card.passages)
    for words in (texts("nl")("report.summary.question"), "1. Vraag het drie keer", "https://www.uwv.nl"):
        assert any(words in line for line in said)
    written = written_page(card)
    assert len(re.findall(rb"/Type /Page\b", written)) == 1
    (box,) = re.findall(rb"/MediaBox \[([^\]]+)\]", written)
    assert [round(float(x) / 72 * 25.4) for x in box.split()] == [0, 0, 210, 297]


@pytest.mark.parametrize("times", [1, 3])
def test_nothing_of_the_page_to_share_runs_over_its_edge_however_much_there_is(times: int) -> None:
    from bias_harness.reporting.charts.mpl.leaf import laid_on_a4
    from bias_harness.reporting.charts.mpl.paper import crowded

    card = summary_card(run("prose"), "en")
    long = replace(card, heading=f"{card.heading} {'x' * 90}", passages=[*card.passages] * times)
    leaf = laid_on_a4(long)
    assert leaf.fits
    leaf.figure.draw_without_rendering()
    assert crowded(leaf.figure) == []


@pytest.mark.parametrize("kind", first(1, ["png", "pdf"]))
def test_what_is_shared_is_the_same_bytes_every_time(kind: Any) -> None:
    made = [summary_picture(run("plain"), "nl", kind) for _ in range(2)]
    assert made[0] == made[1]
    assert b"CreationDate" not in made[0]


@pytest.mark.parametrize(
    ("nature", "label"), [("tiny model", "Proef met een klein model"), ("simulation", "Nagebootst")]
)
def test_the_sheet_to_share_has_the_label_the_date_the_range_and_no_brand(nature: Any, label: str) -> None:
    branded = audit_of(endpoints=[{"name": "m0", "plant": {}, "label": {"en": "ChatGPT"}}])
    html = render_summary(run_of(branded, natures={"m0": nature}), "nl")
    for words in (label, "2 januari 2026", "waarschijnlijk tussen", "Nog geen loopbaancoach"):
        assert words in html
    assert "ChatGPT" not in html
    assert 'src="' not in html


def test_models_that_share_their_places_say_from_which_to_which() -> None:
    found = run_of(audit_of(models=3), lambda _trial, chance: f"${90_000 + chance.randrange(9_000)}")
    assert render_report(found, "nl").count("<td>1 tot 3</td>") == 3
    assert "Modellen met dezelfde plaatsen zijn niet uit elkaar te houden" in render_report(found, "nl")
