"""What a million tokens cost, and what a response did."""

from __future__ import annotations

from functools import lru_cache

from bias_harness.design.experiment import Endpoint, Price
from bias_harness.errors import InputError

FREE = Price(input_per_million=0, output_per_million=0)


FREE_PROVIDERS = ("embedded", "simulated", "replay")


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


def no_price(endpoint: Endpoint) -> InputError:
    """What to say of an endpoint whose price is not known, where a budget has to be kept."""
    asked = repr(endpoint.model) if endpoint.model else f"provider {endpoint.provider}"
    return InputError(
        f"endpoint {endpoint.name!r}: no price is known for {asked}, so a budget cannot be kept; add "
        "price: {input_per_million: ..., output_per_million: ...} (US dollars; zeros where it is free)"
    )


def cost_of(price: Price, input_tokens: float, output_tokens: float) -> float:
    """What so many tokens cost."""
    return (input_tokens * price.input_per_million + output_tokens * price.output_per_million) / 1e6
