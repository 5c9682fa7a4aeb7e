"""A text in tokens, and the mention: an amount in it with everything that is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from bias_harness.parsers.normal import Normal
from bias_harness.parsers.words import TOKEN, Lexicon, Node, Word
from bias_harness.vocabulary import Basis, Period

@dataclass(slots=True)
class Scan:
    """A text in tokens; `starts` has one entry more than there are tokens."""

    normal: Normal
    words: list[Word]
    starts: list[int]
    lexicon: Lexicon

    def tag(self, at: int, section: str) -> tuple[str, int] | None:
        """The longest phrase of a section that begins at a token: its key and the token after it."""
        best: tuple[str, int] | None = None
        if at >= len(self.words):
            return None
        nodes = self.words[at].grammar
        while nodes:
            at += 1
            for node in nodes:
                for kind, key in node.tags:
                    if kind == section:
                        best = key, at
            nodes = self._next(nodes, at)
        return best

    def _next(self, nodes: list[Node], at: int) -> list[Node]:
        if at >= len(self.words) or not any(node.then or node.wild for node in nodes):
            return []
        return [after for node in nodes for after in node.step(self.words[at].form)]

    def end(self, at: int) -> int:
        """Where the token before `at` ends in the normalised text, without its trailing space."""
        text = self.normal.text[self.starts[at - 1] : self.starts[at]]
        return self.starts[at - 1] + len(text.rstrip())


def scan(normal: Normal, lexicon: Lexicon) -> Scan:
    """One pass over the text."""
    raws = TOKEN.findall(normal.text.lstrip(" \t"))
    offset = len(normal.text) - len(normal.text.lstrip(" \t"))
    starts = list(accumulate(map(len, raws), initial=offset))
    return Scan(normal, [lexicon.word(raw) for raw in raws], starts, lexicon)


@dataclass(slots=True)
class Mention:
    """An amount, or a range (`low < high`), in the tokens from `first` up to `last`.

    `raw` is the number as written, before its multiplier. `money` says that something but its size (a currency, a
    multiplier, grouped digits, a period) marks it as money; `weak` that only the prompt's unit does. `dead` says what else
    it is (percent, year, list number ...). `sign` is the currency told by a mere sign ("?" for one that tells none).
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
    sign: str = ""
    span: tuple[int, int] | None = None

    @property
    def is_range(self) -> bool:
        """Whether low and high differ."""
        return self.low < self.high
