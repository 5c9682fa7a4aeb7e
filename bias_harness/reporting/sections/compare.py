"""Several runs side by side, or the wordings, languages or models of one run: the same gap, seen again and again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

from bias_harness.errors import UsageError, did_you_mean
from bias_harness.estimating.across import Across, across
from bias_harness.estimating.changes import Change, changes_of
from bias_harness.estimating.judgement import Gap
from bias_harness.estimating.seen import Part
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.timeline import Timeline, TimelinePoint
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.ranking import ranked
from bias_harness.reporting.sections.notices import extent, notices
from bias_harness.reporting.sections.summary import row
from bias_harness.reporting.texts import Texts

By = Literal["run", "endpoint", "wording", "language"]


FEWEST_FOR_OTHERS = 3
"""With two experiments the range for others like them says nothing that could be used: one difference, one df."""


def build(materials: Sequence[Material], texts: Texts, by: By = "run", *, pool: bool = False) -> dict[str, Any]:
    """One comparison for each model, attribute and level that occurs on two sides or more, the first as the base.

    With `pool` also each of them over all runs together.
    """
    page = _Page(materials[0], {m.run: m for m in materials}, texts, by)
    found = changes(materials, by)
    together = [list(own) for _, own in groupby(found, key=lambda c: (c.base, c.endpoint, c.attribute, c.level))]
    most = max((c.family_size for c in found), default=0)
    return {
        "notices": list(dict.fromkeys(found for m in materials for found in notices(m, texts))),
        "differences": [
            *(f"{m.run}: {text}" for m in materials if (text := extent(m, texts))),
            *(text for m in materials[1:] if (text := _different(materials[0], m, texts))),
            *_currencies(materials, texts),
        ],
        "comparisons": [page.comparison(own, number) for number, own in enumerate(together)],
        "kind": page.kind,
        "ranking": list(ranking(materials, texts)) if by == "endpoint" else [],
        "at_once": texts("report.compare.at_once", count=texts.number(most)) if most > 1 else "",
        "pooled": [page.together(one) for one in (pooled(materials) if pool else [])],
    }


def ranking(materials: Sequence[Material], texts: Texts) -> Iterator[dict[str, str]]:
    """The models from the smallest leading gap to the largest, ties as ties: the rows of the page's own ranking."""
    sides = [(m, j) for m in materials for j in Drawings(View(m, texts)).gaps.leading]
    for placed in ranked(sides):
        view = View(placed.material, texts)
        yield row(view, placed, Pay(texts, placed.material.audit.experiment.outcome))


def changes(materials: Sequence[Material], by: By = "run") -> list[Change]:
    """Every change that a page of these runs tells, by the base's own analysis and outcome.

    Raises `UsageError` for a run that has nothing in common with the base.
    """
    e = materials[0].audit.experiment
    found = changes_of(list(_parts(materials, by)), analysis=e.analysis, outcome=e.outcome)
    for other in materials[1:] if by == "run" else ():
        if other.run not in {c.other for c in found}:
            raise UsageError(_nothing_in_common(materials[0], other))
    return found


def pooled(materials: Sequence[Material]) -> list[Across]:
    """Every comparison that two of these runs have or more, over them together.

    Raises `UsageError` for a run that has nothing in common with the first, and for one that is named twice.
    """
    names = [m.run for m in materials]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{twice} is named twice; its answers would count double: pool each run once")
    changes(materials)
    return across(list(_parts(materials, "run")), materials[0].audit.experiment.outcome)


def _nothing_in_common(base: Material, other: Material) -> str:
    one = len(base.endpoints) == len(other.endpoints) == 1
    asked = [", ".join(dict.fromkeys(_asked(m, named=not one))) or "nothing that has a gap" for m in (base, other)]
    return (
        f"{other.run} has nothing in common with {base.run}, so there is nothing to set side by side: {base.run} has "
        f"{asked[0]}; {other.run} has {asked[1]}; compare runs with the same "
        f"{'' if one else 'endpoint, '}attribute, level and reference"
    )


def _asked(material: Material, *, named: bool) -> Iterator[str]:
    for j in material.judgements:
        if j.gap is not None:
            yield f"{f'{j.endpoint}: ' * named}{j.attribute} {j.level} against {j.reference}"


def _parts(materials: Sequence[Material], by: By) -> Iterator[list[Part]]:
    base = materials[0]
    if by == "endpoint":
        yield [Part(e, e, m.observations) for m in materials for e in m.endpoints]
    elif by == "run":
        single = all(len(m.endpoints) == 1 for m in materials)
        for endpoint in base.endpoints:
            own = [(m, m.endpoints[0] if single else endpoint) for m in materials if single or endpoint in m.endpoints]
            yield [Part(m.run, name, m.observations, m.audit.resolved.people.people) for m, name in own]
    else:
        values = base.audit.experiment.wordings if by == "wording" else base.audit.experiment.languages
        rows = base.observations
        for endpoint in base.endpoints:
            yield [Part(value, endpoint, rows[rows[by].astype(str) == value]) for value in values]


@dataclass(frozen=True)
class _Page:
    """What is told of changes, in one language."""

    base: Material
    runs: dict[str, Material]
    texts: Texts
    by: By

    @property
    def kind(self) -> str:
        """Runs of one experiment are told as what changed from one to the next, everything else as what differs."""
        asked = {m.audit.experiment.experiment for m in self.runs.values()}
        return "over" if self.by == "run" and len(asked) == 1 else "beside"

    @property
    def view(self) -> View:
        return View(self.base, self.texts)

    def label(self, name: str, endpoint: str) -> str:
        """How a part is called on the page."""
        if self.by == "run":
            return name
        if self.by == "endpoint":
            own = next((m for m in self.runs.values() if endpoint in m.endpoints), self.base)
            return View(own, self.texts).model(endpoint)
        return self.view.part(self.by, name)

    def comparison(self, own: list[Change], number: int) -> dict[str, Any]:
        """The figure of one gap on all its sides, and a sentence for each change."""
        t, first = self.texts, own[0]
        sides = [(self.label(first.base, first.endpoint), first.before)]
        sides += [(self.label(c.other, c.other_endpoint), c.after) for c in own]
        model = " / ".join(label for label, _ in sides) if self.by == "endpoint" else self.view.model(first.endpoint)
        said = {
            "model": model,
            "level": self.view.level(first.attribute, first.level),
            "reference": self.view.level(first.attribute, first.reference),
        }
        points = tuple(TimelinePoint(label, g.percent or 0.0, g.percent_low, g.percent_high) for label, g in sides)
        rows = [
            t("figures.F10.row", run=label, percent=t.percent(g.percent or 0.0), between=self._between(g))
            for label, g in sides
        ]
        margin = self.base.margin
        drawing = Drawing(
            f"F10-{number}",
            t(f"figures.F10.title.{self.kind}", **said),
            t("figures.F10.alt", rows=" ".join(rows)),
            Timeline(points, margin),
            t("figures.F10.note", margin=t.percent(margin.shown)),
        )
        return {"drawing": drawing, "changes": [self._told(c, said) for c in own]}

    def _between(self, gap: Gap) -> str:
        if gap.percent_low is None or gap.percent_high is None:
            return self.texts("figures.F3.alone")
        ends = {"low": self.texts.percent(gap.percent_low), "high": self.texts.percent(gap.percent_high)}
        return self.texts("figures.F3.between", **ends)

    def _told(self, c: Change, said: dict[str, str]) -> str:
        """Before and after in a sentence, and the change over the jobs that both have, with its word."""
        t = self.texts
        sentence = t(
            f"report.compare.changed.{self.kind}",
            **said,
            base=self.label(c.base, c.endpoint),
            before=t.percent(c.before.percent or 0.0),
            run=self.label(c.other, c.other_endpoint),
            after=t.percent(c.after.percent or 0.0),
        )
        if c.change is None or c.word is None:
            return f"{sentence} {t('report.compare.untested')}"
        tested = t(
            f"report.compare.{'tested' if c.paired else 'apart'}.{self.kind}",
            change=t.percent(c.change.percent or 0.0),
            between=self._probably(c.change),
            jobs=t.counted("jobs", c.jobs),
            others=t.counted("jobs", c.other_jobs or 0),
            word=t(f"report.compare.words.{self.kind}.{c.word}"),
        )
        return f"{sentence} {tested}"

    def _probably(self, gap: Gap) -> str:
        """The range of a gap, in brackets; "" where it has none."""
        if gap.percent_low is None or gap.percent_high is None:
            return ""
        ends = {"low": self.texts.percent(gap.percent_low), "high": self.texts.percent(gap.percent_high)}
        return self.texts("report.compare.between", **ends)

    def together(self, a: Across) -> str:
        """The gap over several runs in a sentence, and for whom else it may be taken; without any word of a verdict."""
        t = self.texts
        said = t(
            "report.compare.pooled.mean",
            level=self.view.level(a.attribute, a.level),
            reference=self.view.level(a.attribute, a.reference),
            runs=", ".join(self.label(name, end) for name, end in zip(a.parts, a.endpoints, strict=True)),
            percent=t.percent(a.gap.percent or 0.0),
            between=self._probably(a.gap),
            jobs=t.counted("jobs", a.jobs),
        )
        if a.others is None:
            return f"{said} {t('report.compare.pooled.none')}"
        if len(a.parts) < FEWEST_FOR_OTHERS:
            return f"{said} {t('report.compare.pooled.two')}"
        ends = {"low": t.percent(a.others.percent_low or 0.0), "high": t.percent(a.others.percent_high or 0.0)}
        spread = t.percent(100 * math.expm1(a.tau or 0.0))
        return f"{said} {t('report.compare.pooled.others', **ends, spread=spread)}"


def _currencies(materials: Sequence[Material], texts: Texts) -> Iterator[str]:
    """That nothing was converted, where amounts are in several currencies."""
    found = list(dict.fromkeys(m.currency for m in materials))
    if len(found) > 1:
        yield texts("report.compare.currencies", currencies=", ".join(found))


def _different(base: Material, other: Material, texts: Texts) -> str:
    """What was asked otherwise in another run, so that its gap cannot simply be compared; "" where nothing was."""
    a, b = base.audit.digests, other.audit.digests
    parts = [texts(f"report.compare.parts.{name}") for name in a if a[name] != b[name]]
    if not parts:
        return ""
    return texts("report.compare.differs", run=other.run, base=base.run, parts=", ".join(parts))


def comparable(materials: Sequence[Material], by: By, *, pool: bool = False) -> Sequence[Material]:
    """The same, where they can be compared. Raises `UsageError`."""
    if by not in get_args(By):
        raise UsageError(f"nothing is compared by {by!r}{did_you_mean(str(by), get_args(By))}")
    if len(materials) < 2 and by == "run":
        raise UsageError("a comparison needs two runs or more; name them, or say what of one run is compared with --by")
    if pool and by != "run":
        raise UsageError(f"what is pooled are runs, and this compares each {by} of one; leave out --by, or --pool")
    if not all(m.measure.relative for m in materials):
        raise UsageError("compare sets salaries side by side; a run that measures a score or a share has its own page")
    if len({m.measure.name for m in materials}) > 1:
        raise UsageError(
            "one of these runs reads a model's probabilities and another draws answers: two different numbers, which "
            "are not set side by side; compare runs of one kind"
        )
    return materials
