"""Several runs side by side, or the wordings, languages or models of one run: the same gap, seen again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from bias_harness.estimating.estimates import profile_gaps
from bias_harness.estimating.estimators.interval import paired_t
from bias_harness.estimating.estimators.verdicts import verdict
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.timeline import Timeline, TimelinePoint
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.first import banners, unfinished
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Estimate

By = Literal["run", "endpoint", "wording", "language"]


@dataclass(frozen=True)
class Side:
    """One of the things compared: what it is called, and which estimates and observations are its own."""

    label: str
    material: Material
    endpoint: str
    part: tuple[str, str] | None = None

    def estimate(self, attribute: str, level: str) -> Estimate | None:
        """Its log gap."""
        m = self.material
        if self.part:
            return m.cells.get((self.endpoint, attribute, level, self.part[0]), {}).get(self.part[1])
        wanted = (self.endpoint, attribute, level)
        return next((e for e in m.headlines if (e.endpoint, e.attribute, e.level) == wanted), None)

    def gaps(self, attribute: str, level: str) -> dict[str, float]:
        """Its log gap by profile."""
        rows: pd.DataFrame = self.material.observations
        if self.part:
            rows = rows[rows[self.part[0]] == self.part[1]]
        reference = self.material.attributes[attribute].reference
        return profile_gaps(rows, self.endpoint, attribute, level, reference)


def build(materials: Sequence[Material], texts: Texts, by: By = "run") -> dict[str, Any]:
    """One comparison for each model, attribute and level that occurs on two sides or more, the first as the base."""
    found: list[dict[str, Any]] = []
    for sides in _sides(materials, texts, by):
        for attribute in sides[0].material.attributes:
            for level in list(sides[0].material.attributes[attribute].levels)[1:]:
                one = _comparison(sides, texts, attribute, level, len(found), by)
                if one:
                    found.append(one)
    return {
        "banners": list(dict.fromkeys(text for m in materials for text in banners(m, texts))),
        "differences": [
            *(f"{m.run}: {text}" for m in materials if (text := unfinished(m, texts))),
            *(text for m in materials[1:] if (text := _different(materials[0], m, texts))),
        ],
        "comparisons": found,
        "kind": _kind(by),
    }


def _kind(by: By) -> str:
    """Runs are told as what changed from one to the next, everything else as what differs."""
    return "over" if by == "run" else "beside"


def _sides(materials: Sequence[Material], texts: Texts, by: By) -> Iterator[list[Side]]:
    base = materials[0]
    if by == "endpoint":
        yield [Side(View(m, texts).model(e), m, e) for m in materials for e in m.endpoints]
    elif by == "run":
        single = all(len(m.endpoints) == 1 for m in materials)
        for endpoint in base.endpoints:
            own = [(m, m.endpoints[0] if single else endpoint) for m in materials if single or endpoint in m.endpoints]
            yield [Side(m.run, m, name) for m, name in own]
    else:
        values = base.audit.experiment.wordings if by == "wording" else base.audit.experiment.languages
        for endpoint in base.endpoints:
            yield [Side(View(base, texts).part(by, value), base, endpoint, (by, value)) for value in values]


def _comparison(
    sides: list[Side], texts: Texts, attribute: str, level: str, number: int, by: By
) -> dict[str, Any] | None:
    seen = [(s, e) for s in sides if (e := s.estimate(attribute, level)) is not None and e.percent is not None]
    if len(seen) < 2:
        return None
    view = View(seen[0][0].material, texts)
    names = view.names(seen[0][1])
    said = {"model": " / ".join(s.label for s, _ in seen) if by == "endpoint" else names.model}
    said |= {"level": names.level, "reference": names.reference}
    points = tuple(TimelinePoint(s.label, e.percent or 0.0, e.percent_low, e.percent_high) for s, e in seen)
    margin = view.material.margin
    rows = [
        texts("figures.F10.row", run=s.label, percent=texts.percent(e.percent or 0.0), between=view.between(e))
        for s, e in seen
    ]
    drawing = Drawing(
        f"F10-{number}",
        f"F10-timeline-{number}",
        texts(f"figures.F10.title.{_kind(by)}", **said),
        texts("figures.F10.alt", rows=" ".join(rows)),
        Timeline(points, margin),
        texts("figures.F10.note", margin=texts.percent(margin.shown)),
    )
    return {
        "drawing": drawing,
        "changes": [_change(texts, seen[0], other, said, view, _kind(by)) for other in seen[1:]],
    }


def _change(
    texts: Texts, base: tuple[Side, Estimate], other: tuple[Side, Estimate], said: dict[str, str], view: View, kind: str
) -> str:
    """Before and after in a sentence, and the paired change of the profiles that both have."""
    (first, before), (second, after) = base, other
    sentence = texts(
        f"report.compare.changed.{kind}",
        **said,
        base=first.label,
        before=texts.percent(before.percent or 0.0),
        run=second.label,
        after=texts.percent(after.percent or 0.0),
    )
    old, new = first.gaps(before.attribute, before.level), second.gaps(after.attribute, after.level)
    differences = np.array([new[p] - old[p] for p in sorted(old) if p in new])
    change = paired_t(differences, view.material.audit.experiment.analysis.confidence)
    if change.estimate is None or change.conf_low is None or change.conf_high is None:
        return f"{sentence} {texts('report.compare.untested')}"
    low, high = 100 * np.expm1(change.conf_low), 100 * np.expm1(change.conf_high)
    word = verdict(change, view.material.margin) or "none"
    tested = texts(
        f"report.compare.tested.{kind}",
        change=texts.percent(100 * float(np.expm1(change.estimate))),
        low=texts.percent(float(low)),
        high=texts.percent(float(high)),
        profiles=texts.counted("profiles", change.n),
        word=texts(f"report.compare.words.{kind}.{word}"),
    )
    return f"{sentence} {tested}"


def _different(base: Material, other: Material, texts: Texts) -> str:
    """What was asked otherwise in another run, so that its gap cannot simply be compared; "" where nothing was."""
    a, b = base.audit.digests, other.audit.digests
    parts = [texts(f"report.compare.parts.{name}") for name in a if a[name] != b[name]]
    if not parts:
        return ""
    return texts("report.compare.differs", run=other.run, base=base.run, parts=", ".join(parts))
