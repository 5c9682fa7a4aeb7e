"""What a request costs: by the experiment's own price, else by the vendor's list for a request of just that length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from bias_harness.design.experiment import Endpoint, Price
from bias_harness.design.hosts import VENDORS
from bias_harness.errors import InputError
from bias_harness.vocabulary import Request

FREE = Price(input_per_million=0, output_per_million=0)
FREE_PROVIDERS = ("embedded", "simulated", "replay")
SHORT_TOKENS = 1_000
MILLION = 1_000_000
MOST_OUTPUT_TOKENS = 4_096
"""Taken for the longest answer where the experiment names no `max_tokens`."""
LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")


@dataclass(frozen=True)
class Listed:
    """A model's price in the list of genai-prices, at the vendor that `url` belongs to (None: whose name fits first).

    A list price is a staircase: above a length of the prompt the whole request costs more, and prices change with
    the date and, at some, with the hour. So it is asked for each request with its own length and time. `batch` is the
    price in a batch, which differs by provider and model; where none is listed it is the ordinary one. In US dollars.
    """

    model: str
    url: str | None
    batch: bool = False

    def at(self, input_tokens: float, when: datetime | None = None) -> Price:
        """The price per million of a request with so many tokens of input. Raises `LookupError` where none is known."""
        time = when or datetime.now(UTC)
        half_hour = time.replace(minute=time.minute // 30 * 30, second=0, microsecond=0)
        return _rates(self.model, self.url, max(1, round(input_tokens)), half_hour, self.batch)

    @property
    def input_per_million(self) -> float:
        """Of a short prompt."""
        return self.at(SHORT_TOKENS).input_per_million

    @property
    def output_per_million(self) -> float:
        """Of the answer to a short prompt."""
        return self.at(SHORT_TOKENS).output_per_million


Tariff = Price | Listed


def price_of(endpoint: Endpoint) -> Tariff | None:
    """The endpoint's price: the experiment's own, else that of genai-prices; None where neither knows it.

    A model behind a `base_url` costs what that host lists for it, not what a model of the same name costs elsewhere.
    Asked in batches it costs its batch price, or the ordinary one where no batch price is known.
    """
    if endpoint.batched is not None and endpoint.batched.price is not None:
        return endpoint.batched.price
    if endpoint.price is not None:
        return endpoint.price
    if endpoint.provider in FREE_PROVIDERS:
        return FREE
    return _listed(endpoint.model, endpoint.base_url or VENDORS.get(endpoint.provider), batch=bool(endpoint.batch))


def has_batch_price(endpoint: Endpoint) -> bool:
    """Whether it is known what the endpoint costs in a batch: the experiment or the list names another price."""
    if endpoint.batched is None or endpoint.batched.price is not None:
        return endpoint.batched is not None
    batch, ordinary = price_of(endpoint), price_of(one_at_a_time(endpoint))
    if not (isinstance(batch, Listed) and isinstance(ordinary, Listed)):
        return False
    return batch.at(SHORT_TOKENS) != ordinary.at(SHORT_TOKENS)


def one_at_a_time(endpoint: Endpoint) -> Endpoint:
    """The same endpoint without batches."""
    return endpoint.model_copy(update={"batch": False})


def cost_of(
    price: Tariff, input_tokens: float, output_tokens: float, when: datetime | None = None, *, cached_tokens: float = 0
) -> float:
    """What one request with so many tokens costs, in US dollars; `when` is its time, now where it is left out.

    `cached_tokens` are those of the input that the provider read from its cache.
    """
    if isinstance(price, Listed):
        price = price.at(input_tokens, when)
    cached, at_full = min(cached_tokens, input_tokens), price.input_per_million
    of_cached = at_full if price.cached_input_per_million is None else price.cached_input_per_million
    whole = (input_tokens - cached) * at_full + cached * of_cached + output_tokens * price.output_per_million
    return whole / MILLION


def most_tokens(request: Request) -> tuple[int, int]:
    """Input and output tokens that a request cannot exceed: a token is at least a byte."""
    said = sum(len(m.content.encode()) + 16 for m in request.messages)
    limits = (request.sampling.get(name) for name in LIMIT_NAMES)
    return said, max((int(limit) for limit in limits if limit), default=MOST_OUTPUT_TOKENS)


def _listed(model: str, url: str | None = None, *, batch: bool = False) -> Listed | None:
    found = Listed(model, url, batch)
    try:
        found.at(SHORT_TOKENS)
    except LookupError:
        return None
    return found


@lru_cache(maxsize=8192)
def _rates(model: str, url: str | None, input_tokens: int, when: datetime, batch: bool) -> Price:
    """The rates of a request with so many tokens of input; all from the one step of the staircase it is on."""
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    def total(output_tokens: int, cached: int = 0) -> float:
        usage = Tokens(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached)
        context = {"processing": "batch"} if batch else None
        return float(
            calc_price(
                usage, model, provider_api_url=url, genai_request_timestamp=when, price_context=context
            ).total_price
        )

    without = total(0)
    return Price(
        input_per_million=round(without / input_tokens * MILLION, 6),
        output_per_million=round(total(MILLION) - without, 6),
        cached_input_per_million=round(total(0, input_tokens) / input_tokens * MILLION, 6),
    )


def no_price(endpoint: Endpoint) -> InputError:
    """What to say of an endpoint whose price is not known, where a budget has to be kept."""
    asked = repr(endpoint.model) if endpoint.model else f"provider {endpoint.provider}"
    return InputError(
        f"endpoint {endpoint.name!r}: no price is known for {asked}, so a budget cannot be kept; add "
        "price: {input_per_million: ..., output_per_million: ...} (US dollars; zeros where it is free)"
    )
