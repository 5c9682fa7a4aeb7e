"""What you can do with a client, and what the page cannot tell: prose alone."""

from __future__ import annotations

from typing import Any

from bias_harness.i18n import Texts
from bias_harness.sections import Material


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The two lists."""
    del material
    return {"do": texts.under("report.do.items"), "cannot": texts.under("report.cannot.items")}
