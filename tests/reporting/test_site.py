"""The monitor: a ranking in which ties are ties, pages that lead to one another, nothing from elsewhere."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from browser import axe_violations, needs_browser, opened
from named_runs import run
from report_runs import audit_of, run_of

from bias_harness.errors import UsageError
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import View
from bias_harness.reporting.ranking import ranked
from bias_harness.reporting.report import site_files
from bias_harness.reporting.sections import Material
from bias_harness.reporting.sections.summary import around_the_mean
from bias_harness.reporting.site import About
from bias_harness.reporting.texts import texts
from bias_harness.reporting.yardsticks import addresses


@cache
def made() -> dict[str, bytes]:
    """The monitor of three runs, two of them alike."""
    runs = [replace(run("prose"), run=f"run-{i}") for i in range(2)]
    about = About("https://example.org/monitor", "desk@example.org", "in February")
    return site_files([*runs, run("plain")], ("nl", "en"), about)


def places(*materials: Material) -> list[tuple[str, int, int]]:
    """(endpoint, first place, last place) of the leading comparisons."""
    sides = [(m, j) for m in materials for j in Drawings(View(m, texts("en"))).gaps.leading]
    return [(p.judgement.endpoint, p.first, p.last) for p in ranked(sides)]


def test_a_model_stands_before_another_only_where_they_are_told_apart() -> None:
    assert places(run("prose")) == [("second", 1, 1), ("first", 2, 2)]


def test_models_that_are_alike_share_all_places_in_the_order_of_their_names() -> None:
    found = places(run_of(audit_of(models=4), lambda _trial, chance: f"${90_000 + chance.randrange(9_000)}"))
    assert found == [(f"m{i}", 1, 4) for i in range(4)]


def test_a_model_without_a_gap_has_no_place_and_comes_last() -> None:
    found = places(run("plain"), run("all refused"))
    assert [first for _, first, _ in found[-2:]] == [0, 0]
    assert all(first > 0 for _, first, _ in found[:-2])


@pytest.mark.parametrize(
    ("mean", "amounts"), [(4_290, [3_000, 4_000, 5_000]), (52_000, [40_000, 50_000, 60_000]), (900, [600, 800, 1_000])]
)
def test_the_clients_amounts_are_round_and_lie_around_the_mean(mean: float, amounts: list[float]) -> None:
    assert around_the_mean(mean) == amounts


def test_every_link_of_the_site_leads_to_a_page_of_it() -> None:
    files = made()
    for name, content in files.items():
        if name.endswith(".html"):
            folder = name.rpartition("/")[0]
            for link in set(re.findall(r'<a [^>]*href="([^"]+)"', content.decode())) - addresses():
                file, _, anchor = link.partition("#")
                target = f"{folder}/{file}".lstrip("/") if file else name
                assert target in files, (name, link)
                assert not anchor or f'id="{anchor}"'.encode() in files[target], (name, link)


def test_nothing_of_a_site_comes_from_elsewhere() -> None:
    for name, content in made().items():
        if name.endswith(".html"):
            text = content.decode()
            assert not re.findall(r'(?:src|action)="', text), name
            assert "default-src &#39;none&#39;" in text


def test_the_ranking_its_table_and_the_run_say_the_same_number() -> None:
    files, material = made(), run("prose")
    rows = list(csv.DictReader(io.StringIO(files["ranking.csv"].decode())))
    for j in Drawings(View(material, texts("nl"))).gaps.leading:
        assert j.gap is not None
        row = next(r for r in rows if r["slug"] == j.endpoint)
        assert float(row["gap_percent"]) == j.gap.percent
        assert row["word_key"] == j.word
        assert row["run"] == "run-1"
        assert f'<td data-label="In procenten">{texts("nl").percent(j.gap.percent or 0)}<small>' in (
            files["index.nl.html"].decode()
        )


def test_what_no_chatbot_of_the_public_answered_is_said_on_each_of_its_pages() -> None:
    files = made()
    pages = [n for n in files if n.endswith(".nl.html") and ("m0" in n or "made-up" in n or n == "index.nl.html")]
    assert len(pages) >= 4
    for name in pages:
        assert "nagebootst" in files[name].decode(), name
    assert "nagebootst" not in files["chatbot-first.nl.html"].decode()


def test_a_run_named_twice_or_of_no_salary_is_refused() -> None:
    with pytest.raises(UsageError, match="named twice"):
        site_files([run("plain"), run("plain")])
    with pytest.raises(UsageError, match="measures something else"):
        site_files([run("a share")])


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
def test_axe_finds_nothing_on_the_site(width: int, dark: bool, tmp_path: Path) -> None:
    for name in ("index.nl.html", "chatbot-first.nl.html", "lookup-first.en.html", "method.en.html"):
        path = tmp_path / name
        path.write_bytes(made()[name])
        assert axe_violations(path, width, dark=dark) == [], name
        with opened(path, width=width) as found:
            assert found.page.evaluate("document.documentElement.scrollWidth") <= width
            assert found.blocked == found.complaints == []
