"""How the blocks of one attribute are laid out: everything crossed with everything, or ways of saying it in turns.

**Crossed**: each person, wording, language and repeat is a block of every level through every signal, and of the
reference level with every neutral edit. **Rotated**: a *form* is one way of putting a text, for the reference level a
pair of an expression and a neutral edit, for another level an expression. Person j's answer i comes through form
(j + i) modulo the number of forms, so that forms overlap from person to person and can be told apart from them, and in
wording (i + t) modulo the number of wordings, where t goes up once all forms have begun, so that every form meets every
wording equally. Which form an answer comes through depends on j and i alone: more people or more answers keep what was
asked before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from bias_harness.design.experiment import Rotation
from bias_harness.design.personas import Arm, VariedAttribute


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One arm of a block: a level through one signal, perhaps with a neutral edit of the wording."""

    arm: Arm
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands: the places of its person, wording and language, and its repeat."""

    person: int
    wording: int
    language: int
    repeat: int


@dataclass(frozen=True)
class AttributeCounts:
    """How many of what one attribute adds, per endpoint.

    `answers` is how many a level gets from one person in one wording and language: whole, at least 1.
    `reference_forms` is in how many ways the reference level is put, edits and expressions together.
    """

    attribute: str
    levels: int
    signals: int
    cells: int
    treatment_pairs: int
    placebo_pairs: int
    trials: int
    answers: int
    reference_forms: int


@dataclass(frozen=True)
class Size:
    """How many people, wordings, languages and repeats there are."""

    people: int
    wordings: int
    languages: int
    repeats: int


class Layout(Protocol):
    """The blocks of one attribute, by their number."""

    def __len__(self) -> int:
        """How many blocks."""
        ...

    def block(self, index: int) -> tuple[Place, list[Variant]]:
        """Where the block with that number stands, and its arms."""
        ...

    def telling(self) -> Iterable[int]:
        """The numbers of blocks that show every prompt there is, whoever repeats it."""
        ...

    def counts(self) -> AttributeCounts:
        """How many of what."""
        ...


@dataclass(frozen=True)
class Crossed:
    """Every variant in every block."""

    attribute: VariedAttribute
    variants: tuple[Variant, ...]
    size: Size

    def __len__(self) -> int:
        """People x wordings x languages x repeats."""
        return self.size.people * self.size.wordings * self.size.languages * self.size.repeats

    def block(self, index: int) -> tuple[Place, list[Variant]]:
        """The slowest is the person, then wording, language, repeat."""
        rest, repeat = divmod(index, self.size.repeats)
        rest, language = divmod(rest, self.size.languages)
        person, wording = divmod(rest, self.size.wordings)
        return Place(person, wording, language, repeat), list(self.variants)

    def telling(self) -> Iterable[int]:
        """One block a person, wording and language."""
        return range(0, len(self), self.size.repeats)

    def counts(self) -> AttributeCounts:
        """Pairs are of cells: signal i of a level with signal i of the reference."""
        plain = Counter(v.arm.level for v in self.variants if not v.edit)
        signals = plain[self.attribute.reference]
        settings = len(self) // self.size.repeats
        treatment = sum(min(n, signals) for level, n in plain.items() if level != self.attribute.reference)
        placebo = sum(n - 1 for n in plain.values()) + sum(1 for v in self.variants if v.edit)
        cells = settings * len(self.variants)
        return AttributeCounts(
            self.attribute.name,
            len(plain),
            signals,
            cells,
            settings * treatment,
            settings * placebo,
            cells * self.size.repeats,
            self.size.repeats * signals,
            sum(v.arm.level == self.attribute.reference for v in self.variants),
        )


@dataclass(frozen=True)
class Rotated:
    """The forms in turns.

    A block is one answer of the reference level and those of the others that go with it: in the same wording, for the
    same person, at the same place among the answers in that wording (its repeat), and so with the same seed.
    """

    attribute: VariedAttribute
    edits: tuple[str, ...]
    size: Size
    often: Rotation

    @cached_property
    def forms(self) -> dict[str, tuple[Variant, ...]]:
        """By level, the reference first: the ways in which it is put, in the order of their turns."""
        arms: dict[str, list[Arm]] = {level: [] for level in self.attribute.levels}
        for arm in self.attribute.arms:
            arms[arm.level].append(arm)
        reference = arms.pop(self.attribute.reference)
        made = {self.attribute.reference: tuple(reference_forms(reference, self.edits, self.often.edits or 1))}
        return made | {level: tuple(Variant(arm) for arm in each) for level, each in arms.items()}

    @property
    def slots(self) -> int:
        """Blocks of one person in one language: one for each answer of the reference level."""
        return (self.often.reference_answers or 1) * self.size.repeats

    def __len__(self) -> int:
        """People x languages x answers of the reference level."""
        return self.size.people * self.size.languages * self.slots

    def block(self, index: int) -> tuple[Place, list[Variant]]:
        """The slowest is the person, then the language, then the answer of the reference level."""
        rest, slot = divmod(index, self.slots)
        person, language = divmod(rest, self.size.languages)
        n, reference = self.size.wordings, self.attribute.reference
        wording = (slot + person // len(self.forms[reference])) % n
        variants = [self._form(reference, person, slot)]
        variants += [
            self._form(level, person, answer)
            for level in list(self.forms)[1:]
            for answer in self._answer(level, person, slot, wording)
        ]
        return Place(person, wording, language, slot // n), variants

    def _form(self, level: str, person: int, answer: int) -> Variant:
        forms = self.forms[level]
        return forms[(person + answer) % len(forms)]

    def _answer(self, level: str, person: int, slot: int, wording: int) -> Sequence[int]:
        """Which of the level's answers goes with the reference's answer `slot`: one or none.

        Answers go in groups of one for each wording, as many groups as it takes; the last group is not full where the
        wordings do not divide them, and then the wording that begins moves on with every person.
        """
        n, each, taken = self.size.wordings, self.often.level_answers or 1, len(self.forms[level])
        round_, within = divmod(slot, self.often.reference_answers or 1)
        uneven = 0 if each % n == 0 else person % taken + round_
        begins = person // taken + uneven
        answer = within // n * n + (wording - begins) % n
        return [round_ * each + answer] if answer < each else []

    def telling(self) -> Iterable[int]:
        """All of them: each person has forms of their own."""
        return range(len(self))

    def counts(self) -> AttributeCounts:
        """A pair is a level's answer and the reference's in its block; a placebo pair two forms of one level."""
        people, n = self.size.people * self.size.languages, self.size.repeats
        each, asked = (self.often.level_answers or 1) * n, self.slots
        told = dict.fromkeys(self.forms, each) | {self.attribute.reference: asked}
        apart = {level: min(told[level], math.lcm(len(f), self.size.wordings)) for level, f in self.forms.items()}
        others = len(self.forms) - 1
        return AttributeCounts(
            self.attribute.name,
            len(self.forms),
            max(len(f) for level, f in self.forms.items() if level != self.attribute.reference),
            people * sum(apart.values()),
            people * others * each,
            people * sum(count - 1 for count in apart.values()),
            people * sum(told.values()),
            max(1, round(each / self.size.wordings)),
            len(self.forms[self.attribute.reference]),
        )


def reference_forms(arms: Sequence[Arm], edits: Sequence[str], count: int) -> list[Variant]:
    """So many pairs of an expression and an edit of the reference level, all different, the plain one first."""
    ways = ["", *edits]
    return [
        Variant(arms[(form % len(ways) + form // len(ways)) % len(arms)], ways[form % len(ways)])
        for form in range(count)
    ]
