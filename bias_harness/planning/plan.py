"""What an experiment would ask, before a cent is spent: design, requests, tokens and price by endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, ClassVar

import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.blocks import AttributeCounts
from bias_harness.design.experiment import Endpoint
from bias_harness.design.hosts import strangers
from bias_harness.design.portion import WHOLE, Portion, planned_requests
from bias_harness.design.prices import has_batch_price, no_price
from bias_harness.design.shares import shares_said
from bias_harness.outcome import Outcome
from bias_harness.planning.conditions import Condition, assumed
from bias_harness.planning.endpoint_plan import EndpointPlan, endpoint_plan
from bias_harness.planning.outlook import Outlook, looks_said, outlook_of, said
from bias_harness.planning.proposing import Point, Prices, frontier, proposed
from bias_harness.planning.second_turns import said_of_turns


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
            (e.endpoint, e.model, e.requests, e.input_tokens, e.price_shown, e.host or "this computer", e.key or "–")
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
    endpoints = tuple(endpoint_plan(audit, endpoint, requests, portion, answer_tokens) for endpoint in e.endpoints)
    condition = pilot or assumed(e.outcome)
    outlooks = tuple(outlook_of(audit, condition))
    affordable = tuple(_affordable(audit, endpoints, budget))
    prices = _prices(endpoints) if propose and audit.primary else None
    proposal = None
    if prices is not None and budget is not None:
        proposal = proposed(audit, condition, prices, budget, piloted=pilot is not None)
    return Plan(
        *(e.experiment, e.title.get("en", e.experiment), audit.digest, tuple(audit.design.counts()), endpoints),
        *(condition, outlooks, tuple(frontier(audit, condition, prices)) if prices is not None else (), proposal),
        e.outcome,
        (
            *_part(audit, requests),
            *shares_said(audit, portion),
            *affordable,
            *said_of_turns(audit, endpoints),
            *_of_endpoints(e.endpoints),
            *said(audit, condition, outlooks, piloted=pilot is not None),
            *looks_said(audit, outlooks),
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


def _of_endpoints(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """What is odd about where they are, and where the ordinary price was taken, for no batch price is known."""
    yield from (f"{endpoint.name}: {odd}." for endpoint in endpoints for _, _, odd in strangers(endpoint))
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
