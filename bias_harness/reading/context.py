"""What the prompt tells about its answer: the numbers it held itself, and the unit it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bias_harness.reading.lexicon import prompt_clients, prompt_offers, prompt_thousands
from bias_harness.reading.mentions import find_mentions, period_at
from bias_harness.reading.normalise import normalise
from bias_harness.reading.ranges import compose
from bias_harness.reading.roles import RANK
from bias_harness.reading.scan import Mention, Scan, scan
from bias_harness.vocabulary import Period

LARGEST_UNSCALED = 10_000
SMALLEST_UNSCALED = 10
MOST_HOURS, PART_TIME_BELOW, HOURS_WITHIN = 60, 35, 8


@dataclass(frozen=True, slots=True)
class PromptContext:
    """The numbers of a prompt (they are echoes in an answer), the unit it asked for, and who is spoken of.

    `hours` are those a week that it names first.
    `offering` says that an employer asks; `client` that somebody asks for another, so that "she" and "they" are the
    person advised and not the other side of the table.
    """

    numbers: frozenset[float] = frozenset()
    multiplier: float = 1.0
    period: Period | None = None
    offering: bool = False
    client: bool = False
    hours: float | None = None


NO_PROMPT = PromptContext()


@lru_cache(maxsize=4096)
def prompt_context(prompt: str) -> PromptContext:
    """Read a prompt; remembered, since many answers share one."""
    tokens = scan(normalise(prompt))
    numbers: set[float] = set()
    for mention in compose(tokens, find_mentions(tokens)):
        numbers |= {mention.low, mention.high, mention.raw}
    lowered = " ".join(prompt.lower().split())
    asked = any(phrase in lowered for phrase in prompt_thousands())
    offering = any(phrase in lowered for phrase in prompt_offers())
    client = offering or any(phrase in lowered for phrase in prompt_clients())
    return PromptContext(
        frozenset(numbers), 1000.0 if asked else 1.0, _period(tokens), offering, client, hours_of(tokens)
    )


def hours_of(tokens: Scan, first: int = 0, last: int | None = None) -> float | None:
    """The hours a week that are said first in these tokens: "24 hours"; None where none are."""
    for at in range(first, min(len(tokens.words) - 1, last or len(tokens.words))):
        number = tokens.words[at].number
        if number and number <= MOST_HOURS and tokens.tag(at + 1, "hours"):
            return number
    return None


def for_own_hours(tokens: Scan, mentions: list[Mention], context: PromptContext) -> None:
    """Of a full-time amount and what it comes to for the hours of the prompt, the second is advised.

    The second takes the part of the first: "ask for € 4,000 full time, which is € 2,667 for 24 hours".
    """
    if context.hours is None or context.hours >= PART_TIME_BELOW:
        return
    amounts = [m for m in mentions if m.money and not m.dead]
    if len(amounts) < 2:
        return
    ends = [*(m.first for m in amounts[1:]), len(tokens.words)]
    said = [_hours_beside(tokens, m, last, context.hours) for m, last in zip(amounts, ends, strict=True)]
    whole = [m for m, which in zip(amounts, said, strict=True) if which == "full"]
    own = [m for m, which in zip(amounts, said, strict=True) if which == "own"]
    if whole and own:
        role = max((m.role for m in (*whole, *own)), key=lambda r: RANK.get(r, 0))
        for mention in whole:
            mention.role = "full_time"
        for mention in own:
            mention.role = role


def _parts(tokens: Scan, at: int) -> bool:
    return tokens.words[at].stops or tokens.words[at].form == ","


def _hours_beside(tokens: Scan, mention: Mention, last: int, own: float) -> str:
    """`own` or `full`, as the words around an amount say what hours it is for; empty where they say nothing."""
    for first, end in ((mention.first, last), (max(0, mention.first - HOURS_WITHIN), mention.first)):
        stop = next((at for at in range(max(first, mention.last), end) if _parts(tokens, at)), end)
        first = next((at + 1 for at in range(mention.first - 1, first - 1, -1) if _parts(tokens, at)), first)
        hours = hours_of(tokens, first, stop)
        if hours == own or any(tokens.tag(at, "part_time") for at in range(first, stop)):
            return "own"
        if hours or any(tokens.tag(at, "full_time") for at in range(first, stop)):
            return "full"
    return ""


def _period(tokens: Scan) -> Period | None:
    """The period that is asked for; "36 hours a week" is no such thing."""
    found = (period_at(tokens, at) for at in range(len(tokens.words)) if tokens.words[at].reach)
    return next((period[0] for period in found if period and period[0] in {"year", "month"}), None)


def apply_context(mentions: list[Mention], context: PromptContext, multiplier: float) -> None:
    """Mark echoes of the prompt; give bare small numbers the unit that the prompt asked for."""
    for mention in mentions:
        if mention.dead:
            continue
        raw = mention.low in context.numbers and mention.high in context.numbers
        if multiplier != 1 and _lacks_unit(mention):
            mention.low, mention.high = mention.low * multiplier, mention.high * multiplier
            mention.weak = not mention.priced
            mention.money = True
        mention.echo = raw or (mention.low in context.numbers and mention.high in context.numbers)


def _lacks_unit(mention: Mention) -> bool:
    fits = mention.low >= SMALLEST_UNSCALED and mention.high < LARGEST_UNSCALED
    return fits and mention.multiplier == 1 and not mention.grouped and mention.period in {None, "year"}
