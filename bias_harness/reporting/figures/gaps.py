"""Figures of gaps: the forests (F3), the heat maps (F5) and the strip of placebo gaps (F12)."""

from __future__ import annotations

from functools import cached_property

from bias_harness.outcome import shown_gap
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.forest import Forest, forest
from bias_harness.reporting.charts.heat import Heat, HeatCell, HeatRow
from bias_harness.reporting.charts.strip import Strip, StripDot
from bias_harness.reporting.figures.maker import ALT_ROWS, MANY_LEVELS, Drawn
from bias_harness.reporting.material import Material
from bias_harness.vocabulary import Estimate

PARTS = ("field", "seniority", "language", "wording")
FIRST_ROWS = 12
"""Rows of the first figure; of more gaps it shows the leading ones."""


class GapDrawings(Drawn):
    """F3, F5 and F12."""

    @cached_property
    def first(self) -> Drawing | None:
        """F3 of the first screen: all headlines where they are few, else one a model."""
        shown = self.material.headlines
        return self._forest(shown if len(shown) <= FIRST_ROWS else self.leading, "F3", self.texts("figures.F3.first"))

    @cached_property
    def forests(self) -> dict[str, Drawing]:
        """F3 by attribute."""
        found = {}
        for name in self.material.attributes:
            title = self.texts("figures.F3.title", attribute=self.view.attribute(name))
            drawing = self._forest([e for e in self.material.headlines if e.attribute == name], f"F3-{name}", title)
            if drawing:
                found[name] = drawing
        return found

    def _forest(self, shown: list[Estimate], id_: str, title: str) -> Drawing | None:
        labelled = [(self.view.model(e.endpoint), self._pair(e) if id_ == "F3" else self._tag(e), e) for e in shown]
        chart: Forest = forest(labelled, self.material.margin)
        if not chart.rows:
            return None
        alts = [self._alt(e) for e in shown if shown_gap(e)[0] is not None]
        if len(alts) > ALT_ROWS:
            alts = [*alts[:ALT_ROWS], self.texts("figures.F3.more", count=len(alts) - ALT_ROWS)]
        confidence = self.material.audit.experiment.analysis.confidence
        narrower = self.texts.percent(100 * (2 * confidence - 1), 0)
        note = self.texts("figures.F3.note", margin=self.texts.gap(chart.margin.shown), narrower=narrower)
        if id_ == "F3":
            note += " " + self.texts("figures.F3.typical")
        return Drawing(id_, id_.replace("F3", "F3-forest", 1), title, " ".join(alts), chart, note)

    def _tag(self, e: Estimate) -> str:
        return self.view.level(e.attribute, e.level, "tag")

    def _pair(self, e: Estimate) -> str:
        """Who is compared with whom: rows of several attributes have several references."""
        return self.texts(
            "figures.F12.compared", level=self._tag(e), other=self.view.level(e.attribute, e.reference, "tag")
        )

    def _alt(self, e: Estimate) -> str:
        names = self.view.names(e)
        return self.texts(
            "figures.F3.alt",
            model=names.model,
            level=names.level,
            reference=names.reference,
            percent=self.texts.gap(shown_gap(e)[0] or 0.0),
            between=self.view.between(e),
            profiles=self.texts.counted("profiles", e.n_profiles),
            verdict=self.view.verdict(e),
        )

    @cached_property
    def heats(self) -> dict[str, Drawing]:
        """F5 by attribute: models and levels by part of the test; of many levels, levels by model."""
        found = {}
        for name in self.material.attributes:
            many = len(self.material.attributes[name].levels) > MANY_LEVELS
            chart = self._levels_by_model(name) if many else self._heat(name)
            if chart:
                title = self.texts("figures.F5.title", attribute=self.view.attribute(name))
                alt = self.texts("figures.F5.alt", rows=len(chart.rows), columns=", ".join(chart.columns))
                found[name] = Drawing(f"F5-{name}", f"F5-heat-{name}", title, alt, chart)
        return found

    def _heat(self, name: str) -> Heat | None:
        """A row a model and level; the columns are the whole and every field, seniority, language and wording."""
        headlines = [e for e in self.material.headlines if e.attribute == name]
        columns: list[tuple[str, str]] = []
        groups = []
        for part in PARTS:
            values = self._values(headlines, part)
            if values:
                first = len(columns) + 1
                columns += [(part, v) for v in values]
                groups.append((self._heat_title(name, part), (0, *range(first, first + len(values)))))
        if not columns:
            return None
        rows = tuple(self._heat_row(e, columns) for e in headlines)
        labels = (self.texts("report.where.all"), *(self.view.part(*c) for c in columns))
        return Heat(labels, rows, tuple(groups))

    def _heat_title(self, name: str, part: str) -> str:
        said = {"part": self.texts(f"report.where.parts.{part}"), "attribute": self.view.attribute(name)}
        return self.texts("figures.F5.part", **said)

    def _values(self, headlines: list[Estimate], part: str) -> list[str]:
        """The values of a part that have a number for any of the headlines, in the order of the people's file."""
        m = self.material
        seen = {v for e in headlines for v in m.cells.get((e.endpoint, e.attribute, e.level, part), ())}
        return sorted(seen, key=lambda v: _order(m, part, v))

    def _heat_row(self, e: Estimate, columns: list[tuple[str, str]]) -> HeatRow:
        link = self.view.link(e.endpoint, e.attribute)
        cells = [_cell(e, link, self._step)]
        for part, value in columns:
            found = self.material.cells.get((e.endpoint, e.attribute, e.level, part), {}).get(value)
            cells.append(
                _cell(found, self.view.link(e.endpoint, e.attribute, value) if part == "field" else link, self._step)
            )
        return HeatRow(self.view.model(e.endpoint), self.view.level(e.attribute, e.level, "tag"), tuple(cells))

    @property
    def _step(self) -> float:
        """What one step of colour stands for."""
        return self.material.measure.step(self.material.margin)

    def _levels_by_model(self, name: str) -> Heat | None:
        """A row a level, a column a model."""
        m = self.material
        found = {(e.endpoint, e.level): e for e in m.headlines if e.attribute == name}
        endpoints = [x for x in m.endpoints if any(endpoint == x for endpoint, _ in found)]
        levels = [x for x in m.attributes[name].levels if any(level == x for _, level in found)]
        if not found:
            return None
        rows = tuple(
            HeatRow(
                "",
                self.view.level(name, level, "tag"),
                tuple(_cell(found.get((x, level)), self.view.link(x, name), self._step) for x in endpoints),
            )
            for level in levels
        )
        columns = tuple(self.view.model(x) for x in endpoints)
        title = self.texts("figures.F5.title", attribute=self.view.attribute(name))
        return Heat(columns, rows, ((title, tuple(range(len(columns)))),))

    @cached_property
    def strip(self) -> Drawing | None:
        """F12: the sizes of placebo gaps and of real ones, by model."""
        dots = [
            StripDot(self.view.model(e.endpoint), self._compared(e), abs(value), placebo)
            for placebo, shown in (
                (True, self.material.estimates.find(family="placebo")),
                (False, self.material.headlines),
            )
            for e in shown
            for value, *_ in [shown_gap(e)]
            if value is not None
        ]
        if not any(d.placebo for d in dots):
            return None
        alt = self.texts(
            "figures.F12.alt",
            placebo=self._sizes([d.percent for d in dots if d.placebo]),
            real=self._sizes([d.percent for d in dots if not d.placebo]),
        )
        return Drawing(
            "F12",
            "F12-placebo",
            self.texts("figures.F12.title"),
            alt,
            Strip(tuple(dots), self._step),
            self.texts("figures.F12.note"),
        )

    def _compared(self, e: Estimate) -> str:
        """Two levels, or a level and the other way of saying it."""
        if e.family != "placebo":
            return self._pair(e)
        what = "neutral_sentence" if "edit" in e.slice else "other_words"
        return self.texts("figures.F12.compared", level=self._tag(e), other=self.texts(f"report.{what}"))

    def _sizes(self, sizes: list[float]) -> str:
        if not sizes:
            return self.texts("figures.F12.none")
        ends = list(dict.fromkeys((self.texts.size(min(sizes)), self.texts.gap(max(sizes)))))
        return self.texts.gap(sizes[0]) if min(sizes) == max(sizes) else " – ".join(ends)


def _order(m: Material, part: str, value: str) -> tuple[int, str]:
    people = m.audit.resolved.people
    known = {"field": list(people.fields), "seniority": list(people.seniorities)}.get(part, [])
    return (known.index(value) if value in known else len(known), value)


def _cell(e: Estimate | None, link: str, step: float) -> HeatCell:
    if e is None or shown_gap(e)[0] is None:
        return HeatCell(None)
    return HeatCell(*shown_gap(e), e.verdict or "none", e.n_answers, link, step)
