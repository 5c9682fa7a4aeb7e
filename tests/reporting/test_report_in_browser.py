"""The page in a real browser: nothing is fetched, nobody is shut out, it fits a phone and a sheet of paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser import axe_violations, needs_browser, opened
from named_runs import RUNS, documents_of, run

from bias_harness.reporting.report import render_comparison, render_summary

A4_WIDTH = 688
"""Pixels (96 to the inch) inside the margins of a sheet."""
PHONE = 844
"""Pixels that a phone shows at once."""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a made-up run and returns its folder."""

    def write(name: str) -> Path:
        for file, content in documents_of(name).items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_bytes(content)
        return tmp_path

    return write


@needs_browser
@pytest.mark.parametrize("name", RUNS)
def test_the_pages_open_on_a_phone_and_ask_nobody_for_anything(name: str, written: Any) -> None:
    folder = written(name)
    for file in ("report.nl.html", "research.en.html"):
        with opened(folder / file, width=320) as found:
            found.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            found.page.wait_for_timeout(100)
            assert found.page.evaluate("document.documentElement.scrollWidth") <= 320
            assert found.blocked == []
            assert found.complaints == []
            assert found.page.evaluate("performance.getEntriesByType('resource').length") == 0


@needs_browser
@pytest.mark.parametrize("width", [600, 800, 900, 1000])
def test_no_width_scrolls_sideways(width: int, written: Any) -> None:
    with opened(written("forty levels") / "research.en.html", width=width) as found:
        found.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


@needs_browser
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (320, False)])
def test_axe_finds_nothing(language: str, width: int, dark: bool, written: Any) -> None:
    folder = written("prose")
    assert axe_violations(folder / f"report.{language}.html", width, dark=dark) == []
    if language == "en":
        assert axe_violations(folder / "research.en.html", width, dark=dark) == []


@needs_browser
@pytest.mark.parametrize("name", ["hostile", "all refused", "a share"])
def test_axe_finds_nothing_in_odd_runs(name: str, written: Any) -> None:
    assert axe_violations(written(name) / "report.nl.html") == []


@needs_browser
def test_axe_finds_nothing_in_a_comparison_and_on_the_worksheet(written: Any, tmp_path: Path) -> None:
    assert axe_violations(written("plain") / "worksheet.nl.html") == []
    (tmp_path / "compare.html").write_text(render_comparison([run("plain"), run("one model")], "nl"), encoding="utf-8")
    assert axe_violations(tmp_path / "compare.html") == []


@needs_browser
@pytest.mark.parametrize("name", ["prose", "twelve models", "forty levels", "all refused", "one pair"])
def test_the_worksheet_comes_within_six_phone_screens_and_the_answer_on_the_first(name: str, written: Any) -> None:
    with opened(written(name) / "report.nl.html", width=390, height=PHONE) as found:
        top = "id => document.querySelector(id).getBoundingClientRect().bottom"
        assert found.page.evaluate(top.replace("bottom", "top"), "#worksheet") <= 6 * PHONE
        assert found.page.evaluate(top, "h1") <= PHONE
        if name == "prose":
            assert found.page.evaluate(top, ".tiles") <= PHONE


@needs_browser
def test_an_answer_is_no_more_than_two_clicks_from_a_number(written: Any) -> None:
    with opened(written("prose") / "research.en.html") as found:
        found.page.locator(".heat td a").nth(1).click()
        found.page.locator("details.profile[open] .answer mark").first.wait_for()
        assert found.complaints == []


@needs_browser
def test_answers_are_found_by_their_words(written: Any) -> None:
    with opened(written("prose") / "research.en.html") as found:
        box = found.page.locator("#find-answers input")
        box.fill("openingsbod")
        box.press("Enter")
        found.page.locator("#hits .answer mark").first.wait_for()
        count = len(run("prose").observations)
        assert f"{count} answers" in found.page.locator("#find-answers output").inner_text()
        assert found.page.locator("#hits > li").count() == min(100, count)


@needs_browser
def test_the_question_can_be_copied(written: Any) -> None:
    with opened(written("plain") / "report.nl.html") as found:
        button = found.page.locator("button.copies")
        button.click()
        found.page.wait_for_function("document.querySelector('button.copies').textContent === 'Gekopieerd'")
        assert found.page.evaluate("getSelection().toString()").startswith("Ik solliciteer")


@needs_browser
def test_tables_sort_and_search(written: Any) -> None:
    with opened(written("plain") / "research.en.html") as found:
        table = found.page.locator("#estimates-table")
        head = table.locator("th", has_text="Mean %")
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        cells = table.locator("tbody td:nth-child(4)")
        shown = [float(x) for x in cells.evaluate_all("c => c.map(x => x.dataset.sort).filter(x => x !== undefined)")]
        assert shown == sorted(shown)
        found.page.locator("#research .search input").fill("placebo")
        left = table.locator("tbody tr:visible")
        assert left.count() > 0
        assert all("placebo" in text for text in left.all_inner_texts())
        assert str(left.count()) in found.page.locator("#research .search output").inner_text()


@needs_browser
def test_hostile_answers_run_nothing(written: Any) -> None:
    with opened(written("hostile") / "research.en.html") as found:
        found.page.on("dialog", lambda _: found.complaints.append("a dialog"))
        found.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found.page.locator("details[open] .answer").first.wait_for()
        assert found.page.locator("main img").count() == 0
        assert found.page.locator("body script:not([type])").count() == 1
        assert found.complaints == []


def sheets(pdf: bytes) -> int:
    """How many pages a PDF of Chromium's has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@needs_browser
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_worksheet_prints_on_one_sheet_of_its_own(language: str, written: Any) -> None:
    folder = written("plain")
    with opened(folder / f"worksheet.{language}.html", width=A4_WIDTH, print_media=True) as found:
        assert sheets(found.page.pdf(format="A4")) == 1
        assert found.page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH
    with opened(folder / f"report.{language}.html", print_media=True) as found:
        whole = sheets(found.page.pdf(format="A4"))
        found.page.evaluate(
            "document.querySelectorAll('main > :not(#worksheet), nav, footer').forEach(e => e.remove())"
        )
        assert sheets(found.page.pdf(format="A4")) == 1
        assert 3 < whole < 8


@needs_browser
def test_what_is_folded_away_is_printed_but_for_the_answers(written: Any) -> None:
    """On paper nothing can be opened: the tables beside the estimates are there, hundreds of answers are not."""
    with opened(written("plain") / "research.en.html", print_media=True) as found:
        folded = "details:not(.profile):not(.numbers):not([open]) > :not(summary)"
        heights = found.page.evaluate(
            "s => [...document.querySelectorAll(s)].filter(e => getComputedStyle(e).display !== 'none')"
            ".map(e => e.getBoundingClientRect().height)",
            folded,
        )
        assert len(heights) > 5
        assert min(heights) > 0
        assert not found.page.locator("#answers .answer").first.is_visible()


@needs_browser
@pytest.mark.parametrize("name", ["plain", "prose", "twelve models", "forty levels", "one pair"])
def test_the_summary_to_share_prints_on_one_sheet(name: str, tmp_path: Path) -> None:
    for language in ("nl", "en"):
        (tmp_path / "summary.html").write_text(render_summary(run(name), language), encoding="utf-8")
        with opened(tmp_path / "summary.html", print_media=True) as found:
            assert sheets(found.page.pdf(format="A4")) == 1
        assert axe_violations(tmp_path / "summary.html", 390) == []
