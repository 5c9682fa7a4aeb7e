"""What the makers of figures share: the view, and which comparison leads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.texts import Texts

ALT_ROWS, MANY_LEVELS = 6, 6
"""Rows told in an alternative text; an attribute of more levels is shown in fewer rows."""


@dataclass(frozen=True)
class Drawn:
    """A maker of figures: from the material in one language."""

    view: View

    @property
    def material(self) -> Material:
        """What they are made of."""
        return self.view.material

    @property
    def texts(self) -> Texts:
        """The language."""
        return self.view.texts

    @cached_property
    def leading(self) -> list[Judgement]:
        """One judgement a model: the first level of the first attribute, chosen before anything was asked."""
        name = next(iter(self.material.attributes))
        level = list(self.material.attributes[name].levels)[1]
        return [j for j in self.material.judgements if (j.attribute, j.level) == (name, level)]
