"""All that a page is made of, and how its things are called in the page's language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.personas import Persona, VariedAttribute
from bias_harness.estimating.accounts import counted
from bias_harness.estimating.confirmations import Confirmations
from bias_harness.estimating.estimates import Estimates
from bias_harness.estimating.judgement import Imbalance, Judgement
from bias_harness.estimating.reading_error import ReadingErrors
from bias_harness.margin import Margin
from bias_harness.outcome import Measure
from bias_harness.reporting.judged import key_of, shown
from bias_harness.reporting.sentences import Names
from bias_harness.reporting.texts import Texts, texts_about
from bias_harness.reporting.texts import texts as texts_of
from bias_harness.results import Manifest
from bias_harness.results.registration import Registration
from bias_harness.vocabulary import Answer, Estimate, Response

Raw = Callable[[Sequence[str]], Mapping[str, tuple[Response, Answer]]]
ANY = "any"
"""The field and seniority of imported answers that name none."""
UNBRANDED = ("simulation", "tiny model")
"""What is called by its own name: no brand stands on a simulation or on a model that nobody asks for advice."""


@dataclass(frozen=True)
class Material:
    """All that a page is made of. `raw` gives the responses and readings behind observation keys.

    What the manifest does not say is shown as unknown. `known_letters` is how many letters all answers have, where that
    is known without looking at each; `memo` is for what several pages would work out anew.
    """

    audit: Audit
    observations: pd.DataFrame
    estimates: Estimates
    manifest: Manifest
    raw: Raw
    run: str
    registration: Registration | None = None
    reading_errors: ReadingErrors | None = None
    confirmations: Confirmations | None = None
    known_letters: int | None = None
    memo: dict[tuple[str, ...], list[Any]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def letters(self) -> int:
        """How many letters all answers have, each once."""
        if self.known_letters is not None:
            return self.known_letters
        keys = self.observations["key"].astype(str).tolist()
        return sum(len(response.text or "") for response, _ in self.raw(keys).values())

    @cached_property
    def attributes(self) -> Mapping[str, VariedAttribute]:
        """The varied attributes by name."""
        return {a.name: a for a in self.audit.design.attributes}

    @cached_property
    def endpoints(self) -> list[str]:
        """The endpoints' names in the experiment's order."""
        return [e.name for e in self.audit.experiment.endpoints]

    @cached_property
    def judgements(self) -> list[Judgement]:
        """What may be said, one per endpoint, attribute and level, in the experiment's order."""
        return sorted(self.estimates.judgements.items, key=self._place)

    @cached_property
    def imbalances(self) -> list[Imbalance]:
        """Silence and flags that befell one of two unequally often: what was found, in the same order."""
        return sorted((i for i in self.estimates.judgements.imbalances if i.found), key=self._place)

    def _place(self, of: Judgement | Imbalance) -> tuple[int, int, int]:
        levels = list(self.attributes[of.attribute].levels)
        return self.endpoints.index(of.endpoint), list(self.attributes).index(of.attribute), levels.index(of.level)

    @cached_property
    def _twins(self) -> Mapping[tuple[str, ...], Estimate]:
        return {_key(e): e for e in self.estimates.find(family="money")}

    def money(self, of: Estimate) -> Estimate | None:
        """The twin in money of a log estimate."""
        return self._twins.get(_key(of))

    @cached_property
    def cells(self) -> Mapping[tuple[str, str, str, str], dict[str, Estimate]]:
        """(endpoint, attribute, level, field | seniority | wording | language) -> value -> estimate."""
        found: dict[tuple[str, str, str, str], dict[str, Estimate]] = defaultdict(dict)
        for e in self.estimates.find(family="cells"):
            if len(e.slice) == 1:
                (name, value), *_ = e.slice.items()
                found[e.endpoint, e.attribute, e.level, name][value] = e
        return found

    @cached_property
    def amounts(self) -> pd.DataFrame:
        """The observations that judgements are made of: every believable answer, edited or not."""
        return self.observations[counted(self.observations, linear=not self.measure.relative)]

    @property
    def measure(self) -> Measure:
        """What is measured, and what depends on it."""
        return self.audit.experiment.outcome.measured

    @property
    def margin(self) -> Margin:
        """The smallest gap of interest."""
        return self.measure.margin(self.audit.experiment.analysis)

    @property
    def currency(self) -> str:
        """The currency that answers are converted to."""
        return self.audit.experiment.outcome.currency

    def nature(self, endpoint: str) -> str:
        """What kind of thing answered: a model, a tiny model, a simulation ..."""
        found = self.manifest.endpoints.get(endpoint)
        return found.nature if found else "unknown"

    @cached_property
    def asked(self) -> tuple[str, str] | None:
        """When the first and the last answer came (ISO 8601, UTC), by the answers; None where none says so."""
        rows = self.observations
        moments = rows.loc[rows["status"].astype(str) != "failed", "asked_at"].dropna()
        return None if moments.empty else (moments.min().isoformat(), moments.max().isoformat())


def _key(e: Estimate) -> tuple[str, ...]:
    return (e.endpoint, e.attribute, e.level, *(f"{k}={v}" for k, v in e.slice.items()))


@dataclass(frozen=True)
class View:
    """The material in one language: every name as the reader knows it."""

    material: Material
    texts: Texts

    def level(self, attribute: str, level: str, how: str = "label") -> str:
        """A level's words: `label` (women), `tag` (woman) or `one` (a woman)."""
        words = self.material.attributes[attribute].levels[level]
        return self.texts.label(getattr(words, how) or words.label, level)

    def attribute(self, name: str) -> str:
        """An attribute's label."""
        return self.texts.label(self.material.attributes[name].label, name)

    def model(self, endpoint: str) -> str:
        """How a model is called, with what it is where it is no ordinary model; no label stands on what is not one."""
        nature = self.material.nature(endpoint)
        own = next((e.label for e in self.material.audit.experiment.endpoints if e.name == endpoint), {})
        name = endpoint if nature in UNBRANDED else self.texts.label(own, endpoint)
        return name if nature in ("model", "product") else f"{name} ({self.texts.under('natures')[nature]['short']})"

    def names(self, of: Judgement | Imbalance | Estimate) -> Names:
        """The parties of a comparison."""
        level, reference = self.level(of.attribute, of.level), self.level(of.attribute, of.reference)
        return Names(self.model(of.endpoint), level, reference, self.frame)

    @property
    def frame(self) -> str:
        """The list that the jobs were drawn from; "" where the file of people names none, or they were picked."""
        frame, choice = self.material.audit.resolved.people.frame, self.material.audit.experiment.personas
        picked = isinstance(choice.jobs, list) or choice.fields is not None
        return "" if frame is None or picked else self.texts.label(frame.label)

    @property
    def asked(self) -> str:
        """When the answers were given, from the first to the last; `unknown` where no answer says so."""
        if self.material.asked is None:
            return self.texts("report.research.unknown")
        first, last = map(self.texts.moment, self.material.asked)
        return first if first == last else f"{first} – {last}"

    @property
    def day(self) -> str:
        """The day of the answers, or the first and the last; `unknown` where no answer says so."""
        if self.material.asked is None:
            return self.texts("report.research.unknown")
        first, last = map(self.texts.day, self.material.asked)
        return first if first == last else f"{first} – {last}"

    @property
    def jobs(self) -> str:
        """The jobs that were asked about, in the order of asking."""
        labels = self.material.audit.resolved.people.jobs
        asked = dict.fromkeys(persona.job for persona in self.material.audit.design.personas)
        return ", ".join(self.texts.label(labels[job].label, job) for job in asked)

    def part(self, name: str, value: str) -> str:
        """How a part of the test is called: a field, a seniority, a wording, a language."""
        if value == ANY:
            return self.texts("report.where.all")
        people = self.material.audit.resolved.people
        known = {"field": people.fields, "seniority": people.seniorities, "place": people.places}.get(name, {})
        if name == "wording":
            return str(self.texts.under("report.wordings").get(value, value))
        return self.texts.label(known[value].label, value) if value in known else value

    def persona(self, persona: Persona) -> str:
        """A profile in a few words: job, and the seniority and the place where there are several."""
        people = self.material.audit.resolved.people
        words = [self.texts.label(people.jobs[persona.job].label, persona.job)]
        if len({p.seniority for p in self.material.audit.design.personas}) > 1:
            words.append(self.texts.label(people.seniorities[persona.seniority].label, persona.seniority).lower())
        if len({p.place for p in self.material.audit.design.personas}) > 1:
            words.append(self.texts.label(people.places[persona.place].label, persona.place))
        return ", ".join(words)

    def between(self, of: Judgement | Estimate) -> str:
        """`probably between -7 % and -2 %,` or what stands in its place."""
        _, low, high = shown(of)
        if low is None or high is None:
            return self.texts("figures.F3.alone")
        return self.texts("figures.F3.between", low=self.texts.size(low), high=self.texts.gap(high))

    def word(self, of: Judgement) -> str:
        """The word in words."""
        return self.texts(f"verdicts.{key_of(of)}")

    def link(self, endpoint: str, attribute: str, field: str | None = None) -> str:
        """Where the answers behind a number are on the researcher's page."""
        anchor = f"field-{field}" if field else "answers"
        return f"#a{self.material.endpoints.index(endpoint)}-{list(self.material.attributes).index(attribute)}-{anchor}"


def spoken(material: Material, language: str) -> Texts:
    """The texts for a page about this run: those of salaries, or of what else it measures."""
    outcome, plain = material.audit.experiment.outcome, texts_of(language)
    return texts_about(language, material.measure, plain.label(outcome.label), plain.label(outcome.unit))
