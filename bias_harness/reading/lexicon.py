"""The lexicon, compiled: what a word can mean, alone or as the beginning of a phrase.

Phrases live in `lexicon/*.toml`. They are matched word by word over markup, quotes and hyphens, in one pass; what a
word can begin is remembered per word, so that a text costs one look-up a word.
"""

from __future__ import annotations

import re
from functools import cache
from sys import intern
from typing import Any

from bias_harness.reading.numerals import read_digits
from bias_harness.reading.word_lists import languages, packed, table_of

TOKEN = re.compile(
    r"(?:[^\W\d_]+(?:'[^\W\d_]+)*|\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,']\d+)*"
    r"|\n\s*|\*+|_+|[^\w\n])[ \t]*"
)
MEMORY = 60_000
SKIPPED = frozenset("*_`\"'“”„«»~-–—\u2011") | {"**", "***", "__", "****"}
STOPS = frozenset("\n;.!?。")
IN_A_REFUSAL = {"speaker": 1, "addressee": 2, "denial": 4, "barred": 8, "telling": 16, "able": 32}
"""What a single word can be in a refusal, as bits: see `refusals`."""

SPEAKS = {"self": 1, "third": 2, "own": 4}
"""Of whom a word speaks, as bits: the one advised, a third person, what is theirs."""
NUMBER, CUED, STOPPING, LINE_END, PERSON, PASSED, TIMED, PERIODIC, BORDER, TOLD = (1 << bit for bit in range(10))
SPOKEN, REFUSED, TURNING = 1 << 10, 1 << 13, 1 << 19
"""What a word can be, as bits of its `kinds`: those of `SPEAKS` and `IN_A_REFUSAL` are times `SPOKEN` and `REFUSED`. A
text is gone through many times for one kind of word or another, and its list of bits is nearer at hand than its words.
"""
TIMES = frozenset({"hours", "full_time", "part_time"})
TOLD_BEFORE = frozenset({"period", "per", "basis"})
BORDERS = frozenset("\n.;!?|")
"""What a period or a basis that is said before an amount does not reach over."""

Tag = tuple[str, str]
NO_WORDS: frozenset[str] = frozenset()


class Node:
    """One step of a phrase: what may follow, and what the phrase means when it ends here."""

    __slots__ = ("tags", "then", "wild")

    def __init__(self) -> None:
        self.then: dict[str, Node] = {}
        self.wild: list[tuple[str, Node]] = []
        self.tags: tuple[Tag, ...] = ()

    def step(self, word: str) -> list[Node]:
        """The nodes that this word leads to."""
        found = [self.then[word]] if word in self.then else []
        if self.wild and word[:1].isalpha():
            found += [node for pattern, node in self.wild if _fits(word, pattern)]
        return found

    def add(self, words: list[str], tag: Tag) -> None:
        """Enter a phrase."""
        node = self
        for word in words:
            node = node._grow(word)
        if tag not in node.tags:
            node.tags = (*node.tags, tag)

    def sections(self) -> set[str]:
        """The sections of all phrases that go through this node."""
        found = {section for section, _ in self.tags}
        for node in (*self.then.values(), *(node for _, node in self.wild)):
            found |= node.sections()
        return found

    @property
    def ends(self) -> bool:
        """Whether no phrase goes on from here."""
        return not (self.then or self.wild)

    def _grow(self, word: str) -> Node:
        if "*" not in word:
            return self.then.setdefault(word, Node())
        for known, node in self.wild:
            if known == word:
                return node
        node = Node()
        self.wild.append((word, node))
        return node


def _fits(word: str, pattern: str) -> bool:
    stem = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return stem in word
    return word.endswith(stem) if pattern.startswith("*") else word.startswith(stem)


NO_NODES: list[Node] = []
NO_MEANING: dict[str, str] = {}


class Word:
    """One token and everything that is known of it before its neighbours are looked at."""

    __slots__ = (
        "alone",
        "anybody",
        "breaks",
        "cued",
        "follow",
        "form",
        "grammar",
        "grammar_follow",
        "kinds",
        "little",
        "number",
        "numeral",
        "passed",
        "prices",
        "reach",
        "refusing",
        "role",
        "roles",
        "scaled",
        "skipped",
        "spaced",
        "speaks",
        "stops",
        "upper",
        "worded",
    )

    def __init__(self, raw: str, lexicon: Lexicon) -> None:
        bare = raw.rstrip(" \t")
        form = "\n" if bare.startswith("\n") or not bare else bare.lower()
        if form[0].isdecimal() and not lexicon.tells(form):
            self._be_a_number(bare, len(bare) != len(raw))
            return
        self.form = intern(lexicon.same.get(form, form))
        self.spaced = len(bare) != len(raw) or self.form == "\n"
        self.upper = bare[:1].isupper()
        self.anybody, self.little = self.form in lexicon.qualified, self.form in lexicon.small
        self.worded = self.form[:1].isalpha()
        read = read_digits(bare) if bare[:1].isdecimal() else None
        self.number = read[0] if read else None
        self.scaled = read[1] if read else None
        self.skipped, self.passed = bare in SKIPPED, self.form in lexicon.passed
        self.stops = self.form in STOPS
        grammar, roles = lexicon.grammar.step(self.form), lexicon.roles.step(self.form)
        self.grammar = [node for node in grammar if not node.ends]
        self.roles = [node for node in roles if not node.ends]
        self.follow, self.grammar_follow = _follow(self.roles), _follow(self.grammar)
        self.reach = frozenset(section for node in grammar for section in node.sections())
        self.alone: dict[str, str] = {section: key for node in grammar for section, key in node.tags}
        self.role = next((tag_role(node) for node in reversed(roles) if node.tags), None)
        self.cued = self.role is not None or bool(self.roles)
        self.speaks = sum(bit for section, bit in SPEAKS.items() if section in self.alone)
        self.breaks = "break" in self.alone
        self.refusing = lexicon.refusing.get(self.form, 0)
        self.numeral = ("number_word" in self.alone or "fixed" in self.reach) and bare[:1].isalpha()
        self.prices = self.form in lexicon.currency_ends
        self.kinds = lexicon.one_of_each(self._kinds())

    def _kinds(self) -> int:
        said = (
            self.number is not None or self.numeral,
            self.cued,
            self.stops,
            self.form == "\n",
            self.anybody,
            self.passed,
            not self.reach.isdisjoint(TIMES),
            not self.reach.isdisjoint(TOLD_BEFORE),
            self.spaced and self.form in BORDERS,
            self.worded and not (self.anybody or self.little),
        )
        told = SPOKEN * self.speaks + REFUSED * self.refusing + TURNING * ("turn" in self.alone)
        return sum(1 << bit for bit, so in enumerate(said) if so) + told

    def _be_a_number(self, bare: str, spaced: bool) -> None:
        """What is known of digits in which no phrase begins: their value. Texts are full of them, each another."""
        self.form, self.spaced = bare, spaced
        self.number, self.scaled = read_digits(bare) or (None, None)
        self.kinds = NUMBER if self.number is not None else 0
        self.upper = self.anybody = self.little = self.worded = self.skipped = self.passed = self.stops = False
        self.cued = self.breaks = self.numeral = self.prices = False
        self.grammar = self.roles = NO_NODES
        self.follow = self.grammar_follow = self.reach = NO_WORDS
        self.alone, self.role, self.speaks, self.refusing = NO_MEANING, None, 0, 0


def _follow(nodes: list[Node]) -> frozenset[str] | None:
    """The words that a phrase can go on with; None where a pattern can, so that any may."""
    if any(node.wild for node in nodes):
        return None
    return frozenset(form for node in nodes for form in node.then)


class Memory(dict[str, Word]):
    """What is known of tokens, looked up at the first need and remembered."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexicon = lexicon

    def __missing__(self, raw: str) -> Word:
        if len(self) > MEMORY:
            self.clear()
        known = self[raw] = Word(raw, self._lexicon)
        return known


class Lexicon:
    """The words of some languages, compiled into two tries: the grammar of money, and the roles amounts play."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self.grammar, self.roles = Node(), Node()
        self.abbreviations: set[str] = set()
        self.currency_ends = {*packed(), "."}
        self.memory = Memory(self)
        self.same: dict[str, str] = {}
        self.passed: set[str] = set()
        self.qualified: set[str] = set()
        self.qualifying: set[str] = set()
        self.small: set[str] = set()
        self.refusing: dict[str, int] = {}
        self._kinds: dict[int, int] = {}
        tables = [table_of(language) for language in ("common", *languages)]
        for table in tables:
            self._join(table)
        for table in tables:
            self._enter(table)

    def _join(self, table: dict[str, Any]) -> None:
        """Take up which words are one word, and which are passed over."""
        for first, others in table.get("same", {}).items():
            for word in others:
                self.same.setdefault(word, first)
        self.passed.update(table.get("passed", {}).get("words", ()))
        qualified = table.get("qualified", {})
        self.qualified.update(qualified.get("people", ()))
        self.qualifying.update(qualified.get("by", ()))
        self.small.update(qualified.get("small", ()))

    def tells(self, form: str) -> bool:
        """Whether digits are in a list of the lexicon, or the beginning of a phrase: "401"."""
        lists = (self.grammar.then, self.roles.then, self.same, self.passed, self.qualified, self.small)
        return any(form in known for known in (*lists, self.refusing, self.currency_ends))

    def one_of_each(self, kinds: int) -> int:
        """The same number as one object, of which a processor's cache holds all there are."""
        return self._kinds.setdefault(kinds, kinds)

    def phrase(self, phrase: str) -> list[str]:
        """A phrase as the words it is matched by, each the one that stands for its like."""
        return [self.same.get(word, word) for word in phrase_words(phrase) if word not in self.passed]

    def _enter(self, table: dict[str, Any]) -> None:
        for section in ("currency", "multiplier", "period", "basis", "holiday", "fixed", "link"):
            for key, phrases in table.get(section, {}).items():
                for phrase in phrases:
                    self.grammar.add(self.phrase(phrase), (key, key) if section == "link" else (section, key))
        for phrases in table.get("currency", {}).values():
            self.currency_ends.update(phrase_words(phrase)[-1] for phrase in phrases)
        for word in table.get("packed", {}):
            self.grammar.add([word], ("packed", word))
        for role, phrases in table.get("role", {}).items():
            for phrase in phrases:
                self.roles.add(self.phrase(phrase), ("role", role))
        self._enter_refusals(table.get("refusal", {}))
        self.abbreviations.update(table.get("link", {}).get("abbreviation", ()))

    def _enter_refusals(self, table: dict[str, list[str]]) -> None:
        for kind, phrases in table.items():
            for phrase in phrases:
                if kind not in IN_A_REFUSAL:
                    self.roles.add(self.phrase(phrase), ("refusal", kind))
                    continue
                form = self.same.get(phrase, phrase)
                self.refusing[form] = self.refusing.get(form, 0) | IN_A_REFUSAL[kind]


def tag_role(node: Node) -> str:
    """The role of a phrase that ends here; a refusal is `refusal`, or `hedge` where it is no more than "it depends"."""
    section, key = node.tags[0]
    return "refusal" if (section, key) == ("refusal", "phrase") else key


def phrase_words(phrase: str) -> list[str]:
    """A phrase of the lexicon as the forms it is matched by."""
    parts = re.findall(r"\*?[^\W\d_]+(?:'[^\W\d_]+)*\*?|\d+|[^\w\s]", phrase.lower())
    return [part for part in parts if part not in SKIPPED]


@cache
def lexicon(chosen: tuple[str, ...] = ()) -> Lexicon:
    """The compiled lexicon of these languages, of all where none is chosen; made once."""
    return Lexicon(chosen or languages())
