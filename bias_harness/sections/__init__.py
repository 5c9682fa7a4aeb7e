"""The sections of the page: one file and one template each. A section turns the run into what its template shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from bias_harness.audit import Audit
from bias_harness.estimates import Estimates
from bias_harness.i18n import Texts
from bias_harness.personas import VariedAttribute
from bias_harness.sentences import Names
from bias_harness.vocabulary import Answer, Estimate, Response

Raw = Callable[[Sequence[str]], Mapping[str, tuple[Response, Answer]]]


@dataclass(frozen=True)
class Material:
    """All that a page is made of. `raw` gives the responses and readings behind observation keys."""

    audit: Audit
    observations: pd.DataFrame
    estimates: Estimates
    manifest: Mapping[str, Any]
    raw: Raw
    run: str

    @cached_property
    def attributes(self) -> Mapping[str, VariedAttribute]:
        """The varied attributes by name."""
        return {a.name: a for a in self.audit.design.attributes}

    @cached_property
    def headlines(self) -> list[Estimate]:
        """One log estimate per endpoint, attribute and level: the experiment's own scope."""
        order = {e.name: i for i, e in enumerate(self.audit.experiment.endpoints)}
        return sorted(self.estimates.find(family="headline"), key=lambda e: order.get(e.endpoint, len(order)))

    def money(self, of: Estimate) -> Estimate:
        """The twin in money of a log estimate."""
        twins = self.estimates.find(
            family="money", endpoint=of.endpoint, attribute=of.attribute, level=of.level, slice=of.slice
        )
        return twins[0]

    def refusals(self, of: Estimate) -> Estimate | None:
        """The refusal gap beside a headline."""
        found = self.estimates.find(
            family="nonanswers", endpoint=of.endpoint, attribute=of.attribute, level=of.level, outcome="refused"
        )
        return found[0] if found else None

    def nature(self, endpoint: str) -> str:
        """What kind of thing answered: a model, a tiny model, a simulation ..."""
        return str(self.manifest.get("endpoints", {}).get(endpoint, {}).get("nature", "model"))

    def level(self, texts: Texts, attribute: str, level: str, how: str = "label") -> str:
        """A level's words: `label` (women), `tag` (woman) or `one` (a woman)."""
        words = self.attributes[attribute].levels[level]
        return texts.label(getattr(words, how) or words.label, level)

    def model(self, texts: Texts, endpoint: str) -> str:
        """How a model is called, with what it is where it is no ordinary model."""
        own = next((e.label for e in self.audit.experiment.endpoints if e.name == endpoint), {})
        name = texts.label(own, endpoint)
        nature = self.nature(endpoint)
        return name if nature in ("model", "product") else f"{name} ({texts.under('natures')[nature]['short']})"

    def names(self, texts: Texts, of: Estimate) -> Names:
        """The parties of an estimate."""
        return Names(
            self.model(texts, of.endpoint),
            self.level(texts, of.attribute, of.level),
            self.level(texts, of.attribute, of.reference),
        )

    def group(self, texts: Texts, name: str, value: str) -> str:
        """How a part of the test is called: a field, a seniority, a wording, a language."""
        people = self.audit.resolved.people
        known = {"field": people.fields, "seniority": people.seniorities, "place": people.places}.get(name, {})
        return texts.label(known[value].label, value) if value in known else value


def span(texts: Texts, of: Estimate) -> tuple[str, str] | None:
    """An estimate's interval in per cent, as text."""
    if of.percent_low is None or of.percent_high is None:
        return None
    return texts.percent(of.percent_low), texts.percent(of.percent_high)
