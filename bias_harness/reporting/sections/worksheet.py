"""The worksheet to print: prose and addresses."""

from __future__ import annotations

from typing import Any

from bias_harness.reporting.material import Material, View
from bias_harness.reporting.texts import Texts
from bias_harness.reporting.yardsticks import places


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The worksheet's words, and the addresses where its figures are to be found."""
    return {"sheet": texts.under("report.worksheet"), "places": places(View(material, texts))}
