"""A figure for a journal's page: as wide as a column or two, no higher than 17 cm, with every label whole and apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox

WIDTHS: Mapping[str, float] = {"single": 85.0, "double": 180.0}
"""Millimetres of one column and of two."""
HIGHEST, INCH = 170.0, 25.4
SANS = ("Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "Arimo", "DejaVu Sans")
"""The first that this computer has is used; the last one comes with matplotlib."""
TOUCH = 0.5
"""Points that two boxes may share, for letters do not fill theirs."""
APART, ROUNDS = 6.0, 6
FEWEST, SLANT = 3, 30
"""Numbers that an axis keeps, and the degrees that they are turned by where these touch still."""
AXES: Mapping[Literal["x", "y"], Callable[[Axes], Any]] = {"x": lambda axes: axes.xaxis, "y": lambda axes: axes.yaxis}


@dataclass(frozen=True)
class Paper:
    """How a figure is wanted: as wide as `single` or `double` columns ("" is the page's own width), with its title."""

    width: str = ""
    title: bool = True

    def settings(self) -> dict[str, Any]:
        """What goes over the style sheet."""
        if not self.width:
            return {}
        known = {font.name for font in font_manager.fontManager.ttflist}
        sans = [name for name in SANS if name in known]
        wide = WIDTHS[self.width] / INCH
        size = 7 if self.width == "single" else 8
        fonts = {"font.family": "sans-serif", "font.sans-serif": sans, "font.size": size, "axes.titlesize": size}
        return {"figure.figsize": (wide, 0.62 * wide), "savefig.dpi": 300, **fonts}

    def fit(self, figure: Figure) -> None:
        """No higher than a page allows."""
        if self.width:
            figure.set_size_inches(figure.get_figwidth(), min(figure.get_figheight(), HIGHEST / INCH))


def settle(figure: Figure) -> None:
    """Places everything once, and thins out the numbers of an axis where two of them touch, or turns them."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    FigureCanvasAgg(figure)
    for _ in range(ROUNDS):
        engine.execute(figure)
        if not _thinned(figure):
            break
    figure.set_layout_engine("none")


def _thinned(figure: Figure) -> bool:
    """Whether some axis had numbers that touch, of its own or of the next one, which are fewer or turned now."""
    unseen, labels = _unseen(figure), dict[int, tuple[Axes, Literal["x", "y"], int]]()
    texts = []
    for axes in figure.axes:
        for name, axis in AXES.items():
            if not isinstance(axis(axes).get_major_locator(), FixedLocator):
                own = [text for text in axis(axes).get_ticklabels() if _seen(text, unseen)]
                labels |= {id(text): (axes, name, len(own)) for text in own}
                texts += [(text, _box(text)) for text in own]
    touching = {labels[id(text)] for pair in _pairs(texts, APART) for text in pair if labels[id(text)][2] > 1}
    for axes, name, count in touching:
        if count > FEWEST:
            axes.locator_params(axis=name, nbins=count - 2)
        else:
            axes.tick_params(axis=name, labelrotation=SLANT)
    return bool(touching)


def crowded(figure: Figure) -> list[str]:
    """What cannot be read in a figure that is laid out: labels that are cut off by its edge or lie on each other."""
    figure.draw_without_rendering()
    unseen = _unseen(figure)
    texts = [(text, _box(text)) for text in figure.findobj(Text) if _seen(text, unseen)]
    inside = figure.bbox.padded(TOUCH)
    cut = [
        f"{text.get_text()!r} is cut"
        for text, box in texts
        if not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1)
    ]
    return [*cut, *_touching(texts)]


def _seen(text: Any, unseen: set[int]) -> bool:
    """Whether a text is drawn."""
    shown = text.get_visible() and text.get_text().strip() and id(text) not in unseen
    return bool(shown and (text.axes is None or text.axes.get_visible()))


def _unseen(figure: Figure) -> set[int]:
    """The labels of places that an axis had once, or that lie beyond its ends: they are there and never drawn."""
    found = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-6 * (high - low)
            inside = [t for t in axis.get_major_ticks() if low - slack <= t.get_loc() <= high + slack]
            every = {id(label) for t in (*axis.majorTicks, *axis.minorTicks) for label in (t.label1, t.label2)}
            found |= every - {id(label) for t in inside for label in (t.label1, t.label2)}
    return found


def _box(text: Any) -> Bbox:
    box: Bbox = text.get_window_extent()
    return box


def _touching(texts: list[tuple[Any, Bbox]]) -> Iterator[str]:
    for one, other in _pairs(texts):
        yield f"{one.get_text()!r} lies on {other.get_text()!r}"


def _pairs(texts: list[tuple[Any, Bbox]], apart: float = 0.0) -> Iterator[tuple[Any, Any]]:
    """Texts whose boxes overlap, or stand nearer than so many dots.

    Of slanted ones the boxes are larger than the letters, and say nothing.
    """
    for (one, a), (other, b) in combinations(texts, 2):
        slanted = any(t.get_rotation() % 90 for t in (one, other))
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if not slanted and across > TOUCH - apart and up > TOUCH:
            yield one, other
