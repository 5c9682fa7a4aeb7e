"""The parts of amounts beside the advice: denied, supposed, offered, paid now, extra, a total, an increase."""

from __future__ import annotations

from bias_harness.reading.cues import Cue
from bias_harness.reading.lexicon import TURNING
from bias_harness.reading.scan import Mention, Scan
from bias_harness.reading.surroundings import ADVICE, REACH_BEFORE

DIRECT = frozenset({"final", "open", "ask"})
MARKET = frozenset({"market", "usual", "others", "third"})
SUPPOSED = ("contrast", "example", "conditional")
NEAR_BEHIND, NEGATED_WITHIN, RAISED_WITHIN = 4, 5, 2


def beside_the_advice(scan: Scan, mention: Mention, before: list[Cue], behind: list[Cue]) -> str:
    """The part that keeps an amount from being the advice, by the phrases before and behind; empty where none does."""
    named = _named_in_brackets(scan, mention, before)
    if named:
        return named
    if _negated(mention, before):
        return "negated"
    roles = {cue.role for cue in (*before, *behind)}
    supposed = next((role for role in SUPPOSED if role in roles), "")
    return supposed or _told_before(scan, mention, before) or _told_behind(mention, behind)


def _named_in_brackets(scan: Scan, mention: Mention, before: list[Cue]) -> str:
    """The part of an amount that a bracket adds to what is named right before it: "the median ($91,000)"."""
    bracket = mention.first - 1
    if not before or bracket < 0 or scan.words[bracket].form != "(" or before[-1].last != bracket:
        return ""
    role = before[-1].role
    return "market" if role in MARKET else role if role in REACH_BEFORE else ""


def _negated(mention: Mention, before: list[Cue]) -> bool:
    last = next((c for c in reversed(before) if c.role == "negated" or c.role in ADVICE), None)
    return last is not None and last.role == "negated" and mention.first - last.last <= NEGATED_WITHIN


def _told_before(scan: Scan, mention: Mention, before: list[Cue]) -> str:
    nearest = next((c for c in reversed(before) if c.role != "plain"), None)
    for cue in reversed(before):
        reach = REACH_BEFORE.get(cue.role)
        if reach and mention.first - cue.last <= reach and (cue is nearest or cue.role == "total"):
            if cue.role == "increase" and _raised_to(scan, cue.last, mention):
                continue
            return "" if _turns(scan, cue.last, mention.first) else cue.role
        if cue.role in DIRECT:
            break
    return ""


def _told_behind(mention: Mention, behind: list[Cue]) -> str:
    for cue in behind:
        if cue.role in REACH_BEFORE and cue.first - mention.last <= NEAR_BEHIND:
            return cue.role
        if cue.role in {"open", "ask", "floor"}:
            break
    return ""


def _turns(scan: Scan, first: int, last: int) -> bool:
    """Whether a word of turning stands in these tokens: what was said of an offer ends at "but"."""
    return bool(scan.said & TURNING) and any(kind & TURNING for kind in scan.kinds[first:last])


def _raised_to(scan: Scan, first: int, mention: Mention) -> bool:
    """Whether an increase is one to the amount: "a raise from 80 to 92", and not one by it."""
    nearest = range(max(first, mention.first - RAISED_WITHIN), mention.first)
    return mention.stepped or any(scan.tag(at, "onto") for at in nearest)
