"""Drawings -> SVG, PNG, PDF and CSV: the same bytes every time, at a journal's width, in anybody's style sheet."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style as mpl_style
from matplotlib.figure import Figure

from bias_harness.errors import InputError
from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.charts.mpl.axes import LETTER
from bias_harness.reporting.charts.mpl.look import METADATA, STYLE
from bias_harness.reporting.charts.mpl.paper import HIGHEST, WIDTHS, Paper, crowded, settle
from bias_harness.reporting.charts.mpl.plots import draw
from bias_harness.reporting.texts import Texts

SCREEN = Paper()
"""The page's own width, with the title."""


def files_of(
    drawings: Iterable[Drawing],
    texts: Texts,
    formats: Sequence[str] = ("svg", "png"),
    styles: Sequence[str] = (),
    paper: Paper = SCREEN,
) -> dict[str, bytes]:
    """File name -> content: each drawing in every format, its numbers as CSV, and its caption as text.

    `styles` are names or paths of matplotlib style sheets, laid over our own. Raises `InputError` for a format, a
    style or a width that is not known, and where a figure does not fit the width of a column.
    """
    _check(formats, styles, paper)
    made: dict[str, bytes] = {}
    with mpl.rc_context():
        mpl_style.use([STYLE, *styles])
        settings: Any = {"svg.hashsalt": "bias_harness", **paper.settings()}
        mpl.rcParams.update(settings)
        for drawing in drawings:
            made |= {f"{drawing.id}.{kind}": data for kind, data in _saved(drawing, texts, formats, paper).items()}
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
    figure = laid_out(drawing, texts, paper)
    made = {}
    for kind in formats:
        buffer = io.BytesIO()
        titled = {"Title": drawing.title, "Description": drawing.alt} if kind != "pdf" else {"Title": drawing.title}
        options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
        figure.savefig(buffer, format=kind, metadata={**METADATA[kind], **titled}, **options)
        made[kind] = buffer.getvalue()
    return made


def laid_out(drawing: Drawing, texts: Texts, paper: Paper = SCREEN) -> Figure:
    """The figure with everything in its place, once for all formats.

    Raises `InputError` where labels would be cut or lie on each other in the width that was asked for.
    """
    figure = Figure(layout="constrained")
    draw(drawing.chart, figure, texts)
    if paper.title:
        letters = int(72 * figure.get_figwidth() / (LETTER * 1.35 * mpl.rcParams["font.size"]))
        figure.suptitle(textwrap.fill(drawing.title, letters), x=0.01, ha="left", fontsize="large")
    paper.fit(figure)
    settle(figure)
    if paper.width and (wrong := crowded(figure)):
        wider = "--width double, or " if paper.width == "single" else ""
        raise InputError(
            f"{drawing.id} does not fit {WIDTHS[paper.width]:g} mm by {HIGHEST:g} mm: {wrong[0]}; choose {wider}one "
            "--model, --field or --level"
        )
    return figure
