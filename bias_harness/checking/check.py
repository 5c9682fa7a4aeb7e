"""Fixtures recorded, compared with their baseline without asking, and accepted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from bias_harness.checking import drift
from bias_harness.checking.asked_again import told_again
from bias_harness.checking.baseline import Said, Snapshot, answers_of, said_of
from bias_harness.checking.blind import blind_gate
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
from bias_harness.checking.gates import Check, Gate, Policy
from bias_harness.checking.sources import changed_keys, shapes_of
from bias_harness.design.audit import Audit, an_audit
from bias_harness.errors import BiasHarnessError, UsageError
from bias_harness.reading.answers import reader_version
from bias_harness.results import EXPERIMENT, LOG, RunFolder, dump_line, write_whole
from bias_harness.runs import Run, run

KEYED = ("model", "sampling.")
"""What of an endpoint is in the key of a request: where that changes, the request is another one anyhow."""
HONEST = (
    "The recorded answers are those that were accepted. That proves the prompts, the reading and the statistics, and "
    "says nothing of the product as it is now."
)


def record(audit: Audit, into: str | Path, source: str | Path, *, limit: int | None = None, again: bool = False) -> Run:
    """Ask (what is not there yet, or with `again` everything anew), and leave a fixture fit for a repository.

    `into` is the fixture's folder; `source` the experiment's file, so that a check notices when that changes. `limit`
    takes at most so many requests to each endpoint, in whole pairs. What is there stays until a whole new recording
    takes its place; one that failed is gone on with by the next call, or begun anew with `again`. Raises where a
    request has no answer.
    """
    measure = an_audit(audit).experiment.outcome.measured
    if not measure.relative:
        raise UsageError(
            f"fixtures are checked for salary gaps, and {audit.experiment.experiment} measures a {measure.name}"
        )
    folder = RunFolder(Path(into))
    new = _begun(folder, audit, again=again)
    made = run(audit, results=new.path.parent, name=new.name, limit=limit)
    if made.stopped or (made.observations["status"].astype(str) == "failed").any():
        why = "; ".join(made.stopped) or "some requests failed"
        raise BiasHarnessError(f"the recording is not complete, and {folder.path} is as it was: {why}")
    try:
        tidy(made.folder, made.audit, Path(source), set(made.observations["key"]))
    except BiasHarnessError:
        shutil.rmtree(new.path)
        raise
    _take_place(new.path, folder.path)
    return Run(folder, made.audit)


def _begun(folder: RunFolder, audit: Audit, *, again: bool) -> RunFolder:
    """Where a recording grows until it is whole, with the answers in it that need not be asked again."""
    new = RunFolder(folder.path.with_name(f".{folder.name}.recording"))
    if again and new.path.exists():
        shutil.rmtree(new.path)
    if not again and not new.path.exists() and (folder.path / EXPERIMENT).is_file():
        shutil.copytree(folder.path, new.path)
    if new.path.exists() and (new.path / EXPERIMENT).is_file():
        _forget_changed(new, audit)
    return new


def _forget_changed(new: RunFolder, audit: Audit) -> None:
    """Take out the answers of endpoints that have become others behind the same requests."""
    before, now = shapes_of(Audit.of_folder(new.path)), shapes_of(audit)
    other = {
        name
        for name in now
        if any(not key.startswith(KEYED) for key in changed_keys(before.get(name, {}), now[name]))
        or now[name].get("function")
    }
    if not other:
        return
    kept = [dump_line(response) for response in new.responses() if response.endpoint not in other]
    for log in new.logs:
        log.unlink()
    new.write(LOG, b"".join(kept))


def _take_place(new: Path, old: Path) -> None:
    """Put a whole recording in the place of another, which keeps nothing but what is not a recording's own."""
    if old.is_dir():
        for path in old.iterdir():
            if not (new / path.name).exists() and not path.name.startswith(("responses", ".")):
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, new / path.name)
        aside = old.with_name(f".{old.name}.before")
        old.replace(aside)
        new.replace(old)
        shutil.rmtree(aside)
    else:
        new.replace(old)


def snapshot(of: Run) -> Snapshot:
    """What a later check compares with."""
    latest = of.folder.latest()
    e = of.audit.experiment
    made_of = {
        "answers": answers_digest(latest.values()),
        "served": sorted({r.served_model for r in latest.values() if r.served_model}),
        "endpoints": shapes_of(of.audit),
        "profiles": len(of.audit.design.personas),
        "wordings": len(e.wordings),
        "repeats": e.repeats,
        "bias_harness": version("bias_harness"),
    }
    said = said_of(of.judgements)
    return Snapshot(e.experiment, of.audit.digests, reader_version(), answers_of(of.observations), said, made_of)


def primary_of(audit: Audit) -> list[str]:
    """The declared comparisons as `attribute/level`."""
    return [f"{attribute}/{level}" for attribute, level in audit.primary]


def check_offline(fixture: str | Path, *, policy: Policy | None = None, baseline: str | Path | None = None) -> Check:
    """Replay a fixture and compare it with its accepted baseline (`baseline.json` in it). Asks nothing.

    Raises `InputError` where there is no baseline, `RunFolderError` where the fixture is none or holds a key.
    """
    tolerated = policy or Policy()
    folder, audit = open_fixture(Path(fixture))
    now = Run(folder, audit)
    accepted = read_baseline(_baseline_of(fixture, baseline), now)
    gates = [complete_gate(folder, now.observations), source_gate(folder, audit)]
    if any(g.outcome != "pass" for g in gates):
        return Check(audit.experiment.experiment, tuple(gates), tolerated)
    new = snapshot(now)
    if new.made_of["answers"] == accepted.made_of.get("answers"):
        gates.append(Gate("product", "unchanged", f"{HONEST} To ask it: bias-harness check {fixture}"))
    gates.append(blind_gate(now, tolerated.most_listed))
    if gates[-1].outcome != "pass":
        return Check(audit.experiment.experiment, tuple(gates), tolerated)
    compared = drift.compare(new, accepted, tolerated, primary_of(audit))
    return replace(compared, gates=(*gates, *compared.gates, *told_again(now)))


def _baseline_of(fixture: str | Path, named: str | Path | None) -> Path:
    return Path(named) if named else Path(fixture) / BASELINE


def accept(fixture: str | Path, *, why: str, baseline: str | Path | None = None) -> Path:
    """Write the fixture's baseline and, beside it, what moved and why. Returns the baseline's path.

    Raises `UsageError` where `why` says nothing.
    """
    if not why.strip():
        raise UsageError("every later check is held to what is accepted; say why, in a line for the reviewer (--why)")
    path = _baseline_of(fixture, baseline)
    recorded = Run(*open_fixture(Path(fixture)))
    new = replace(snapshot(recorded), why=" ".join(why.split()))
    old = read_baseline(path, recorded) if path.exists() else None
    result = drift.compare(new, old, Policy(), primary_of(recorded.audit)) if old else None
    history = path.with_suffix(".md")
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    write_whole(path, new.to_json())
    write_whole(history, history_entry(new, old, result, why) + before)
    return path


def accepting(fixture: str | Path, policy: Policy | None = None) -> list[str]:
    """What would be accepted, a sentence for every comparison: what it says of whom, and whether it passes the bar."""
    recorded = Run(*open_fixture(Path(fixture)))
    bar = (policy or Policy()).largest_gap
    return [_sentence(said, bar) for said in said_of(recorded.judgements)]


def _sentence(said: Said, bar: float | None) -> str:
    from bias_harness.checking.words import in_words

    beyond = bar is not None and said.percent is not None and abs(said.percent) > 100 * bar
    over = f", beyond the bar of {100 * (bar or 0):g}%" if beyond else ""
    return f"{said.endpoint}: {in_words(said)}{over}."
