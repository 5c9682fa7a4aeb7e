"""Eight made-up runs, one for each kind of page there is: nobody was asked, and each page says so."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from named_runs import NL_JOBS, ONE_PAIR, prose
from report_runs import Say, audit_of, run_of

from bias_harness.reporting.sections import Material
from bias_harness.vocabulary import Trial

JOBS: dict[str, Any] = {
    "models": 1,
    "personas": {"people": "us-jobs", "jobs": 44},
    "rotation": {"edits": 6, "expressions": 3},
}
EIGHT: dict[str, Any] = {**JOBS, "models": 2, "personas": {"people": "us-jobs", "jobs": 8}}


def told(less: float, noise: float, *, refused: float = 0.0, odd: float = 0.0) -> Say:
    """About $100,000; women get `less` (a fraction), refuse or are told a third of it in these shares."""

    def say(trial: Trial, chance: random.Random) -> str:
        woman = trial.level.startswith("female")
        if woman and chance.random() < refused:
            return "I'm sorry, but I can't name a salary."
        third = 0.33 if woman and chance.random() < odd else 1.0
        amount = 100_000 * (1 - less * woman) * chance.lognormvariate(0, noise) * third
        return f"I would ask for ${100 * round(amount / 100):,} a year."

    return say


def in_prose() -> Material:
    """Long Dutch answers of two simulated models."""
    ends = [{"name": name, "plant": {}} for name in ("first", "second")]
    return run_of(audit_of("nederland", endpoints=ends, **NL_JOBS), prose)


def combined() -> Material:
    """Twenty-four combinations of three attributes."""
    attributes = [{"name": "combined", "signals": 1}]
    audit = audit_of("after-thws-2025", models=1, wordings=["terse"], attributes=attributes)
    return run_of(audit, told(0.1, 0.01))


GALLERY: Mapping[str, tuple[str, Callable[[], Material]]] = {
    "clear": ("A clear gap", lambda: run_of(audit_of(**JOBS), told(0.1, 0.01))),
    "none": ("No gap above two per cent", lambda: run_of(audit_of(**JOBS), told(0.0, 0.01))),
    "cannot-tell": ("Cannot tell", lambda: run_of(audit_of(**EIGHT), told(0.01, 0.1))),
    "refusals": ("Refusals that fall on one side", lambda: run_of(audit_of(**JOBS), told(0.0, 0.01, refused=0.4))),
    "one-pair": ("One pair", lambda: run_of(audit_of(**ONE_PAIR))),
    "combinations": ("Twenty-four combinations", combined),
    "prose": ("Answers in prose", in_prose),
    "simulated": ("A simulation with planted gaps", lambda: run_of(audit_of())),
}
"""Name in addresses -> what it shows, and the run."""
