"""What `confirm:` adds to a plan: second turns, their tokens and their price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.design.confirming import planned_turns
from bias_harness.design.experiment import Endpoint
from bias_harness.design.portion import Portion
from bias_harness.design.prices import Tariff, cost_of, most_tokens, one_at_a_time, price_of
from bias_harness.vocabulary import Request

if TYPE_CHECKING:
    from bias_harness.planning.endpoint_plan import EndpointPlan

CHARACTERS_PER_TOKEN = 4
TYPICAL_ANSWER_TOKENS = 120
SHORT_ANSWER_TOKENS = 5
REPLY_TOKENS = 25
"""Of the JSON that is asked for."""


@dataclass(frozen=True)
class SecondTurns:
    """At most so many second turns to one endpoint, and what they take; US dollars, None where no price is known.

    `low` and `usual` are without those that only unread answers get: nobody knows beforehand how many those are.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens_high: int = 0
    low: float | None = 0.0
    usual: float | None = 0.0
    high: float | None = 0.0


def second_turns(
    audit: Audit, endpoint: Endpoint, portion: Portion, sampled: Sequence[Request], answer_tokens: float | None
) -> SecondTurns:
    """What the second turns of a portion take, by a sample of its first ones; `answer_tokens` is how long answers are.

    They are asked one by one, at the ordinary price. The most is counted as a budget sets it aside: a token of input is
    at least a byte, and an answer has about four of them a token.
    """
    count = planned_turns(audit, endpoint, portion)
    if not count:
        return SecondTurns()
    price, turns = price_of(one_at_a_time(endpoint)), [_turn(audit, request) for request in sampled]
    asked = _mean(map(_characters, turns)) / CHARACTERS_PER_TOKEN
    before, longest = (max(sizes) for sizes in zip(*map(most_tokens, turns), strict=True))
    usual = min(longest, TYPICAL_ANSWER_TOKENS) if answer_tokens is None else answer_tokens
    sure = 0 if audit.experiment.confirm == "unread" else count
    return SecondTurns(
        count,
        round(sure * (asked + usual)),
        count * longest,
        _price(price, sure, asked + SHORT_ANSWER_TOKENS, REPLY_TOKENS),
        _price(price, sure, asked + usual, REPLY_TOKENS),
        _price(price, count, before + CHARACTERS_PER_TOKEN * longest, longest),
    )


def said_of_turns(audit: Audit, endpoints: Iterable[EndpointPlan]) -> Iterator[str]:
    """A sentence for each endpoint that is asked again."""
    for planned in endpoints:
        if planned.second_turns and audit.experiment.confirm == "unread":
            yield (
                f"{planned.endpoint} is asked again about what cannot be read: nobody knows how often, "
                f"{planned.second_turns:,} times at most, which is in the highest price alone."
            )
        elif planned.second_turns:
            yield (
                f"{planned.endpoint} is asked again about {planned.second_turns:,} answers, in a second turn each; "
                "that is in the tokens and the price."
            )


def _turn(audit: Audit, request: Request) -> Request:
    """The second turn about an answer without a length of its own."""
    language = request.trial.language if request.trial else audit.experiment.languages[0]
    return audit.prompter.second_turn(request, "", language)


def _characters(request: Request) -> int:
    return sum(len(m.content) for m in request.messages)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def _price(price: Tariff | None, requests: int, input_tokens: float, output_tokens: float) -> float | None:
    return None if price is None else requests * cost_of(price, input_tokens, output_tokens)
