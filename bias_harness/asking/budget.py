"""What requests cost, and a purse that is never overdrawn. All in US dollars."""

from __future__ import annotations

import asyncio

from bias_harness.design.experiment import Price
from bias_harness.design.prices import cost_of
from bias_harness.errors import QuotaError
from bias_harness.vocabulary import Request, Usage

MOST_OUTPUT_TOKENS = 4_096
"""Taken for the longest answer where the experiment names no `max_tokens`."""
_LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")


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
