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


def record(audit: Audit, into: str | Path, source: str | Path, *, limit: int | None = None) -> Run:
    """Ask (what is not there yet), and leave a fixture fit for a repository. Raises where a request has no answer.

    `into` is the fixture's folder; `source` the experiment's file, so that a check notices when that changes. `limit`
    takes at most so many requests to each endpoint, in whole pairs.
    """
    measure = audit.experiment.outcome.measured
    if not measure.relative:
        raise UsageError(
            f"fixtures are checked for salary gaps, and {audit.experiment.experiment} measures a {measure.name}"
        )
    folder = Path(into)
    made = run(audit, results=folder.parent, name=folder.name, limit=limit)
    if made.stopped or (made.observations["status"].astype(str) == "failed").any():
        raise BiasHarnessError(f"the recording is not complete: {'; '.join(made.stopped) or 'some requests failed'}")
    wanted = set(made.observations["key"])
    tidy(made.folder, made.audit, Path(source), wanted)
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


def check(fixture: str | Path, *, policy: Policy | None = None, baseline: str | Path | None = None) -> Check:
    """Replay a fixture and compare it with its accepted baseline (`baseline.json` in it). Asks nothing.

    Raises `InputError` where there is no baseline, `RunFolderError` where the fixture is none or holds a key.
    """
    tolerated = policy or Policy()
    folder, audit = open_fixture(Path(fixture))
    accepted = read_baseline(_baseline_of(fixture, baseline))
    now = Run(folder, audit)
    gates = [complete_gate(folder, now.observations), source_gate(folder, audit)]
    if any(g.outcome != "pass" for g in gates):
        return drift.Check(audit.experiment.experiment, tuple(gates), tolerated)
    compared = drift.compare(snapshot(now), accepted, tolerated)
    return replace(compared, gates=(*gates, *compared.gates))


def _baseline_of(fixture: str | Path, named: str | Path | None) -> Path:
    return Path(named) if named else Path(fixture) / BASELINE


def accept(fixture: str | Path, *, why: str, baseline: str | Path | None = None) -> Path:
    """Write the fixture's baseline and, beside it, what moved and why. Returns the baseline's path."""
    path = _baseline_of(fixture, baseline)
    new = snapshot(Run(*open_fixture(Path(fixture))))
    old = read_baseline(path) if path.exists() else None
    result = drift.compare(new, old, drift.Policy()) if old else None
    history = path.with_suffix(".md")
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    write_whole(path, json.dumps(new.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n")
    write_whole(history, history_entry(new, old, result, why) + before)
    return path
