"""What a run says of its batches: how far they are, how to collect or cancel them, and what is wrong with an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bias_harness.errors import FatalError, ProviderError
from bias_harness.plugins import BatchState
from bias_harness.results.batches import KeptBatch

MOST_NAMED = 5
UNKNOWN = (404, 403)


def progress(batches: Sequence[KeptBatch], states: Mapping[str, BatchState]) -> str:
    """How far the batches are, in what the provider says; empty where there are none."""
    if not batches:
        return ""
    known = states.values()
    asked = sum(kept.requests for kept in batches)
    told = [state.done for state in known if state.done is not None]
    parts = [", ".join(sorted({kept.status for kept in batches if kept.status})) or "being created"]
    parts += [f"{sum(told):,} of {asked:,} dealt with" if told else f"{asked:,} requests"]
    ends = min((state.expires_at for state in known if state.expires_at), default=None)
    parts += [f"ends by {ends}"] if ends else []
    return f"{len(batches)} {'batch' if len(batches) == 1 else 'batches'} under way ({'; '.join(parts)})"


def farewell(endpoint: str, batches: Sequence[KeptBatch], folder: Path) -> str:
    """What to do about batches that go on without us."""
    named = ", ".join(kept.id or kept.name for kept in batches[:MOST_NAMED])
    more = f" and {len(batches) - MOST_NAMED} more" if len(batches) > MOST_NAMED else ""
    return (
        f"{endpoint}: {sum(kept.requests for kept in batches):,} requests are still under way there, in {named}{more}, "
        "and are charged. The same command collects them, at any time and on any machine that has this folder; "
        f"`bias-harness batches {folder} --cancel` ends them"
    )


def gone(kept: KeptBatch, error: ProviderError, folder: Path) -> ProviderError:
    """What it means that a batch cannot be looked at: mostly another account's key."""
    if error.http_status not in UNKNOWN:
        return error
    return FatalError(
        f"the batch {kept.id} ({kept.requests:,} requests, of {kept.begun_at[:16]}) is not known there with this key "
        f"({error}): it was made with the key of another account or project, or is no longer kept. Set the key that it "
        f"was made with and run the same command again; where it is gone for good, "
        f"`bias-harness batches {folder} --forget {kept.id}` has its requests asked, and paid, anew",
        http_status=error.http_status,
    )
