"""Text (and the prompt it answers) -> Answer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bias_harness.config import Outcome
from bias_harness.parsers.choose import Reading, choose
from bias_harness.parsers.mentions import find_mentions
from bias_harness.parsers.normal import normalise
from bias_harness.parsers.ranges import compose
from bias_harness.parsers.roles import assign_roles, find_cues
from bias_harness.parsers.scan import Mention, Scan, scan
from bias_harness.parsers.words import lexicon
from bias_harness.vocabulary import Answer, Period

DEFAULT = Outcome()
PERIOD_LOOK_BACK = 16


def read(
    text: str,
    *,
    language: str | None = None,
    prompt: str | None = None,
    outcome: Outcome | None = None,
    currency: str | None = None,
    period: Period | None = None,
) -> Answer:
    """Read one answer; never raises on any text.

    `amount`, `low`, `high`, `currency`, `period` are as stated; `annual*` is in the unit of `outcome` (default: a
    gross year in US dollars; `currency` and `period` override its own). `prompt` is what the text replies to.
    """
    unit = _unit(outcome or DEFAULT, currency, period)
    normal = normalise(text)
    tokens = scan(normal, lexicon())
    mentions = compose(tokens, find_mentions(tokens))
    cues = find_cues(tokens)
    _periods_before(tokens, mentions)
    _bold(tokens, mentions)
    assign_roles(tokens, mentions, cues)
    refused = any(cue.role == "refusal" for cue in cues)
    answer = choose(Reading(tokens, mentions, refused, unit, unit.period))
    return replace(answer, evidence=text[answer.span[0] : answer.span[1]]) if answer.span else answer


@lru_cache(maxsize=256)
def _with_unit(outcome: Outcome, currency: str, period: Period) -> Outcome:
    return outcome.model_copy(update={"currency": currency, "period": period})


def _unit(outcome: Outcome, currency: str | None, period: Period | None) -> Outcome:
    if currency is None and period is None:
        return outcome
    return _with_unit(outcome, currency or outcome.currency, period or outcome.period)


def _periods_before(tokens: Scan, mentions: list[Mention]) -> None:
    """"Annual salary: X", "een maandsalaris van X": the period said before the amount, in its own sentence."""
    floor = 0
    for mention in mentions:
        if mention.dead:
            continue
        if mention.period is None:
            mention.period = _period_before(tokens, mention, floor)
        floor = mention.last


def _period_before(tokens: Scan, mention: Mention, floor: int) -> Period | None:
    from bias_harness.parsers.mentions import _period_at

    for at in range(mention.first - 1, max(floor, mention.first - PERIOD_LOOK_BACK) - 1, -1):
        if tokens.words[at].form in {"\n", ".", ";", "!", "?", "|"} and tokens.words[at].spaced:
            return None
        found = _period_at(tokens, at) if tokens.words[at].grammar else None
        if found and found[1] <= mention.first:
            return found[0]
    return None


def _bold(tokens: Scan, mentions: list[Mention]) -> None:
    inside, at = False, 0
    for mention in mentions:
        while at < mention.first:
            form = tokens.words[at].form
            inside = not inside if form in {"**", "__", "***"} else inside and form != "\n"
            at += 1
        mention.bold = inside
