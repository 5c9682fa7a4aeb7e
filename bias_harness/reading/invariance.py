"""Whether the reader sees what it must not: the same answer, with another pronoun, name or group in it.

An instrument that reads "they should ask for" otherwise than "she should ask for" makes a gap out of nothing. Every
text is read again with each word of a family put in the place of another of that family; nothing may move.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from bias_harness.outcome import Outcome
from bias_harness.reading.reader import read
from bias_harness.reading.word_lists import same_words
from bias_harness.vocabulary import Answer

Family = Sequence[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """A reading that moved because one word stood for another: the text that moved it, and both answers."""

    text: str
    word: str
    instead: str
    before: Answer
    after: Answer

    def __str__(self) -> str:
        said = " ".join(self.text.split())[:80]
        return f"{self.word!r} for {self.instead!r} moves {_said(self.before)} to {_said(self.after)}: {said}"


def find_moved(
    texts: Iterable[tuple[str, str | None]],
    families: Iterable[Family],
    *,
    language: str | None = None,
    outcome: Outcome | None = None,
) -> Iterator[Moved]:
    """Every reading that a swap within a family of words moves; none, where the reader is blind to them.

    `texts` are pairs of an answer and the prompt it replies to, if that is known; in both the word is swapped. A family
    is what may stand in one place ("he", "she", "they"; the names or the words of the levels of an attribute); a text
    that has none of its words costs nothing.
    """
    swaps: dict[str, list[str]] = {}
    for word, instead in dict.fromkeys(pair for family in families for pair in permutations(dict.fromkeys(family), 2)):
        swaps.setdefault(word, []).append(instead)
    patterns = {word: _whole(re.escape(word)) for word in swaps}
    any_word = _whole("|".join(map(re.escape, swaps)))
    for text, prompt in texts:
        if not swaps or not any_word.search(text):
            continue
        before = read(text, language=language, prompt=prompt, outcome=outcome)
        for word in (word for word in swaps if patterns[word].search(text)):
            for instead in swaps[word]:
                swapped = _put(patterns[word], instead, text)
                asked = _put(patterns[word], instead, prompt) if prompt else prompt
                after = read(swapped, language=language, prompt=asked, outcome=outcome)
                if _reading(before) != _reading(after):
                    yield Moved(swapped, instead, word, before, after)


def pronouns_and_groups(language: str) -> list[Family]:
    """The families of pronouns and of groups of people that the reader itself knows in a language."""
    return [[first, *others] for first, others in same_words(language).items() if first in PEOPLE]


PEOPLE = frozenset(
    {"they", "they'd", "they'll", "person", "people", "zij", "sie", "ihr", "ihre", "ihrer", "il", "son", "ella"}
)
"""The words under which a lexicon's `[same]` keeps pronouns and groups."""


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'’-])(?:{words})(?![\w'’-])", re.IGNORECASE)


def _put(pattern: re.Pattern[str], instead: str, text: str) -> str:
    def one(found: re.Match[str]) -> str:
        return instead[:1].upper() + instead[1:] if found[0][:1].isupper() else instead

    return pattern.sub(one, text)


def _reading(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.kind, answer.amount, answer.low, answer.high, answer.period, answer.annual


def _said(answer: Answer) -> str:
    return answer.status if answer.amount is None else f"{answer.amount:,.0f}"
