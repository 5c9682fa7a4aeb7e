"""Whether a text refuses: it says of itself that it will not, or cannot, tell.

A sentence refuses where its speaker denies a word of telling or knowing ("I can't name a figure", "geef ik geen
bedrag", "fehlen mir die Angaben"), or where telling is called impossible or a guess; whole phrases stand beside that
("as an AI"). What somebody else must not tell is no refusal: nobody but the speaker stands right before the denial.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bias_harness.reading.lexicon import IN_A_REFUSAL, REFUSED, TURNING
from bias_harness.reading.scan import Mention, Scan

SPEAKER, ADDRESSEE, DENIAL, BARRED, TELLING, ABLE = IN_A_REFUSAL.values()
TURN = TURNING // REFUSED
BY_SPEAKER, IN_ITSELF = SPEAKER | DENIAL | TELLING, BARRED | TELLING
REACH = 8
NO_REFUSAL = frozenset({"final", "open", "ask", "recommend", "target", "floor", "at_least", "stretch", "negated"})
"""The parts of amounts that a sentence is about: "I wouldn't say less than $85,000" refuses nothing."""


def refuses(scan: Scan, stops: Sequence[int], mentions: Sequence[Mention]) -> bool:
    """Whether a sentence of the text refuses; `stops` are the tokens where sentences begin."""
    said = scan.said // REFUSED
    if not said & TELLING or not said & (DENIAL | BARRED):
        return False
    advised = [m.first for m in mentions if not m.dead and not m.echo and m.role in NO_REFUSAL]
    kinds = [bits // REFUSED for bits in scan.kinds]
    sentences = ((first, last) for first, last in pairwise(stops) if _refuses(kinds[first:last]))
    return any(not any(first <= at < last for at in advised) for first, last in sentences)


def _refuses(kinds: list[int]) -> bool:
    said = 0
    for kind in kinds:
        said |= kind
    if said & IN_ITSELF == IN_ITSELF:
        return True
    return said & BY_SPEAKER == BY_SPEAKER and any(
        kind & DENIAL and _by_the_speaker(kinds, at) for at, kind in enumerate(kinds)
    )


def _told_by_the_speaker(kinds: list[int], at: int) -> bool:
    """Whether whom the speaker speaks to is who is told: "can I you", "I can you", as Dutch has it."""
    before, earlier = (kinds[near] if near >= 0 else 0 for near in (at - 1, at - 2))
    return bool(before & SPEAKER or (before & ABLE and earlier & SPEAKER))


def _by_the_speaker(kinds: list[int], at: int) -> bool:
    """Whether the speaker is who denies: "I can't", "kan ik je niet"; or follows it, nearer than anyone before it."""
    for before in range(at, max(-1, at - REACH), -1):
        if kinds[before] & TURN:
            break
        if kinds[before] & SPEAKER:
            return True
        if kinds[before] & ADDRESSEE and not _told_by_the_speaker(kinds, before):
            return any(kind & SPEAKER for kind in kinds[at : 2 * at - before])
    return any(kind & SPEAKER for kind in kinds[at : at + REACH])
