"""Figures of amounts and answers: distributions (F1), spread (F2), pairs (F4, F7), what had no amount (F8)."""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.distribution import histogram
from bias_harness.reporting.charts.pairs import Dumbbell, PairRow, Slopes
from bias_harness.reporting.charts.shares import Shares, SharesRow
from bias_harness.reporting.charts.spread import Amounts, Spread, spread
from bias_harness.reporting.figures.maker import ALT_ROWS, MANY_LEVELS, Drawn
from bias_harness.reporting.judged import key_of
from bias_harness.reporting.material import ANY

STATUSES = ("ok", "refused", "no_amount", "ambiguous", "failed")
MEANS, NUMBERS = ("level_mean", "reference_mean"), ("level_n", "reference_n")
SPREAD_LEVELS, PROFILES = 4, 60
"""Levels of a spread; profiles from which on a figure of profiles would not be read."""


class AmountDrawings(Drawn):
    """F1, F2, F4, F7 and F8."""

    def _told_by(self, figure: str) -> list[Judgement]:
        """The leading comparisons, where the figure says something about what is measured."""
        return self.leading if self.material.measure.has(figure) else []

    @cached_property
    def histograms(self) -> list[Drawing]:
        """F1 of each model that has amounts of both: in the chosen field, else medicine where there is such; senior."""
        found = []
        for e in self._told_by("F1"):
            rows = self.material.amounts
            rows = rows[(rows["endpoint"] == e.endpoint) & (rows["attribute"] == e.attribute)]
            field = self.choice.field or _like("medicine", rows["field"])
            seniority = _like("senior", rows.loc[rows["field"] == field, "seniority"])
            rows = rows[(rows["field"] == field) & (rows["seniority"] == seniority)]
            rows = rows[rows["level"].isin([e.level, e.reference])]
            sides = [rows.loc[rows["level"] == level, "annual"].tolist() for level in (e.level, e.reference)]
            if all(sides):
                where = [self.view.part(n, v) for n, v in (("field", field), ("seniority", seniority)) if v != ANY]
                found.append(self._histogram(e, (sides[0], sides[1]), ", ".join(where), self.counted(rows)))
        return found

    def _histogram(self, e: Judgement, sides: tuple[list[float], list[float]], where: str, counted: str) -> Drawing:
        t, names = self.texts, self.view.names(e)
        chart = histogram(sides, (names.level, names.reference), self.material.currency)
        said = {"model": names.model, "where": f": {where}" if where else ""}
        told = {"level": names.level, "reference": names.reference}
        numbers = {
            **{key: t.money(x, chart.currency, exact=True) for key, x in zip(MEANS, chart.means, strict=True)},
            **{key: t.number(len(x)) for key, x in zip(NUMBERS, sides, strict=True)},
        }
        alt, note = t("figures.F1.alt", **said, **told, **numbers), t("figures.F1.note", **told)
        return Drawing(self.id("F1", e.endpoint), t("figures.F1.title", **said), alt, chart, note, counted)

    @cached_property
    def spreads(self) -> dict[str, Drawing]:
        """F2 by attribute; of an attribute of many levels the first few."""
        found = {}
        wanted = [name for name in self.material.attributes if self.choice.attribute in ("", name)]
        for name in wanted if self.material.measure.has("F2") else ():
            chart = self._spread(name)
            if chart:
                where = "" if self._seniority == ANY else f", {self.view.part('seniority', self._seniority).lower()}"
                title = self.texts("figures.F2.title", attribute=self.view.attribute(name), where=where)
                alt = self._spread_alt(chart)
                note = self.texts("figures.F2.note")
                found[name] = Drawing(self.id("F2", name), title, alt, chart, note, self.counted(self._senior(name)))
        return found

    @cached_property
    def _seniority(self) -> str:
        """The one that spreads are drawn of: two of them make two humps, and a middle that means nothing."""
        return _like("senior", self.material.observations["seniority"])

    def _spread(self, name: str) -> Spread | None:
        m, levels = self.material, self._spread_levels(name)
        counted = self._of_spread(m.observations, name)
        keys = ["endpoint", "field", "level"]
        own = self._senior(name).groupby(keys, observed=True)["annual"]
        amounts = {key: values.to_numpy(dtype=float) for key, values in own}
        asked = {key: int(n) for key, n in counted.groupby(keys, observed=True).size().items()}
        rows = []
        for endpoint, field, level in product(self.endpoints, self._fields, levels):
            if (endpoint, field, level) in asked:
                values = amounts.get((endpoint, field, level), np.array([]))
                names = (self.view.model(endpoint), self.view.part("field", field), self.view.level(name, level, "tag"))
                missing = asked[endpoint, field, level] - len(values)
                rows.append(Amounts(*names, levels.index(level), values, missing))
        return spread(rows, m.currency)

    def _of_spread(self, rows: pd.DataFrame, name: str) -> pd.DataFrame:
        """The rows that a spread is of: one attribute and seniority, and what was chosen."""
        own = (rows["attribute"] == name) & (rows["seniority"] == self._seniority)
        return rows[own & rows["endpoint"].isin(self.endpoints) & rows["field"].isin(self._fields)]

    def _senior(self, name: str) -> pd.DataFrame:
        rows = self._of_spread(self.material.amounts, name)
        return rows[rows["level"].isin(self._spread_levels(name))]

    @property
    def _fields(self) -> list[str]:
        return [self.choice.field] if self.choice.field else list(self.material.audit.resolved.people.fields)

    def _spread_levels(self, name: str) -> list[str]:
        """All levels where they are few, else the highest and the lowest by the gap, averaged over the models."""
        levels = list(self.material.attributes[name].levels)
        if self.choice.level:
            return [levels[0], self.choice.level]
        if len(levels) <= SPREAD_LEVELS:
            return levels
        gaps: dict[str, list[float]] = {levels[0]: [0.0]}
        for j in self.judgements:
            if j.attribute == name and j.gap is not None:
                gaps.setdefault(j.level, []).append(j.gap.estimate)
        ranked = sorted(gaps, key=lambda level: sum(gaps[level]) / len(gaps[level]))
        return list(dict.fromkeys([ranked[-1], ranked[0]]))

    def _spread_alt(self, chart: Spread) -> str:
        rows = chart.panel(chart.panels[0]).rows
        sentences = []
        for group in dict.fromkeys(r.group for r in rows):
            values = ", ".join(
                self.texts(
                    "figures.F2.value", level=r.level, median=self.texts.money(r.five[2], chart.currency, exact=True)
                )
                for r in rows
                if r.group == group and r.five
            )
            sentences.append(self.texts("figures.F2.row", group=group, values=values or self.texts("figures.F2.empty")))
        return self.texts("figures.F2.alt", model=chart.panels[0], rows=" ".join(sentences))

    @cached_property
    def dumbbells(self) -> list[Drawing]:
        """F7 for each leading comparison with at least two profiles."""
        found = []
        for e in self._told_by("F7"):
            chart = self._dumbbell(e)
            if chart and 1 < len(chart.rows) <= PROFILES:
                found.append(self._dumbbell_drawing(chart, e))
        return found

    def _dumbbell(self, e: Judgement) -> Dumbbell | None:
        rows = self.material.amounts
        rows = rows[
            (rows["endpoint"] == e.endpoint)
            & (rows["attribute"] == e.attribute)
            & rows["level"].isin([e.level, e.reference])
        ]
        cells = rows.groupby(["persona", "level"], observed=True)["annual"].mean().unstack()
        if e.level not in cells or e.reference not in cells:
            return None
        means = cells[[e.reference, e.level]].dropna()
        personas = {p.id: p for p in self.material.audit.design.personas}
        pairs = [
            PairRow(self.view.persona(personas[str(p)]), float(a), float(b)) for p, a, b in means.itertuples(name=None)
        ]
        names = self.view.names(e)
        return Dumbbell(
            tuple(sorted(pairs, key=lambda r: r.percent)), (names.level, names.reference), self.material.currency
        )

    def _dumbbell_drawing(self, chart: Dumbbell, e: Judgement) -> Drawing:
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
        return Drawing(self.id("F7", e.endpoint), title, alt, chart, note, self.counted_of([e]))

    @cached_property
    def slopes(self) -> list[Drawing]:
        """F4 for the same comparisons."""
        found = []
        for e in self._told_by("F4"):
            chart = self._dumbbell(e)
            if chart and len(chart.rows) <= PROFILES and e.gap is not None and e.gap.money is not None:
                names = self.view.names(e)
                said = {"level": names.level, "reference": names.reference}
                title = self.texts("figures.F4.title", model=names.model, **said)
                amount = self.texts.money(e.gap.money, self.material.currency, exact=True)
                alt = self.texts("figures.F4.alt", gap=amount, between=self.view.between(e), **said)
                slopes = Slopes(chart, e.gap, key_of(e))
                found.append(Drawing(self.id("F4", e.endpoint), title, alt, slopes, counted=self.counted_of([e])))
        return found

    @cached_property
    def nonanswers(self) -> Drawing | None:
        """F8: what became of the questions, by model and level of each attribute."""
        m, rows = self.material, self.material.observations
        sizes = rows.groupby(["endpoint", "attribute", "level", "status"], observed=True).size().to_dict()
        shown = []
        for endpoint, (name, attribute) in product(self.endpoints, m.attributes.items()):
            if self.choice.attribute in ("", name):
                levels = [attribute.reference, self.choice.level] if self.choice.level else list(attribute.levels)
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
        chart = Shares(tuple(shown), parts)
        return Drawing(self.id("F8"), self.texts("figures.F8.title"), alt, chart, note, self.counted(rows))


def _like(wanted: str, column: Any) -> str:
    """The wanted value where it occurs, else the first in the alphabet; "" where there is none."""
    values = sorted(column.astype(str).unique())
    return wanted if wanted in values else (values[0] if values else "")
