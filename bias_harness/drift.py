"""Estimates against a baseline -> verdicts on whether the advice has become less equal.

A baseline keeps what a paired comparison needs: the gap of every profile, refusal rates, how each answer was read,
and the digests of what was asked. Two runs are compared profile by profile; what was asked in other words, of other
people, or read by another reader is `not_comparable`, never a pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bias_harness.estimators.gate import Change, paired
from bias_harness.estimators.multiplicity import holm
from bias_harness.snapshots import FORMAT, Check, Gate, Outcome, Policy, Side, Snapshot, snapshot

__all__ = ["FORMAT", "Check", "Gate", "Outcome", "Policy", "Side", "Snapshot", "compare", "gap_gates", "snapshot"]


def compare(new: Snapshot, baseline: Snapshot, policy: Policy) -> Check:
    """Every gate of the policy, the ones that forbid a comparison first."""
    gates = [*_same_question(new, baseline), *_same_reading(new, baseline, policy)]
    if not any(g.outcome == "not_comparable" for g in gates):
        gates += _gaps(new, baseline, policy)
    return Check(new.experiment, tuple(gates), policy)


def _same_question(new: Snapshot, baseline: Snapshot) -> Iterator[Gate]:
    changed = sorted(part for part in baseline.digests if new.digests.get(part) != baseline.digests[part])
    if changed:
        parts = ", ".join(changed)
        yield Gate(
            "question",
            "not_comparable",
            f"The {parts} changed since the baseline was accepted. Record again, look at what moved, and accept it.",
        )
    else:
        yield Gate("question", "pass", "The same people, prompts and rules as in the baseline.")


def _same_reading(new: Snapshot, baseline: Snapshot, policy: Policy) -> Iterator[Gate]:
    """An answer that was not re-asked must be read as it was."""
    if new.reader == baseline.reader:
        yield Gate("reading", "pass", "The same reader of answers as in the baseline.")
        return
    shared = new.readings.keys() & baseline.readings.keys()
    same_answers = new.made_of.get("answers") == baseline.made_of.get("answers")
    moved = sorted(k for k in shared if new.readings[k] != baseline.readings[k]) if same_answers else []
    if moved:
        shown = "; ".join(
            f"{k[:12]}: {_read(baseline.readings[k])} -> {_read(new.readings[k])}" for k in moved[: policy.most_listed]
        )
        yield Gate(
            "reading",
            "not_comparable",
            f"The reader changed, and {len(moved)} of {len(shared)} recorded answers are read differently: {shown}. "
            "Check them, then accept.",
        )
    elif same_answers:
        yield Gate("reading", "pass", f"The reader changed; all {len(shared)} recorded answers are read as before.")
    else:
        yield Gate("reading", "not_comparable", "The reader and the answers both changed: accept one of them first.")


def _read(reading: Sequence[Any]) -> str:
    status, amount = reading
    return str(status) if amount is None else f"{amount:,.0f}"


def _gaps(new: Snapshot, baseline: Snapshot, policy: Policy) -> Iterator[Gate]:
    pairs = _beside(new, baseline, policy)
    for side, base in pairs:
        if base is None:
            message = f"{named(side)}: not in the baseline."
            yield Gate("gap", "not_comparable", message, side.endpoint, side.attribute, side.level)
    known = [(side, base) for side, base in pairs if base is not None]
    for (side, base), gate in zip(known, gap_gates(known, policy), strict=True):
        yield gate
        yield from _absolute(side, base, policy)
        yield from _refusals(side, base, policy)


def _beside(new: Snapshot, baseline: Snapshot, policy: Policy) -> list[tuple[Side, Side | None]]:
    """What the policy gates, each with what it was in the baseline."""
    before = {(s.endpoint, s.attribute, s.level): s for s in baseline.sides}
    wanted = [s for s in new.sides if policy.attributes is None or s.attribute in policy.attributes]
    return [(s, before.get((s.endpoint, s.attribute, s.level))) for s in wanted]


def gap_gates(pairs: Sequence[tuple[Side, Side]], policy: Policy) -> list[Gate]:
    """One gate for each gap and its baseline: paired by profile, Holm over all of them."""
    changes = [_change(s.log_gaps, b.log_gaps, log_margin(policy.margin)) for s, b in pairs]
    adjusted = holm([c.p_worse for c in changes])
    return [_gap_gate(s, c, p, policy) for (s, _), c, p in zip(pairs, changes, adjusted, strict=True)]


def refusal_gates(new: Snapshot, baseline: Snapshot, policy: Policy) -> Iterator[Gate]:
    """The gates on refusals alone."""
    for side, base in _beside(new, baseline, policy):
        if base is not None:
            yield from _refusals(side, base, policy)


def log_margin(margin: float) -> float:
    """A worsening as a fraction, on the log scale."""
    return -math.log1p(-margin)


def _change(new: Mapping[str, float], old: Mapping[str, float], margin: float) -> Change:
    shared = sorted(new.keys() & old.keys())
    return paired(np.array([new[p] for p in shared]), np.array([old[p] for p in shared]), margin)


def named(side: Side) -> str:
    """What a gate is about."""
    return f"{side.endpoint}: {side.level} against {side.reference}"


def _gap_gate(side: Side, change: Change, p: float | None, policy: Policy) -> Gate:
    """Regressed only where the whole interval lies beyond the margin and Holm over all gaps agrees."""
    here = {"endpoint": side.endpoint, "attribute": side.attribute, "level": side.level, "change": change}
    if change.change is None:
        return Gate("gap", "inconclusive", f"{named(side)}: too few profiles to compare.", **here)  # type: ignore[arg-type]
    moved = percent_of(change.change)
    ends = _ends(change)
    if change.verdict == "fail_regressed" and (p is None or p < 0.05):
        allowed = f"more than the {100 * policy.margin:g}% allowed"
        message = f"{named(side)}: the advice became less equal by {moved}{ends}, {allowed}."
        return Gate("gap", "regressed", message, **here)  # type: ignore[arg-type]
    if change.verdict == "pass_noninferior":
        return Gate("gap", "pass", f"{named(side)}: no worsening beyond the margin ({moved}{ends}).", **here)  # type: ignore[arg-type]
    message = f"{named(side)}: cannot tell ({moved}{ends}); more profiles would."
    return Gate("gap", "inconclusive", message, **here)  # type: ignore[arg-type]


def _ends(change: Change) -> str:
    if change.conf_low is None or change.conf_high is None:
        return ""
    return f", 90% interval {percent_of(change.conf_low)} to {percent_of(change.conf_high)}"


def percent_of(log: float) -> str:
    """A log change in words: `+1.2%`."""
    return f"{100 * math.expm1(log):+.1f}%"


def _absolute(side: Side, base: Side, policy: Policy) -> Iterator[Gate]:
    """A new meaningful gap, in either direction, that the baseline does not have."""
    if not policy.absolute or side.verdict != "gap_meaningful" or side.percent is None:
        return
    known = base.verdict == "gap_meaningful" and base.percent is not None and base.percent * side.percent > 0
    if not known:
        name = "sign flip" if base.verdict == "gap_meaningful" else "new gap"
        message = f"{named(side)}: a meaningful gap of {side.percent:+.1f}% that the baseline does not have."
        yield Gate(name, "regressed", message, side.endpoint, side.attribute, side.level)


def _refusals(side: Side, base: Side, policy: Policy) -> Iterator[Gate]:
    """More refusals for the level than before, beyond the margin."""
    new = {p: -g for p, g in side.refusal_gaps.items()}
    old = {p: -g for p, g in base.refusal_gaps.items()}
    change = _change(new, old, policy.refusal_margin)
    if change.verdict == "fail_regressed" and change.change is not None:
        message = f"{named(side)}: {-100 * change.change:.0f} percentage points more answers are refused than before."
        yield Gate("refusals", "regressed", message, side.endpoint, side.attribute, side.level, change)
