"""A text in tokens, and the mention: an amount in it with everything that is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

from bias_harness.reading.lexicon import TOKEN, Lexicon, Node, Word, languages, lexicon, markers
from bias_harness.reading.normalise import Normal
from bias_harness.vocabulary import Basis, Period

VOTES = 3
MARKUP = frozenset({"*", "**", "***", "_", "__", "`", "~", '"', "“", "”", "'", "{", "}"})


@dataclass(slots=True)
class Scan:
    """A text in tokens; `starts` has one entry more than there are tokens.

    `addressed` names the sections of words for whoever is advised: a third person too, where a client is asked about.
    """

    normal: Normal
    words: list[Word]
    starts: list[int]
    lexicon: Lexicon
    addressed: tuple[str, ...] = ("self",)

    def tag(self, at: int, section: str) -> tuple[str, int] | None:
        """The longest phrase of a section that begins at a token: its key and the token after it."""
        if at >= len(self.words):
            return None
        word = self.words[at]
        if section not in word.reach:
            return None
        key = word.alone.get(section)
        best = None if key is None else (key, at + 1)
        if not word.grammar or at + 1 >= len(self.words):
            return best
        if word.grammar_follow is not None and self.words[at + 1].form not in word.grammar_follow:
            return best
        nodes = self._next(word.grammar, at + 1)
        while nodes:
            at += 1
            for node in nodes:
                for kind, key in node.tags:
                    if kind == section:
                        best = key, at + 1
            nodes = self._next(nodes, at + 1)
        return best

    def _next(self, nodes: list[Node], at: int) -> list[Node]:
        if at >= len(self.words):
            return []
        form = self.words[at].form
        return [after for node in nodes for after in node.step(form)]

    def end(self, at: int) -> int:
        """Where the token before `at` ends in the normalised text, without its trailing space."""
        text = self.normal.text[self.starts[at - 1] : self.starts[at]]
        return self.starts[at - 1] + len(text.rstrip())


def scan(normal: Normal, language: str | None = None) -> Scan:
    """One pass over the text, in the languages that it is in; `language` is a hint that is always heeded."""
    text = normal.text.lstrip(" \t")
    raws, offset = TOKEN.findall(text), len(normal.text) - len(text)
    words = lexicon(_languages(raws, language))
    starts = list(accumulate(map(len, raws), initial=offset))
    known, word = words.memory, words.word
    return Scan(normal, [known.get(raw) or word(raw) for raw in raws], starts, words)


def _languages(raws: list[str], hint: str | None) -> tuple[str, ...]:
    """The languages whose function words the text has; all of them where it has too few to tell."""
    votes = Counter(filter(None, map(markers().get, raws)))
    most = max(votes.values(), default=0)
    if most < VOTES:
        return languages()
    return tuple(name for name in languages() if name == hint or (votes[name] > 1 and votes[name] * 6 >= most))


@dataclass(slots=True)
class Mention:
    """An amount, or a range (`low < high`), in the tokens from `first` up to `last`.

    `raw` is the number as written, before its multiplier. `money` says that something but its size (a currency, a
    multiplier, grouped digits, a period) marks it as money; `weak` that only the prompt's unit does. `dead` says what
    else it is (percent, year, list number ...). `of_others`: its sentence speaks of somebody else's amount besides;
    `own_hours`, `full_time`: it is said to be for the hours of the prompt, or for full time. `sign` is the currency that a mere sign tells ("?": it tells none).
    """

    low: float
    high: float
    first: int
    last: int
    raw: float
    multiplier: float = 1.0
    grouped: bool = False
    currency: str | None = None
    priced: bool = False
    period: Period | None = None
    basis: Basis | None = None
    holiday: str | None = None
    months: float | None = None
    money: bool = False
    plus: bool = False
    dead: str = ""
    role: str = ""
    bold: bool = False
    echo: bool = False
    weak: bool = False
    of_others: bool = False
    own_hours: bool = False
    full_time: bool = False
    sign: str = ""
    span: tuple[int, int] | None = None

    @property
    def is_range(self) -> bool:
        """Whether low and high differ."""
        return self.low < self.high
