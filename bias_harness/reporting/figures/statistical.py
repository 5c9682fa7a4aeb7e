"""Figures for those who read statistics: the specification curve (F6), the variation (F9), quantile gaps (F11)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.curve import Curve, Specification
from bias_harness.reporting.charts.quantiles import QuantileGap, QuantileGaps
from bias_harness.reporting.charts.shares import Shares, SharesRow
from bias_harness.reporting.figures.maker import ALT_ROWS, Drawn

PARTS = ("profile", "wording", "interaction", "trial")
CHOICES = ("wording", "range", "outliers", "scale")


class StatisticalDrawings(Drawn):
    """F6, F9 and F11 of the leading comparisons."""

    def _block(self, name: str, e: Judgement, **wanted: Any) -> dict[str, Any]:
        about = {"endpoint": e.endpoint, "attribute": e.attribute, "level": e.level}
        return dict(next(iter(self.material.estimates.block(name, **about, **wanted)), {}))

    @cached_property
    def curves(self) -> list[Drawing]:
        """F6: the gap under every wording, reading of ranges, rule for outliers and scale."""
        found = []
        for number, e in enumerate(self.leading):
            listed = [s for s in self._block("specification", e).get("specifications", ()) if s["percent"] is not None]
            varied = [name for name in CHOICES if len({s[name] for s in listed}) > 1]
            chart = Curve(tuple(sorted((self._specification(s, varied) for s in listed), key=lambda s: s.percent)))
            if len(chart.specifications) > 1:
                found.append(self._curve(e, chart, number))
        return found

    def _specification(self, s: dict[str, Any], varied: list[str]) -> Specification:
        words = self.texts.under("figures.F6.values")
        choices = tuple((self.texts(f"figures.F6.choices.{n}"), str(words.get(s[n], s[n]))) for n in varied)
        return Specification(choices, s["percent"], s["percent_low"], s["percent_high"])

    def _curve(self, e: Judgement, chart: Curve, number: int) -> Drawing:
        t, names = self.texts, self.view.names(e)
        middle = float(np.median([s.percent for s in chart.specifications]))
        ends = {"low": t.percent(chart.specifications[0].percent), "high": t.percent(chart.specifications[-1].percent)}
        alt = t("figures.F6.alt", count=len(chart.specifications), middle=t.percent(middle), **ends)
        note, joint = t("figures.F6.note"), self._block("specification", e).get("joint")
        if joint:
            note += " " + t("figures.F6.joint", p=t.number(joint["p_median"], 4))
        title = t("figures.F6.title", model=names.model, level=names.level)
        return Drawing(f"F6-{number}", f"F6-specifications-{e.endpoint}", title, alt, chart, note)

    @cached_property
    def variation(self) -> Drawing | None:
        """F9: the variance of the gap between profiles, wordings, both together, and repeats."""
        rows = []
        for e in self.leading:
            found = self._block("variance", e, of="gaps")
            values = tuple(1e4 * float(found.get(part) or 0.0) for part in PARTS)
            if sum(values):
                rows.append(
                    SharesRow(self.view.model(e.endpoint), self.view.level(e.attribute, e.level, "tag"), values)
                )
        if not rows:
            return None
        t = self.texts
        parts = tuple(t(f"figures.F9.parts.{name}") for name in PARTS)
        alts = []
        for r in rows[:ALT_ROWS]:
            shares = (f"{p} {t.percent(100 * v / r.total, 0)}" for p, v in zip(parts, r.values, strict=True))
            alts.append(t("figures.F9.row", model=r.group, level=r.label, parts=", ".join(shares)))
        alt = t("figures.F9.alt", rows=" ".join(alts))
        chart = Shares(tuple(rows), parts, "number")
        return Drawing("F9", "F9-variation", t("figures.F9.title"), alt, chart, t("figures.F9.note"))

    @cached_property
    def quantiles(self) -> list[Drawing]:
        """F11: the gap at five quantiles of the amounts, within profiles."""
        t, found = self.texts, []
        for number, e in enumerate(self.leading):
            label = self.view.level(e.attribute, e.level, "tag")
            points = tuple(
                QuantileGap(label, float(q), v["percent"], v["percent_low"], v["percent_high"])
                for q, v in self._block("distribution", e).get("quantiles", {}).items()
                if v["percent"] is not None
            )
            if points:
                rows = (
                    t(
                        "figures.F11.row",
                        level=label,
                        quantile=t.percent(100 * p.quantile, 0),
                        percent=t.percent(p.percent),
                    )
                    for p in points
                )
                title = t("figures.F11.title", model=self.view.model(e.endpoint))
                alt = t("figures.F11.alt", rows=" ".join(rows))
                found.append(Drawing(f"F11-{number}", f"F11-quantiles-{e.endpoint}", title, alt, QuantileGaps(points)))
        return found

    @property
    def shown(self) -> list[Drawing]:
        """Those that the page shows: of the first model, and the variation of all."""
        variation = [self.variation] if self.variation else []
        return [*self.curves[:1], *variation, *self.quantiles[:1]]
