"""Asking: the experiment's requests to its endpoints, into the run's folder."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bias_harness.asking.changed import changes
from bias_harness.asking.keys import environment
from bias_harness.asking.portion import Portion, _requests, _shard_name, planned_requests
from bias_harness.design.audit import Audit, read_resolved, results_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import RunFolderError
from bias_harness.results import EXPERIMENT, KeySet, RunFolder, open_log
from bias_harness.results.manifest import _finished, manifest_of
from bias_harness.runs import Run

if TYPE_CHECKING:
    from bias_harness.asking import Tally, Work

Progress = Callable[["Tally"], None]
log_to_user = logging.getLogger(__name__)


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


def _refused(folder: RunFolder) -> KeySet:
    """The keys whose answers are read as refusals now."""
    if not (folder.path / EXPERIMENT).exists():
        return KeySet()
    run = Run(folder, read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path.parent.parent))
    refused = run.observations["status"].astype(str) == "refused"
    return KeySet(run.observations.loc[refused, "key"].tolist())


def _status(works: Iterable[Work], stop: asyncio.Event) -> str:
    if stop.is_set():
        return "interrupted"
    return "error" if any(w.tally.stopped or w.tally.failed for w in works) else "success"
