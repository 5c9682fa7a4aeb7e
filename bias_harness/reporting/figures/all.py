"""Which figures a run has: the charts with their words, made once and used on the page and in the files alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.facets import Facets
from bias_harness.reporting.figures.amounts import AmountDrawings
from bias_harness.reporting.figures.gaps import GapDrawings
from bias_harness.reporting.figures.maker import ALL, Choice
from bias_harness.reporting.figures.statistical import StatisticalDrawings
from bias_harness.reporting.material import View


@dataclass(frozen=True)
class Drawings:
    """All figures of a run in one language."""

    view: View
    choice: Choice = ALL

    @cached_property
    def gaps(self) -> GapDrawings:
        """F3, F5, F12."""
        return GapDrawings(self.view, self.choice)

    @cached_property
    def amounts(self) -> AmountDrawings:
        """F1, F2, F4, F7, F8."""
        return AmountDrawings(self.view, self.choice)

    @cached_property
    def statistics(self) -> StatisticalDrawings:
        """F6, F9, F11."""
        return StatisticalDrawings(self.view, self.choice)

    def facets(self) -> Iterator[Drawing]:
        """The families that have a figure a model, each in one figure: not on the page, which has the single ones."""
        amounts, statistics, t = self.amounts, self.statistics, self.view.texts
        of_models = (amounts.histograms, amounts.slopes, statistics.curves, amounts.dumbbells, statistics.quantiles)
        for drawings in of_models:
            if len(drawings) > 1:
                family = drawings[0].family
                names = {amounts.id(family, e): self.view.model(e) for e in amounts.endpoints}
                chart = Facets(tuple((names[d.id], d.chart) for d in drawings))
                alt, counted = (" ".join(getattr(d, x) for d in drawings) for x in ("alt", "counted"))
                title = t(f"figures.facets.{family}", **self._compared())
                yield Drawing(amounts.id(family), title, alt, chart, drawings[0].note, counted)

    def _compared(self) -> dict[str, str]:
        first = self.gaps.leading[0]
        names = self.view.names(first)
        return {"level": names.level, "reference": names.reference}

    def __iter__(self) -> Iterator[Drawing]:
        """Every figure that becomes a file, in the order of their ids."""
        gaps, amounts, statistics = self.gaps, self.amounts, self.statistics
        singles = [gaps.first, gaps.strip, amounts.nonanswers, statistics.variation]
        many = [
            *gaps.forests.values(),
            *gaps.heats.values(),
            *amounts.histograms,
            *amounts.spreads.values(),
            *amounts.slopes,
            *amounts.dumbbells,
            *statistics.curves,
            *statistics.quantiles,
        ]
        found = [d for d in (*singles, *many) if d is not None]
        return iter(sorted(found, key=lambda d: (int(d.family[1:]), d.id)))
