"""What is said of each amount of a text, as the second reader sees it: names without ranks, whose weights are learnt.

A name is a pair: what is looked at, and what stands there ("before", "wage"). Of words only their forms count, after
those that mean one word to the reader are made one and words for groups of people are passed over, so that nothing
here tells who the text is about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from bias_harness.reading.cues import Cue
from bias_harness.reading.lexicon import SPEAKS, SPOKEN, TOLD, Word
from bias_harness.reading.scan import Mention, Scan
from bias_harness.reading.surroundings import Context

Name = tuple[str, str]
Add = Callable[[Name], None]

NEAR, REACH = 3, 14
WORDS_BEFORE, WORDS_AFTER = 5, 4
BEFORE, OPENING = ("", "before 1", "before 2"), ("", "opening 1", "opening 2")
LEFT_OUT = frozenset({"neutral"})
SEPARATORS, PAUSES = frozenset(":|="), frozenset(",.;:!?")
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
    spoken = _spoken(text.scan)
    page, others = _page(text.scan.normal.text), _others(text.amounts)
    found: list[list[Name]] = []
    for at in range(len(text.amounts)):
        names: list[Name] = []
        _of_number(text, at, others, names.append)
        _of_place(text, at, page, names.append)
        _around(text, at, firsts, spoken, names.append)
        found.append(names)
    roles = {cue.role for cue in text.cues}
    count = str(min(len(text.amounts), 4))
    return [*found, [("none", ""), ("none amounts", count), *[("none", role) for role in roles]]]


def _spoken(scan: Scan) -> tuple[tuple[Name, Name, list[int]], ...]:
    """Where the text speaks of what is theirs, and of whoever is advised, under the names before and behind."""
    own, advised = SPOKEN * SPEAKS["own"], SPOKEN * sum([SPEAKS[section] for section in scan.addressed])
    return (
        (("own before", ""), ("own behind", ""), [at for at, bits in enumerate(scan.kinds) if bits & own]),
        (("self before", ""), ("self behind", ""), [at for at, bits in enumerate(scan.kinds) if bits & advised]),
    )


class _Page(NamedTuple):
    """A text, where its first and its last words are, and whether there are quotation marks."""

    content: str
    first: int
    last: int
    quotes: bool


def _page(content: str) -> _Page:
    last = len(content.rstrip())
    return _Page(content, len(content) - len(content.lstrip()), last, any(map(content.__contains__, QUOTES)))


class _Others(NamedTuple):
    """What an amount is compared with: all of the text, itself among them."""

    highest: float
    lowest: float
    fresh: int
    often: Counter[tuple[float, float]]
    ranges: list[tuple[float, float]]
    lows: list[float]


def _others(amounts: Sequence[Mention]) -> _Others | None:
    if len(amounts) < 2:
        return None
    ends = [(m.low, m.high) for m in amounts]
    lows = [low for low, _ in ends]
    fresh = sum([not m.echo for m in amounts])
    ranges = [(low, high) for low, high in ends if low < high]
    return _Others(max([high for _, high in ends]), min(lows), fresh, Counter(ends), ranges, lows)


def _of_number(text: Text, at: int, others: _Others | None, add: Add) -> None:
    """The amount itself, and beside the other amounts of the text and the numbers of the prompt."""
    mention, count = text.amounts[at], len(text.amounts)
    add(("place", "only" if count == 1 else "first" if at == 0 else "last" if at == count - 1 else "middle"))
    add(("period", str(mention.period)))
    add(("basis", str(mention.basis)))
    if mention.echo:
        add(("is", "echo"))
    if mention.bold:
        add(("is", "bold"))
    if mention.low < mention.high:
        add(("is", "is_range"))
    if mention.priced:
        add(("is", "priced"))
    if mention.plus:
        add(("is", "plus"))
    if mention.weak:
        add(("is", "weak"))
    if others:
        _beside(mention, others, add)
    if text.asked:
        add(("asked", _compared((mention.low + mention.high) / 2, text.asked)))


def _beside(mention: Mention, others: _Others, add: Add) -> None:
    low, high = mention.low, mention.high
    add(("size", "largest" if high >= others.highest else "smallest" if low <= others.lowest else "between"))
    if not mention.echo and others.fresh == 1:
        add(("is", "only_fresh"))
    if others.often[low, high] > 1:
        add(("is", "repeated"))
    if low == high and any(lo <= low <= h for lo, h in others.ranges):
        add(("is", "in_a_range"))
    if low < high and sum([low <= lo <= high for lo in others.lows]) > 1:  # its own low is one
        add(("is", "around_another"))


def _compared(amount: float, asked: Collection[float]) -> str:
    ratios = [amount / number for number in asked if number and 1 / COMPARED <= amount / number <= COMPARED]
    if not ratios:
        return "other"
    ratio = min(ratios, key=lambda r: abs(r - 1))
    return "lower" if ratio < LOWER else "same" if ratio < SAME else "bit" if ratio < BIT else "lot"


def _of_place(text: Text, at: int, page: _Page, add: Add) -> None:
    """Where in the text, in its line and under which heading an amount stands."""
    mention, words, content = text.amounts[at], text.scan.words, page.content
    place = text.scan.starts[mention.first]
    begin, end = content.rfind("\n", 0, place) + 1, content.find("\n", place)
    head = content[begin:place].lstrip()
    mark = head[:1]
    add(("line", "row" if mark == "|" else "item" if mark in BULLETS else "step" if mark.isdigit() else "text"))
    if page.quotes and sum(map(head.count, QUOTES)) % 2:
        add(("is", "quoted"))
    if begin <= page.first:
        add(("is", "in_first_line"))
    if end < 0 or end >= page.last:
        add(("is", "in_last_line"))
    first, last = text.context.sentence(mention)
    if first and words[first - 1].form == "?":
        add(("is", "behind_a_question"))
    if words[last - 1].form == "?":
        add(("is", "in_a_question"))
        if text.scan.tag(last, "no"):
            add(("is", "denied_at_once"))
    heading = bisect_left(text.headings, (mention.first, "\uffff")) - 1 if text.headings else -1
    if mention.column:
        add(("heading", mention.column))
    elif heading >= 0:
        add(("heading", text.headings[heading][1]))


def _around(text: Text, at: int, firsts: list[int], spoken: tuple[tuple[Name, Name, list[int]], ...], add: Add) -> None:
    """The phrases and words before and behind, and how near they are."""
    amounts, words = text.amounts, text.scan.words
    mention = amounts[at]
    first, last = mention.first, mention.last
    start, stop = text.context.sentence(mention)
    before = max(amounts[at - 1].last if at else 0, start)
    behind = min(amounts[at + 1].first if at + 1 < len(amounts) else len(words), stop)
    add(("opens", str(first - start <= 1)))
    add(("behind sign", _sign(words, first - 1)))
    add(("before sign", _sign(words, last)))
    _phrases(text, mention, firsts, (max(before, first - REACH), min(behind, last + REACH)), add)
    _words(words, mention, before, behind, add)
    _opening(words, mention, start, add)
    for name_before, name_behind, places in spoken:
        next_one = bisect_left(places, start)
        if next_one < len(places) and places[next_one] < first:
            add(name_before)
        next_one = bisect_left(places, last)
        if next_one < len(places) and places[next_one] < stop:
            add(name_behind)


def _phrases(text: Text, mention: Mention, firsts: list[int], within: tuple[int, int], add: Add) -> None:
    first, last = mention.first, mention.last
    for role, begin, end in text.cues[bisect_left(firsts, within[0]) : bisect_left(firsts, within[1])]:
        if role in LEFT_OUT:
            continue
        if end <= first:
            add(("<", role))
            if first - end <= NEAR:
                add(("<<", role))
        elif begin >= last:
            add((">", role))
            if begin - last <= NEAR:
                add((">>", role))


def _words(words: Sequence[Word], mention: Mention, before: int, behind: int, add: Add) -> None:
    count = 0
    for at in range(mention.first - 1, before - 1, -1):
        word = words[at]
        if word.kinds & TOLD or (word.worded and not _anybody(words, at)) or word.form in SEPARATORS:
            count += 1
            add(("before", word.form))
            if count < len(BEFORE):
                add((BEFORE[count], word.form))
            if count == WORDS_BEFORE:
                break
    count = 0
    for at in range(mention.last, behind):
        word = words[at]
        if word.kinds & TOLD or (word.worded and not _anybody(words, at)):
            count += 1
            add(("behind", word.form))
            if count == WORDS_AFTER:
                break


def _anybody(words: Sequence[Word], at: int) -> bool:
    """Whether a word stands for any person, or before one, perhaps passed over: "someone", "a person", "a Muslim"."""
    if words[at].anybody or not words[at].little:
        return words[at].anybody
    return at + 1 < len(words) and (words[at + 1].anybody or words[at + 1].form in PAUSES)


def _opening(words: Sequence[Word], mention: Mention, start: int, add: Add) -> None:
    count = 0
    for at in range(start, mention.first):
        word = words[at]
        if word.kinds & TOLD or (word.worded and not _anybody(words, at)):
            count += 1
            add((OPENING[count], word.form))
            if count == len(OPENING) - 1:
                break


def _sign(words: Sequence[Word], at: int) -> str:
    form = words[at].form if 0 <= at < len(words) else "end"
    return form if not form[:1].isalnum() or form == "end" else "word"
