"""A design as columns of codes, made once; the amounts of a simulated model are drawn into them again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bias_harness.design.blocks import Design
from bias_harness.estimating.coded import STATUSES
from bias_harness.estimating.estimators.cells import Codes, Mask
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.rows import Rows, rows_of
from bias_harness.outcome import Outcome
from bias_harness.planning.conditions import CELL, PERSON, Condition

WORDING = 0.03
"""The standard deviation (log) of what a wording does to both sides alike: it is taken off before anything else."""
JUMP = float(np.log(1 / 3))
_LABELS = ("attribute", "persona", "wording", "language", "level", "edit")
_NUMBERS = ("signal", "repeat")


@dataclass(frozen=True)
class Drawn:
    """One draw for the rows of an attribute: values without a gap, and which rows are of compared levels."""

    values: Array
    compared: Mask
    refused: Mask


@dataclass(frozen=True)
class Columns:
    """The rows of one attribute, and into which job, form and wording each of them falls."""

    rows: Rows
    job: Codes
    form: Codes
    in_job: Codes
    level_job: Codes
    cell: Codes
    compared: Mask

    @classmethod
    def of(cls, rows: Rows) -> Columns:
        """The columns of rows."""
        job = rows.jobs[0][rows.profile]
        form = _codes(rows.level, rows.signal, rows.edit)
        return cls(
            rows,
            job,
            form,
            _codes(job, form),
            _codes(job, rows.level),
            _codes(job, rows.level, rows.wording),
            rows.level != rows.reference,
        )

    def draw(self, condition: Condition, random: np.random.Generator) -> Drawn:
        """Values on the scale of the gap for a model that has none."""
        c, n = condition, self.job.size

        def effect(codes: Codes, deviation: float) -> Array:
            return np.asarray(random.normal(0, deviation, int(codes.max(initial=0)) + 1)[codes], dtype=float)

        values = effect(self.form, c.words) + effect(self.in_job, c.words) + random.normal(0, c.answer, n)
        own = effect(self.level_job, c.job)
        if not self.rows.linear:
            own += effect(self.cell, CELL)
            values += effect(self.rows.profile, PERSON) + effect(self.rows.wording, WORDING)
            values += np.where(random.random(n) < c.jumps, JUMP, 0.0)
        return Drawn(values + np.where(self.compared, own, 0.0), self.compared, random.random(n) < c.refused)

    def planted(self, drawn: Drawn, condition: Condition, gap: float, outcome: Outcome) -> Rows:
        """The rows of a draw with a gap for every compared level, rounded, and refused where they were."""
        values = drawn.values + np.where(drawn.compared, gap, 0.0)
        annual = condition.base + values if self.rows.linear else condition.base * np.exp(values)
        if condition.step:
            annual = np.maximum(np.round(annual / condition.step), 1) * condition.step
        low, high = outcome.ends
        outside = np.zeros(annual.size, dtype=bool) if self.rows.linear else (annual < low) | (annual > high)
        return replace(
            self.rows,
            annual=np.where(drawn.refused, np.nan, annual),
            status=np.where(drawn.refused, STATUSES.index("refused"), STATUSES.index("ok")),
            implausible=outside & ~drawn.refused,
        )


def columns_of(design: Design, outcome: Outcome) -> tuple[Columns, ...]:
    """Every attribute of a design, as one endpoint would be asked."""
    personas = {p.id: p.job for p in design.personas}
    references = {a.name: a.reference for a in design.attributes}
    trials = [trial for index in range(len(design)) for trial in design.block(index).trials("simulated")]
    table = {name: [getattr(trial, name) for trial in trials] for name in (*_LABELS, *_NUMBERS)}
    frame = pd.DataFrame(table).assign(
        endpoint="simulated",
        job=[personas[trial.persona] for trial in trials],
        reference=[trial.level == references[trial.attribute] for trial in trials],
        annual=1.0,
    )
    return tuple(Columns.of(rows) for rows in rows_of(frame, linear=not outcome.measured.relative))


def _codes(*columns: Sequence[int] | Codes) -> Codes:
    """One code for each combination that occurs."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        part = np.asarray(column, dtype=np.int64)
        key = key * (int(part.max(initial=0)) + 1) + part
    return np.unique(key, return_inverse=True)[1].astype(np.int64)
