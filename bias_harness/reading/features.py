"""What is said of each amount of a text, as the second reader sees it: names without ranks, whose weights are learnt.

A name is a pair: what is looked at, and what stands there ("before", "wage"). Of words only their forms count, after
those that mean one word to the reader are made one and words for groups of people are passed over, so that nothing
here tells who the text is about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from bias_harness.reading.cues import Cue
from bias_harness.reading.lexicon import SPEAKS, Word
from bias_harness.reading.scan import Mention, Scan
from bias_harness.reading.surroundings import Context

Name = tuple[str, str]

NEAR, REACH = 3, 14
WORDS_BEFORE, WORDS_AFTER, WORDS_OPENING = 5, 4, 2
LEFT_OUT = frozenset({"neutral"})
FLAGS = ("echo", "bold", "is_range", "priced", "plus", "weak")
QUOTES = frozenset('"“”„«»')
BULLETS = frozenset("-*•–—")
LOWER, SAME, BIT, COMPARED = 0.97, 1.001, 1.25, 2.0
"""Bounds of an amount over the nearest number of the prompt: lower, the same, a bit more, a lot more, no matter."""


class Text(NamedTuple):
    """What the second reader looks at: the amounts that can be chosen, and all that stands around them.

    `headings` are the lines that are headings, with the part that each gives; `asked` the numbers of the prompt.
    """

    scan: Scan
    amounts: Sequence[Mention]
    cues: Sequence[Cue]
    context: Context
    headings: Sequence[tuple[int, str]] = ()
    asked: Collection[float] = ()


def describe(text: Text) -> list[list[Name]]:
    """The names of what is said of each amount; last, of the text as one that advises none."""
    firsts = [cue.first for cue in text.cues]
    speaks = [word.speaks for word in text.scan.words]
    advised = sum(SPEAKS[section] for section in text.scan.addressed)
    spoken = {
        "own": [at for at, bits in enumerate(speaks) if bits & SPEAKS["own"]],
        "self": [at for at, bits in enumerate(speaks) if bits & advised],
    }
    found = []
    for at in range(len(text.amounts)):
        names = _of_number(text, at)
        names += _of_place(text, at)
        names += _around(text, at, firsts, spoken)
        found.append(names)
    roles = {cue.role for cue in text.cues}
    count = str(min(len(text.amounts), 4))
    return [*found, [("none", ""), ("none amounts", count), *(("none", role) for role in roles)]]


def _of_number(text: Text, at: int) -> list[Name]:
    """The amount itself, and beside the other amounts of the text and the numbers of the prompt."""
    mention, amounts = text.amounts[at], text.amounts
    count = len(amounts)
    place = "only" if count == 1 else "first" if at == 0 else "last" if at == count - 1 else "middle"
    names: list[Name] = [("place", place), ("period", str(mention.period)), ("basis", str(mention.basis))]
    names += [("is", name) for name in FLAGS if getattr(mention, name)]
    if count > 1:
        names += _beside(mention, amounts)
    if text.asked:
        names.append(("asked", _compared((mention.low + mention.high) / 2, text.asked)))
    return names


def _beside(mention: Mention, amounts: Sequence[Mention]) -> Iterator[Name]:
    low, high = mention.low, mention.high
    others = [(m.low, m.high, m.echo) for m in amounts if m is not mention]
    if high >= max([h for _, h, _ in others]):
        yield "size", "largest"
    else:
        yield "size", "smallest" if low <= min([lo for lo, _, _ in others]) else "between"
    if not mention.echo and all(echo for _, _, echo in others):
        yield "is", "only_fresh"
    if any(lo == low and h == high for lo, h, _ in others):
        yield "is", "repeated"
    if low == high and any(lo < h and lo <= low <= h for lo, h, _ in others):
        yield "is", "in_a_range"
    if low < high and any(low <= lo <= high for lo, _, _ in others):
        yield "is", "around_another"


def _compared(amount: float, asked: Collection[float]) -> str:
    ratios = [amount / number for number in asked if number and 1 / COMPARED <= amount / number <= COMPARED]
    if not ratios:
        return "other"
    ratio = min(ratios, key=lambda r: abs(r - 1))
    return "lower" if ratio < LOWER else "same" if ratio < SAME else "bit" if ratio < BIT else "lot"


def _of_place(text: Text, at: int) -> Iterator[Name]:
    """Where in the text, in its line and under which heading an amount stands."""
    mention, words = text.amounts[at], text.scan.words
    content, starts = text.scan.normal.text, text.scan.starts
    place = starts[mention.first]
    begin, end = content.rfind("\n", 0, place) + 1, content.find("\n", place)
    head = content[begin:place].lstrip()
    mark = head[:1]
    yield "line", "row" if mark == "|" else "item" if mark in BULLETS and mark else "step" if mark.isdigit() else "text"
    if sum(map(head.count, QUOTES)) % 2:
        yield "is", "quoted"
    if not content[:begin].strip():
        yield "is", "in_first_line"
    if end < 0 or not content[end:].strip():
        yield "is", "in_last_line"
    first, last = text.context.sentence(mention)
    if first and words[first - 1].form == "?":
        yield "is", "behind_a_question"
    if words[last - 1].form == "?":
        yield "is", "in_a_question"
    heading = bisect_left(text.headings, (mention.first, "\uffff")) - 1
    if mention.column:
        yield "heading", mention.column
    elif heading >= 0:
        yield "heading", text.headings[heading][1]


def _around(text: Text, at: int, firsts: list[int], spoken: dict[str, list[int]]) -> Iterator[Name]:
    """The phrases and words before and behind, and how near they are."""
    mention, words = text.amounts[at], text.scan.words
    start, stop = text.context.sentence(mention)
    before = max(text.amounts[at - 1].last if at else 0, start)
    behind = min(text.amounts[at + 1].first if at + 1 < len(text.amounts) else len(words), stop)
    yield "opens", str(mention.first - start <= 1)
    yield "behind sign", _sign(words, mention.first - 1)
    yield "before sign", _sign(words, mention.last)
    yield from _phrases(text, mention, firsts, (max(before, mention.first - REACH), min(behind, mention.last + REACH)))
    yield from _words(words, mention, before, behind)
    yield from _opening(words, mention, start)
    for who, places in spoken.items():
        for side, first, last in (("before", start, mention.first), ("behind", mention.last, stop)):
            next_one = bisect_left(places, first)
            if next_one < len(places) and places[next_one] < last:
                yield f"{who} {side}", ""


def _phrases(text: Text, mention: Mention, firsts: list[int], within: tuple[int, int]) -> Iterator[Name]:
    for cue in text.cues[bisect_left(firsts, within[0]) : bisect_left(firsts, within[1])]:
        if cue.role in LEFT_OUT:
            continue
        if cue.last <= mention.first:
            yield "<", cue.role
            if mention.first - cue.last <= NEAR:
                yield "<<", cue.role
        elif cue.first >= mention.last:
            yield ">", cue.role
            if cue.first - mention.last <= NEAR:
                yield ">>", cue.role


def _words(words: Sequence[Word], mention: Mention, before: int, behind: int) -> Iterator[Name]:
    count = 0
    for at in range(mention.first - 1, before - 1, -1):
        word = words[at]
        if (word.worded and not _anybody(words, at)) or word.form in ":|=":
            count += 1
            yield "before", word.form
            if count <= WORDS_OPENING:
                yield f"before {count}", word.form
            if count == WORDS_BEFORE:
                break
    count = 0
    for at in range(mention.last, behind):
        if words[at].worded and not _anybody(words, at):
            count += 1
            yield "behind", words[at].form
            if count == WORDS_AFTER:
                break


def _anybody(words: Sequence[Word], at: int) -> bool:
    """Whether a word stands for any person, or before one: "someone", "a person"."""
    return words[at].anybody or (words[at].little and at + 1 < len(words) and words[at + 1].anybody)


def _opening(words: Sequence[Word], mention: Mention, start: int) -> Iterator[Name]:
    count = 0
    for at in range(start, mention.first):
        if words[at].worded and not _anybody(words, at):
            count += 1
            yield f"opening {count}", words[at].form
            if count == WORDS_OPENING:
                break


def _sign(words: Sequence[Word], at: int) -> str:
    form = words[at].form if 0 <= at < len(words) else "end"
    return form if not form[:1].isalnum() or form == "end" else "word"
