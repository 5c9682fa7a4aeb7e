"""A second reader, never the default: another model extracts the amount, and its reply becomes an Answer.

The judge sees the question and the answer and nothing of what this package's own reader made of them. Its template is
`prompts/judge.txt`; what it says is believed only as far as its quote stands in the answer.
"""

from __future__ import annotations

from typing import Any

from bias_harness.outcome import Outcome
from bias_harness.reading.convert import annual
from bias_harness.reading.scan import Mention
from bias_harness.reading.structured import find_object
from bias_harness.vocabulary import Answer, Basis, Message, Period

PERIODS: dict[Any, Period] = {"year": "year", "month": "month", "week": "week", "day": "day", "hour": "hour"}
BASES: dict[Any, Basis] = {"gross": "gross", "net": "net"}
DIVIDER = "\n---\n"


def judge_messages(template: str, *, question: str, answer: str) -> tuple[Message, Message]:
    """The two messages that ask the judge about one answer: how to read, and what.

    `template` has a system part and a user part, divided by a line `---`; `{question}` and `{answer}` stand in the
    user part. Raises `ValueError` for a template without them.
    """
    system, divider, user = template.partition(DIVIDER)
    if not divider or "{question}" not in user or "{answer}" not in user:
        raise ValueError("a judge's template has a line --- and below it {question} and {answer}")
    before, _, after = user.partition("{answer}")
    filled = before.replace("{question}", question) + answer + after.replace("{question}", question)
    return Message("system", system.strip()), Message("user", filled.strip())


def read_judgement(reply: str, *, answer: str, outcome: Outcome) -> Answer:
    """The judge's reply as an Answer; never raises on any reply.

    `ambiguous` with reason `judge_unreadable` for a reply that is no such object, `judge_quote_missing` where its
    quote does not stand in the answer, and `judge_no_amount` where its numbers do not fit its kind.
    """
    found = find_object(reply)
    if found is None:
        return Answer("ambiguous", "ambiguous", reason="judge_unreadable")
    said = found[0]
    if said.get("kind") == "none":
        return Answer("no_amount", "no_amount", reason="judge_none")
    mention = _mention(said)
    if mention is None:
        return Answer("ambiguous", "ambiguous", reason="judge_no_amount")
    quote = said.get("quote")
    at = answer.find(quote) if isinstance(quote, str) and quote.strip() else -1
    if at < 0:
        return Answer("ambiguous", "ambiguous", reason="judge_quote_missing")
    return _answer(mention, (at, at + len(str(quote))), str(quote), outcome)


def _mention(said: dict[str, Any]) -> Mention | None:
    amount, low, high = (_number(said.get(name)) for name in ("amount", "low", "high"))
    if said.get("kind") == "range" and low is not None and high is not None and low < high:
        first, last = low, high
    elif said.get("kind") == "point" and amount is not None:
        first = last = amount
    else:
        return None
    currency = said.get("currency")
    return Mention(
        first,
        last,
        0,
        0,
        raw=first,
        currency=currency.upper() if isinstance(currency, str) and len(currency) == 3 else None,
        period=PERIODS.get(_plain(said.get("period"))),
        basis=BASES.get(_plain(said.get("basis"))),
    )


def _plain(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12 else None
    )


def _answer(mention: Mention, span: tuple[int, int], quote: str, outcome: Outcome) -> Answer:
    factor, why = annual(mention, outcome)
    picked = {"low": mention.low, "high": mention.high, "midpoint": (mention.low + mention.high) / 2}
    amount = picked[outcome.range_rule]
    return Answer(
        "ok",
        "range" if mention.is_range else "point",
        amount=amount,
        low=mention.low if mention.is_range else None,
        high=mention.high if mention.is_range else None,
        currency=mention.currency,
        period=mention.period,
        basis=mention.basis,
        annual=None if factor is None else round(amount * factor, 2),
        annual_low=round(mention.low * factor, 2) if factor is not None and mention.is_range else None,
        annual_high=round(mention.high * factor, 2) if factor is not None and mention.is_range else None,
        span=span,
        evidence=quote,
        reason=why or "judge",
    )
