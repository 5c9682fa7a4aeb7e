"""Asking: the experiment's requests to its endpoints, into the run's folder."""

from __future__ import annotations

import asyncio
import logging
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bias_harness.asking.keys import environment
from bias_harness.design.audit import Audit, read_resolved
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import RunFolderError
from bias_harness.results import EXPERIMENT, Counts, Found, KeySet, RunFolder, open_log
from bias_harness.runs import Run
from bias_harness.vocabulary import Request

if TYPE_CHECKING:
    from bias_harness.asking import Tally, Work
    from bias_harness.design.blocks import Block

LIBRARIES = ("bias_harness", "openai", "httpx2", "pydantic", "pandas", "scipy", "numpy", "matplotlib")
AXES = ("endpoint", "language", "wording", "persona", "attribute", "level", "edit", "repeat")
Progress = Callable[["Tally"], None]
log_to_user = logging.getLogger(__name__)


@dataclass(frozen=True)
class Portion:
    """Which part of the design is asked: at most `limit` requests an endpoint, in whole blocks; shard i of n; who."""

    limit: int | None = None
    shard: tuple[int, int] | None = None
    personas: frozenset[str] | None = None

    def has(self, block: Block) -> bool:
        """Whether a block is in it, the limit aside."""
        if self.personas is not None and block.persona.id not in self.personas:
            return False
        return self.shard is None or block.in_shard(*self.shard)


async def arun(
    audit: Audit,
    *,
    results: Path | None = None,
    name: str | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    retry: Literal["failed", "refused"] | None = None,
    budget: float | None = None,
    personas: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Ask whatever is not answered yet, and keep it in `<results>/<name>/`.

    `limit` takes at most so many requests an endpoint, in whole pairs; `shard` (i, n) takes the i-th of n parts of the
    design, pairs kept together; `retry` asks what the endpoint's filter refused (`failed`) or what was read as a
    refusal (`refused`) once more; `budget` is the most to spend, in US dollars; `personas` are the
    only ones asked about.
    Returns the run as it stands, complete or not; `Run.stopped` says which endpoints were given up and why. The
    first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a
    model or a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.asking import Purse, Runner, stopping_on_interrupt

    folder = _folder(audit, results, name or _shard_name(audit, shard))
    again = _refused(folder) if retry == "refused" else KeySet()
    with open_log(folder) as log:
        for sentence in changes(folder, audit):
            log_to_user.warning(sentence)
        folder.write(EXPERIMENT, audit.to_yaml())
        works = [_work(audit, endpoint, Portion(limit, shard, personas)) for endpoint in audit.experiment.endpoints]
        manifest = manifest_of(audit)
        folder.write_manifest({**manifest, "status": "started"})
        stop = asyncio.Event()
        purse = Purse(audit.experiment.budget if budget is None else budget, log.found.cost)
        share = audit.experiment.max_error_share
        done = log.found.settled(filtered_too=retry is None)
        runner = Runner(log, done, share, stop, progress or (lambda _: None), purse, again)
        status = "error"
        try:
            with stopping_on_interrupt(runner):
                await runner.run(works)
            status = _status(works, stop)
        except (KeyboardInterrupt, asyncio.CancelledError):
            status = "interrupted"
            raise
        finally:
            for work in works:
                close = getattr(work.provider, "aclose", None)
                if close is not None:
                    await close()
            folder.write_manifest(_finished(manifest, works, status, log.found))
    return Run(folder, audit, tuple(w.tally.stopped for w in works if w.tally.stopped))


def run(audit: Audit, **options: Any) -> Run:
    """`arun` for a caller without an event loop; inside a running one (a notebook) it uses a thread of its own."""
    from bias_harness.asking import in_loop

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return in_loop(arun(audit, **options))
    found: list[Run] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(in_loop(arun(audit, **options)))
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def results_of(audit: Audit) -> Path:
    """Where an experiment's runs are kept unless something else is said."""
    return audit.workspace / "results"


def _folder(audit: Audit, results: Path | None, name: str | None) -> RunFolder:
    folder = RunFolder((results or results_of(audit)) / (name or audit.experiment.experiment))
    if (folder.path / EXPERIMENT).exists():
        there = read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path)
        if there.experiment.experiment != audit.experiment.experiment:
            raise RunFolderError(
                f"{folder.path} holds a run of the experiment {there.experiment.experiment!r}, not of "
                f"{audit.experiment.experiment!r}; choose another folder with --name"
            )
    return folder


def changes(folder: RunFolder, audit: Audit) -> list[str]:
    """What is asked now and was not in the folder's experiment, and what is asked no longer, in a sentence each."""
    if not (folder.path / EXPERIMENT).exists() or folder.experiment() == audit.to_yaml():
        return []
    before = read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path)
    old, new = _asked(before), _asked(audit)
    said = [
        _difference("new", new, old, "they are asked now"),
        _difference("no longer asked", old, new, "their answers stay in the log"),
    ]
    return [f"{folder.path.name}: the experiment has changed. {sentence}" for sentence in said if sentence]


def _asked(audit: Audit) -> tuple[KeySet, dict[str, set[str]]]:
    """The keys of every request, and the values of each axis of the design."""
    keys, axes = KeySet(), {name: set[str]() for name in AXES}
    for endpoint in audit.experiment.endpoints:
        for _, block in audit.requests(endpoint):
            for request in block:
                keys.add(request.key)
                for name in AXES:
                    axes[name].add(str(getattr(request.trial, name)))
    return keys, axes


def _difference(
    what: str, one: tuple[KeySet, dict[str, set[str]]], other: tuple[KeySet, dict[str, set[str]]], so: str
) -> str:
    count = len(one[0] | other[0]) - len(other[0])
    if not count:
        return ""
    values = [
        f"{axis} {', '.join(sorted(one[1][axis] - other[1][axis])[:5])}"
        for axis in AXES
        if one[1][axis] - other[1][axis]
    ]
    return f"{count:,} requests are {what} ({'; '.join(values) or 'other words or sampling'}); {so}."


def _work(audit: Audit, endpoint: Endpoint, portion: Portion) -> Work:
    from bias_harness.asking import Tally, Work, price_of
    from bias_harness.asking.providers import Context, create

    context = Context(
        environment(audit.workspace),
        {p.id: p.field for p in audit.design.personas},
        audit.experiment.outcome,
    )
    provider = create(endpoint, context)
    tally = Tally(endpoint.name, planned_requests(audit, portion), provider.nature)
    return Work(endpoint, provider, _requests(audit, endpoint, portion), tally, price_of(endpoint))


def planned_requests(audit: Audit, portion: Portion) -> int:
    """How many trials a portion of the design has, for one endpoint."""
    if portion.shard is None and portion.personas is None:
        planned = sum(c.trials for c in audit.design.counts())
    else:
        planned = sum(len(b.variants) for b in audit.design.blocks() if portion.has(b))
    return min(planned, portion.limit or planned)


def _requests(audit: Audit, endpoint: Endpoint, portion: Portion) -> Iterator[Request]:
    """The endpoint's requests in order; a limit takes whole blocks, at least one."""
    taken = 0
    for block in audit.design.blocks():
        if not portion.has(block):
            continue
        requests = audit.prompter.requests(block, endpoint)
        if portion.limit is not None and taken and taken + len(requests) > portion.limit:
            return
        taken += len(requests)
        yield from requests


def _refused(folder: RunFolder) -> KeySet:
    """The keys whose answers are read as refusals now."""
    if not (folder.path / EXPERIMENT).exists():
        return KeySet()
    run = Run(folder, read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path.parent.parent))
    refused = run.observations["status"].astype(str) == "refused"
    return KeySet(run.observations.loc[refused, "key"].tolist())


def _shard_name(audit: Audit, shard: tuple[int, int] | None) -> str | None:
    return None if shard is None else f"{audit.experiment.experiment}.part-{shard[0]}-of-{shard[1]}"


def _status(works: Iterable[Work], stop: asyncio.Event) -> str:
    if stop.is_set():
        return "interrupted"
    return "error" if any(w.tally.stopped or w.tally.failed for w in works) else "success"


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


def _finished(manifest: Mapping[str, Any], works: Iterable[Work], status: str, found: Found) -> dict[str, Any]:
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
