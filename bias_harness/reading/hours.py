"""Full time or the hours asked about: of an amount and its share, the one that is for the person."""

from __future__ import annotations

from bias_harness.reading.lexicon import TIMED
from bias_harness.reading.scan import Mention, Scan
from bias_harness.reading.surroundings import RANK

MOST_HOURS, PART_TIME_BELOW, HOURS_WITHIN = 60, 35, 8


def hours_of(tokens: Scan, first: int = 0, last: int | None = None) -> float | None:
    """The hours a week that are said first in these tokens: "24 hours"; None where none are."""
    for at in range(first, min(len(tokens.words) - 1, last or len(tokens.words))):
        number = tokens.words[at].number
        if number and number <= MOST_HOURS and tokens.tag(at + 1, "hours"):
            return number
    return None


def for_own_hours(tokens: Scan, mentions: list[Mention], asked: float | None) -> None:
    """Of a full-time amount and what it comes to for the hours of the prompt, the second is advised.

    The second takes the part of the first: "ask for € 4,000 full time, which is € 2,667 for 24 hours". Where the
    prompt names no hours it is the other way round, for a year is a full-time one.
    """
    if (asked is not None and asked >= PART_TIME_BELOW) or not tokens.said & TIMED:
        return
    amounts = [m for m in mentions if m.money and not m.dead]
    if len(amounts) < 2:
        return
    ends = [*(m.first for m in amounts[1:]), len(tokens.words)]
    said = [_hours_beside(tokens, m, last, asked) for m, last in zip(amounts, ends, strict=True)]
    whole = [m for m, which in zip(amounts, said, strict=True) if which == "full"]
    own = [m for m, which in zip(amounts, said, strict=True) if which == "own"]
    if whole and own:
        role = max((m.role for m in (*whole, *own)), key=lambda r: RANK.get(r, 0))
        other, left = (own, "part_time") if asked is None else (whole, "full_time")
        for mention in other:
            mention.dead = left
        for mention in whole if asked is None else own:
            mention.role = role


def _parts(tokens: Scan, at: int) -> bool:
    return tokens.words[at].stops or tokens.words[at].form in {",", "("}


def _hours_beside(tokens: Scan, mention: Mention, last: int, own: float | None) -> str:
    """`own` or `full`, as the words around an amount say what hours it is for; empty where they say nothing."""
    for first, end in ((mention.first, last), (max(0, mention.first - HOURS_WITHIN), mention.first)):
        stop = next((at for at in range(max(first, mention.last), end) if _parts(tokens, at)), end)
        start = next((at + 1 for at in range(mention.first - 1, first - 1, -1) if _parts(tokens, at)), first)
        hours = hours_of(tokens, start, stop)
        part = hours is not None and (hours < PART_TIME_BELOW if own is None else hours == own)
        if part or any(tokens.tag(at, "part_time") for at in range(start, stop)):
            return "own"
        if hours or any(tokens.tag(at, "full_time") for at in range(start, stop)):
            return "full"
    return ""
