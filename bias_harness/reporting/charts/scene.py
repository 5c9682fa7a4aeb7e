"""A drawing as a short list of marks in units of its own; the page turns it into inline SVG.

Marks of one kind become one path, so that a picture of a thousand bars stays small. Kinds are the classes that the
page's style sheet colours, for light and dark and for print. Nothing is told by colour alone: see `SHAPES`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

NARROW, WIDE = 340, 720
SHAPES = ("circle", "square", "triangle", "diamond")
LETTER = 0.54
"""The mean width of a letter, in font sizes."""
STEP = 13
"""From one line of a name to the next."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str

    @property
    def path(self) -> str:
        """As SVG path data."""
        return f"M{n(self.x1)} {n(self.y1)}L{n(self.x2)} {n(self.y2)}"


@dataclass(frozen=True, slots=True)
class Bar:
    """An upright rectangle."""

    x: float
    y: float
    width: float
    height: float
    kind: str

    @property
    def path(self) -> str:
        """As SVG path data."""
        return f"M{n(self.x)} {n(self.y)}h{n(self.width)}v{n(self.height)}h{n(-self.width)}z"


@dataclass(frozen=True, slots=True)
class Sign:
    """A marker: circle, square, triangle, diamond or cross, `size` from the middle to the edge."""

    x: float
    y: float
    kind: str
    shape: str = "circle"
    size: float = 5

    @property
    def path(self) -> str:
        """As SVG path data."""
        x, y, r = n(self.x), n(self.y), self.size
        if self.shape == "square":
            return f"M{n(self.x - r * 0.85)} {n(self.y - r * 0.85)}h{n(1.7 * r)}v{n(1.7 * r)}h{n(-1.7 * r)}z"
        if self.shape == "triangle":
            return f"M{x} {n(self.y - r * 1.1)}l{n(r * 1.1)} {n(r * 2)}h{n(-r * 2.2)}z"
        if self.shape == "diamond":
            r *= 1.25
            return f"M{x} {n(self.y - r)}l{n(r)} {n(r)}l{n(-r)} {n(r)}l{n(-r)} {n(-r)}z"
        if self.shape == "cross":
            return f"M{n(self.x - r)} {n(self.y - r)}l{n(2 * r)} {n(2 * r)}m0 {n(-2 * r)}l{n(-2 * r)} {n(2 * r)}"
        return f"M{n(self.x - r)} {y}a{n(r)} {n(r)} 0 1 0 {n(2 * r)} 0a{n(r)} {n(r)} 0 1 0 {n(-2 * r)} 0z"


@dataclass(frozen=True, slots=True)
class Label:
    """Text with its baseline at y."""

    x: float
    y: float
    text: str
    kind: str = "label"
    anchor: str = "start"


Mark = Line | Bar | Sign


@dataclass(frozen=True)
class Scene:
    """A finished drawing. Marks of a kind lie where the first of them was put."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]

    @property
    def paths(self) -> Iterator[tuple[str, str]]:
        """(kind, SVG path data), from back to front."""
        grouped: dict[str, list[str]] = {}
        for mark in self.marks:
            grouped.setdefault(mark.kind, []).append(mark.path)
        return ((kind, "".join(parts)) for kind, parts in grouped.items())


def n(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def lines(text: str, width: float, size: float = 13) -> list[str]:
    """The text in lines that are no wider than `width`; a word that is wider alone is broken."""
    return textwrap.wrap(text, max(3, int(width / (LETTER * size)))) or [""]


def most(names: Iterable[Sequence[str]]) -> float:
    """The height that the longest of some names in lines takes beyond its first line."""
    return STEP * (max(map(len, names), default=1) - 1)


def stacked(x: float, y: float, names: Sequence[str], kind: str = "label", anchor: str = "start") -> list[Label]:
    """The lines of a name, the last with its baseline at y."""
    first = y - STEP * (len(names) - 1)
    return [Label(x, first + STEP * place, line, kind, anchor) for place, line in enumerate(names)]


@dataclass(frozen=True)
class Scale:
    """A straight scale from data to units: `Scale(low, high, left, right)(value)`."""

    low: float
    high: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        """Where a value lies; held inside the frame."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def ticks(self, about: int = 6) -> list[float]:
        """Round numbers on the scale."""
        return ticks(self.low, self.high, about)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """At most `about` steps of round numbers from `low` to `high`."""
    if not high > low:
        return [low]
    step = next(s * 10.0**e for e in range(-6, 12) for s in (1, 2, 5) if (high - low) / (s * 10.0**e) <= about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * i, 10) for i in range(first, last + 1)]


def around(values: Iterable[float | None], *, include: Iterable[float] = (), room: float = 0.05) -> tuple[float, float]:
    """The ends of an axis that holds all values and what it must include, with some room."""
    ends = [v for v in values if v is not None] + list(include)
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    width = (high - low) or abs(high) or 1.0
    return low - room * width, high + room * width
