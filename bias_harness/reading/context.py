"""What the prompt tells about its answer: the numbers it held itself, and the unit it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bias_harness.reading.hours import hours_of
from bias_harness.reading.mentions import find_mentions, period_at
from bias_harness.reading.normalise import normalise
from bias_harness.reading.ranges import compose
from bias_harness.reading.scan import Mention, Scan, scan
from bias_harness.reading.word_lists import prompt_clients, prompt_offers, prompt_thousands
from bias_harness.vocabulary import Period

LARGEST_UNSCALED = 10_000
SMALLEST_UNSCALED = 10


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


@lru_cache(maxsize=32_768)
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


def steps_from(tokens: Scan, mentions: list[Mention], context: PromptContext) -> None:
    """A range from a number of the prompt, or one of a raise, is a step: of "from $88,000 to $94,500", $94,500."""
    for mention in mentions:
        if not mention.is_range or mention.dead or not mention.first:
            continue
        before = tokens.words[max(0, mention.first - 2) : mention.first]
        known = mention.low in context.numbers and mention.high not in context.numbers
        if "from" in before[-1].alone and (known or before[0].role == "increase"):
            mention.low, mention.stepped = mention.high, True


def _lacks_unit(mention: Mention) -> bool:
    fits = mention.low >= SMALLEST_UNSCALED and mention.high < LARGEST_UNSCALED
    return fits and mention.multiplier == 1 and not mention.grouped and mention.period in {None, "year"}
