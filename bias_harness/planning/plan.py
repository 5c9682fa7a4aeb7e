"""What an experiment would ask, before a cent is spent: design, requests, tokens and price by endpoint."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, ClassVar

import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import AttributeCounts
from bias_harness.design.experiment import Endpoint
from bias_harness.design.hosts import host_of, variables_of
from bias_harness.design.portion import WHOLE, Portion, planned_requests
from bias_harness.design.prices import cost_of, no_price
from bias_harness.design.prices import price_of as known_price
from bias_harness.errors import InputError
from bias_harness.estimating.estimates import Estimates
from bias_harness.estimating.estimators.planning import Numbers, PowerPlan, Spread, plan_power
from bias_harness.outcome import Outcome

CHARACTERS_PER_TOKEN = 4
TYPICAL_ANSWER_TOKENS = 120
SHORT_ANSWER_TOKENS = 5


@dataclass(frozen=True)
class EndpointPlan:
    """What one endpoint would be asked, of which host, with which variable's key (null where there is none).

    `price_low` is for short answers, `price_high` is the most: the longest answers to all; US dollars.
    """

    endpoint: str
    model: str
    requests: int
    input_tokens: int
    output_tokens_high: int
    price_low: float | None
    price_high: float | None
    host: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Plan:
    """The whole, ready to print."""

    experiment: str
    title: str
    digest: str
    design: tuple[AttributeCounts, ...]
    endpoints: tuple[EndpointPlan, ...]
    power: PowerPlan
    spread: Spread
    pilot: str | None
    remarks: tuple[str, ...]

    DESIGN_HEAD: ClassVar[Sequence[str]] = (
        "attribute",
        "levels",
        "signals",
        "cells",
        "pairs",
        "placebo pairs",
        "requests",
    )
    ENDPOINT_HEAD: ClassVar[Sequence[str]] = (
        "endpoint",
        "model",
        "requests",
        "input tokens",
        "price in US$",
        "asked at",
        "key in",
    )

    def __repr__(self) -> str:
        ends = ", ".join(f"{e.endpoint} {e.requests:,}" for e in self.endpoints)
        return f"Plan({self.experiment!r}: requests {ends}; {len(self.remarks)} remarks; {self.digest[:12]})"

    def _repr_html_(self) -> str:
        tables = ((self.DESIGN_HEAD, self.design_rows()), (self.ENDPOINT_HEAD, self.endpoint_rows()))
        shown = "".join(pd.DataFrame(rows, columns=list(head)).to_html(index=False) for head, rows in tables)
        remarks = "".join(f"<li>{escape(remark)}</li>" for remark in self.remarks)
        return f"<p><strong>{escape(self.title)}</strong></p>{shown}<ul>{remarks}</ul>"

    def design_rows(self) -> list[tuple[object, ...]]:
        """A row an attribute: counts for each endpoint."""
        return [
            (c.attribute, c.levels, c.signals, c.cells, c.treatment_pairs, c.placebo_pairs, c.trials)
            for c in self.design
        ]

    def endpoint_rows(self) -> list[tuple[object, ...]]:
        """A row an endpoint, and below several their sum."""
        rows: list[tuple[object, ...]] = [
            (e.endpoint, e.model, e.requests, e.input_tokens, _shown(e), e.host or "this computer", e.key or "–")
            for e in self.endpoints
        ]
        if len(rows) < 2:
            return rows
        requests, tokens = (sum(getattr(e, n) for e in self.endpoints) for n in ("requests", "input_tokens"))
        return [*rows, ("all", "", requests, tokens, self._sum(), "", "")]

    def _sum(self) -> str:
        """What all endpoints cost together, and how many of them are not in it."""
        low = sum(e.price_low or 0.0 for e in self.endpoints)
        high = sum(e.price_high or 0.0 for e in self.endpoints)
        unknown = sum(e.price_high is None for e in self.endpoints)
        more = f", and {unknown} unknown" if unknown else ""
        return ("free" if not high and not unknown else f"{low:,.2f} to {high:,.2f}") + more

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def make_plan(audit: Audit, pilot: Pilot | None = None, portion: Portion = WHOLE, budget: float | None = None) -> Plan:
    """The plan of an experiment, with the spread of a pilot run where there is one. Asks nothing.

    Requests, tokens and price are those of a portion of the design, design and precision those of the whole. `budget`
    is in US dollars; raises `InputError` where it cannot be kept because a price is not known.
    """
    e = audit.experiment
    requests = planned_requests(audit, portion)
    endpoints = tuple(_endpoint(audit, endpoint, requests) for endpoint in e.endpoints)
    spread = pilot.spread if pilot else _assumed(e.outcome)
    power = _power(audit, spread)
    told = (
        *_part(audit, requests),
        *_affordable(audit, endpoints, budget),
        *_precision(audit, power, spread, pilot),
        *_needed(audit, power, endpoints),
    )
    return Plan(
        e.experiment,
        e.title.get("en", e.experiment),
        audit.digest,
        tuple(audit.design.counts()),
        endpoints,
        power,
        spread,
        pilot.run if pilot else None,
        (*told, *(REMARKS[w] for w in power.warnings)),
    )


@dataclass(frozen=True)
class Pilot:
    """A finished run whose spread stands in for assumptions."""

    run: str
    spread: Spread


def pilot_of(run: str, estimates: Estimates) -> Pilot:
    """The spread of a run's gaps and answers: the median over its models and levels. Raises `InputError`."""
    blocks = [b for b in estimates.block("variance") if b.get("of") == "gaps"]
    trials = [b for b in estimates.block("variance") if b.get("of") == "amounts"]

    def sd(name: str, among: Sequence[Mapping[str, Any]]) -> float:
        values = [float(b[name]) for b in among if b.get(name) is not None]
        return statistics.median(values) ** 0.5 if values else 0.0

    if not blocks:
        raise InputError(
            f"the run {run!r} has no variance components to plan with; it needs people, wordings and repeats"
        )
    spread = Spread(sd("profile", blocks), sd("wording", blocks), sd("interaction", blocks), sd("trial", trials))
    return Pilot(run, spread)


def _power(audit: Audit, spread: Spread) -> PowerPlan:
    """For one level against its reference; all answers of a level to one person in one wording count as repeats."""
    e = audit.experiment
    answers = min(c.answers for c in audit.design.counts())
    numbers = Numbers(len(audit.design.personas), len(e.wordings) * len(e.languages), answers)
    return plan_power(numbers, e.outcome.measured.margin(e.analysis), spread, scope=e.analysis.scope)


def _assumed(outcome: Outcome) -> Spread:
    """Of a share the widest there is for answers; of a score a tenth of its scale."""
    trial = outcome.measured.assumed_sd(outcome.ends)
    return Spread() if trial is None else Spread(0.1 * trial, 0.0, 0.0, trial)


def _size(audit: Audit, gap: float) -> str:
    """A gap in the words of what is measured."""
    outcome = audit.experiment.outcome
    return outcome.sized(outcome.measured.shown(gap))


def _deviation(audit: Audit, deviation: float) -> str:
    """A standard deviation: of logs it is shown as per cents as it is."""
    outcome = audit.experiment.outcome
    return outcome.sized(outcome.measured.factor * deviation)


def _part(audit: Audit, requests: int) -> Iterator[str]:
    """How much of the design is asked, where that is not all."""
    whole = planned_requests(audit, WHOLE)
    if requests < whole:
        yield (
            f"This asks {requests:,} of the design's {whole:,} requests of each endpoint; what is said of precision is "
            "of the whole design."
        )


def _affordable(audit: Audit, endpoints: Sequence[EndpointPlan], budget: float | None) -> Iterator[str]:
    """Whether a budget is enough for the dearest answers."""
    if budget is None:
        return
    for endpoint, planned in zip(audit.experiment.endpoints, endpoints, strict=True):
        if planned.price_high is None:
            raise no_price(endpoint)
    most = sum(planned.price_high or 0.0 for planned in endpoints)
    if most > budget:
        yield (
            f"The budget of US$ {budget:,.2f} is less than the most that this can cost, US$ {most:,.2f}; asking stops "
            "when it is used up, and goes on with a larger one."
        )
    else:
        yield f"The budget of US$ {budget:,.2f} is enough: this costs US$ {most:,.2f} at most."


def _precision(audit: Audit, power: PowerPlan, spread: Spread, pilot: Pilot | None) -> Iterator[str]:
    n = power.now.numbers
    basis = f"from the run {pilot.run}" if pilot else "assumed; give a finished run with --pilot"
    found, shown = _size(audit, power.now.mde), _size(audit, power.equivalence)
    people, trials = _deviation(audit, spread.gap_profile), _deviation(audit, spread.trial)
    yield (
        f"With {n.profiles} people, {n.wordings} wordings and {n.repeats} answers to each, "
        f"a gap of {found} is found four times out of five, and a true zero is shown to be no gap above {shown}. "
        f"Spread of gaps over people {people}, of answers {trials} ({basis})."
    )
    best = _size(audit, power.doubled[power.best].mde)
    yield f"Twice the people, wordings or repeats cost the same; twice the {power.best} buys most: {best}."


def _needed(audit: Audit, power: PowerPlan, endpoints: Sequence[EndpointPlan]) -> Iterator[str]:
    """What the declared smallest gap would take, in people, calls and dollars."""
    target = _size(audit, power.target)
    if power.needed is None or power.needed.numbers.profiles <= power.now.numbers.profiles:
        return
    calls = power.needed.calls
    costs = [e.price_high / e.requests for e in endpoints if e.price_high]
    price = f", at most ${max(costs) * calls:,.2f} for the dearest model" if costs else ""
    people = f"{power.needed.numbers.profiles:,} people"
    yield f"To find the declared smallest gap of {target} it takes {people}: {calls:,} calls a level{price}."


REMARKS = {
    "sign_flip_never_significant": "With five people or fewer no sign-flip test can reach p < 0.05.",
    "few_profiles": "Fewer than six people are too few to speak of people in general.",
    "too_few_wordings": "Fewer than three wordings: the scope profiles+wordings is not available.",
    "no_panel": "One answer to each question: the noise of asking cannot be told apart; no scope panel.",
    "target_out_of_reach": "No number of people finds the declared smallest gap with this spread.",
}


def _endpoint(audit: Audit, endpoint: Endpoint, requests: int) -> EndpointPlan:
    sampled = [
        r
        for index in range(0, len(audit.design), max(1, len(audit.design) // 20))
        for r in audit.prompter.requests(audit.design.block(index), endpoint)
    ]
    characters = sum(len(m.content) for r in sampled for m in r.messages)
    tokens = round(characters / CHARACTERS_PER_TOKEN / len(sampled) * requests)
    most = (endpoint.sampling or audit.experiment.sampling).max_tokens or 1024
    each = tokens / requests if requests else 0
    low, high = (price_of(endpoint, requests, each, output) for output in (SHORT_ANSWER_TOKENS, most))
    name, keys = endpoint.model or endpoint.provider, ", ".join(dict.fromkeys(variables_of(endpoint)))
    return EndpointPlan(
        endpoint.name, name, requests, tokens, requests * most, low, high, host_of(endpoint), keys or None
    )


def price_of(endpoint: Endpoint, requests: int, input_tokens: float, output_tokens: float) -> float | None:
    """US dollars for so many requests with so many tokens each; None where their price is not known.

    By the experiment's price, else by genai-prices, which asks for the length of one request.
    """
    price = known_price(endpoint)
    return None if price is None else requests * cost_of(price, input_tokens, output_tokens)


def _shown(e: EndpointPlan) -> str:
    if e.price_low is None or e.price_high is None:
        return "unknown (give `price` in the experiment)"
    return "free" if e.price_high == 0 else f"{e.price_low:,.2f} to {e.price_high:,.2f}"
