"""A text in tokens, and the mention: an amount in it with everything that is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import accumulate
from operator import or_

from bias_harness.reading.lexicon import PASSED, PERSON, TOKEN, Lexicon, Node, Word, lexicon
from bias_harness.reading.normalise import Normal
from bias_harness.reading.word_lists import ASSUMED, FOREIGN, LANGUAGES, languages, markers
from bias_harness.vocabulary import Basis, Period

VOTES, STRANGE, FEW_WORDS = 3, 2, 6
MOST_QUALIFYING = 5
"""Words of a description of people, beside its small ones."""
LAST_LATIN = "\u024f"
MARKUP = frozenset({"*", "**", "***", "_", "__", "`", "~", '"', "“", "”", "'", "{", "}"})


@dataclass(slots=True)
class Scan:
    """A text in tokens; `starts` has one entry more than there are tokens.

    `addressed` names the sections of words for whoever is advised: a third person too, where a client is asked about.
    `foreign` says that the text is in a language that is not read; `kinds` has what each word is, as bits, and
    `said` all of these.
    """

    normal: Normal
    words: list[Word]
    starts: list[int]
    lexicon: Lexicon
    addressed: tuple[str, ...] = ("self",)
    foreign: bool = False
    kinds: list[int] = field(default_factory=list)
    said: int = 0

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
        at = self._after(at)
        if word.grammar_follow is not None and self.words[at].form not in word.grammar_follow:
            return best
        nodes = self._next(word.grammar, at)
        while nodes:
            for node in nodes:
                for kind, key in node.tags:
                    if kind == section:
                        best = key, at + 1
            at = self._after(at)
            nodes = self._next(nodes, at)
        return best

    def _after(self, at: int) -> int:
        """The token after this one, over a hyphen between two words: "full-time"."""
        at += 1
        hyphen = at + 1 < len(self.words) and self.words[at].form == "-" and not self.words[at].spaced
        return at + 1 if hyphen and not self.words[at - 1].spaced else at

    def _next(self, nodes: list[Node], at: int) -> list[Node]:
        if at >= len(self.words):
            return []
        form = self.words[at].form
        return [after for node in nodes for after in node.step(form)]

    def end(self, at: int) -> int:
        """Where the token before `at` ends in the normalised text, without its trailing space."""
        if self.words[at - 1].number is not None:
            return self.starts[at - 1] + len(self.words[at - 1].form)
        found = TOKEN.match(self.normal.text, self.starts[at - 1])
        return self.starts[at - 1] + len(found[0].rstrip() if found else "")


def scan(normal: Normal, language: str | None = None) -> Scan:
    """One pass over the text, in the languages that it is in; `language` is a hint that is always heeded."""
    text = normal.text.lstrip(" \t")
    raws, offset = TOKEN.findall(text), len(normal.text) - len(text)
    votes = Counter(filter(None, map(markers().get, raws)))
    words = lexicon(_languages(votes, language))
    starts = list(accumulate(map(len, raws), initial=offset))
    tokens = list(map(words.memory.__getitem__, raws))
    kinds = [word.kinds for word in tokens]
    said = _said(kinds)
    if said & (PERSON | PASSED):
        for first, end in _qualifiers(tokens, words):
            del tokens[first:end], starts[first:end]
        for at in _passed(tokens):
            del tokens[at], starts[at]
        kinds = [word.kinds for word in tokens]
        said = _said(kinds)
    found = Scan(normal, tokens, starts, words, kinds=kinds, said=said)
    found.foreign = _foreign(found, votes, language)
    return found


def _said(kinds: list[int]) -> int:
    return reduce(or_, set(kinds), 0)


def _qualifiers(tokens: list[Word], known: Lexicon) -> list[tuple[int, int]]:
    """Where people are described by what they have or lack ("someone with a foreign accent"), the last first.

    Who is spoken of is a person whatever is said of them: a reader must not see the attribute that is measured. Only
    words that mean nothing to the reader are such a description; "someone with your experience" is not one.
    """
    found = []
    for at in [at + 1 for at, word in enumerate(tokens) if word.anybody]:
        if at < len(tokens) and tokens[at].form in known.qualifying:
            end = at + 1
            while end < len(tokens) and tokens[end].form in known.small:
                end += 1
            noun = end
            while end < min(len(tokens), noun + MOST_QUALIFYING) and _means_nothing(tokens[end]):
                end += 1
            if end > noun:
                found.append((at, end))
    return found[::-1]


def _passed(tokens: list[Word]) -> list[int]:
    """Where words stand that are passed over, and the hyphens that bind them ("non-binary"), the last first."""
    found = [at for at, word in enumerate(tokens) if word.passed]
    bound = {at for word in found for at in (word - 1, word + 1) if 0 <= at < len(tokens) and tokens[at].form == "-"}
    return sorted({*found, *(at for at in bound if not tokens[at].spaced)}, reverse=True)


def _means_nothing(word: Word) -> bool:
    """Whether a word may describe somebody: no word of the reader's, one that is passed over, or a hyphen."""
    return (
        word.skipped or word.passed or word.form == "-" or (word.worded and not (word.reach or word.role or word.roles))
    )


def _languages(votes: Counter[str], hint: str | None) -> tuple[str, ...]:
    """The languages whose function words the text has; those assumed, where it has too few to tell."""
    if not votes:
        return _unsaid(hint)
    most = max([votes.get(name, 0) for name in languages()], default=0)
    if most < VOTES:
        return tuple(n for n in languages() if n in ASSUMED or n not in LANGUAGES or n == hint or votes[n])
    return tuple([n for n in languages() if n == hint or (votes.get(n, 0) > 1 and votes[n] * 6 >= most)])


@lru_cache(maxsize=64)
def _unsaid(hint: str | None) -> tuple[str, ...]:
    """The languages of a text without a small word."""
    return tuple(name for name in languages() if name in ASSUMED or name not in LANGUAGES or name == hint)


def _foreign(scan: Scan, votes: Counter[str], hint: str | None) -> bool:
    """Whether the text is in a language that has no lexicon, as far as its small words or its script tell.

    With no small word of any language, a text of some length is foreign where hardly a word of it is known.
    """
    read = max([votes.get(name, 0) for name in languages()], default=0) if votes else 0
    if votes.get(FOREIGN, 0) > max(read, STRANGE - 1):
        return True
    if read >= VOTES or hint in languages():
        return False
    words = [w for w in scan.words if w.worded]
    if not words:
        return False
    if sum(w.form[0] > LAST_LATIN for w in words) * 2 > len(words):
        return not all(w.reach for w in words)
    if len(words) < FEW_WORDS or read:
        return False
    return sum(bool(w.reach or w.role or w.roles) for w in words) * 4 < len(words)


@dataclass(slots=True)
class Mention:
    """An amount, or a range (`low < high`), in the tokens from `first` up to `last`.

    `raw` is the number as written, before its multiplier. `money` says that something but its size (a currency, a
    multiplier, grouped digits, a period) marks it as money; `weak` that only the prompt's unit does. `dead` says what
    else it is (percent, year, list number ...). `stepped`: the upper end of a step, from what was. `of_others`: the
    words next to it give it to somebody else. `sign` is the currency that a mere sign tells ("?": it tells none),
    `column` the part that a table's column is named for.
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
    stepped: bool = False
    dead: str = ""
    role: str = ""
    bold: bool = False
    echo: bool = False
    weak: bool = False
    of_others: bool = False
    sign: str = ""
    column: str = ""
    span: tuple[int, int] | None = None

    @property
    def is_range(self) -> bool:
        """Whether low and high differ."""
        return self.low < self.high
