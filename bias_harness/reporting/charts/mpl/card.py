"""The finding as one picture to share: 1200 by 630 pixels, the size that links are previewed with."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.style as mpl_style
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bias_harness.reporting.charts.card import Card
from bias_harness.reporting.charts.mpl.look import METADATA, STYLE

WIDTH, HEIGHT, DOTS = 1200, 630, 100
INK, SOFT, PANEL, WARNING, EDGE = "#1b1f24", "#4a525b", "#f3f5f7", "#fff2cc", "#8a6100"
HEADING_LETTERS, BIG_LETTERS, SMALL_LETTERS, LINE_LETTERS = 46, 21, 34, 108
MOST_TILES, MOST_LINES = 3, 5
"""Tiles side by side; a heading of more lines leaves no room for them."""


def picture(card: Card) -> bytes:
    """The PNG; the same words give the same bytes."""
    with mpl.rc_context():
        mpl_style.use([STYLE])
        figure = Figure(figsize=(WIDTH / DOTS, HEIGHT / DOTS), dpi=DOTS, facecolor="white")
        top = _warned(figure, card.warning)
        asked = _text(figure, 40, top + 16, card.asked, 13, LINE_LETTERS, SOFT)
        lines = _text(figure, 40, top + 26 + 22 * len(asked), card.heading, 29, HEADING_LETTERS, INK, bold=True)
        if len(lines) <= MOST_LINES:
            _tiles(figure, card.tiles[:MOST_TILES])
        _text(figure, 40, 560, card.caveat, 12, LINE_LETTERS, SOFT)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS, metadata=METADATA["png"])
    return buffer.getvalue()


def _warned(figure: Figure, warning: str) -> float:
    """The label on top, where there is one. Returns where what follows starts."""
    if not warning:
        return 20.0
    figure.add_artist(Rectangle((0, 1 - 56 / HEIGHT), 1, 56 / HEIGHT, facecolor=WARNING, edgecolor=EDGE, linewidth=2))
    _text(figure, 40, 20, warning, 15, LINE_LETTERS, INK, bold=True)
    return 62.0


def _tiles(figure: Figure, tiles: Sequence[tuple[str, str]]) -> None:
    for place, (big, small) in enumerate(tiles):
        left = 40 + place * 380
        box = Rectangle((left / WIDTH, 1 - 545 / HEIGHT), 360 / WIDTH, 185 / HEIGHT, facecolor=PANEL, edgecolor=PANEL)
        figure.add_artist(box)
        lines = _text(figure, left + 16, 374, big, 21, BIG_LETTERS, INK, bold=True)
        _text(figure, left + 16, 384 + 32 * len(lines), small, 13, SMALL_LETTERS, SOFT)


def _text(
    figure: Figure, x: float, y: float, text: str, size: float, letters: int, colour: str, *, bold: bool = False
) -> list[str]:
    """Text from a point (pixels from the left and from the top), broken at so many letters. Returns its lines."""
    lines = textwrap.wrap(text, letters)
    words = "\n".join(lines).replace("$", r"\$")
    weight = "bold" if bold else "normal"
    figure.text(x / WIDTH, 1 - y / HEIGHT, words, fontsize=size, color=colour, weight=weight, va="top", linespacing=1.2)
    return lines
