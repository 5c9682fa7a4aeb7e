"""Figures for a paper: one name, chosen parts, whole labels at any width, the same bytes, and a caption with its n."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from named_runs import run
from report_runs import GENDER, audit_of, plain, run_of

from bias_harness.errors import InputError, UsageError
from bias_harness.estimating.accounts import counted
from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.charts.parts import in_parts
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.figures.chosen import chosen, drawings_of
from bias_harness.reporting.figures.maker import ALL
from bias_harness.reporting.material import View
from bias_harness.reporting.report import figure_files, render_research
from bias_harness.reporting.sections import Material
from bias_harness.reporting.texts import texts

pytestmark = pytest.mark.drawn


def several() -> Material:
    return run_of(audit_of(models=5, attributes=[GENDER, "migration"]), plain)


@pytest.mark.slow
@pytest.mark.parametrize("width", ["", "single", "double"])
def test_no_label_is_cut_or_lies_on_another(width: str) -> None:
    """Of two models and five fields; what does not fit a column is refused, and is not drawn over itself."""
    from bias_harness.reporting.charts.mpl.paper import HIGHEST, INCH, crowded

    refused = []
    for drawing in Drawings(View(run("plain"), texts("nl"))):
        try:
            (figure,) = laid_out(drawing, "nl", width)
        except InputError:
            refused.append(drawing.id)
            continue
        assert crowded(figure) == [], drawing.id
        if width:
            assert figure.get_figheight() * INCH <= HIGHEST + 0.01
    assert refused == []


def test_what_is_cut_or_covered_is_found() -> None:
    from matplotlib.figure import Figure

    from bias_harness.reporting.charts.mpl.paper import crowded

    figure = Figure(figsize=(2, 2))
    figure.text(0.9, 0.5, "far too long for its place")
    figure.text(0.1, 0.1, "one")
    figure.text(0.1, 0.1, "two")
    assert len(crowded(figure)) == 2


@cache
def many() -> Material:
    """Forty-four jobs in fifteen fields."""
    return run_of(audit_of(models=1, attributes=["migration"], personas={"people": "us-jobs", "jobs": 44}), plain)


def test_more_rows_than_a_page_has_are_files_in_order_with_one_table_and_one_caption() -> None:
    written = figure_files(many(), "F7-m0", formats=["svg"], width="single")
    pictures = [name for name in written if name.endswith(".svg")]
    assert len(pictures) > 1
    assert pictures == [f"F7-m0-{n}-of-{len(pictures)}.svg" for n in range(1, len(pictures) + 1)]
    assert [name for name in written if name not in pictures] == ["F7-m0.csv", "F7-m0.txt"]


@pytest.mark.slow
def test_a_figure_in_parts_shows_every_row_once_on_one_scale_and_no_label_over_another() -> None:
    from bias_harness.reporting.charts.mpl.paper import HIGHEST, INCH, crowded

    (drawing,) = drawings_of(View(many(), texts("en")), "F2-migration", ALL)
    figures = laid_out(drawing, "en", "single")
    assert len(figures) > 1
    shown = [axes for figure in figures for axes in figure.axes if axes.get_visible()]
    assert len({axes.get_xlim() for axes in shown}) == 1
    chart: Any = drawing.chart
    assert sum(len(axes.get_yticklabels()) for axes in shown) == len(chart.rows)
    for figure in figures:
        assert crowded(figure) == []
        assert figure.get_figheight() * INCH <= HIGHEST + 0.01


def test_every_kind_of_rows_is_divided_without_loss() -> None:
    for drawing in Drawings(View(run("plain"), texts("en"))):
        chart: Any = drawing.chart
        for count in (2, 3):
            rows = [row for part in in_parts(chart, count) for row in part.table().rows]
            assert rows == [] or sorted(map(str, rows)) == sorted(map(str, chart.table().rows)), drawing.id


def laid_out(drawing: Drawing, language: str, width: str) -> list[Any]:
    """The figures of a drawing as its files have them."""
    import matplotlib as mpl
    import matplotlib.style as mpl_style

    from bias_harness.reporting.charts.mpl.files import sheets
    from bias_harness.reporting.charts.mpl.look import STYLE
    from bias_harness.reporting.charts.mpl.paper import Paper

    with mpl.rc_context():
        mpl_style.use([STYLE])
        settings: Any = Paper(width).settings()
        mpl.rcParams.update(settings)
        return sheets(drawing, texts(language), Paper(width))


def test_what_no_part_of_fits_is_refused_in_a_sentence() -> None:
    (drawing, *_) = Drawings(View(run("plain"), texts("en"))).amounts.histograms
    chart: Any = drawing.chart
    with pytest.raises(InputError, match=r"does not fit 85 mm by 170 mm: .*; choose --width double, or one --model"):
        laid_out(replace(drawing, chart=replace(chart, levels=("m" * 200, "man"))), "en", "single")


@pytest.mark.slow
def test_a_figure_has_one_name_on_the_page_in_its_files_and_in_the_command() -> None:
    material = several()
    names = [d.id for d in Drawings(View(material, texts("en")))]
    assert len(names) == len(set(names))
    assert [n for n in names if n.startswith("F7-")] == [f"F7-m{i}" for i in range(5)]
    html = render_research(material)
    of_models = {f"fig-{n}" for n in names if n.split("-")[0] in ("F1", "F6", "F7", "F11")}
    assert len(of_models) == 20
    assert of_models <= set(re.findall(r'<figure id="([^"]+)"', html))
    for name in ("F3", "F3-gender", "F7-m4"):
        assert set(figure_files(material, name, formats=["svg"])) == {f"{name}.svg", f"{name}.csv", f"{name}.txt"}


@pytest.mark.slow
def test_a_family_of_several_models_has_a_panel_for_each_on_one_scale() -> None:
    from bias_harness.reporting.charts.mpl.files import sheets
    from bias_harness.reporting.charts.mpl.paper import crowded

    material = several()
    for family in ("F1", "F4", "F6", "F7", "F11"):
        made = figure_files(material, family, formats=["svg"], width="" if family in ("F6", "F7") else "double")
        assert set(made) == {f"{family}.svg", f"{family}.csv", f"{family}.txt"}
        lines = made[f"{family}.csv"].decode().splitlines()[1:]
        assert {line.split(",")[0] for line in lines} == {f"m{i} (simulation)" for i in range(5)}
    (drawing,) = [d for d in Drawings(View(material, texts("en"))).facets() if d.id == "F1"]
    (figure,) = sheets(drawing, texts("en"))
    assert len({axes.get_xlim() for axes in figure.axes}) == len({axes.get_ylim() for axes in figure.axes}) == 1
    assert crowded(figure) == []


def test_the_study_s_first_figure_is_made_for_any_model_field_and_level() -> None:
    material = several()
    made = figure_files(material, "F1", formats=[], model="m3", field="law", level="refugee")
    assert set(made) == {"F1-m3-law-refugee.csv", "F1-m3-law-refugee.txt"}
    rows = material.observations
    own = rows[counted(rows) & (rows["endpoint"] == "m3") & (rows["field"] == "law") & (rows["seniority"] == "senior")]
    of_levels = own[(own["attribute"] == "migration") & own["level"].isin(["refugee", "expatriate"])]
    bars = [int(line.split(",")[-1]) for line in made["F1-m3-law-refugee.csv"].decode().splitlines()[1:]]
    assert sum(bars) == len(of_levels) > 0
    assert f"n: {len(of_levels)} answers" in made["F1-m3-law-refugee.txt"].decode()


def test_a_choice_narrows_what_is_drawn_and_is_part_of_the_name() -> None:
    made = figure_files(several(), "F3", formats=[], model="m1", level="refugee")
    assert set(made) == {"F3-m1-refugee.csv", "F3-m1-refugee.txt"}
    assert [line.split(",")[0] for line in made["F3-m1-refugee.csv"].decode().splitlines()[1:]] == ["m1 (simulation)"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"model": "m9"}, r"this run has no model 'm9'"),
        ({"field": "lore"}, r"this run has no field 'lore'"),
        ({"level": "fenale"}, r"this run has no level 'fenale'"),
    ],
)
def test_what_a_run_does_not_have_is_said(wanted: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        chosen(run("plain"), **wanted)


def test_a_field_is_chosen_of_amounts_alone_and_a_width_is_known() -> None:
    with pytest.raises(UsageError, match="F3 is over all fields"):
        figure_files(run("plain"), "F3", field="law")
    with pytest.raises(InputError, match="no figure width 'triple'"):
        figure_files(run("plain"), "F3", width="triple")


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_in_every_format() -> None:
    first, second = (
        figure_files(run("plain"), "F3", formats=["svg", "png", "pdf"], width="double", title=False) for _ in range(2)
    )
    assert first == second
    assert b"CreationDate" not in first["F3.pdf"]
    assert b"<dc:date>" not in first["F3.svg"]
    assert first["F3.png"] != figure_files(run("plain"), "F3", formats=["png"], width="double")["F3.png"]


def test_answers_are_counted_in_whole_numbers() -> None:
    from bias_harness.reporting.charts.mpl.files import sheets

    (drawing, *_) = Drawings(View(run("plain"), texts("en"))).amounts.histograms
    (figure,) = sheets(drawing, texts("en"))
    assert all(place == int(place) for place in figure.axes[0].get_yticks())


def test_a_caption_stands_alone() -> None:
    caption = figure_files(run("plain"), "F3", formats=[], language="nl")["F3.txt"].decode()
    assert caption.startswith("De verschillen in één oogopslag. ")
    assert re.search(r"n: [\d.]+ antwoorden, \d+ banen; antwoorden van 2 januari 2026\.\n$", caption)
