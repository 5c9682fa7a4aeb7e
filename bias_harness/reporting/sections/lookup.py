"""What it would tell me: the answers about one job as dots, and the words themselves, for each level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bias_harness.reporting.charts.scene import Scale
from bias_harness.reporting.material import View
from bias_harness.reporting.sections.answers import said

MOST = 50
"""Answers of one level about one job that are shown; of more the first so many as they were asked."""
WIDTH, EDGE = 320, 8
WORDS = 3
"""Answers of one level about one job whose words are shown."""
Asked = tuple[str, float | None]


def cells_of(view: View, endpoint: str, attribute: str) -> list[dict[str, Any]]:
    """One entry a job: its name, and each level with its amounts as dots and the words of its first answers."""
    m = view.material
    personas = {p.id: p for p in m.audit.design.personas}
    jobs = [
        {
            "name": view.persona(personas[persona]),
            "field": view.part("field", personas[persona].field),
            "levels": list(_levels(view, attribute, by_level)),
        }
        for persona, by_level in _answers(view, endpoint, attribute).items()
    ]
    return sorted(jobs, key=lambda job: str(job["name"]).casefold())


def _answers(view: View, endpoint: str, attribute: str) -> dict[str, dict[str, list[Asked]]]:
    """Job -> level -> its answers: key, and the amount a year where it counts."""
    rows, counted = view.material.observations, set(view.material.amounts["key"])
    own = rows[(rows["endpoint"] == endpoint) & (rows["attribute"] == attribute)]
    found: dict[str, dict[str, list[Asked]]] = {}
    columns = (own[name].tolist() for name in ("persona", "level", "key", "annual"))
    for persona, level, key, annual in zip(*columns, strict=True):
        amount = float(annual) if key in counted else None
        found.setdefault(str(persona), {}).setdefault(str(level), []).append((str(key), amount))
    return found


def _levels(view: View, attribute: str, by_level: dict[str, list[Asked]]) -> Iterator[dict[str, Any]]:
    every = [amount for asked in by_level.values() for _, amount in asked if amount is not None]
    scale = Scale(min(every), max(every), EDGE, WIDTH - EDGE) if every else None
    for level in view.material.attributes[attribute].levels:
        if level in by_level:
            yield _level(view, view.level(attribute, level, "tag"), by_level[level], scale)


def _level(view: View, name: str, asked: list[Asked], scale: Scale | None) -> dict[str, Any]:
    m, t, shown = view.material, view.texts, asked[:MOST]
    values = [amount for _, amount in asked if amount is not None]
    raw = m.raw([key for key, _ in shown[:WORDS]])
    return {
        "name": name,
        "mean": t.money(sum(values) / len(values), m.currency, exact=True) if values else "–",
        "count": t.counted("answers", len(asked)),
        "dots": [round(scale(amount), 1) for _, amount in shown if amount is not None] if scale else [],
        "words": [said(view, *answer) for answer in raw.values()],
    }
