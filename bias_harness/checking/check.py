"""Fixtures recorded, checked against their baseline, and accepted: the check that runs in CI."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from bias_harness.checking import drift
from bias_harness.checking.drift import Check, Policy, Snapshot
from bias_harness.checking.fixtures import (
    BASELINE,
    answers_digest,
    complete_gate,
    history_entry,
    open_fixture,
    read_baseline,
    source_gate,
    tidy,
)
from bias_harness.design.audit import Audit
from bias_harness.errors import BiasHarnessError, UsageError
from bias_harness.reading.answers import reader_version
from bias_harness.results import write_whole
from bias_harness.runs import Run, run


def record(audit: Audit, into: Path, source: Path, *, limit: int | None = None) -> Run:
    """Ask (what is not there yet), and leave a fixture fit for a repository. Raises where a request has no answer."""
    measure = audit.experiment.outcome.measured
    if not measure.relative:
        raise UsageError(
            f"fixtures are checked for salary gaps, and {audit.experiment.experiment} measures a {measure.name}"
        )
    made = run(audit, results=into.parent, name=into.name, limit=limit)
    if made.stopped or (made.observations["status"].astype(str) == "failed").any():
        raise BiasHarnessError(f"the recording is not complete: {'; '.join(made.stopped) or 'some requests failed'}")
    wanted = set(made.observations["key"])
    tidy(made.folder, made.audit, source, wanted)
    return made


def snapshot(of: Run) -> Snapshot:
    """What a later check compares with."""
    latest = of.folder.latest()
    e = of.audit.experiment
    made_of = {
        "answers": answers_digest(latest.values()),
        "served": sorted({r.served_model for r in latest.values() if r.served_model}),
        "profiles": len(of.audit.design.personas),
        "wordings": len(e.wordings),
        "repeats": e.repeats,
        "bias_harness": version("bias_harness"),
    }
    return drift.snapshot(e.experiment, of.audit.digests, reader_version(), of.observations, of.estimates, made_of)


def check(fixture: Path, *, policy: Policy, baseline: Path | None = None) -> Check:
    """Replay a fixture and compare it with its accepted baseline. Asks nothing."""
    folder, audit = open_fixture(fixture)
    accepted = read_baseline(baseline or fixture / BASELINE)
    now = Run(folder, audit)
    gates = [g for g in (complete_gate(folder, now.observations), source_gate(folder, audit)) if g is not None]
    if any(g.outcome != "pass" for g in gates):
        return drift.Check(audit.experiment.experiment, tuple(gates), policy)
    compared = drift.compare(snapshot(now), accepted, policy)
    return replace(compared, gates=(*gates, *compared.gates))


def accept(fixture: Path, *, why: str, baseline: Path | None = None) -> Path:
    """Write the fixture's baseline and, beside it, what moved and why. Returns the baseline's path."""
    path = baseline or fixture / BASELINE
    new = snapshot(Run(*open_fixture(fixture)))
    old = read_baseline(path) if path.exists() else None
    result = drift.compare(new, old, drift.Policy()) if old else None
    history = path.with_suffix(".md")
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    write_whole(path, json.dumps(new.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n")
    write_whole(history, history_entry(new, old, result, why) + before)
    return path
