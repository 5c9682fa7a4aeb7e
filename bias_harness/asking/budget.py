"""What requests cost, and a purse that is never overdrawn. All in US dollars."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from bias_harness.design.prices import Tariff, cost_of
from bias_harness.errors import FatalError, QuotaError
from bias_harness.vocabulary import Usage


def with_cost(usage: Usage | None, price: Tariff | None, reserved: float) -> Usage | None:
    """The usage with its cost: what the endpoint said, else by the price; unchanged where neither is known.

    Where a count of tokens is missing, what was `reserved` for the request and is not in its cost stays reserved.
    """
    if price is None or (usage is not None and usage.cost is not None):
        return usage
    told = usage or Usage()
    if told.input_tokens is None and told.output_tokens is None:
        return replace(told, reserved=reserved) if reserved else usage
    cost = cost_of(price, told.input_tokens or 0, told.output_tokens or 0, cached_tokens=told.cached_tokens or 0)
    whole = told.input_tokens is not None and told.output_tokens is not None
    return replace(told, cost=cost, reserved=None if whole else max(0.0, reserved - cost) or None)


def spent(usage: Usage | None) -> float:
    """What a response has cost at most, as far as that is known."""
    return 0.0 if usage is None else (usage.cost or 0.0) + (usage.reserved or 0.0)


class Purse:
    """A budget for the whole run. What a request can cost at most is set aside before it is sent.

    `spent` is what the run had cost before; without a budget everything fits.
    """

    def __init__(self, budget: float | None = None, spent: float = 0.0) -> None:
        self.budget, self.spent, self.reserved = budget, spent, 0.0
        self._settled = asyncio.Event()

    async def reserve(self, amount: float) -> None:
        """Set money aside, waiting for what is in flight. Raises `QuotaError` where it cannot fit any more."""
        if not math.isfinite(amount) or amount < 0:
            raise FatalError(f"what a request may cost is US$ {amount}, which is no amount of money; correct its price")
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

    @property
    def room(self) -> float:
        """What may still be set aside."""
        return math.inf if self.budget is None else max(0.0, self.budget - self.spent - self.reserved)

    def hold(self, amount: float) -> None:
        """Set aside what is on its way already, whether it fits or not."""
        if self.budget is not None:
            self.reserved += amount

    def settle(self, reserved: float, paid: float) -> None:
        """Replace what was set aside by what was paid."""
        self.spent += paid
        if self.budget is not None and reserved:
            self.reserved = max(0.0, self.reserved - reserved)
            if self.reserved < 1e-12:
                self.reserved = 0.0
            self._settled.set()
