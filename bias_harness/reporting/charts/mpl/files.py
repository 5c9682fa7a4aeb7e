"""Drawings -> SVG, PNG, PDF and CSV: the same bytes every time, at a journal's width, in anybody's style sheet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style as mpl_style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bias_harness.errors import InputError
from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.charts.mpl.look import METADATA, STYLE
from bias_harness.reporting.charts.mpl.plots import draw
from bias_harness.reporting.texts import Texts


def files_of(
    drawings: Iterable[Drawing], texts: Texts, formats: Sequence[str] = ("svg", "png"), styles: Sequence[str] = ()
) -> dict[str, bytes]:
    """File name -> content: each drawing in every format, and its numbers as CSV.

    `styles` are names or paths of matplotlib style sheets, laid over our own. Raises `InputError` for a format or
    a style that is not known.
    """
    _check(formats, styles)
    made: dict[str, bytes] = {}
    with mpl.rc_context():
        mpl_style.use([STYLE, *styles])
        mpl.rcParams["svg.hashsalt"] = "bias_harness"
        for drawing in drawings:
            made |= {f"{drawing.name}.{kind}": data for kind, data in _saved(drawing, texts, formats).items()}
            made[f"{drawing.name}.csv"] = drawing.chart.table().to_csv()
    return made


def _check(formats: Sequence[str], styles: Sequence[str]) -> None:
    for kind in formats:
        if kind not in METADATA:
            raise InputError(f"there is no figure format {kind!r}; choose one of {', '.join(METADATA)}")
    for style in styles:
        if style not in mpl_style.available and not Path(style).is_file():
            raise InputError(f"there is no matplotlib style {style!r}: name one of matplotlib's or a .mplstyle file")


def _saved(drawing: Drawing, texts: Texts, formats: Sequence[str]) -> dict[str, bytes]:
    figure = Figure(layout="constrained")
    draw(drawing.chart, figure, texts)
    figure.suptitle(drawing.title, x=0.01, ha="left", fontsize="large", wrap=True)
    _laid_out(figure)
    made = {}
    for kind in formats:
        buffer = io.BytesIO()
        titled = {"Title": drawing.title, "Description": drawing.alt} if kind != "pdf" else {"Title": drawing.title}
        options: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
        figure.savefig(buffer, format=kind, metadata={**METADATA[kind], **titled}, **options)
        made[kind] = buffer.getvalue()
    return made


def _laid_out(figure: Figure) -> None:
    """Places everything once, instead of once a format."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasAgg(figure)
        engine.execute(figure)
        figure.set_layout_engine("none")
