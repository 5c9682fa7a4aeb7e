"""Which figures a run has: the charts with their words, made once and used on the page and in the files alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from bias_harness.figures import Drawing
from bias_harness.figures.distribution import Histogram, histogram
from bias_harness.figures.forest import Forest, forest
from bias_harness.figures.heat import Heat, HeatCell, HeatRow
from bias_harness.figures.pairs import Dumbbell, PairRow, Slopes
from bias_harness.figures.shares import Shares, SharesRow
from bias_harness.figures.spread import Amounts, Spread, spread
from bias_harness.figures.strip import Strip, StripDot
from bias_harness.i18n import Texts
from bias_harness.sections.material import Material, View
from bias_harness.vocabulary import Estimate

PARTS = ("field", "seniority", "language", "wording")
STATUSES = ("ok", "refused", "no_amount", "ambiguous", "failed")
FIRST_ROWS, ALT_ROWS, SPREAD_LEVELS, MANY_LEVELS, PROFILES = 12, 6, 4, 6, 60
"""Rows of the first figure, rows told in an alternative text, levels of a spread; attributes of more levels are shown
in fewer rows; profiles from which on a figure of profiles would not be read."""


@dataclass(frozen=True)
class Drawings:
    """All figures of a run in one language."""

    view: View

    @property
    def material(self) -> Material:
        """What they are made of."""
        return self.view.material

    @property
    def texts(self) -> Texts:
        """The language."""
        return self.view.texts

    @cached_property
    def leading(self) -> list[Estimate]:
        """One headline a model: the first level of the first attribute, chosen before anything was asked."""
        name = next(iter(self.material.attributes))
        level = list(self.material.attributes[name].levels)[1]
        return [e for e in self.material.headlines if (e.attribute, e.level) == (name, level)]

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
        labelled = [(self.view.model(e.endpoint), self.view.level(e.attribute, e.level, "tag"), e) for e in shown]
        chart: Forest = forest(labelled, self.material.margin)
        if not chart.rows:
            return None
        alts = [self._alt(e) for e in shown if e.percent is not None]
        if len(alts) > ALT_ROWS:
            alts = [*alts[:ALT_ROWS], self.texts("figures.F3.more", count=len(alts) - ALT_ROWS)]
        note = self.texts("figures.F3.note", margin=self.texts.percent(chart.margin))
        return Drawing(id_, id_.replace("F3", "F3-forest", 1), title, " ".join(alts), chart, note)

    def _alt(self, e: Estimate) -> str:
        names = self.view.names(e)
        return self.texts(
            "figures.F3.alt",
            model=names.model,
            level=names.level,
            reference=names.reference,
            percent=self.texts.percent(e.percent or 0.0),
            between=self.view.between(e),
            profiles=e.n_profiles,
            verdict=self.view.verdict(e),
        )

    @cached_property
    def histogram(self) -> Drawing | None:
        """F1 for the first model that has amounts, in medicine and senior where there is such."""
        for e in self.leading:
            rows = self.material.amounts
            rows = rows[(rows["endpoint"] == e.endpoint) & (rows["attribute"] == e.attribute)]
            field, seniority = _like("medicine", rows["field"]), _like("senior", rows["seniority"])
            rows = rows[(rows["field"] == field) & (rows["seniority"] == seniority)]
            sides = tuple(rows.loc[rows["level"] == level, "annual"].tolist() for level in (e.level, e.reference))
            if all(sides):
                names = self.view.names(e)
                chart = histogram(sides, (names.level, names.reference), self.material.currency)  # type: ignore[arg-type]
                said = {"field": self.view.part("field", field), "seniority": self.view.part("seniority", seniority)}
                return self._histogram(chart, {"model": names.model, **said}, len(sides[0]), len(sides[1]))
        return None

    def _histogram(self, chart: Histogram, said: dict[str, str], n: int, n_reference: int) -> Drawing:
        t, (level, reference) = self.texts, chart.levels
        alt = t(
            "figures.F1.alt",
            **said,
            level=level,
            reference=reference,
            level_mean=t.money(chart.means[0], chart.currency),
            reference_mean=t.money(chart.means[1], chart.currency),
            level_n=t.number(n),
            reference_n=t.number(n_reference),
        )
        note = t("figures.F1.note", level=level, reference=reference)
        return Drawing("F1", "F1-distribution", t("figures.F1.title", **said), alt, chart, note)

    @cached_property
    def spreads(self) -> dict[str, Drawing]:
        """F2 by attribute; of an attribute of many levels the first few."""
        found = {}
        for name in self.material.attributes:
            chart = self._spread(name)
            if chart:
                title = self.texts("figures.F2.title", attribute=self.view.attribute(name))
                alt = self._spread_alt(chart)
                found[name] = Drawing(
                    f"F2-{name}", f"F2-spread-{name}", title, alt, chart, self.texts("figures.F2.note")
                )
        return found

    def _spread(self, name: str) -> Spread | None:
        m, levels = self.material, self._spread_levels(name)
        counted = m.observations[(m.observations["attribute"] == name) & (m.observations["edit"] == "")]
        keys = ["endpoint", "field", "level"]
        own = m.amounts[m.amounts["attribute"] == name].groupby(keys, observed=True)["annual"]
        amounts = {key: values.to_numpy(dtype=float) for key, values in own}
        asked = {key: int(n) for key, n in counted.groupby(keys, observed=True).size().items()}
        rows = []
        for endpoint, field, level in product(m.endpoints, m.audit.resolved.people.fields, levels):
            if (endpoint, field, level) in asked:
                values = amounts.get((endpoint, field, level), np.array([]))
                names = (self.view.model(endpoint), self.view.part("field", field), self.view.level(name, level, "tag"))
                missing = asked[endpoint, field, level] - len(values)
                rows.append(Amounts(*names, levels.index(level), values, missing))
        return spread(rows, m.currency)

    def _spread_levels(self, name: str) -> list[str]:
        """All levels where they are few, else the highest and the lowest by the gap, averaged over the models."""
        levels = list(self.material.attributes[name].levels)
        if len(levels) <= SPREAD_LEVELS:
            return levels
        gaps: dict[str, list[float]] = {levels[0]: [0.0]}
        for e in self.material.headlines:
            if e.attribute == name and e.estimate is not None:
                gaps.setdefault(e.level, []).append(e.estimate)
        ranked = sorted(gaps, key=lambda level: sum(gaps[level]) / len(gaps[level]))
        return list(dict.fromkeys([ranked[-1], ranked[0]]))

    def _spread_alt(self, chart: Spread) -> str:
        rows = chart.panel(chart.panels[0]).rows
        sentences = []
        for group in dict.fromkeys(r.group for r in rows):
            values = ", ".join(
                self.texts("figures.F2.value", level=r.level, median=self.texts.money(r.five[2], chart.currency))
                for r in rows
                if r.group == group and r.five
            )
            sentences.append(self.texts("figures.F2.row", group=group, values=values))
        return self.texts("figures.F2.alt", model=chart.panels[0], rows=" ".join(sentences))

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
        cells = [_cell(e, link)]
        for part, value in columns:
            found = self.material.cells.get((e.endpoint, e.attribute, e.level, part), {}).get(value)
            cells.append(_cell(found, self.view.link(e.endpoint, e.attribute, value) if part == "field" else link))
        return HeatRow(self.view.model(e.endpoint), self.view.level(e.attribute, e.level, "tag"), tuple(cells))

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
                tuple(_cell(found.get((x, level)), self.view.link(x, name)) for x in endpoints),
            )
            for level in levels
        )
        columns = tuple(self.view.model(x) for x in endpoints)
        title = self.texts("figures.F5.title", attribute=self.view.attribute(name))
        return Heat(columns, rows, ((title, tuple(range(len(columns)))),))

    @cached_property
    def dumbbells(self) -> list[Drawing]:
        """F7 for each leading headline with at least two profiles."""
        found = []
        for index, e in enumerate(self.leading):
            chart = self._dumbbell(e)
            if chart and 1 < len(chart.rows) <= PROFILES:
                found.append(self._dumbbell_drawing(chart, e, index))
        return found

    def _dumbbell(self, e: Estimate) -> Dumbbell | None:
        rows = self.material.amounts
        rows = rows[
            (rows["endpoint"] == e.endpoint)
            & (rows["attribute"] == e.attribute)
            & rows["level"].isin([e.level, e.reference])
        ]
        keys = ["persona", "wording", "language", "signal", "level"]
        cells = rows.groupby(keys, observed=True)["annual"].mean().unstack()
        if e.level not in cells or e.reference not in cells:
            return None
        means = cells[[e.reference, e.level]].dropna().groupby("persona", observed=True).mean()
        personas = {p.id: p for p in self.material.audit.design.personas}
        pairs = [
            PairRow(self.view.persona(personas[str(p)]), float(a), float(b)) for p, a, b in means.itertuples(name=None)
        ]
        names = self.view.names(e)
        return Dumbbell(
            tuple(sorted(pairs, key=lambda r: r.percent)), (names.level, names.reference), self.material.currency
        )

    def _dumbbell_drawing(self, chart: Dumbbell, e: Estimate, index: int) -> Drawing:
        t, names = self.texts, self.view.names(e)
        worst, best = chart.rows[0], chart.rows[-1]
        alt = t(
            "figures.F7.alt",
            level=names.level,
            reference=names.reference,
            less=sum(r.percent < 0 for r in chart.rows),
            all=len(chart.rows),
            worst=f"{worst.profile} ({t.percent(worst.percent)})",
            best=f"{best.profile} ({t.percent(best.percent)})",
        )
        note = t("figures.F7.note", level=names.level, reference=names.reference)
        title = t("figures.F7.title", model=names.model)
        return Drawing(f"F7-{index}", f"F7-dumbbell-{e.endpoint}", title, alt, chart, note)

    @cached_property
    def slopes(self) -> list[Drawing]:
        """F4 for the same headlines."""
        found = []
        for index, e in enumerate(self.leading):
            chart, money = self._dumbbell(e), self.material.money(e)
            if chart and len(chart.rows) <= PROFILES and money and money.estimate is not None:
                names = self.view.names(e)
                said = {"level": names.level, "reference": names.reference}
                title = self.texts("figures.F4.title", model=names.model, **said)
                amount = self.texts.money(money.estimate, self.material.currency, exact=True)
                alt = self.texts("figures.F4.alt", gap=amount, between=self.view.between(money), **said)
                found.append(Drawing(f"F4-{index}", f"F4-estimation-{e.endpoint}", title, alt, Slopes(chart, money)))
        return found

    @cached_property
    def nonanswers(self) -> Drawing | None:
        """F8: what became of the questions, by model and level of each attribute."""
        m, rows = self.material, self.material.observations
        sizes = rows.groupby(["endpoint", "attribute", "level", "status"], observed=True).size().to_dict()
        shown = []
        for endpoint in m.endpoints:
            for name, attribute in m.attributes.items():
                levels = list(attribute.levels)
                joined = [levels] if len(levels) > MANY_LEVELS else [[level] for level in levels]
                for some in joined:
                    label = self.view.level(name, some[0], "tag") if len(some) == 1 else self.view.attribute(name)
                    values = tuple(float(sum(sizes.get((endpoint, name, x, s), 0) for x in some)) for s in STATUSES)
                    shown.append(SharesRow(self.view.model(endpoint), label, values))
        shown = [r for r in shown if r.total]
        if not shown:
            return None
        alts = [
            self.texts(
                "figures.F8.row", model=r.group, level=r.label, share=self.texts.percent(100 * r.values[0] / r.total, 0)
            )
            for r in shown[:ALT_ROWS]
        ]
        parts = tuple(self.texts(f"figures.F8.parts.{s}") for s in STATUSES)
        alt = self.texts("figures.F8.alt", rows=" ".join(alts))
        note = self.texts("figures.F8.note")
        return Drawing("F8", "F8-nonanswers", self.texts("figures.F8.title"), alt, Shares(tuple(shown), parts), note)

    @cached_property
    def strip(self) -> Drawing | None:
        """F12: the sizes of placebo gaps and of real ones, by model."""
        dots = [
            StripDot(self.view.model(e.endpoint), self._compared(e), abs(e.percent), placebo)
            for placebo, shown in (
                (True, self.material.estimates.find(family="placebo")),
                (False, self.material.headlines),
            )
            for e in shown
            if e.percent is not None and e.scale == "log"
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
            Strip(tuple(dots)),
            self.texts("figures.F12.note"),
        )

    def _compared(self, e: Estimate) -> str:
        what = ", ".join(f"{k}: {v}" for k, v in e.slice.items()) or self.view.level(e.attribute, e.reference, "tag")
        return f"{self.view.level(e.attribute, e.level, 'tag')} – {what}"

    def _sizes(self, sizes: list[float]) -> str:
        if not sizes:
            return self.texts("figures.F12.none")
        return f"{self.texts.percent(min(sizes))} – {self.texts.percent(max(sizes))}"

    @cached_property
    def statistical(self) -> list[Drawing]:
        """F6, F9 and F11, for those who read statistics."""
        return []

    def __iter__(self) -> Iterator[Drawing]:
        """Every figure that becomes a file, in the order of their ids."""
        singles: list[Any] = [self.histogram, self.first, self.nonanswers, self.strip]
        many = [*self.spreads.values(), *self.forests.values(), *self.slopes, *self.heats.values(), *self.dumbbells]
        found = [d for d in (*singles, *many) if d is not None]
        return iter(sorted(found, key=lambda d: (int(d.family[1:]), d.id)))


def _like(wanted: str, column: Any) -> str:
    """The wanted value where it occurs, else the first in the alphabet; "" where there is none."""
    values = sorted(column.astype(str).unique())
    return wanted if wanted in values else (values[0] if values else "")


def _order(m: Material, part: str, value: str) -> tuple[int, str]:
    people = m.audit.resolved.people
    known = {"field": list(people.fields), "seniority": list(people.seniorities)}.get(part, [])
    return (known.index(value) if value in known else len(known), value)


def _cell(e: Estimate | None, link: str) -> HeatCell:
    if e is None or e.percent is None:
        return HeatCell(None)
    return HeatCell(e.percent, e.percent_low, e.percent_high, e.verdict or "none", e.n_answers, link)
