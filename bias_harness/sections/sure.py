"""How sure is this: the interval in words, the placebo pairs, and what was not answered."""

from __future__ import annotations

from typing import Any

from bias_harness.i18n import Texts
from bias_harness.sections import Material, span


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The sentences, with this run's own numbers in them."""
    status = material.observations["status"].astype(str)
    attribute = next(iter(material.attributes.values()))
    values = {
        "attribute": texts.label(attribute.label, attribute.name),
        "placebo": _placebo(material, texts),
        "answers": texts.number(len(status)),
        "refused": texts.number(int((status == "refused").sum())),
        "unread": texts.number(int(status.isin(["no_amount", "ambiguous", "failed"]).sum())),
        "implausible": texts.number(int(material.observations["implausible"].sum())),
    }
    return {"items": [str(item).format(**values) for item in texts.under("report.sure.items")]}


def _placebo(material: Material, texts: Texts) -> str:
    found = [e for e in material.estimates.find(family="placebo") if e.conf_low is not None and "signal" in e.slice]
    if not found:
        return texts("report.sure.placebo_none")
    ends = span(texts, found[0])
    low, high = ends or ("?", "?")
    return texts("report.sure.placebo", percent=texts.percent(found[0].percent or 0.0), low=low, high=high)
