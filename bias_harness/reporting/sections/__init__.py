"""The sections of the page: one file and one template each. A section turns the run into what its template shows."""

from __future__ import annotations

from bias_harness.reporting.material import Material, Raw

__all__ = ["Material", "Raw"]
