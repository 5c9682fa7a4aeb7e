"""How the amounts are spread: the two distributions after the study's first figure, counted, not smoothed."""

from __future__ import annotations

from typing import Any

from bias_harness.figures import Histogram, histogram, ticks
from bias_harness.i18n import Texts
from bias_harness.sections import Material
from bias_harness.vocabulary import Estimate


def _choice(material: Material) -> tuple[Estimate, str, str] | None:
    """The first headline with a number, in medicine and senior where there is such, else the first of each."""
    headline = next((e for e in material.headlines if e.percent is not None), None)
    if headline is None:
        return None
    rows = material.observations
    rows = rows[(rows["endpoint"] == headline.endpoint) & (rows["attribute"] == headline.attribute)]
    fields, seniorities = sorted(rows["field"].unique()), sorted(rows["seniority"].unique())
    field = "medicine" if "medicine" in fields else fields[0]
    return headline, field, "senior" if "senior" in seniorities else seniorities[-1]


def histogram_of(material: Material, texts: Texts) -> Histogram | None:
    """Counts of the amounts for one model, field and seniority; None where one side has none."""
    chosen = _choice(material)
    if chosen is None:
        return None
    headline, field, seniority = chosen
    rows = material.observations
    rows = rows[
        (rows["endpoint"] == headline.endpoint)
        & (rows["attribute"] == headline.attribute)
        & (rows["field"] == field)
        & (rows["seniority"] == seniority)
        & (rows["edit"] == "")
        & rows["annual"].notna()
        & ~rows["implausible"]
    ]
    sides = tuple(rows.loc[rows["level"] == level, "annual"].tolist() for level in (headline.level, headline.reference))
    if not all(sides):
        return None
    names = material.names(texts, headline)
    return histogram(sides, (names.level, names.reference), material.audit.experiment.outcome.currency)  # type: ignore[arg-type]


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """The histogram with its words; nothing where there is nothing to draw."""
    chosen, drawn = _choice(material), histogram_of(material, texts)
    if chosen is None or drawn is None:
        return {"histogram": None}
    headline, field, seniority = chosen
    names = material.names(texts, headline)
    currency = drawn.currency
    return {
        "histogram": drawn,
        "model": names.model,
        "field": material.group(texts, "field", field),
        "seniority": material.group(texts, "seniority", seniority),
        "level": names.level,
        "reference": names.reference,
        "ticks": [(x, texts.money(x, currency, exact=True)) for x in ticks(drawn.edges[0], drawn.edges[-1], 5)],
        "bars": [
            (texts.money(low, currency, exact=True), texts.money(high, currency, exact=True), one, two)
            for low, high, one, two in zip(drawn.edges, drawn.edges[1:], *drawn.counts, strict=False)
        ],
    }
