"""Text (and the prompt it answers) -> Answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from bias_harness.errors import UsageError
from bias_harness.outcome import Outcome
from bias_harness.reading.beside import SUPPOSED
from bias_harness.reading.choose import Reading, answer_of, choose, disagreed, pick, preferred, same_amount
from bias_harness.reading.chooser import Stand, calibrated, probabilities
from bias_harness.reading.context import NO_PROMPT, PromptContext, apply_context, prompt_context, steps_from
from bias_harness.reading.convert import annual
from bias_harness.reading.cues import Cue, find_cues
from bias_harness.reading.features import Text
from bias_harness.reading.hours import for_own_hours
from bias_harness.reading.lexicon import BORDER, PERIODIC, lexicon
from bias_harness.reading.mentions import BASES, find_mentions, number_tokens, period_at
from bias_harness.reading.normalise import Normal, normalise
from bias_harness.reading.ranges import compose
from bias_harness.reading.refusals import refuses
from bias_harness.reading.roles import addressed, assign_roles
from bias_harness.reading.scan import Mention, Scan, scan
from bias_harness.reading.structured import find_object, read_object
from bias_harness.reading.surroundings import ADVICE, Context
from bias_harness.reading.word_lists import family
from bias_harness.vocabulary import Answer, Period

DEFAULT = Outcome()
PERIOD_LOOK_BACK = 16
MOST_NUMBERS = 500
MOST_AMOUNTS = 40
NEVER = frozenset({*SUPPOSED, "negated", "offer", "current", "extra", "increase", "revised"})
BY_WORDS = frozenset({"final", "open", "ask", "recommend", "first", "target"})
LEAST = 0.75
"""An amount that is right less often than this is not believed, whichever of the two readers picks it."""


def read(
    text: str,
    *,
    language: str | None = None,
    prompt: str | None = None,
    outcome: Outcome | None = None,
    currency: str | None = None,
    period: Period | None = None,
) -> Answer:
    """Read one answer; never raises on any text, only on what is none (`UsageError`).

    `amount`, `low`, `high`, `currency`, `period` are as stated; `annual*` is a gross full-time year in the currency
    of `outcome`. Without an outcome, `currency` and `period` say what was asked for; without them it is the currency
    of the answer, and the period that the prompt asks for, else a year. `prompt` is what the text replies to.
    `language` is a hint; the text is read in every language that it shows itself to be in.
    """
    if not isinstance(text, str):
        raise UsageError(f"the text of an answer is wanted here, and this is {text!r}")
    seen = _look(text, language, prompt, outcome, currency, period)
    if isinstance(seen, Answer):
        return seen
    return _agreed(pick(seen.reading), seen)


class Seen(NamedTuple):
    """A text as both readers look at it: what the grammar made of it, and the amounts that can be chosen."""

    reading: Reading
    text: Text

    def same(self, picked: Mention) -> list[int]:
        """Which of the amounts say what was picked."""
        unsaid = self.reading.outcome.period
        return [i for i, m in enumerate(self.text.amounts) if m is picked or same_amount(m, picked, unsaid)]

    def weighed(self, picked: Mention | Answer) -> tuple[Mention, Stand, float]:
        """The amount in question, how the grammar stands to it, and what the second reader gives it.

        It is the one that the grammar picked, or, where it picked none, the one that is most likely. What the prompt
        named itself, what is supposed, denied, offered, paid now or extra, and a market told to nobody are no advice
        where only the second reader sees it.
        """
        return self.weighed_by(probabilities(self.text), picked)

    def weighed_by(self, chances: Sequence[float], picked: Mention | Answer) -> tuple[Mention, Stand, float]:
        """The same, by chances that are known."""
        amounts = self.text.amounts
        best = max(range(len(amounts)), key=chances.__getitem__)
        if isinstance(picked, Answer):
            likely = 0.0 if self._of_others(amounts[best]) else sum(chances[i] for i in self.same(amounts[best]))
            return amounts[best], _stand(picked, amounts[best]), likely
        mine = self.same(picked)
        agrees: Stand = "advised" if picked.role in BY_WORDS else "taken"
        return picked, agrees if best in mine else "differ", sum(chances[i] for i in mine)

    def _of_others(self, amount: Mention) -> bool:
        told_to_nobody = amount.role == "market" and not addressed(self.text.scan, amount)
        return amount.echo or amount.role in NEVER or told_to_nobody


def _stand(picked: Answer, best: Mention) -> Stand:
    if picked.status in {"ambiguous", "refused"}:
        return "tied" if picked.status == "ambiguous" else "refused"
    return "silent" if best.role == "plain" else "beside"


def looked_at(text: str, *, language: str | None, prompt: str | None) -> tuple[Seen, Mention | Answer] | None:
    """A text as both readers look at it, and what the grammar picks; None where there is nothing to look at."""
    seen = _look(text, language, prompt, None, None, None)
    return None if isinstance(seen, Answer) else (seen, pick(seen.reading))


def _agreed(picked: Mention | Answer, seen: Seen) -> Answer:
    """What both readers make of a text: the amount that is likely enough, as the grammar stands to it.

    Where the grammar picks none, or several, the second reader may pick; where the two differ, the text is ambiguous.
    """
    amounts = seen.text.amounts
    if isinstance(picked, Mention) and _needs_no_second(picked, seen):
        return answer_of(picked, seen.reading)
    if not amounts:
        return picked if isinstance(picked, Answer) else answer_of(picked, seen.reading)
    chosen, stand, likely = seen.weighed(picked)
    sure = calibrated(likely, stand)
    if sure < LEAST:
        return picked if isinstance(picked, Answer) else disagreed(seen.reading)
    if isinstance(picked, Mention):
        return answer_of(picked, seen.reading, round(sure, 4))
    return answer_of(preferred(chosen, seen.reading), seen.reading, round(sure, 4), "second_reader")


def _needs_no_second(picked: Mention, seen: Seen) -> bool:
    """Whether nothing but the amount is said, or a table's column is named for it as a key is."""
    return (not seen.text.cues and len(seen.text.amounts) <= 1) or bool(picked.column and picked.role == picked.column)


def _look(
    text: str,
    language: str | None,
    prompt: str | None,
    outcome: Outcome | None,
    currency: str | None,
    period: Period | None,
) -> Seen | Answer:
    """The amounts of a text with the parts they play, or the answer where that needs no look."""
    context = prompt_context(prompt) if prompt else NO_PROMPT
    unit = outcome or _unit(currency or DEFAULT.currency, period or context.period or DEFAULT.period)
    any_currency = outcome is None and currency is None
    normal = normalise(text)
    structured = _structured(text, normal, unit, context, any_currency) if "{" in text else None
    if structured:
        return structured
    tokens = scan(normal, language)
    numbers = number_tokens(tokens)
    early = _unreadable(normal, tokens, numbers)
    if early:
        return early
    mentions = compose(tokens, find_mentions(tokens, numbers))
    apply_context(mentions, context, unit.multiplier if unit.multiplier != 1 else context.multiplier)
    steps_from(tokens, mentions, context)
    _own_sign(mentions, unit)
    seen = _parts(tokens, mentions, context, unit)
    said = {cue.role for cue in seen.cues}
    refused = "refusal" in said or refuses(tokens, seen.context.stops, mentions)
    return Seen(Reading(text, tokens, mentions, refused, unit, any_currency, "hedge" in said), seen)


def _unreadable(normal: Normal, tokens: Scan, numbers: list[int]) -> Answer | None:
    """The answer to a text that is not read on: a thought that never ends, another language, too many numbers."""
    if normal.unfinished:
        return Answer("ambiguous", "ambiguous", reason="unfinished_thinking")
    if tokens.foreign:
        return Answer("no_amount", "no_amount", reason="unknown_language")
    if len(numbers) > MOST_NUMBERS:
        return Answer("no_amount", "no_amount", reason="too_many_numbers")
    return None


def _parts(tokens: Scan, mentions: list[Mention], context: PromptContext, unit: Outcome) -> Text:
    """Write the part that each mention plays; the text as the second reader looks at it."""
    tokens.addressed = ("self", "third") if context.client else ("self",)
    cues = find_cues(tokens, offering=context.offering, client=context.client)
    _periods_before(tokens, mentions)
    _period_of_the_text(mentions, unit)
    _bold(tokens, mentions)
    around = Context(tokens, mentions, cues)
    headings = assign_roles(tokens, mentions, around)
    for_own_hours(tokens, mentions, context.hours)
    _overruled(mentions, cues)
    _denied(tokens, mentions, around)
    amounts = [m for m in mentions if not m.dead and m.money][:MOST_AMOUNTS]
    return Text(tokens, amounts, cues, around, headings, context.numbers)


def _overruled(mentions: list[Mention], cues: list[Cue]) -> None:
    """What is taken back is no advice: "Ask for 90. Actually, make that 95"."""
    turn = max([cue.first for cue in cues if cue.role == "revised"], default=0)
    if turn and any(m.first > turn and not m.dead and m.role in ADVICE for m in mentions):
        for mention in mentions:
            if mention.first < turn and mention.role in ADVICE:
                mention.role = "revised"


def _denied(tokens: Scan, mentions: list[Mention], around: Context) -> None:
    """What is asked and denied at once is no advice: "Open at 75? No, that is too much. 71 is better"."""
    for mention in mentions:
        if mention.dead or mention.role not in ADVICE:
            continue
        after = around.sentence(mention)[1]
        asked = 0 < after < len(tokens.words) and tokens.words[after - 1].form == "?"
        if asked and tokens.tag(after, "no"):
            mention.role = "revised"


def _structured(text: str, normal: Normal, unit: Outcome, context: PromptContext, any_currency: bool) -> Answer | None:
    """The answer in a JSON object; None where there is no object with a known key."""
    found = find_object(text)
    read_in = read_object(found, text) if found else None
    if read_in is None:
        return None
    mentions, empty = read_in
    apply_context(mentions, NO_PROMPT, unit.multiplier if unit.multiplier != 1 else context.multiplier)
    tokens = Scan(normal, [], [0], lexicon())
    return choose(Reading(text, tokens, mentions, empty and not mentions, unit, any_currency))


def _own_sign(mentions: list[Mention], unit: Outcome) -> None:
    """A bare "$" is the experiment's own dollar; a sign that tells no currency is the experiment's if it fits."""
    for mention in mentions:
        if mention.sign == "USD" and unit.currency != "USD" and unit.currency in family("USD"):
            mention.currency = unit.currency
        if mention.sign == "?" and unit.currency in family("SEK"):
            mention.sign = ""


@lru_cache(maxsize=256)
def _unit(currency: str, period: Period) -> Outcome:
    return DEFAULT.model_copy(update={"currency": currency, "period": period})


def _periods_before(tokens: Scan, mentions: list[Mention]) -> None:
    """The period said before the amount, in its own sentence: "annual salary: X", "een maandsalaris van X"."""
    floor, counted = 0, range(0)
    for mention in mentions:
        if mention.dead:
            counted = _count(tokens, mention)
            continue
        _said_before(tokens, mention, floor, counted)
        floor = mention.last


def _count(tokens: Scan, mention: Mention) -> range:
    """The words that say what is counted, and how often: "40 hours a week" tells no period of pay."""
    noun = tokens.tag(mention.last, "count")
    end = noun[1] if noun else mention.last
    period = period_at(tokens, end)
    return range(mention.first, period[1] if period else end)


def _said_before(tokens: Scan, mention: Mention, floor: int, counted: range) -> None:
    for at in range(mention.first - 1, max(floor, mention.first - PERIOD_LOOK_BACK) - 1, -1):
        bits = tokens.kinds[at]
        if not bits & (PERIODIC | BORDER) or at in counted:
            continue
        if bits & BORDER:
            return
        period = period_at(tokens, at) if mention.period is None else None
        if period and period[1] <= mention.first:
            mention.period = period[0]
        basis = tokens.tag(at, "basis") if mention.basis is None else None
        if basis:
            mention.basis = BASES[basis[0]]


def _period_of_the_text(mentions: list[Mention], unit: Outcome) -> None:
    """The only period that a text names, for amounts that fit no other: "3,800 to 4,600 a month. Ask 4,400"."""
    named = {m.period for m in mentions if m.period and m.money and not m.dead}
    if len(named) != 1:
        return
    (period,) = named
    for mention in mentions:
        if mention.dead or not mention.money or mention.period:
            continue
        _, why = annual(mention, unit, any_currency=True)
        fits, _ = annual(replace(mention, period=period), unit, any_currency=True)
        if why == "implausible" and fits is not None:
            mention.period = period


def _bold(tokens: Scan, mentions: list[Mention]) -> None:
    text = tokens.normal.text
    if "**" not in text:
        return
    for mention in mentions:
        start = tokens.starts[mention.first]
        line = text.rfind("\n", 0, start) + 1
        mention.bold = text.count("**", line, start) % 2 == 1
