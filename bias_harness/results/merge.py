"""Several folders of one experiment -> one; and a few answers of a run -> a folder fit for a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bias_harness.errors import RunFolderError
from bias_harness.results.folder import EXPERIMENT, LOG, MANIFEST, RunFolder
from bias_harness.results.lines import dump_line
from bias_harness.results.log import Counts, Found, open_log
from bias_harness.vocabulary import Response

KEPT_IN_RECORDS = ("format", "experiment", "digest", "digests", "versions", "status")
KEPT_OF_ENDPOINTS = ("model", "provider", "nature", "served")


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
            line = dump_line(response)
            known = response.key in log.found.answered
            if known or (response.error is not None and response.key in log.found.failed):
                twice += response.error is None
                continue
            log.append(response)
            log.found.take(orjson.loads(line))
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


def record(source: RunFolder, into: Path, wanted: Callable[[str], bool]) -> int:
    """Copy the experiment and the answers whose key is `wanted`; returns how many.

    What is written says nothing of the machine or of the account. Raises `RunFolderError` where `into` is not
    empty or no answer is wanted.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise RunFolderError(f"{into} exists and is not empty; name a new folder for the recording")
    chosen = [r for r in source.latest().values() if wanted(r.key)]
    if not chosen:
        raise RunFolderError(f"{source.path} holds no answer of the chosen pairs, so there is nothing to record")
    target = RunFolder(into)
    target.write(EXPERIMENT, source.experiment())
    target.write(LOG, b"".join(dump_line(r) for r in sorted(chosen, key=lambda r: (r.endpoint, r.asked_at))))
    manifest = source.manifest()
    kept = {name: manifest[name] for name in KEPT_IN_RECORDS if name in manifest}
    endpoints = {
        name: {k: counts[k] for k in KEPT_OF_ENDPOINTS if k in counts}
        for name, counts in manifest.get("endpoints", {}).items()
    }
    data = {**kept, "recorded": len(chosen), "endpoints": endpoints}
    target.write(MANIFEST, orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return len(chosen)
