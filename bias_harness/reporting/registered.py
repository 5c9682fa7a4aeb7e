"""Whether a run was preregistered, in one sentence or more: what the page, the terminal and the paper say of it."""

from __future__ import annotations

from collections.abc import Sequence

from bias_harness.reporting.material import View
from bias_harness.reporting.texts import Texts


def registered(view: View) -> str:
    """How the run stands to its preregistration; that it has none, where it has none."""
    t, material = view.texts, view.material
    of = material.registration
    if of is None:
        return t("report.registered.none")
    first = material.asked[0] if material.asked else None
    values = {
        "date": t.moment(of.written_at.isoformat()),
        "first": t.moment(first) if first else "",
        "hash": of.sha256[:12],
        "parts": ", ".join(t(f"report.registered.parts.{name}") for name in of.differing(material.audit)),
    }
    faults = of.faults(material.audit, first)
    looks = material.manifest.looks
    stopping = t(
        f"report.registered.stopping.{of.stopping(looks)}",
        registered=_listed(t, of.looks),
        looks=_listed(t, looks.after if looks else ()),
    )
    return " ".join([*(t(f"report.registered.{name}", **values) for name in faults or ("before",)), stopping]).rstrip()


def _listed(t: Texts, jobs: Sequence[int]) -> str:
    return ", ".join(t.number(n) for n in jobs) or "-"
