"""The worksheet to print: prose alone."""

from __future__ import annotations

from typing import Any

from bias_harness.reporting.material import Material
from bias_harness.reporting.texts import Texts


def build(_material: Material, texts: Texts) -> dict[str, Any]:
    """The worksheet's words."""
    return {"sheet": texts.under("report.worksheet")}
