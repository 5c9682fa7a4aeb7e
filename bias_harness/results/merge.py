"""Several folders of one experiment -> one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bias_harness.errors import RunFolderError
from bias_harness.results.folder import EXPERIMENT, RunFolder
from bias_harness.results.log import Counts, Found, open_log
from bias_harness.vocabulary import Response


@dataclass(frozen=True)
class Merged:
    """What a merge did: `added` lines, and `twice` answers that were there already and so were left out."""

    added: int
    twice: int


def merge(sources: Sequence[RunFolder], into: RunFolder) -> Merged:
    """Bring the answers of all sources together in `into`. Doing it again adds nothing.

    An answer comes before an error; of two answers to one request the one that was merged first stays. Raises
    `RunFolderError` where a source is a run of another experiment.
    """
    text = sources[0].experiment()
    for other in [*sources[1:], *([into] if (into.path / EXPERIMENT).exists() else [])]:
        if other.experiment() != text:
            raise RunFolderError(
                f"{other.path} and {sources[0].path} hold different experiments (their {EXPERIMENT} differ); "
                "only parts of one experiment can be merged"
            )
    others = [s for s in sources if s.path.resolve() != into.path.resolve()]
    with open_log(into) as log:
        into.write(EXPERIMENT, text)
        added = twice = 0
        for response in _answers_first(others):
            known = response.key in log.found.answered
            if known or (response.error is not None and response.key in log.found.failed):
                twice += response.error is None
                continue
            log.append(response)
            log.found.take(response)
            added += 1
        manifests = [m for m in (s.manifest() for s in (*others, into)) if m]
        into.write_manifest(_together(manifests, log.found, len(others)))
    return Merged(added, twice)


def _answers_first(sources: Sequence[RunFolder]) -> Iterator[Response]:
    for source in sources:
        yield from (r for r in source.responses() if r.error is None)
    for source in sources:
        yield from (r for r in source.responses() if r.error is not None)


def _together(manifests: Sequence[dict[str, Any]], found: Found, parts: int) -> dict[str, Any]:
    """One manifest of several: what the parts say of the making, and counts from the log itself."""
    whole: dict[str, Any] = dict(manifests[0]) if manifests else {}
    for name, choose in (("started_at", min), ("finished_at", max)):
        times = [m[name] for m in manifests if m.get(name)]
        if times:
            whole[name] = choose(times)
    states = {m.get("status") for m in manifests}
    whole["status"] = "success" if states == {"success"} else "interrupted" if "interrupted" in states else "error"
    whole["merged"] = parts
    whole["endpoints"] = {
        name: {**_said_of(name, manifests), **_counted(counts)} for name, counts in sorted(found.endpoints.items())
    }
    return whole


def _said_of(endpoint: str, manifests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    said = (m["endpoints"][endpoint] for m in manifests if endpoint in m.get("endpoints", {}))
    return next(said, {})


def _counted(counts: Counts) -> dict[str, Any]:
    return {**vars(counts), "served": sorted(counts.served), "already": 0}
