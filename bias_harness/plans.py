"""What an experiment would ask, before a cent is spent: design, requests, tokens and price by endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from bias_harness.audit import Audit
from bias_harness.config import Endpoint
from bias_harness.design import AttributeCounts
from bias_harness.runner.money import cost_of
from bias_harness.runner.money import price_of as known_price

CHARACTERS_PER_TOKEN = 4
TYPICAL_ANSWER_TOKENS = 120


@dataclass(frozen=True)
class EndpointPlan:
    """What one endpoint would be asked. `price_low` is for short answers, `price_high` for the longest; US dollars."""

    endpoint: str
    model: str
    requests: int
    input_tokens: int
    output_tokens_high: int
    price_low: float | None
    price_high: float | None


@dataclass(frozen=True)
class Plan:
    """The whole, ready to print."""

    experiment: str
    title: str
    digest: str
    design: tuple[AttributeCounts, ...]
    endpoints: tuple[EndpointPlan, ...]
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
    ENDPOINT_HEAD: ClassVar[Sequence[str]] = ("endpoint", "model", "requests", "input tokens", "price in US$")

    def design_rows(self) -> list[tuple[object, ...]]:
        """A row an attribute: counts for each endpoint."""
        return [
            (c.attribute, c.levels, c.signals, c.cells, c.treatment_pairs, c.placebo_pairs, c.trials)
            for c in self.design
        ]

    def endpoint_rows(self) -> list[tuple[object, ...]]:
        """A row an endpoint."""
        return [(e.endpoint, e.model, e.requests, e.input_tokens, _shown(e)) for e in self.endpoints]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def make_plan(audit: Audit) -> Plan:
    """The plan of an experiment. Asks nothing."""
    e = audit.experiment
    endpoints = tuple(_endpoint(audit, endpoint) for endpoint in e.endpoints)
    title = e.title.get("en", e.experiment)
    return Plan(e.experiment, title, audit.digest, tuple(audit.design.counts()), endpoints, tuple(_remarks(audit)))


def _endpoint(audit: Audit, endpoint: Endpoint) -> EndpointPlan:
    requests = sum(c.trials for c in audit.design.counts())
    sampled = [
        r
        for index in range(0, len(audit.design), max(1, len(audit.design) // 20))
        for r in audit.prompter.requests(audit.design.block(index), endpoint)
    ]
    characters = sum(len(m.content) for r in sampled for m in r.messages)
    tokens = round(characters / CHARACTERS_PER_TOKEN / len(sampled) * requests)
    most = (endpoint.sampling or audit.experiment.sampling).max_tokens or 1024
    low, high = price_of(endpoint, tokens, requests * 5), price_of(endpoint, tokens, requests * most)
    return EndpointPlan(
        endpoint.name, endpoint.model or endpoint.provider, requests, tokens, requests * most, low, high
    )


def price_of(endpoint: Endpoint, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars for so many tokens: by the experiment's price, else by genai-prices; None where neither knows."""
    price = known_price(endpoint)
    return None if price is None else cost_of(price, input_tokens, output_tokens)


def _shown(e: EndpointPlan) -> str:
    if e.price_low is None or e.price_high is None:
        return "unknown (give `price` in the experiment)"
    return "free" if e.price_high == 0 else f"{e.price_low:,.2f} to {e.price_high:,.2f}"


def _remarks(audit: Audit) -> list[str]:
    remarks = []
    people = len(audit.design.personas)
    if people < 6:
        remarks.append(
            f"{people} people are too few to speak of people in general; "
            "with five or fewer no sign-flip test can reach p < 0.05."
        )
    if len(audit.experiment.wordings) < 3:
        remarks.append("Fewer than three wordings: the scope profiles+wordings is not available.")
    if audit.experiment.repeats == 1:
        remarks.append(
            "One repeat: the noise between trials cannot be told apart, and the scope panel is not available."
        )
    return remarks
