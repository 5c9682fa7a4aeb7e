"""Drawings -> SVG, PNG, PDF and CSV: the same bytes every time, at a journal's width, in anybody's style sheet."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style as mpl_style
from matplotlib.figure import Figure

from bias_harness.errors import InputError
from bias_harness.reporting.charts.chart import Chart, Drawing
from bias_harness.reporting.charts.mpl.axes import LETTER
from bias_harness.reporting.charts.mpl.facets import same_scale
from bias_harness.reporting.charts.mpl.look import METADATA, STYLE
from bias_harness.reporting.charts.mpl.paper import HIGHEST, INCH, WIDTHS, Paper, crowded, settle
from bias_harness.reporting.charts.mpl.plots import draw
from bias_harness.reporting.charts.parts import in_parts
from bias_harness.reporting.texts import Texts

SCREEN = Paper()
"""The page's own width, with the title."""
MOST_PARTS = 24
"""Files that one figure is spread over at most."""


def files_of(
    drawings: Iterable[Drawing],
    texts: Texts,
    formats: Sequence[str] = ("svg", "png"),
    styles: Sequence[str] = (),
    paper: Paper = SCREEN,
) -> dict[str, bytes]:
    """File name -> content: each drawing in every format, its numbers as CSV, and its caption as text.

    `styles` are names or paths of matplotlib style sheets, laid over our own. Raises `InputError` for a format, a
    style or a width that is not known, and where a figure does not fit the width of a column however it is divided: one
    that takes several pages is `F2-gender-1-of-3.svg` and so on, with one CSV and one caption.
    """
    _check(formats, styles, paper)
    made: dict[str, bytes] = {}
    with mpl.rc_context():
        mpl_style.use([STYLE, *styles])
        settings: Any = {"svg.hashsalt": "bias_harness", **paper.settings()}
        mpl.rcParams.update(settings)
        for drawing in drawings:
            made |= {f"{drawing.id}{end}": data for end, data in _saved(drawing, texts, formats, paper).items()}
            made[f"{drawing.id}.csv"] = drawing.chart.table().to_csv()
            made[f"{drawing.id}.txt"] = drawing.caption.encode()
    return made


def _check(formats: Sequence[str], styles: Sequence[str], paper: Paper) -> None:
    if paper.width and paper.width not in WIDTHS:
        raise InputError(f"there is no figure width {paper.width!r}; choose one of {', '.join(WIDTHS)}")
    for kind in formats:
        if kind not in METADATA:
            raise InputError(f"there is no figure format {kind!r}; choose one of {', '.join(METADATA)}")
    for style in styles:
        if style not in mpl_style.available and not Path(style).is_file():
            raise InputError(f"there is no matplotlib style {style!r}: name one of matplotlib's or a .mplstyle file")


def _saved(drawing: Drawing, texts: Texts, formats: Sequence[str], paper: Paper) -> dict[str, bytes]:
    """What a name ends in -> content: `.svg`, or `-1-of-3.svg` of a figure that takes more than one page."""
    figures = sheets(drawing, texts, paper)
    made: dict[str, bytes] = {}
    for place, figure in enumerate(figures, 1):
        part = f"-{place}-of-{len(figures)}" if len(figures) > 1 else ""
        made |= {f"{part}.{kind}": _written(figure, drawing, kind) for kind in formats}
    return made


def _written(figure: Figure, drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    titled = {"Title": drawing.title, "Description": drawing.alt} if kind != "pdf" else {"Title": drawing.title}
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
    figure.savefig(buffer, format=kind, metadata={**METADATA[kind], **titled}, **options)
    return buffer.getvalue()


def sheets(drawing: Drawing, texts: Texts, paper: Paper = SCREEN) -> list[Figure]:
    """The figure with everything in its place, once for all formats; in several on one scale where one is too small.

    For a column it is tried as high as it wants to be, then as high as a page, then in more and more parts. Raises
    `InputError` where even the smallest parts have labels that are cut or lie on each other.
    """
    if not paper.width:
        figure = _drawn(drawing.chart, drawing.title, texts, paper)
        settle(figure)
        return [figure]
    wrong: list[str] = []
    for charts, tall in _ways(drawing.chart, texts):
        figures = [_drawn(c, _titled(drawing, i, len(charts)), texts, paper) for i, c in enumerate(charts, 1)]
        if len(figures) > 1:
            same_scale(charts, figures)
        for figure in figures:
            if tall:
                figure.set_size_inches(figure.get_figwidth(), HIGHEST / INCH)
            with warnings.catch_warnings(record=True) as complaints:
                warnings.simplefilter("always")
                settle(figure)
                wrong = crowded(figure)
            if any("collapsed" in str(complaint.message) for complaint in complaints):
                wrong = ["its words leave no room for the picture"]
            if wrong:
                break
        else:
            return figures
    wider = "--width double, or " if paper.width == "single" else ""
    raise InputError(
        f"{drawing.id} does not fit {WIDTHS[paper.width]:g} mm by {HIGHEST:g} mm: {wrong[0]}; choose {wider}one "
        "--model, --field or --level"
    )


def _ways(chart: Chart, texts: Texts) -> Iterator[tuple[Sequence[Any], bool]]:
    """The charts that a figure is tried as, one after the other, and whether as high as a page.

    The fewest parts that are tried are those that have the height they want.
    """
    alone = Figure()
    draw(chart, alone, texts)
    fewest = math.ceil(alone.get_figheight() / (HIGHEST / INCH))
    if fewest == 1:
        yield [chart], False
    yield [chart], True
    for count in range(max(2, fewest), MOST_PARTS + 1):
        if parts := in_parts(chart, count):
            yield parts, False


def _titled(drawing: Drawing, place: int, count: int) -> str:
    return f"{drawing.title} ({place}/{count})" if count > 1 else drawing.title


def _drawn(chart: Any, title: str, texts: Texts, paper: Paper) -> Figure:
    """One picture, not yet laid out."""
    figure = Figure(layout="constrained")
    draw(chart, figure, texts)
    if paper.title:
        letters = int(72 * figure.get_figwidth() / (LETTER * 1.35 * mpl.rcParams["font.size"]))
        figure.suptitle(textwrap.fill(title, letters), x=0.01, ha="left", fontsize="large")
    paper.fit(figure)
    return figure
