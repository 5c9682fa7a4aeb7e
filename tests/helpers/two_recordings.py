"""Two recordings of one bot as a check compares them, drawn and never asked: answers, noise, rounding, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bias_harness.checking.baseline import Snapshot


@dataclass(frozen=True)
class Bot:
    """How it answers: jobs, answers of the reference and of each level, forms, and what varies (log units)."""

    jobs: int = 40
    answers: tuple[int, int] = (8, 8)
    forms: tuple[int, int] = (8, 4)
    levels: int = 1
    noise: float = 0.03
    words: float = 0.01
    gaps: float = 0.02
    heap: float = 1_000
    refused: float = 0.0
    table: pd.DataFrame = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", self._questions())

    def _questions(self) -> pd.DataFrame:
        (of_reference, of_level), (edits, ways) = self.answers, self.forms
        rows = []
        for job in range(self.jobs):
            rows += [
                (job, str(i % 2), "m", 0, f"edit {(job + i) % edits}" if (job + i) % edits else "", True)
                for i in range(of_reference)
            ]
            rows += [
                (job, str(i % 2), f"f{level}", (job + i) % ways, "", False)
                for level in range(self.levels)
                for i in range(of_level)
            ]
        made = pd.DataFrame(rows, columns=["job", "wording", "level", "signal", "edit", "reference"])
        made["job"] = made["job"].astype(str)
        made = made.assign(persona=made["job"], endpoint="bot", attribute="g", language="en", repeat=0)
        text = ("job", "persona", "endpoint", "attribute", "language", "wording", "level", "edit")
        return made.astype(dict.fromkeys(text, "category"))

    def standing(self, random: np.random.Generator) -> np.ndarray:
        """What it does in every recording alike: pay of a job, its gap, and what words do."""
        t, jobs = self.table, self.table["job"].astype(int)
        forms = list(zip(t["level"], t["signal"], t["edit"], strict=True))
        of_words = {k: random.normal(0, self.words) for k in sorted(set(forms))}
        shift = np.array([of_words[k] for k in forms])
        own = random.normal(0, self.gaps, self.jobs)[jobs]
        return random.normal(11.4, 0.25, self.jobs)[jobs] + shift + np.where(t["reference"], 0, own)

    def recorded(self, random: np.random.Generator, standing: np.ndarray, gap: float = 0.0, **share: float) -> Snapshot:
        """One recording at a true gap (fraction) of every level; `refused` or `odd` befall that share of the level."""
        t = self.table
        level = np.where(t["reference"], 0.0, np.log1p(gap))
        amounts = np.exp(standing + level + random.normal(0, 1, len(t)) * self.noise)
        amounts = np.round(amounts / self.heap) * self.heap if self.heap else amounts
        chance = random.random(len(t))
        gone = chance < np.where(t["reference"], self.refused, self.refused + share.get("refused", 0.0))
        amounts = np.where(~t["reference"] & (chance > 1 - share.get("odd", 0.0)), amounts / 4, amounts)
        answers = t.assign(
            status=np.where(gone, "refused", "ok"),
            annual=np.where(gone, np.nan, amounts),
            implausible=False,
            currency="USD",
            key="",
        ).astype({"status": "category", "currency": "category"})
        return Snapshot("bench", {}, "reader", answers, (), {})
