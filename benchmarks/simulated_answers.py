"""Answers of simulated models to a rotated design, with a truth that is known: a table that anybody can import.

The conditions are standard deviations on the log scale: of the gap between jobs, of any change of words (its mean, and
again within each job), of one answer; and the step that answers are rounded to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

REFERENCE = "men"


@dataclass(frozen=True)
class Condition:
    """How a model's answers vary. `seeds` is the correlation of the noise of arms that share a seed."""

    job: float
    words: float
    answer: float
    step: float = 1_000
    seeds: float = 0.0


CONDITIONS = {
    "calm": Condition(0.02, 0.0025, 0.03, 1_000),
    "typical": Condition(0.02, 0.005, 0.06, 5_000),
    "hard": Condition(0.03, 0.01, 0.15, 5_000),
    "wordy": Condition(0.03, 0.02, 0.06, 5_000),
    "jobby": Condition(0.05, 0.01, 0.03, 1_000),
    "none": Condition(0.02, 0.0, 0.06, 5_000),
    "tiny": Condition(0.02, 0.01, 0.8, 1_000, 0.5),
}


@dataclass(frozen=True)
class Design:
    """Models, jobs, levels; forms and answers a job of the reference (`edits`, `of_reference`) and of each level."""

    models: int = 1
    jobs: int = 18
    levels: int = 1
    edits: int = 8
    of_reference: int = 4
    forms: int = 4
    of_level: int = 4
    wordings: int = 2

    @property
    def family(self) -> int:
        """How many comparisons there are."""
        return self.models * self.levels


@dataclass(frozen=True)
class Truth:
    """What is planted: the gap (log), and how. `carried_by` is the share of jobs (by chance) that carry all of it.

    `refused` are the shares that the level and the reference refuse, and `lowest_first` whether the lowest answers are
    the likelier to be refused; `jumps` the share of the level's answers at a third of the amount.
    """

    gap: float = 0.0
    carried_by: float = 1.0
    refused: tuple[float, float] = (0.0, 0.0)
    lowest_first: float = 0.0
    jumps: float = 0.0

    @property
    def mean(self) -> float:
        """The true mean gap of what is answered believably, on the log scale."""
        return self.gap + self.jumps * float(np.log(1 / 3))


def simulate(design: Design, condition: Condition, truth: Truth, random: np.random.Generator) -> pd.DataFrame:
    """One run: columns model, job, level, edit, signal, wording, amount (NaN: refused)."""
    jobs, wordings = random.normal(np.log(90_000), 0.25, design.jobs), random.normal(0, 0.03, design.wordings)
    parts = []
    for model in range(design.models):
        shared = random.normal(0, 1, (design.jobs, 64))
        parts += [
            _arm(design, condition, truth, random, jobs, wordings, shared, level, model)
            for level in range(design.levels + 1)
        ]
    return pd.concat(parts, ignore_index=True)


def _arm(
    design: Design,
    condition: Condition,
    truth: Truth,
    random: np.random.Generator,
    jobs: np.ndarray,
    wordings: np.ndarray,
    shared: np.ndarray,
    level: int,
    model: int,
) -> pd.DataFrame:
    """The answers of one level of one model: every form meets every wording, rotated over jobs."""
    asked, forms = (design.of_level, design.forms) if level else (design.of_reference, design.edits)
    n = np.arange(design.jobs * asked)
    job, place = n // asked, n % asked
    form, wording = n % forms, (place + n // forms) % design.wordings
    log = jobs[job] + wordings[wording]
    log += random.normal(0, condition.words, forms)[form]
    log += random.normal(0, condition.words, (design.jobs, forms))[job, form]
    noise = np.sqrt(condition.seeds) * shared[job, place] + np.sqrt(1 - condition.seeds) * random.normal(0, 1, n.size)
    log += condition.answer * noise
    if level:
        carried = np.where(random.random(design.jobs) < truth.carried_by, truth.gap / truth.carried_by, 0.0)
        log += (carried + random.normal(0, condition.job, design.jobs))[job]
        log += random.normal(0, 0.01, (design.jobs, design.wordings))[job, wording]
        log += np.where(random.random(n.size) < truth.jumps, np.log(1 / 3), 0.0)
    step = condition.step
    amount = np.maximum(np.round(np.exp(log) / step), 1) * step
    share = truth.refused[0 if level else 1]
    likely = share * (1 + truth.lowest_first * -np.sign(noise)) if share else np.zeros(n.size)
    amount = np.where(random.random(n.size) < likely, np.nan, amount)
    return pd.DataFrame(
        {
            "model": f"model-{model + 1}",
            "job": np.char.add("job-", (job + 1).astype(str)),
            "level": f"group-{level}" if level else REFERENCE,
            "edit": "" if level else np.where(form == 0, "", np.char.add("edit-", form.astype(str))),
            "signal": form if level else 0,
            "wording": np.char.add("wording-", (wording + 1).astype(str)),
            "amount": amount,
        }
    )
