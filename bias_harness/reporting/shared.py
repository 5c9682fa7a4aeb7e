"""The finding as it is passed on, torn out of its page: with what was asked, the range, the date and the label."""

from __future__ import annotations

from bias_harness.reporting.charts.card import Card
from bias_harness.reporting.material import Material
from bias_harness.reporting.sections import summary
from bias_harness.reporting.texts import Texts


def card_of(material: Material, spoken: Texts, title: str) -> Card:
    """The words of the picture: the same heading and tiles as the first screen's."""
    told = summary.build(material, spoken)
    natures = dict.fromkeys(material.nature(name) for name in material.endpoints)
    labels = [x["short"] for n in natures if (x := spoken.under("natures")[n])["text"]]
    warning = spoken("report.summary.label", natures=", ".join(labels)) if labels else ""
    warning = warning[:1].upper() + warning[1:]
    tiles = [(tile["big"], tile["text"]) for tile in told["tiles"]]
    return Card(f"{title} · {told['asked']}", told["heading"], tiles, spoken("report.summary.no_proof"), warning)
