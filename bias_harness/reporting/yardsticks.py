"""What a reader of a country can put beside a finding: its official pay gap, and where to look."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bias_harness.estimating.judgement import Judgement
from bias_harness.handwritten import parse_shipped
from bias_harness.reporting.material import View

Country = dict[str, Any]


@cache
def _countries() -> list[Country]:
    text = files(__package__).joinpath("yardsticks.yaml").read_text(encoding="utf-8")
    listed: list[Country] = parse_shipped(text)
    return listed


def _of_people(view: View) -> Country | None:
    people = view.material.audit.resolved.people.people
    return next((country for country in _countries() if people in country["people"]), None)


def pay_gap(view: View, j: Judgement | None) -> dict[str, str] | None:
    """The country's pay gap between the two of a comparison, in a sentence, with its `source` and `address`.

    None where the list of people is of no country that is known, or the comparison is of other people.
    """
    found = (_of_people(view) or {}).get("pay_gap")
    if found is None or j is None:
        return None
    if (j.attribute, j.level, j.reference) != tuple(found[key] for key in ("attribute", "level", "reference")):
        return None
    t = view.texts
    numbers = {key: t.percent(found[key]) for key in ("raw", "corrected")}
    text = t("report.summary.pay_gap", year=str(found["year"]), **numbers)
    return {"text": text, "source": found["source"], "address": found["address"]}


def places(view: View) -> list[dict[str, str]]:
    """Where real figures are, and where to turn to: of the people's country, else of the page's language."""
    by_language = next((c for c in _countries() if c["language"] == view.texts.language), None)
    country = _of_people(view) or by_language
    listed = country["places"] if country else []
    return [{"name": view.texts.label(place["name"]), "address": place["address"]} for place in listed]


def addresses() -> set[str]:
    """Every address that a page may link to."""
    return {p["address"] for c in _countries() for p in [c["pay_gap"], *c["places"]]}
