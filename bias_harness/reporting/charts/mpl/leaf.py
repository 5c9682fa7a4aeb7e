"""The finding as one page of A4: it runs down from the top, in smaller type where there is more to say."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import matplotlib as mpl
import matplotlib.style as mpl_style
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from bias_harness.reporting.charts.card import Card
from bias_harness.reporting.charts.mpl.card import EDGE, INK, PANEL, SOFT, WARNING
from bias_harness.reporting.charts.mpl.look import METADATA, STYLE

WIDTH, HEIGHT, MARGIN, GUTTER = 595.0, 842.0, 48.0, 10.0
"""A4 in points, what stays white around it, and what lies between two tiles."""
SCALES = tuple(1 - step / 20 for step in range(12))
"""Sizes of type to try, of the first that leaves everything on the page."""
LEADING, PADDING = 1.3, 8.0


def page(card: Card) -> bytes:
    """The PDF; the same words give the same bytes."""
    with mpl.rc_context():
        mpl_style.use([STYLE])
        leaf = laid_on_a4(card)
        buffer = io.BytesIO()
        leaf.figure.savefig(buffer, format="pdf", metadata={**METADATA["pdf"], "Title": card.heading})
    return buffer.getvalue()


def laid_on_a4(card: Card) -> Leaf:
    """The page in the largest type that leaves everything on it, else in the smallest."""
    tried = (_laid(card, scale) for scale in SCALES)
    return next((leaf for leaf in tried if leaf.fits), None) or _laid(card, SCALES[-1])


@dataclass
class Leaf:
    """A page that is written on from above; `at` is how far down it is full, in points."""

    scale: float
    figure: Figure = field(default_factory=lambda: Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="white"))
    at: float = MARGIN

    @property
    def fits(self) -> bool:
        """Whether all that was written is on the page."""
        return self.at <= HEIGHT - MARGIN

    def write(
        self,
        text: str,
        size: float,
        colour: str = INK,
        *,
        bold: bool = False,
        left: float = MARGIN,
        width: float = WIDTH - 2 * MARGIN,
    ) -> None:
        """A paragraph, broken where the letters reach the width, and the place below it."""
        size *= self.scale
        font = FontProperties(family=mpl.rcParams["font.family"], size=size, weight="bold" if bold else "normal")
        for line in _lines(text, font, width):
            x, y = left / WIDTH, 1 - (self.at + size) / HEIGHT
            self.figure.text(x, y, line, color=colour, fontproperties=font, va="baseline", parse_math=False)
            self.at += LEADING * size

    def box(self, top: float, left: float, width: float, colour: str, edge: str) -> None:
        """What lies behind the text from `top` to here."""
        place = (left / WIDTH, 1 - self.at / HEIGHT)
        size = (width / WIDTH, (self.at - top) / HEIGHT)
        self.figure.add_artist(Rectangle(place, *size, facecolor=colour, edgecolor=edge, zorder=0))

    def skip(self, points: float) -> None:
        """Leaves some room."""
        self.at += points * self.scale


def _laid(card: Card, scale: float) -> Leaf:
    leaf = Leaf(scale)
    if card.warning:
        top = leaf.at
        leaf.skip(PADDING)
        leaf.write(card.warning, 10, bold=True, left=MARGIN + PADDING, width=WIDTH - 2 * (MARGIN + PADDING))
        leaf.skip(PADDING)
        leaf.box(top, MARGIN, WIDTH - 2 * MARGIN, WARNING, EDGE)
        leaf.skip(10)
    leaf.write(card.heading, 19, bold=True)
    leaf.skip(3)
    leaf.write(card.asked, 9, SOFT)
    leaf.skip(10)
    _tiles(leaf, card.tiles)
    for passage in card.passages:
        leaf.skip(9)
        if passage.heading:
            leaf.write(passage.heading, 12, bold=True)
            leaf.skip(2)
        for line in passage.lines:
            leaf.write(line, 9.5)
            leaf.skip(2)
    leaf.skip(9)
    for line in (card.caveat, card.made):
        leaf.write(line, 8.5, SOFT)
        leaf.skip(3)
    return leaf


def _tiles(leaf: Leaf, tiles: Sequence[tuple[str, str]]) -> None:
    """Side by side, all as high as the highest."""
    if not tiles:
        return
    width = (WIDTH - 2 * MARGIN - GUTTER * (len(tiles) - 1)) / len(tiles)
    lefts = [MARGIN + place * (width + GUTTER) for place in range(len(tiles))]
    top, ends = leaf.at, []
    for left, (big, small) in zip(lefts, tiles, strict=True):
        leaf.at = top
        leaf.skip(PADDING)
        for text, size, colour, bold in ((big, 14, INK, True), (small, 9, SOFT, False)):
            leaf.write(text, size, colour, bold=bold, left=left + PADDING, width=width - 2 * PADDING)
        leaf.skip(PADDING)
        ends.append(leaf.at)
    leaf.at = max(ends)
    for left in lefts:
        leaf.box(top, left, width, PANEL, PANEL)


def _lines(text: str, font: FontProperties, width: float) -> Iterator[str]:
    """A text in lines that are no wider than so many points; a word that is wider alone is broken."""
    line = ""
    for word in text.split(" "):
        if line and _wide(f"{line} {word}", font) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip(" ")
        while _wide(line, font) > width:
            fitting = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or _wide(line[:n], font) <= width)
            yield line[:fitting]
            line = line[fitting:]
    if line:
        yield line


def _wide(text: str, font: FontProperties) -> float:
    """Points, letter by letter: pairs that are drawn closer together make it no wider."""
    file = font_manager.findfont(font)
    return float(font.get_size()) * sum(_advance(letter, file) for letter in text)


@cache
def _advance(letter: str, file: str) -> float:
    """The width of a letter, in sizes of type."""
    face = font_manager.get_font(file)
    face.set_size(1000, 72)
    glyph = face.load_char(ord(letter))
    return float(glyph.linearHoriAdvance) / 65536 / 1000
