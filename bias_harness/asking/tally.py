"""What one endpoint has to do, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bias_harness.design.experiment import Endpoint
from bias_harness.design.prices import Tariff
from bias_harness.plugins import Provider
from bias_harness.results.batches import BatchBook
from bias_harness.vocabulary import Request, Response


@dataclass
class Tally:
    """How far one endpoint is. `stopped` says in one sentence why it was given up.

    `cost` is in US dollars, of this session, null where no price is known, and `reserved` what may have been billed
    besides; `at_once` is how many requests may be in
    flight at present; `retried` counts attempts after the first; `under_way` says how far its batches are.
    """

    endpoint: str
    planned: int
    already: int = 0
    answered: int = 0
    failed: int = 0
    filtered: int = 0
    empty: int = 0
    empty_before: int = 0
    retried: int = 0
    in_a_row: int = 0
    at_once: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    reserved: float = 0.0
    stopped: str | None = None
    under_way: str = ""
    served: set[str] = field(default_factory=set)

    @property
    def done(self) -> int:
        """Answered, failed for good, or there already."""
        return self.already + self.answered + self.failed

    def count(self, response: Response) -> None:
        """Count one response of this session."""
        if response.error is None:
            self.answered += 1
            self.in_a_row = 0
        else:
            self.failed += 1
            self.empty += response.error.kind == "empty"
            filtered = response.error.kind == "content"
            self.filtered += filtered
            self.in_a_row = 0 if filtered else self.in_a_row + 1
        if response.served_model is not None:
            self.served.add(response.served_model)
        usage = response.usage
        if usage is not None:
            self.input_tokens += usage.input_tokens or 0
            self.output_tokens += usage.output_tokens or 0
            self.reserved += usage.reserved or 0.0
            if usage.cost is not None:
                self.cost = (self.cost or 0.0) + usage.cost


@dataclass
class Work:
    """What one endpoint has to do: its requests in order, and how it is asked; `price` where one is known.

    `secrets` are cut out of whatever comes back. With a `book` it is asked in batches, which are kept there: `requests`
    can then be gone through more than once, and `first_price` is that of a request that is asked alone.
    """

    endpoint: Endpoint
    provider: Provider
    requests: Iterable[Request]
    tally: Tally
    price: Tariff | None = None
    secrets: tuple[str, ...] = ()
    book: BatchBook | None = None
    first_price: Tariff | None = None
    is_first: bool = False
