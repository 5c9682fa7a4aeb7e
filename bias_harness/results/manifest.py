"""manifest.json: what was asked of which models, and how far it came."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bias_harness.design.audit import Audit
from bias_harness.results import Counts, Found

if TYPE_CHECKING:
    from bias_harness.asking import Tally, Work

LIBRARIES = ("bias_harness", "openai", "httpx2", "pydantic", "pandas", "scipy", "numpy", "matplotlib")


def manifest_of(audit: Audit) -> dict[str, Any]:
    """What is known of a run before it begins: experiment, digests, versions, platform."""
    return {
        "format": 1,
        "experiment": audit.experiment.experiment,
        "digest": audit.digest,
        "digests": audit.digests,
        "versions": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def finished(manifest: Mapping[str, Any], works: Iterable[Work], status: str, found: Found) -> dict[str, Any]:
    """The manifest when asking ends: with what each endpoint did."""
    endpoints = {
        w.endpoint.name: {
            "model": w.endpoint.model,
            "provider": w.endpoint.provider,
            "nature": w.tally.nature,
            "served": sorted(w.tally.served | _before(found, w).served),
            "sampling_added": dict(getattr(w.provider, "sampling_added", {})),
            "planned": w.tally.planned,
            "already": w.tally.already,
            "answered": w.tally.answered,
            "failed": w.tally.failed,
            "retried": w.tally.retried,
            "input_tokens": w.tally.input_tokens,
            "output_tokens": w.tally.output_tokens,
            "cost": w.tally.cost,
            "stopped": w.tally.stopped,
            "in_all": _in_all(_before(found, w), w.tally),
        }
        for w in works
    }
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return {**manifest, "finished_at": finished, "status": status, "endpoints": endpoints}


def _before(found: Found, work: Work) -> Counts:
    return found.endpoints.get(work.endpoint.name, Counts())


def _in_all(before: Counts, tally: Tally) -> dict[str, Any]:
    """What the run took so far, over all the times that it was started."""
    known = [cost for cost in (before.cost, tally.cost) if cost is not None]
    return {
        "answered": before.answered + tally.answered,
        "input_tokens": before.input_tokens + tally.input_tokens,
        "output_tokens": before.output_tokens + tally.output_tokens,
        "cost": sum(known) if known else None,
    }
