"""Where it differs: the typical gap by field, seniority, wording and language, a number in every cell."""

from __future__ import annotations

from typing import Any

from bias_harness.i18n import Texts
from bias_harness.sections import Material, span
from bias_harness.vocabulary import Estimate


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """One table per attribute and level: a row a model, a column a part of the test."""
    tables = []
    for attribute, varied in material.attributes.items():
        for level in varied.levels:
            rows = [e for e in material.headlines if e.attribute == attribute and e.level == level]
            if rows:
                tables.append(_table(material, texts, rows))
    return {"tables": tables}


def _table(material: Material, texts: Texts, headlines: list[Estimate]) -> dict[str, Any]:
    first = headlines[0]
    cells = material.estimates.find(family="cells", attribute=first.attribute, level=first.level)
    parts = sorted({next(iter(e.slice.items())) for e in cells if len(e.slice) == 1}, key=_order)
    names = material.names(texts, first)
    return {
        "level": names.level,
        "reference": names.reference,
        "parts": [material.group(texts, *part) for part in parts],
        "rows": [
            {
                "model": material.model(texts, e.endpoint),
                "cells": [_cell(texts, e)] + [_cell(texts, _find(cells, e.endpoint, part)) for part in parts],
            }
            for e in headlines
        ],
    }


def _order(part: tuple[str, str]) -> tuple[int, str]:
    return (("field", "seniority", "language", "wording").index(part[0]), part[1])


def _find(cells: list[Estimate], endpoint: str, part: tuple[str, str]) -> Estimate | None:
    return next((e for e in cells if e.endpoint == endpoint and e.slice == dict([part])), None)


def _cell(texts: Texts, e: Estimate | None) -> dict[str, Any] | None:
    if e is None or e.percent is None:
        return None
    ends = span(texts, e)
    strength = min(1.0, abs(e.percent) / 20)
    return {
        "percent": texts.percent(e.percent),
        "span": ends,
        "key": e.verdict or "none",
        "tone": "less" if e.percent < 0 else "more",
        "strength": round(strength, 2),
    }
