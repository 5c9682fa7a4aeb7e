"""bias_harness: does this model advise people differently? Paired profiles, read answers, honest intervals.

    from bias_harness import load_experiment, plan, run, load_run, estimate, report

`await arun(experiment)` is `run(experiment)` for a caller with an event loop. Everything heavy is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bias_harness.version import __version__ as __version__

if TYPE_CHECKING:
    from bias_harness.design.audit import Audit
    from bias_harness.errors import BiasHarnessError, InputError
    from bias_harness.estimating.estimates import Estimates
    from bias_harness.pipeline import Run, arun, estimate, load_experiment, load_run, plan, report, run
    from bias_harness.reading import read
    from bias_harness.vocabulary import Answer, Estimate

_WHERE = {
    "design.audit": ("Audit",),
    "errors": ("BiasHarnessError", "InputError"),
    "estimating.estimates": ("Estimates",),
    "reading": ("read",),
    "pipeline": ("Run", "arun", "estimate", "load_experiment", "load_run", "plan", "report", "run"),
    "vocabulary": ("Answer", "Estimate"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}
__all__ = [
    "Answer",
    "Audit",
    "BiasHarnessError",
    "Estimate",
    "Estimates",
    "InputError",
    "Run",
    "arun",
    "estimate",
    "load_experiment",
    "load_run",
    "plan",
    "read",
    "report",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
