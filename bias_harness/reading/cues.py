"""The phrases of the lexicon in a text, and where its sentences end."""

from __future__ import annotations

from typing import NamedTuple

from bias_harness.reading.lexicon import CUED, STOPPING, Word, tag_role
from bias_harness.reading.scan import MARKUP, Scan

OPENERS = frozenset({",", ":", "(", "so", "then", "and", "just", "please", "dus", "en", "dan", "also", "und", "dann"})
NO_ADVICE = frozenset({"refusal", "hedge"})


class Cue(NamedTuple):
    """A phrase of the lexicon in the text, in the tokens from `first` up to `last`."""

    role: str
    first: int
    last: int


def find_cues(scan: Scan, *, offering: bool = False, client: bool = False) -> list[Cue]:
    """All cues in order; the longest phrase wins and what it covers is not read again, but for refusals.

    Where an employer asks (`offering`), what is called an offer is the advice. Where somebody asks for a `client`, a
    third person is the one advised, else the other side of the table.
    """
    cues: list[Cue] = []
    free = 0
    words = scan.words
    last = len(words) - 1
    for at in [at for at, bits in enumerate(scan.kinds) if bits & CUED]:
        if at < free:
            continue
        word = words[at]
        after = words[at + 1] if at < last else None
        if after is None or not (word.follow is None or after.skipped or after.form in word.follow):
            if word.role is None:
                continue
            role, end = word.role, at + 1
        else:
            matched = _longest(scan, at)
            if matched is None:
                continue
            role, end = matched
        role = "ask" if offering and role == "offer" else role
        if role == "imperative":
            if not _opens(words, at):
                continue
            role = "ask"
        if role != "third" or not client:
            cues.append(Cue(role, at, end))
        free = at + 1 if role in NO_ADVICE else end
    return cues


def _opens(words: list[Word], at: int) -> bool:
    """Whether a word opens its sentence or clause, as the verb of a command does."""
    before = at - 1
    while before >= 0 and words[before].skipped:
        before -= 1
    return before < 0 or words[before].stops or words[before].form in OPENERS


def _longest(scan: Scan, at: int) -> tuple[str, int] | None:
    words, role = scan.words, scan.words[at].role
    best = (role, at + 1) if role else None
    nodes = words[at].roles
    while nodes:
        at += 1
        while at < len(words) and words[at].skipped:
            at += 1
        if at >= len(words):
            break
        form = words[at].form
        nodes = [after for node in nodes for after in node.step(form)]
        for node in nodes:
            if node.tags:
                best = tag_role(node), at + 1
    return best


def sentence_stops(scan: Scan) -> list[int]:
    """The tokens after which a new sentence or line begins."""
    stopping = [at for at, bits in enumerate(scan.kinds) if bits & STOPPING]
    stops = [at + 1 for at in stopping if scan.words[at].form == "\n" or _ends_sentence(scan, at)]
    return [0, *stops, len(scan.words)]


def _ends_sentence(scan: Scan, at: int) -> bool:
    word = scan.words[at]
    if at + 1 < len(scan.words) and not word.spaced and scan.words[at + 1].form not in MARKUP | {")", "\n"}:
        return False
    before = scan.words[at - 1].form if at else ""
    if word.form != "." or not before.isalpha():
        return True
    return before not in scan.lexicon.abbreviations and (len(before) > 1 or before == "k")
