"""What a person typed as the advice of an answer -> an `Answer`, by the experiment's own rule of conversion."""

from __future__ import annotations

import re

from bias_harness.errors import InputError
from bias_harness.outcome import Outcome
from bias_harness.reading.convert import annual_factor
from bias_harness.reading.scan import Mention
from bias_harness.vocabulary import Answer, Kind, Period

_WORDS: dict[Period, str] = {
    "year": "year y jaar j",
    "month": "month m maand",
    "week": "week w",
    "day": "day d dag",
    "hour": "hour h uur u",
}
PERIODS = {word: period for period, words in _WORDS.items() for word in words.split()}
WITHOUT: dict[str, Answer] = {
    "-": Answer("no_amount", "no_amount", reason="by_a_person"),
    "r": Answer("refused", "refusal", reason="by_a_person"),
    "?": Answer("ambiguous", "ambiguous", reason="by_a_person"),
}
"""No amount in the asked currency; a refusal; an answer of which a person cannot tell it either."""
WANTED = "type an amount (65000, 65k, 60000-70000, 4200 month), - for none, r for a refusal, ? where it cannot be told"
_NUMBER = r"(\d{1,3}(?:[., ']\d{3})+|\d+(?:[.,]\d+)?)\s*(k?)"
_AMOUNT = re.compile(rf"{_NUMBER}(?:\s*-\s*{_NUMBER})?\s*(?:/?\s*([a-z]+))?")
_GROUPED = re.compile(r"\d{1,3}(?:[., ']\d{3})+")


def read_label(typed: str, outcome: Outcome) -> Answer:
    """The advice that a person typed. Raises `InputError` where it is none, with what is wanted.

    `65000`, `65.000`, `65k`, a range `60000-70000`, with a period (`4200 month`, `25/h`) where it is not the
    experiment's. In the experiment's currency and basis; a score or share is a plain number.
    """
    word = typed.strip().lower()
    if word in WITHOUT:
        return WITHOUT[word]
    found = _AMOUNT.fullmatch(word)
    period = PERIODS.get(found[5]) if found and found[5] else None
    if found is None or (found[5] and period is None):
        raise InputError(f"{typed.strip()!r} is no amount; {WANTED}")
    value = _money if outcome.measured.form == "money" else _plain
    thousands = found[4] or found[2]  # 60-70k are both thousands
    first = value(found[1], found[2] or found[4])
    low, high = sorted((first, value(found[3], thousands) if found[3] else first))
    return _answer(low, high, period, outcome)


def _money(digits: str, thousands: str) -> float:
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"\D", "", digits)
    return float(digits.replace(",", ".")) * (1_000 if thousands else 1)


def _plain(digits: str, _: str) -> float:
    return float(digits.replace(",", "."))


def _answer(low: float, high: float, period: Period | None, outcome: Outcome) -> Answer:
    amount = {"midpoint": (low + high) / 2, "low": low, "high": high}[outcome.range_rule]
    kind: Kind = "range" if low < high else "point"
    factor = 1.0
    if outcome.measured.form == "money":
        period = period or outcome.period
        factor = annual_factor(Mention(low, high, 0, 0, low, period=period), outcome)[0] or 1.0
    years = (amount * factor, low * factor, high * factor)
    currency = outcome.currency if outcome.measured.form == "money" else None
    stated = (amount, low, high, currency, period)
    return Answer("ok", kind, *stated, None, *years, reason="by_a_person")
