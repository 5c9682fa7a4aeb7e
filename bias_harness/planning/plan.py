"""What an experiment would ask, before a cent is spent: design, requests, tokens and price by endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, ClassVar

import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import AttributeCounts
from bias_harness.design.experiment import Endpoint
from bias_harness.design.hosts import host_of, strangers, variables_of
from bias_harness.design.portion import WHOLE, Portion, planned_requests, requests_of
from bias_harness.design.prices import cost_of, has_batch_price, most_tokens, no_price, one_at_a_time
from bias_harness.design.prices import price_of as known_price
from bias_harness.design.shares import shares_said
from bias_harness.outcome import Outcome
from bias_harness.planning.conditions import Condition, assumed
from bias_harness.planning.outlook import Outlook, looks_said, outlook_of, said
from bias_harness.planning.proposing import Point, Prices, frontier, has_batches, proposed
from bias_harness.vocabulary import Request

CHARACTERS_PER_TOKEN = 4
TYPICAL_ANSWER_TOKENS = 120
SHORT_ANSWER_TOKENS = 5
SAMPLED_BLOCKS = 20
MOST_RENDERED = 4_000
"""Requests of one endpoint, up to which the price of each is looked at."""


@dataclass(frozen=True)
class EndpointPlan:
    """What one endpoint would be asked, of which host, with which variable's key (null where there is none).

    `price_low` is for short answers, `price_high` is the most: the longest answers to all, and every byte of a question
    a token, as a budget sets it aside; US dollars, without what is asked a second time after a failure.
    `price_usual` is for answers of usual length asked one by one, `price_in_batches` the same in batches where their
    price is known.
    """

    endpoint: str
    model: str
    requests: int
    input_tokens: int
    output_tokens_high: int
    price_low: float | None
    price_high: float | None
    price_usual: float | None = None
    price_in_batches: float | None = None
    host: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Plan:
    """The whole, ready to print.

    `outlooks` say what the design can tell where answers vary as in `condition` (assumed, or a pilot's), and after it
    what a full crossing with five repeats could for the same requests; none where the design is too large to be drawn
    in a moment. `frontier` are default designs of the same attributes by price, `proposal` the one that a budget buys.
    """

    experiment: str
    title: str
    digest: str
    design: tuple[AttributeCounts, ...]
    endpoints: tuple[EndpointPlan, ...]
    condition: Condition
    outlooks: tuple[Outlook, ...]
    frontier: tuple[Point, ...]
    proposal: Point | None
    outcome: Outcome
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
    OUTLOOK_HEAD: ClassVar[Sequence[str]] = Outlook.HEAD
    FRONTIER_HEAD: ClassVar[Sequence[str]] = Point.HEAD

    def __repr__(self) -> str:
        ends = ", ".join(f"{e.endpoint} {e.requests:,}" for e in self.endpoints)
        return f"Plan({self.experiment!r}: requests {ends}; {len(self.remarks)} remarks; {self.digest[:12]})"

    def _repr_html_(self) -> str:
        tables = (
            (self.DESIGN_HEAD, self.design_rows()),
            (self.ENDPOINT_HEAD, self.endpoint_rows()),
            (self.OUTLOOK_HEAD, self.outlook_rows()),
            (self.FRONTIER_HEAD, self.frontier_rows()),
        )
        shown = "".join(pd.DataFrame(rows, columns=list(head)).to_html(index=False) for head, rows in tables if rows)
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

    def outlook_rows(self) -> list[tuple[object, ...]]:
        """A row a design and attribute: jobs, half-width of its intervals, how often it says which word."""
        return [row for outlook in self.outlooks for row in outlook.rows(self.outcome)]

    def frontier_rows(self) -> list[tuple[object, ...]]:
        """A row a default design: what it costs, and the smallest gap that it would call clear."""
        return [point.row(self.outcome) for point in self.frontier]

    def _sum(self) -> str:
        """What all endpoints cost together, and how many of them are not in it."""
        low = sum(e.price_low or 0.0 for e in self.endpoints)
        high = sum(e.price_high or 0.0 for e in self.endpoints)
        unknown = sum(e.price_high is None for e in self.endpoints)
        more = f", and {unknown} unknown" if unknown else ""
        return ("free" if not high and not unknown else f"{low:,.2f} to {high:,.2f}") + more

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {name: value for name, value in asdict(self).items() if name != "outcome"}


def make_plan(
    audit: Audit,
    pilot: Condition | None = None,
    portion: Portion = WHOLE,
    budget: float | None = None,
    *,
    propose: bool = False,
    answer_tokens: float | None = None,
) -> Plan:
    """The plan of an experiment, its answers varying as those of a pilot run where there is one. Asks nothing.

    Requests, tokens and price are those of a portion of the design, design and precision those of the whole. `budget`
    is in US dollars; raises `InputError` where it cannot be kept because a price is not known. `propose` adds what
    other designs would cost and tell, and the one that the budget buys; `answer_tokens` is how long answers are.
    """
    e = audit.experiment
    requests = planned_requests(audit, portion)
    endpoints = tuple(_endpoint(audit, endpoint, requests, portion, answer_tokens) for endpoint in e.endpoints)
    condition = pilot or assumed(e.outcome)
    outlooks = tuple(outlook_of(audit, condition))
    affordable = tuple(_affordable(audit, endpoints, budget))
    prices = _prices(endpoints) if propose and audit.primary else None
    proposal = None
    if prices is not None and budget is not None:
        proposal = proposed(audit, condition, prices, budget, piloted=pilot is not None)
    return Plan(
        e.experiment,
        e.title.get("en", e.experiment),
        audit.digest,
        tuple(audit.design.counts()),
        endpoints,
        condition,
        outlooks,
        tuple(frontier(audit, condition, prices)) if prices is not None else (),
        proposal,
        e.outcome,
        (
            *_part(audit, requests),
            *shares_said(audit, portion),
            *affordable,
            *(f"{end.name}: {odd}." for end in e.endpoints for _, _, odd in strangers(end)),
            *_batched(e.endpoints),
            *said(audit, condition, outlooks, piloted=pilot is not None),
            *looks_said(audit),
            *(f"{remark[:1].upper()}{remark[1:]}." for remark in audit.remarks()),
        ),
    )


def _prices(endpoints: Sequence[EndpointPlan]) -> Prices | None:
    """What a request to all endpoints costs; None where nothing does, or a price is not known."""
    usual, most = [e.price_usual for e in endpoints], [e.price_high for e in endpoints]
    requests = min(e.requests for e in endpoints)
    if not requests or None in usual or None in most or not any(most):
        return None
    batch = [e.price_in_batches for e in endpoints]
    summed = [sum(price or 0.0 for price in prices) / requests for prices in (usual, most, batch)]
    return Prices(summed[0], summed[1], None if None in batch else summed[2])


def _part(audit: Audit, requests: int) -> Iterator[str]:
    """How much of the design is asked, where that is not all."""
    whole = planned_requests(audit, WHOLE)
    if requests < whole:
        yield (
            f"This asks {requests:,} of the design's {whole:,} requests of each endpoint; what is said of precision is "
            "of the whole design."
        )


def _batched(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """Of endpoints that are asked in batches: where the ordinary price was taken, for no batch price is known."""
    for endpoint in endpoints:
        if endpoint.batch and not has_batch_price(endpoint):
            yield (
                f"{endpoint.name} is asked in batches, and no batch price of it is known: what is shown is the "
                "ordinary price, which a batch does not exceed; batch: {price: ...} of the endpoint names another."
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


def _endpoint(
    audit: Audit, endpoint: Endpoint, requests: int, portion: Portion, answer_tokens: float | None
) -> EndpointPlan:
    sampled = list(_sampled(audit, endpoint, SAMPLED_BLOCKS))
    characters = sum(len(m.content) for r in sampled for m in r.messages)
    tokens = round(characters / CHARACTERS_PER_TOKEN / len(sampled) * requests)
    output, high = _most(audit, endpoint, requests, portion)
    each = tokens / requests if requests else 0
    low = price_of(endpoint, requests, each, SHORT_ANSWER_TOKENS)
    longest = output / requests if requests else TYPICAL_ANSWER_TOKENS
    usual_tokens = min(longest, TYPICAL_ANSWER_TOKENS) if answer_tokens is None else answer_tokens
    usual = price_of(one_at_a_time(endpoint), requests, each, usual_tokens)
    batched = endpoint.model_copy(update={"batch": endpoint.batch or True})
    in_batches = price_of(batched, requests, each, usual_tokens) if has_batches(endpoint) else None
    name, keys = endpoint.model or endpoint.provider, ", ".join(dict.fromkeys(variables_of(endpoint)))
    prices = (low, high, usual, in_batches)
    return EndpointPlan(endpoint.name, name, requests, tokens, output, *prices, host_of(endpoint), keys or None)


def _sampled(audit: Audit, endpoint: Endpoint, blocks: int) -> Iterator[Request]:
    """The requests of so many blocks, spread over the design."""
    for index in range(0, len(audit.design), max(1, len(audit.design) // blocks)):
        yield from audit.prompter.requests(audit.design.block(index), endpoint)


def _most(audit: Audit, endpoint: Endpoint, requests: int, portion: Portion) -> tuple[int, float | None]:
    """Output tokens and US dollars that so many requests cannot exceed, each being answered at its first attempt.

    Counted as a budget sets money aside: a token of input is at least a byte. A large design is not rendered whole:
    there every request is taken for the longest of a sample.
    """
    price, now = known_price(endpoint), datetime.now(UTC)
    exact = requests <= MOST_RENDERED
    looked_at = requests_of(audit, endpoint, portion) if exact else _sampled(audit, endpoint, 10 * SAMPLED_BLOCKS)
    tokens = [most_tokens(request) for request in looked_at]
    costs = [0.0 if price is None else cost_of(price, *each, now) for each in tokens]
    output = sum(o for _, o in tokens) if exact else requests * max(o for _, o in tokens)
    cost = sum(costs) if exact else requests * max(costs)
    return output, None if price is None else cost


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
