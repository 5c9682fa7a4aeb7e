"""A product asked as it is now, and compared with what was accepted, question by question, until it is clear.

The experiment of the fixture is asked as it stands in the repository, in random order of its jobs. It is looked at
after 40, 60, 80 and 100 % of them (`estimating.looks`), at levels by which looking early costs no false alarms; each
gap that is decided stays decided, and asking ends when all are. What was asked is kept in a run of its own, so that a
later reader can read it again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bias_harness.asking.ask import Progress
from bias_harness.checking import check as recorded_check
from bias_harness.checking import drift
from bias_harness.checking.asked_again import told_again
from bias_harness.checking.baseline import Snapshot
from bias_harness.checking.blind import blind_gate
from bias_harness.checking.fixtures import BASELINE, open_fixture, read_baseline, source_of
from bias_harness.checking.gates import Check, Gate, Policy
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.endpoints import Endpoint
from bias_harness.design.prices import FREE_PROVIDERS
from bias_harness.errors import BiasHarnessError, InputError, UsageError
from bias_harness.estimating.looks import Look, looks_of
from bias_harness.estimating.paired_changes import PairedChange
from bias_harness.runs import Run, run
from bias_harness.workspace import Workspace

PRODUCTS = ("http", "function")
"""Providers that are asked without a budget: nobody bills them by the token, unless a price says so."""
Decided = dict[tuple[str, str, str, str], PairedChange]


@dataclass(frozen=True)
class Sample:
    """How far a check may go: requests of each endpoint, US dollars, and the seed of the jobs' order."""

    budget: float | None
    limit: int | None = None
    seed: int = 1


def check(
    fixture: str | Path,
    *,
    policy: Policy | None = None,
    baseline: str | Path | None = None,
    offline: bool = False,
    budget: float | None = None,
    limit: int | None = None,
    seed: int = 1,
    results: str | Path | None = None,
    progress: Progress | None = None,
) -> Check:
    """Ask the fixture's experiment as it is now, and compare with the accepted baseline. `offline` replays instead.

    A model that is paid by the token is asked with a `budget` only (US dollars, the most it may cost). `limit` is how
    many requests each endpoint gets at most, in whole jobs; `seed` decides their order. Raises `InputError` where
    nothing can be compared, `UsageError` where a budget is missing, `BiasHarnessError` where nobody answered.
    """
    if offline:
        return recorded_check.check_offline(fixture, policy=policy, baseline=baseline)
    tolerated, sample = policy or Policy(), Sample(budget, limit, seed)
    recorded = Run(*open_fixture(Path(fixture)))
    accepted = _as_read_now(recorded, read_baseline(Path(baseline or Path(fixture) / BASELINE), recorded))
    audit = _as_it_stands(recorded, fixture)
    _affordable(audit, sample)
    other = [g for g in drift.same_question(_described(audit, accepted), _comparable(accepted)) if g.outcome != "pass"]
    if other:
        return Check(audit.experiment.experiment, tuple(other), tolerated)
    order = _jobs(audit, accepted, sample)
    name = f"{audit.experiment.experiment}-check-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    kept = Path(results) if results else Workspace.here().results
    asked = _Asked(audit, kept, name, sample, progress or (lambda _: None), order)
    return _until_clear(asked, accepted, tolerated)


def _as_it_stands(recorded: Run, fixture: str | Path) -> Audit:
    source = source_of(recorded.folder)
    if not source.is_file():
        raise InputError(f"{source}, which {fixture} was recorded from, is gone; restore it, or replay with --offline")
    return load_audit(source)


def _as_read_now(recorded: Run, accepted: Snapshot) -> Snapshot:
    """The baseline as today's reader reads it, where its answers are still here."""
    if not len(recorded.observations):
        return accepted
    now = recorded_check.snapshot(recorded)
    same = now.made_of["answers"] == accepted.made_of.get("answers")
    return replace(accepted, answers=now.answers, reader=now.reader) if same else accepted


def _described(audit: Audit, accepted: Snapshot) -> Snapshot:
    return replace(accepted, digests=audit.digests)


def _comparable(accepted: Snapshot) -> Snapshot:
    """What must be the same for a comparison; prompts may be the very change that is to be looked at."""
    parts = {part: digest for part, digest in accepted.digests.items() if part != "prompts"}
    return replace(accepted, digests=parts)


def _affordable(audit: Audit, sample: Sample) -> None:
    if sample.budget is not None:
        return
    paid = [e.name for e in audit.experiment.endpoints if _costs(e)]
    if paid and audit.experiment.budget is None:
        raise UsageError(
            f"{', '.join(paid)}: asking a model costs money; say how much at most with --budget 0.50 (US dollars), "
            "or replay what was recorded with --offline"
        )


def _costs(endpoint: Endpoint) -> bool:
    """Whether a model may be paid for: it is, unless its price says that it costs nothing."""
    price = endpoint.price
    if price is None:
        return endpoint.provider not in (*FREE_PROVIDERS, *PRODUCTS)
    return bool(price.input_per_million or price.output_per_million)


def _jobs(audit: Audit, accepted: Snapshot, sample: Sample) -> list[list[str]]:
    """The people of each job that both have, in random order of the jobs, as many as the limit allows."""
    known = set(accepted.answers["persona"])
    by_job: dict[str, list[str]] = {}
    for persona in audit.design.personas:
        if persona.id in known:
            by_job.setdefault(persona.job, []).append(persona.id)
    if not by_job:
        raise InputError("the experiment and the baseline have nobody in common; record again and accept")
    jobs = [by_job[name] for name in sorted(by_job)]
    random.Random(sample.seed).shuffle(jobs)
    if sample.limit is None:
        return jobs
    each = sum(c.trials for c in audit.design.counts()) / max(1, len(audit.design.personas))
    people, taken = 0, 0
    while taken < len(jobs) and (taken == 0 or (people + len(jobs[taken])) * each <= sample.limit):
        people, taken = people + len(jobs[taken]), taken + 1
    return jobs[:taken]


@dataclass(frozen=True)
class _Asked:
    """The run that grows with every look."""

    audit: Audit
    results: Path
    name: str
    sample: Sample
    progress: Progress
    jobs: Sequence[Sequence[str]]

    def take(self, jobs: int) -> Run:
        """The run after the first so many jobs were asked; what was asked before is not asked again."""
        return run(
            self.audit,
            results=self.results,
            name=self.name,
            personas=frozenset(persona for people in self.jobs[:jobs] for persona in people),
            budget=self.sample.budget if any(_costs(e) for e in self.audit.experiment.endpoints) else None,
            progress=self.progress,
        )


def _until_clear(asked: _Asked, accepted: Snapshot, policy: Policy) -> Check:
    """Ask from look to look, keep what is decided, and end when all is."""
    planned, counts, decided = len(asked.jobs), looks_of(len(asked.jobs)), Decided()
    made, new, found, seen = None, accepted, list[PairedChange](), 0
    for place, seen in enumerate(counts):
        made = asked.take(seen)
        if not (made.observations["status"].astype(str) != "failed").any():
            break
        new, look = recorded_check.snapshot(made), Look.after(counts[: place + 1], planned)
        found = drift.changes(new, accepted, policy, recorded_check.primary_of(asked.audit), look, decided)
        decided |= {c.key: c for c in found if c.word != "cannot_tell"}
        if made.stopped or len(decided) == len(found):
            break
    if made is None or not found:
        raise _nothing(made)
    blind = blind_gate(made, policy.most_listed)
    gates = [*_told(made, seen, planned, asked, accepted, new), blind]
    if blind.outcome == "pass":
        gates += drift.change_gates(new, accepted, policy, found)
    return Check(asked.audit.experiment.experiment, tuple(gates), policy)


def _nothing(made: Run | None) -> BiasHarnessError:
    if made is not None and (made.observations["status"].astype(str) != "failed").any():
        return InputError("nothing that is asked now is in the baseline; record and accept again")
    why = "; ".join(made.stopped) if made else ""
    return BiasHarnessError(f"nothing was answered, so nothing can be said: {why or 'nobody was asked'}")


def _told(made: Run, seen: int, planned: int, asked: _Asked, accepted: Snapshot, new: Snapshot) -> Iterator[Gate]:
    """What was asked, of what, and why asking ended."""
    many = (
        f"{len(made.observations):,} answers about {seen} of {planned} jobs, in random order (seed {asked.sample.seed})"
    )
    early = "; stopped early, all is decided" if seen < planned and not made.stopped else ""
    changed = [part for part, digest in accepted.digests.items() if made.audit.digests.get(part) != digest]
    other = f" The {', '.join(changed)} changed since the baseline; this is the change with that." if changed else ""
    text = f"{many}{_price(made.manifest.endpoints)}{early}. Kept in {made.folder.path}.{other}"
    yield Gate("product", "pass", text + drift.product_changed(new, accepted))
    yield from (Gate("product", "inconclusive", f"Stopped asking {why}") for why in made.stopped)
    yield from told_again(made)


def _price(endpoints: Mapping[str, object]) -> str:
    costs = [getattr(getattr(end, "in_all", None), "cost", None) for end in endpoints.values()]
    known = [float(c) for c in costs if c is not None]
    return f", for ${sum(known):.2f}" if known and len(known) == len(costs) else ""
