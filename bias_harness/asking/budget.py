"""What requests cost, and a purse that is never overdrawn. All in US dollars."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from bias_harness.design.experiment import Endpoint, Price
from bias_harness.errors import QuotaError
from bias_harness.vocabulary import Request, Usage

FREE = Price(input_per_million=0, output_per_million=0)
FREE_PROVIDERS = ("embedded", "simulated", "replay")
MOST_OUTPUT_TOKENS = 4_096
"""Taken for the longest answer where the experiment names no `max_tokens`."""
_LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def price_of(endpoint: Endpoint) -> Price | None:
    """The endpoint's price: the experiment's own, else that of genai-prices; None where neither knows it."""
    if endpoint.price is not None:
        return endpoint.price
    return FREE if endpoint.provider in FREE_PROVIDERS else _listed(endpoint.model)


@lru_cache(maxsize=64)
def _listed(model: str) -> Price | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    million = 1_000_000
    try:
        of_input = calc_price(Tokens(input_tokens=million, output_tokens=0), model_ref=model)
        of_output = calc_price(Tokens(input_tokens=0, output_tokens=million), model_ref=model)
    except LookupError:
        return None
    return Price(input_per_million=float(of_input.total_price), output_per_million=float(of_output.total_price))


def cost_of(price: Price, input_tokens: float, output_tokens: float) -> float:
    """What so many tokens cost."""
    return (input_tokens * price.input_per_million + output_tokens * price.output_per_million) / 1e6


def with_cost(usage: Usage | None, price: Price | None) -> Usage | None:
    """The usage with its cost: what the endpoint said, else by the price; unchanged where neither is known."""
    if usage is None or price is None or usage.cost is not None:
        return usage
    if usage.input_tokens is None and usage.output_tokens is None:
        return usage
    cost = cost_of(price, usage.input_tokens or 0, usage.output_tokens or 0)
    return Usage(usage.input_tokens, usage.output_tokens, cost)


def most_tokens(request: Request) -> tuple[int, int]:
    """Input and output tokens that a request cannot exceed: a token is at least a byte."""
    said = sum(len(m.content.encode()) + 16 for m in request.messages)
    limits = (request.sampling.get(name) for name in _LIMIT_NAMES)
    return said, next((int(limit) for limit in limits if limit), MOST_OUTPUT_TOKENS)


class Purse:
    """A budget for the whole run. What a request can cost at most is set aside before it is sent.

    `spent` is what the run had cost before; without a budget everything fits.
    """

    def __init__(self, budget: float | None = None, spent: float = 0.0) -> None:
        self.budget, self.spent, self.reserved = budget, spent, 0.0
        self._settled = asyncio.Event()

    async def reserve(self, amount: float) -> None:
        """Set money aside, waiting for what is in flight. Raises `QuotaError` where it cannot fit any more."""
        if self.budget is None or amount == 0:
            return
        while self.spent + self.reserved + amount > self.budget:
            if self.reserved <= 0:
                raise QuotaError(
                    f"the budget of US$ {self.budget:,.2f} is used up (US$ {self.spent:,.4f} spent, the next request "
                    f"may cost US$ {amount:,.4f}); run the same command with a larger --budget to go on"
                )
            self._settled.clear()
            await self._settled.wait()
        self.reserved += amount

    def settle(self, reserved: float, paid: float) -> None:
        """Replace what was set aside by what was paid."""
        self.spent += paid
        if self.budget is not None and reserved:
            self.reserved = max(0.0, self.reserved - reserved)
            if self.reserved < 1e-12:
                self.reserved = 0.0
            self._settled.set()
