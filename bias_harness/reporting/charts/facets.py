"""One chart a model, side by side on the same scale."""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.reporting.charts.chart import Chart, Column, Table


@dataclass(frozen=True)
class Facets:
    """Charts of one kind, each under the name of its model."""

    panels: tuple[tuple[str, Chart], ...]

    def table(self) -> Table:
        """The rows of all, the model first."""
        tables = [(name, chart.table()) for name, chart in self.panels]
        first = tables[0][1]
        rows = [(name, *row) for name, table in tables for row in table.rows]
        return Table((Column("model"), *first.columns), rows, first.currency)
