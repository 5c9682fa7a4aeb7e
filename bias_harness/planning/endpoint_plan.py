"""What one endpoint would be asked: how many requests, how many tokens, and at which price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.design.hosts import host_of, variables_of
from bias_harness.design.portion import Portion, requests_of
from bias_harness.design.prices import cost_of, most_tokens, one_at_a_time
from bias_harness.design.prices import price_of as known_price
from bias_harness.planning.proposing import has_batches
from bias_harness.planning.second_turns import (
    CHARACTERS_PER_TOKEN,
    SHORT_ANSWER_TOKENS,
    TYPICAL_ANSWER_TOKENS,
    second_turns,
)
from bias_harness.vocabulary import Request

SAMPLED_BLOCKS = 20
MOST_RENDERED = 4_000
"""Requests of one endpoint, up to which the price of each is looked at."""


@dataclass(frozen=True)
class EndpointPlan:
    """What one endpoint would be asked, of which host, with which variable's key (null where there is none).

    `price_low` is for short answers, `price_high` is the most: the longest answers to all, and every byte of a question
    a token, as a budget sets it aside; US dollars, without what is asked a second time after a failure.
    `price_usual` is for answers of usual length asked one by one, `price_in_batches` the same in batches where their
    price is known. What `confirm` asks again (`second_turns`, at most) is in the tokens and the prices, not in the
    requests.
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
    second_turns: int = 0

    @property
    def price_shown(self) -> str:
        """The price as people read it, in US dollars: from that of short answers to the most."""
        if self.price_low is None or self.price_high is None:
            return "unknown (give `price` in the experiment)"
        return "free" if self.price_high == 0 else f"{self.price_low:,.2f} to {self.price_high:,.2f}"


def endpoint_plan(
    audit: Audit, endpoint: Endpoint, requests: int, portion: Portion, answer_tokens: float | None
) -> EndpointPlan:
    """What an endpoint would be asked of a portion of the design, its answers of usual length or `answer_tokens` long.

    Tokens of questions are those of a sample of blocks.
    """
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
    more = second_turns(audit, endpoint, portion, sampled, answer_tokens)
    return EndpointPlan(
        endpoint.name,
        name,
        requests,
        tokens + more.input_tokens,
        output + more.output_tokens_high,
        price_low=_sum(low, more.low),
        price_high=_sum(high, more.high),
        price_usual=_sum(usual, more.usual),
        price_in_batches=_sum(in_batches, more.usual),
        host=host_of(endpoint),
        key=keys or None,
        second_turns=more.requests,
    )


def _sum(first: float | None, second: float | None) -> float | None:
    """Both prices together; None where one is not known."""
    return None if first is None or second is None else first + second


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
