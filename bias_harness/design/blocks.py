"""Experiment x profiles -> trials: cells, pairs, placebo pairs, repeats, in a seeded pair-blocked order.

A **block** is everything that must be asked side by side: for one persona, attribute, wording, language and
repeat, the arms that `layouts` puts there. A provider that drifts during a run so hits both members of every pair
alike. Blocks are shuffled by the experiment's seed, and so are the arms within a block. Nothing is held in memory but
the order.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from bias_harness.design.experiment import Experiment
from bias_harness.design.layouts import AttributeCounts, Crossed, Layout, Rotated, Size, Variant
from bias_harness.design.personas import Persona, VariedAttribute
from bias_harness.vocabulary import Trial

__all__ = ["AttributeCounts", "Block", "Design", "Variant"]


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
class Design:
    """The whole plan of an experiment, as a sequence of blocks that is made as it is read.

    `edits` are the neutral edits that a full crossing asks, `more_edits` those that a rotation chooses from.
    """

    experiment: Experiment
    personas: tuple[Persona, ...]
    attributes: tuple[VariedAttribute, ...]
    edits: tuple[str, ...]
    more_edits: tuple[str, ...] = ()

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """How the blocks of each attribute are laid out."""
        return tuple(self._layout(a) for a in self.attributes)

    def _layout(self, attribute: VariedAttribute) -> Layout:
        e = self.experiment
        size = Size(len(self.personas), len(e.wordings), len(e.languages), e.repeats)
        if attribute.rotation is not None:
            return Rotated(attribute, self.more_edits, size, attribute.rotation)
        return Crossed(attribute, tuple(self._variants(attribute)), size)

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

    @cached_property
    def _starts(self) -> list[int]:
        """The number of the first block of each attribute."""
        return [0, *accumulate(len(layout) for layout in self.layouts)]

    def __len__(self) -> int:
        """The number of blocks, the same for every endpoint."""
        return self._starts[-1]

    def block(self, index: int) -> Block:
        """The block with that number (unshuffled numbering)."""
        e, number = self.experiment, bisect_right(self._starts, index) - 1
        place, variants = self.layouts[number].block(index - self._starts[number])
        random.Random(f"{e.seed}/{index}").shuffle(variants)
        return Block(
            index,
            self.attributes[number],
            self.personas[place.person],
            e.wordings[place.wording],
            e.languages[place.language],
            place.repeat,
            tuple(variants),
        )

    def blocks(self) -> Iterator[Block]:
        """All blocks in the seeded order."""
        order = array("Q", range(len(self)))
        random.Random(self.experiment.seed).shuffle(order)
        return (self.block(index) for index in order)

    def telling(self) -> Iterator[Block]:
        """Blocks that show every prompt there is, in order: attribute by attribute, person by person."""
        for start, layout in zip(self._starts, self.layouts, strict=False):
            yield from (self.block(start + index) for index in layout.telling())

    def trials(self, endpoint: str) -> Iterator[Trial]:
        """All trials of one endpoint in the order of asking."""
        return (trial for block in self.blocks() for trial in block.trials(endpoint))

    def counts(self) -> list[AttributeCounts]:
        """Cells, pairs and trials by attribute, per endpoint."""
        return [layout.counts() for layout in self.layouts]
