"""Experiment x profiles -> trials: cells, pairs, placebo pairs, repeats, in a seeded pair-blocked order.

A **block** is everything that must be asked side by side: for one persona, attribute, wording, language and
repeat, every level through every signal, and the placebo edits of the reference level. A provider that drifts
during a run so hits both members of every pair alike. Blocks are shuffled by the experiment's seed, and so are
the arms within a block. Nothing is held in memory but the order.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bias_harness.design.experiment import Experiment
from bias_harness.design.personas import Arm, Persona, VariedAttribute
from bias_harness.vocabulary import Trial


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One arm of a block: a level through one signal, perhaps with a neutral edit of the wording."""

    arm: Arm
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What is asked side by side, and the trials in the order in which they are asked."""

    index: int
    attribute: VariedAttribute
    persona: Persona
    wording: str
    language: str
    repeat: int
    variants: tuple[Variant, ...]

    @property
    def identity(self) -> str:
        """What the block is about, the same in every process: the unit of sharding and of shared randomness."""
        return "/".join((self.attribute.name, self.persona.id, self.wording, self.language, str(self.repeat)))

    def trials(self, endpoint: str) -> list[Trial]:
        """The block's trials for one endpoint."""
        return [
            Trial(
                endpoint,
                self.language,
                self.wording,
                self.persona.id,
                variant.arm.attribute,
                variant.arm.level,
                variant.arm.signal,
                variant.edit,
                self.repeat,
                self.index,
            )
            for variant in self.variants
        ]

    def in_shard(self, index: int, count: int) -> bool:
        """Whether shard `index` of `count` (from 1) asks this block; every block is in exactly one."""
        digest = hashlib.sha256(self.identity.encode()).digest()
        return int.from_bytes(digest[:8], "big") % count == index - 1

    def common_seed(self, seed: int) -> int:
        """The random seed that all members share for this repeat: never derived from the level."""
        text = f"{seed}/{self.persona.id}/{self.wording}/{self.language}/{self.repeat}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class AttributeCounts:
    """How many of what one attribute adds, per endpoint."""

    attribute: str
    levels: int
    signals: int
    cells: int
    treatment_pairs: int
    placebo_pairs: int
    trials: int


@dataclass(frozen=True)
class Design:
    """The whole plan of an experiment, as a sequence of blocks that is made as it is read."""

    experiment: Experiment
    personas: tuple[Persona, ...]
    attributes: tuple[VariedAttribute, ...]
    edits: tuple[str, ...]

    @cached_property
    def variants(self) -> Mapping[str, tuple[Variant, ...]]:
        """Per attribute, the arms of each of its blocks."""
        return {a.name: tuple(self._variants(a)) for a in self.attributes}

    def _variants(self, attribute: VariedAttribute) -> Iterator[Variant]:
        keep_signals = self.experiment.placebo.signals or any(
            choice.name == attribute.name and choice.signals for choice in self.experiment.attributes
        )
        for arm in attribute.arms:
            if keep_signals or arm.signal == 0:
                yield Variant(arm)
        if self.experiment.placebo.edits:
            for edit in self.edits:
                yield Variant(attribute.arms[0], edit)

    @property
    def axes(self) -> tuple[Sequence[object], ...]:
        """What blocks are crossed from, the slowest first."""
        e = self.experiment
        return (self.attributes, self.personas, e.wordings, e.languages, range(e.repeats))

    def __len__(self) -> int:
        """The number of blocks, the same for every endpoint."""
        size = 1
        for axis in self.axes:
            size *= len(axis)
        return size

    def block(self, index: int) -> Block:
        """The block with that number (unshuffled numbering)."""
        e, rest, chosen = self.experiment, index, []
        for axis in reversed(self.axes):
            rest, place = divmod(rest, len(axis))
            chosen.append(place)
        repeat, language, wording, persona, attribute = chosen
        varied = self.attributes[attribute]
        variants = list(self.variants[varied.name])
        random.Random(f"{e.seed}/{index}").shuffle(variants)
        return Block(
            index, varied, self.personas[persona], e.wordings[wording], e.languages[language], repeat, tuple(variants)
        )

    def blocks(self) -> Iterator[Block]:
        """All blocks in the seeded order."""
        order = array("Q", range(len(self)))
        random.Random(self.experiment.seed).shuffle(order)
        return (self.block(index) for index in order)

    def trials(self, endpoint: str) -> Iterator[Trial]:
        """All trials of one endpoint in the order of asking."""
        return (trial for block in self.blocks() for trial in block.trials(endpoint))

    def counts(self) -> list[AttributeCounts]:
        """Cells, pairs and trials by attribute, per endpoint."""
        return [self._count(a) for a in self.attributes]

    def _count(self, attribute: VariedAttribute) -> AttributeCounts:
        e, variants = self.experiment, self.variants[attribute.name]
        plain = Counter(v.arm.level for v in variants if not v.edit)
        signals = plain[attribute.reference]
        settings = len(self.personas) * len(e.wordings) * len(e.languages)
        treatment = sum(min(n, signals) for level, n in plain.items() if level != attribute.reference)
        placebo = sum(n - 1 for n in plain.values()) + sum(1 for v in variants if v.edit)
        return AttributeCounts(
            attribute.name,
            len(plain),
            signals,
            settings * len(variants),
            settings * treatment,
            settings * placebo,
            settings * len(variants) * e.repeats,
        )
