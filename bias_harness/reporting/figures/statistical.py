"""Figures for those who read statistics: the specification curve (F6), the variation (F9), quantile gaps (F11)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TypeVar

import numpy as np

from bias_harness.estimating import blocks
from bias_harness.estimating.estimators.specification import JointTest
from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.curve import Curve, Specification
from bias_harness.reporting.charts.quantiles import QuantileGap, QuantileGaps
from bias_harness.reporting.charts.shares import Shares, SharesRow
from bias_harness.reporting.figures.maker import ALT_ROWS, Drawn

Row = TypeVar("Row", bound=blocks.Row)
PARTS = ("profile", "wording", "interaction", "trial")
CHOICES = ("wording", "range", "outliers", "scale")


class StatisticalDrawings(Drawn):
    """F6, F9 and F11 of the leading comparisons."""

    def _of(self, e: Judgement, rows: Iterable[Row], **wanted: str) -> Row | None:
        about = {"endpoint": e.endpoint, "attribute": e.attribute, "level": e.level}
        return next(iter(blocks.having(rows, **about, **wanted)), None)

    @cached_property
    def curves(self) -> list[Drawing]:
        """F6: the gap under every wording, reading of ranges, rule for outliers and scale."""
        found = []
        for e in self.leading:
            curve = self._of(e, self.material.estimates.specification)
            listed = curve.specifications if curve else ()
            varied = [name for name in CHOICES if len({getattr(s, name) for s in listed}) > 1]
            points = (self._specification(s, s.percent, varied) for s in listed if s.percent is not None)
            chart = Curve(tuple(sorted(points, key=lambda s: s.percent)))
            if len(chart.specifications) > 1:
                found.append(self._curve(e, chart, curve.joint if curve else None))
        return found

    def _specification(self, s: blocks.Specification, percent: float, varied: list[str]) -> Specification:
        words = self.texts.under("figures.F6.values")
        chosen = [(n, str(getattr(s, n))) for n in varied]
        choices = tuple((self.texts(f"figures.F6.choices.{n}"), str(words.get(value, value))) for n, value in chosen)
        return Specification(choices, percent, s.percent_low, s.percent_high)

    def _curve(self, e: Judgement, chart: Curve, joint: JointTest | None) -> Drawing:
        t, names = self.texts, self.view.names(e)
        middle = float(np.median([s.percent for s in chart.specifications]))
        ends = {"low": t.percent(chart.specifications[0].percent), "high": t.percent(chart.specifications[-1].percent)}
        alt = t("figures.F6.alt", count=len(chart.specifications), middle=t.percent(middle), **ends)
        note = t("figures.F6.note")
        if joint:
            note += " " + t("figures.F6.joint", p=t.number(joint.p_median, 4))
        title = t("figures.F6.title", model=names.model, level=names.level)
        return Drawing(self.id("F6", e.endpoint), title, alt, chart, note, self.counted_of([e]))

    @cached_property
    def variation(self) -> Drawing | None:
        """F9: the variance of the gap between profiles, wordings, both together, and repeats."""
        rows = []
        for e in self.leading:
            row = self._of(e, self.material.estimates.variance, of="gaps")
            found = row.found if row else None
            values = tuple(1e4 * float(getattr(found, part, None) or 0.0) for part in PARTS)
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
        return Drawing(
            self.id("F9"), t("figures.F9.title"), alt, chart, t("figures.F9.note"), self.counted_of(self.leading)
        )

    @cached_property
    def quantiles(self) -> list[Drawing]:
        """F11: the gap at five quantiles of the amounts, within profiles."""
        t, found = self.texts, []
        for e in self.leading:
            label = self.view.level(e.attribute, e.level, "tag")
            shape = self._of(e, self.material.estimates.distribution)
            points = tuple(
                QuantileGap(label, q.probability, q.percent, q.percent_low, q.percent_high)
                for q in (shape.quantiles if shape else ())
                if q.percent is not None
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
                counted = self.counted_of([e])
                found.append(Drawing(self.id("F11", e.endpoint), title, alt, QuantileGaps(points), counted=counted))
        return found
