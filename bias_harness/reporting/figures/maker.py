"""What the makers of figures share: the view, and which comparison leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.texts import Texts

ALT_ROWS, MANY_LEVELS = 6, 6
"""Rows told in an alternative text; an attribute of more levels is shown in fewer rows."""


@dataclass(frozen=True)
class Choice:
    """Of what figures are, where that is not the run's own choice: one model, one field, one level of an attribute."""

    model: str = ""
    field: str = ""
    attribute: str = ""
    level: str = ""

    @property
    def suffix(self) -> str:
        """What it adds to a figure's name."""
        return "".join(f"-{part}" for part in (self.model, self.field, self.level) if part)


ALL = Choice()


@dataclass(frozen=True)
class Drawn:
    """A maker of figures: from the material in one language."""

    view: View
    choice: Choice = ALL

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
        name = self.choice.attribute or next(iter(self.material.attributes))
        level = self.choice.level or list(self.material.attributes[name].levels)[1]
        return [j for j in self.judgements if (j.attribute, j.level) == (name, level)]

    @cached_property
    def judgements(self) -> list[Judgement]:
        """What may be said of that which was chosen."""
        c = self.choice
        return [
            j
            for j in self.material.judgements
            if c.model in ("", j.endpoint) and (not c.level or (c.attribute, c.level) == (j.attribute, j.level))
        ]

    @property
    def endpoints(self) -> list[str]:
        """The models that were chosen, in the experiment's order."""
        return [e for e in self.material.endpoints if self.choice.model in ("", e)]

    def id(self, family: str, *of: str) -> str:
        """A figure's name: its family, what it is of, and what was chosen of that."""
        chosen = (self.choice.model, self.choice.field, self.choice.level)
        return "-".join((family, *of, *(part for part in chosen if part and part not in of)))

    def counted(self, rows: pd.DataFrame) -> str:
        """How many answers these are, of how many jobs and of when."""
        named = set(map(str, rows["persona"].unique()))
        jobs = {p.job for p in self.material.audit.design.personas if p.id in named}
        said = {"answers": self.texts.counted("answers", len(rows)), "jobs": self.texts.counted("jobs", len(jobs))}
        return self.texts("figures.counted", date=self.view.day, **said)

    def counted_of(self, judgements: Iterable[Judgement]) -> str:
        """The same of the answers that some judgements are made of."""
        rows, levels = self.material.amounts, dict[tuple[str, str], set[str]]()
        for j in judgements:
            levels.setdefault((j.endpoint, j.attribute), set()).update((j.level, j.reference))
        own = np.zeros(len(rows), dtype=bool)
        for (endpoint, attribute), some in levels.items():
            of = (rows["endpoint"] == endpoint) & (rows["attribute"] == attribute) & rows["level"].isin(some)
            own |= of.to_numpy(dtype=bool)
        return self.counted(rows[own])
