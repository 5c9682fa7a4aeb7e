"""A small live sample against an accepted baseline, profile by profile in random order, until it is clear.

Each profile is asked once, in every wording, of the experiment as it stands now. Its change is the gap now minus the
gap in the baseline. From 20 profiles on, every look uses an asymptotic confidence sequence (Waudby-Smith et al. 2021),
which holds at all looks at once, so that stopping early costs no false alarms; with fewer there is a single look at the
end, the paired t of the recorded check, and below six no verdict at all. What was asked is kept in a run of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bias_harness.asking.ask import Progress
from bias_harness.checking import check, drift
from bias_harness.checking.drift import Check, Gate, Policy, Side, Snapshot
from bias_harness.checking.fixtures import BASELINE, open_fixture, read_baseline, source_of
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import BiasHarnessError, InputError
from bias_harness.estimating.estimators.interval import FEWEST_WITHOUT_WARNING
from bias_harness.estimating.estimators.sequence import FEWEST_PROFILES, half_width, tuned_rho
from bias_harness.runs import Run, arun
from bias_harness.workspace import Workspace

STEP = 5
ALPHA = 0.05
"""Of each one-sided question; divided by the number of gaps that are looked at."""


@dataclass(frozen=True)
class Sample:
    """How far a live check may go: requests of each endpoint, US dollars, and the seed of the profiles' order."""

    budget: float
    limit: int | None = None
    seed: int = 1


def check_live(
    fixture: str | Path,
    *,
    budget: float,
    limit: int | None = None,
    seed: int = 1,
    policy: Policy | None = None,
    baseline: str | Path | None = None,
    results: str | Path | None = None,
    progress: Progress | None = None,
) -> Check:
    """Ask a few profiles now and compare them with the fixture's baseline. Costs at most `budget` US dollars.

    `limit` is how many requests each endpoint gets at most, in whole profiles; `seed` decides their order. Raises
    `InputError` where nothing can be compared, `BiasHarnessError` where nobody answered.
    """
    tolerated, sample = policy or Policy(), Sample(budget, limit, seed)
    accepted = read_baseline(Path(baseline or Path(fixture) / BASELINE))
    audit = _asked_now(Path(fixture))
    order = _profiles(audit, accepted, sample)
    name = f"{audit.experiment.experiment}-live-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    kept = Path(results) if results else Workspace.here().results
    asked = _Asked(audit, kept, name, sample, progress or (lambda _: None))
    run, seen, gates = None, 0, []
    for seen in _looks(len(order)):
        run = asked.take(order[:seen])
        gates = _gates(check.snapshot(run), accepted, order[:seen], len(order), tolerated)
        undecided = any(g.outcome == "inconclusive" for g in gates)
        if run.stopped or not undecided or any(g.outcome == "regressed" for g in gates):
            break
    if run is None or not (run.observations["status"].astype(str) != "failed").any():
        why = "; ".join(run.stopped) if run else ""
        raise BiasHarnessError(f"nothing was answered live, so nothing can be said: {why or 'no profile was asked'}")
    if not gates:
        raise InputError(
            "none of the models, attributes and levels asked now is in the baseline; record and accept again"
        )
    first = [_live_gate(run, seen, len(order), accepted, sample), *_silent(run)]
    refusals = list(drift.silence_gates(check.snapshot(run), accepted, tolerated))
    return Check(audit.experiment.experiment, (*first, *gates, *refusals), tolerated)


def _asked_now(fixture: Path) -> Audit:
    """The experiment that the fixture was recorded from as it is now, each question once; else as it was recorded."""
    folder, recorded = open_fixture(fixture)
    source = source_of(folder)
    changes = {"repeats": 1, "placebo.edits": False}
    if source is not None and source.is_file():
        return load_audit(source, changes)
    e = recorded.experiment
    once = e.model_copy(update={"repeats": 1, "placebo": e.placebo.model_copy(update={"edits": False})})
    return Audit(recorded.resolved.model_copy(update={"experiment": once}), recorded.workspace)


def _profiles(audit: Audit, accepted: Snapshot, sample: Sample) -> list[str]:
    """The profiles of both, in random order, as many as the limit allows."""
    known = {profile for side in accepted.sides for profile in side.log_gaps}
    order = sorted(p.id for p in audit.design.personas if p.id in known)
    if not order:
        raise InputError("the experiment and the baseline have no profile in common; record again and accept")
    random.Random(sample.seed).shuffle(order)
    if sample.limit is None:
        return order
    each = sum(c.trials for c in audit.design.counts()) // len(audit.design.personas)
    return order[: max(1, sample.limit // each)]


def _looks(most: int) -> Iterator[int]:
    """After how many profiles is looked: after 20, then every 5; with fewer than 20 only at the end."""
    yield from range(FEWEST_PROFILES, most, STEP)
    yield most


@dataclass(frozen=True)
class _Asked:
    """The run that grows with every look."""

    audit: Audit
    results: Path
    name: str
    sample: Sample
    progress: Progress

    def take(self, profiles: Sequence[str]) -> Run:
        """The run after these profiles were asked; what was asked before is not asked again."""
        asking = arun(
            self.audit,
            results=self.results,
            name=self.name,
            personas=frozenset(profiles),
            budget=self.sample.budget,
            progress=self.progress,
        )
        return asyncio.run(asking)


def _gates(now: Snapshot, accepted: Snapshot, order: Sequence[str], planned: int, policy: Policy) -> list[Gate]:
    before = {(s.endpoint, s.attribute, s.level): s for s in accepted.sides}
    wanted = [s for s in now.sides if policy.attributes is None or s.attribute in policy.attributes]
    pairs = [(s, b) for s in wanted if (b := before.get((s.endpoint, s.attribute, s.level)))]
    if planned < FEWEST_WITHOUT_WARNING:
        return [_too_few(s, b, order, FEWEST_WITHOUT_WARNING) for s, b in pairs]
    if planned < FEWEST_PROFILES:
        return drift.gap_gates([(s, _shared(b, order)) for s, b in pairs], policy)
    return [_gate(side, _moved(side, base, order), planned, len(pairs), policy) for side, base in pairs]


def _shared(base: Side, order: Sequence[str]) -> Side:
    """The baseline's side for the profiles that were asked now."""
    there = {p: base.log_gaps[p] for p in order if p in base.log_gaps}
    return replace(base, log_gaps=there)


def _moved(side: Side, base: Side, order: Sequence[str]) -> list[float]:
    """The change of each profile's gap, in the order of asking."""
    return [side.log_gaps[p] - base.log_gaps[p] for p in order if p in side.log_gaps and p in base.log_gaps]


def _gate(side: Side, moved: Sequence[float], planned: int, sides: int, policy: Policy) -> Gate:
    """Decided where the whole interval lies on one side of the margin; it holds at every look."""
    n, bound, what = len(moved), policy.worsening.bound, drift.named(side)
    place = (side.endpoint, side.attribute, side.level)
    if n < FEWEST_PROFILES:
        return Gate("gap", "inconclusive", f"{what}: {n} profiles answered; a look needs {FEWEST_PROFILES}.", *place)
    alpha = 2 * ALPHA / max(1, sides)
    mean, half = float(np.mean(moved)), half_width(n, float(np.std(moved, ddof=1)), tuned_rho(planned, alpha), alpha)
    percents = [drift.percent_of(x) for x in (mean, mean - half, mean + half)]
    shown = f"{percents[0]}, {percents[1]} to {percents[2]} at every look, {n} profiles"
    if mean + half < -bound:
        return Gate("gap", "regressed", f"{what}: the advice became less equal ({shown}).", *place)
    if mean - half > -bound:
        return Gate("gap", "pass", f"{what}: no worsening beyond the margin ({shown}).", *place)
    return Gate("gap", "inconclusive", f"{what}: cannot tell ({shown}); more profiles would.", *place)


def _too_few(side: Side, base: Side, order: Sequence[str], fewest: int) -> Gate:
    """What a handful of profiles shows, without a verdict: one of them alone could turn it."""
    moved = _moved(side, base, order)
    shown = f" ({drift.percent_of(float(np.mean(moved)))} over {len(moved)})" if moved else ""
    message = f"{drift.named(side)}: cannot tell from so few profiles{shown}; it takes {fewest}."
    return Gate("gap", "inconclusive", message, side.endpoint, side.attribute, side.level)


def _live_gate(run: Run, seen: int, planned: int, accepted: Snapshot, sample: Sample) -> Gate:
    costs = [end.in_all.cost if end.in_all else None for end in run.manifest.endpoints.values()]
    known = [c for c in costs if c is not None]
    price = f"${sum(known):.2f}" if len(known) == len(costs) else "an unknown price"
    early = f"; stopped early, {planned - seen} profiles were not needed" if seen < planned else ""
    changed = sorted(k for k, v in accepted.digests.items() if run.audit.digests.get(k) != v and k != "judging")
    other = f" The {', '.join(changed)} changed since the baseline; this is the change with that." if changed else ""
    many = f"{len(run.observations):,} answers of {seen} profiles"
    return Gate(
        "live",
        "pass",
        f"{many} in random order (seed {sample.seed}) for {price}{early}. Kept in {run.folder.path}.{other}",
    )


def _silent(run: Run) -> Iterator[Gate]:
    """Endpoints that were given up: what they would have said is not known."""
    return (Gate("live", "inconclusive", f"Stopped asking {why}") for why in run.stopped)
