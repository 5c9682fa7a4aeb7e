"""The pictures on the page: no name is cut at any width, and none runs over the edge or over the next one."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest
from report_runs import GENDER, audit_of, plain, run_of

from bias_harness.margin import Margin
from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.charts.scene import LETTER, NARROW, WIDE, Label, lines
from bias_harness.reporting.charts.timeline import Timeline, TimelinePoint
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import View
from bias_harness.reporting.texts import texts

SIZES = {"label": 12.0, "sub": 10.5, "tick": 10.5, "group": 13.0}
"""About what the style sheet gives each kind of words in a picture."""
LONG = "a-vendor-of-some-standing-its-largest-model-for-conversations-2026-01-31-preview"


@cache
def drawings() -> list[Drawing]:
    """The figures of a model with a long name, whose levels are long too."""
    ends = [{"name": LONG, "plant": {}}, {"name": "short", "plant": {}}]
    attributes = [GENDER, {"name": "combined", "signals": 1}]
    return list(Drawings(View(run_of(audit_of(endpoints=ends, attributes=attributes), plain), texts("nl"))))


def box(label: Label) -> tuple[float, float, float, float]:
    """Left, right, top, bottom."""
    size = SIZES[label.kind]
    wide = LETTER * size * len(label.text)
    left = label.x - {"start": 0.0, "middle": wide / 2, "end": wide}[label.anchor]
    return left, left + wide, label.y - 0.75 * size, label.y + 0.2 * size


def wrong(labels: tuple[Label, ...], width: float, height: float) -> list[str]:
    """The labels that are cut, that run over the edge, or that lie on another one."""
    boxes = [(label.text, *box(label)) for label in labels if label.text]
    found = [text for text, *_ in boxes if "…" in text.replace(" … ", " ")]
    found += [
        text for text, left, right, top, low in boxes if left < -2 or right > width + 2 or top < -2 or low > height + 2
    ]
    for (one, l1, r1, t1, b1), (two, l2, r2, t2, b2) in combinations(boxes, 2):
        if min(r1, r2) - max(l1, l2) > 2 and min(b1, b2) - max(t1, t2) > 1:
            found.append(f"{one!r} lies on {two!r}")
    return found


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_name_is_cut_runs_over_the_edge_or_lies_on_another(width: int) -> None:
    for drawing in drawings():
        if hasattr(drawing.chart, "scene"):
            scene = drawing.chart.scene(texts("nl"), width)
            assert wrong(scene.labels, scene.width, scene.height) == [], drawing.id
            if drawing.family in ("F3", "F8", "F12"):
                assert LONG in "".join(label.text for label in scene.labels), drawing.id


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("runs", [2, 30])
def test_runs_are_named_whole_and_as_many_as_there_is_room_for(width: int, runs: int) -> None:
    points = tuple(TimelinePoint(f"2026-{n:02}-nederland-again", -float(n), None, None) for n in range(runs))
    scene = Timeline(points, Margin(0.01, "fraction")).scene(texts("en"), width)
    assert wrong(scene.labels, scene.width, scene.height) == []
    assert "2026-00-nederland-again" in "".join(label.text for label in scene.labels)


def test_lines_hold_every_letter() -> None:
    assert "".join(lines(LONG, 100)).replace(" ", "") == LONG
    assert lines("", 100) == [""]
