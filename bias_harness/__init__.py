"""bias_harness: does this model advise people differently? Paired profiles, read answers, honest intervals.

    from bias_harness import load_experiment, plan, run, load_run, estimate, report

`await arun(experiment)` is `run(experiment)` for a caller with an event loop. Everything heavy is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bias_harness.version import __version__ as __version__

if TYPE_CHECKING:
    from bias_harness.asking.providers import Context, Provider
    from bias_harness.asking.tally import Tally
    from bias_harness.checking.check import accept, record
    from bias_harness.checking.gates import Check, Gate, Policy
    from bias_harness.checking.live import check
    from bias_harness.design.audit import Audit
    from bias_harness.errors import (
        BiasHarnessError,
        ContentError,
        FatalError,
        InputError,
        ProviderError,
        QuotaError,
        ReplayMissError,
        RunFolderError,
        TransientError,
        UsageError,
    )
    from bias_harness.estimating.estimates import Estimates
    from bias_harness.outcome import Analysis, Outcome
    from bias_harness.pipeline import (
        calibrate,
        changes_between,
        compare,
        estimate,
        figure,
        load_experiment,
        plan,
        pooled,
        report,
    )
    from bias_harness.planning.calibration import Calibration
    from bias_harness.planning.plan import Plan
    from bias_harness.reading import read
    from bias_harness.runs import Run, arun, load_run, run
    from bias_harness.sharing.bundle import bundle
    from bias_harness.sharing.export import export
    from bias_harness.sharing.importing import import_answers
    from bias_harness.sharing.verification import Verified, verify
    from bias_harness.vocabulary import (
        Answer,
        Candidate,
        Estimate,
        Failure,
        Message,
        Nature,
        Request,
        Response,
        Trial,
        Usage,
    )

_WHERE = {
    "asking.providers": ("Context", "Provider"),
    "asking.tally": ("Tally",),
    "checking.check": ("accept", "record"),
    "checking.gates": ("Check", "Gate", "Policy"),
    "checking.live": ("check",),
    "design.audit": ("Audit",),
    "errors": (
        "BiasHarnessError",
        "ContentError",
        "FatalError",
        "InputError",
        "ProviderError",
        "QuotaError",
        "ReplayMissError",
        "RunFolderError",
        "TransientError",
        "UsageError",
    ),
    "estimating.estimates": ("Estimates",),
    "outcome": ("Analysis", "Outcome"),
    "pipeline": (
        "calibrate",
        "changes_between",
        "compare",
        "estimate",
        "figure",
        "load_experiment",
        "plan",
        "pooled",
        "report",
    ),
    "planning.calibration": ("Calibration",),
    "planning.plan": ("Plan",),
    "reading": ("read",),
    "runs": ("Run", "arun", "load_run", "run"),
    "sharing.bundle": ("bundle",),
    "sharing.verification": ("Verified", "verify"),
    "sharing.export": ("export",),
    "sharing.importing": ("import_answers",),
    "vocabulary": (
        "Answer",
        "Candidate",
        "Estimate",
        "Failure",
        "Message",
        "Nature",
        "Request",
        "Response",
        "Trial",
        "Usage",
    ),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}
__all__ = [
    "Analysis",
    "Answer",
    "Audit",
    "BiasHarnessError",
    "Calibration",
    "Candidate",
    "Check",
    "ContentError",
    "Context",
    "Estimate",
    "Estimates",
    "Failure",
    "FatalError",
    "Gate",
    "InputError",
    "Message",
    "Nature",
    "Outcome",
    "Plan",
    "Policy",
    "Provider",
    "ProviderError",
    "QuotaError",
    "ReplayMissError",
    "Request",
    "Response",
    "Run",
    "RunFolderError",
    "Tally",
    "TransientError",
    "Trial",
    "Usage",
    "UsageError",
    "Verified",
    "accept",
    "arun",
    "bundle",
    "calibrate",
    "changes_between",
    "check",
    "compare",
    "estimate",
    "export",
    "figure",
    "import_answers",
    "load_experiment",
    "load_run",
    "plan",
    "pooled",
    "read",
    "record",
    "report",
    "run",
    "verify",
]

if not TYPE_CHECKING:  # a type checker sees the imports above; with this function every name would be there, as Any

    def __getattr__(name: str) -> object:
        """A public name, imported on first use."""
        import importlib

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted([*__all__, "__version__"])
