"""A run asked: whatever has no answer yet, into its folder."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bias_harness.design.audit import Audit, an_audit
from bias_harness.errors import UsageError, did_you_mean
from bias_harness.results import EXPERIMENT, KeySet, RunFolder
from bias_harness.runs.confirmed import second_turns
from bias_harness.runs.loaded import Run
from bias_harness.runs.wanted import one_of
from bias_harness.workers import Workers

if TYPE_CHECKING:
    from bias_harness.asking.ask import Progress, See

NOT_WITH_LOOKS = (
    "a run that stops when all is decided plans its jobs beforehand, and asks no part of them and nothing once more: "
    "leave out --limit, --shard and --retry; personas.jobs of the experiment says how many jobs there are"
)


async def arun(
    audit: Audit,
    *,
    results: str | Path | None = None,
    name: str | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    share: float | None = None,
    retry: Literal["failed", "refused"] | None = None,
    budget: float | None = None,
    personas: frozenset[str] | None = None,
    progress: Progress | Literal[True] | None = None,
    see: See | None = None,
    until: Literal["decided"] | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Run:
    """Ask whatever is not answered yet, and keep it in `<results>/<name>/`.

    `limit` takes at most so many requests an endpoint, in whole pairs; `shard` (i, n) takes the i-th of n parts of the
    design, pairs kept together, and the n-th part of the endpoints' limits and of the experiment's budget, or the
    `share` (0 to 1) that is named; `retry` asks once more what the endpoint's filter refused or answered without a text
    (`failed`), or what was read as a refusal as well (`refused`); `budget` is the most to spend, in US dollars;
    `personas` are the only ones asked about; `progress` is told of each endpoint's tally a few times a second (True
    keeps a line of it up to date, as for a notebook), `see` of each request with its response, once that is kept. What
    cannot be read is told as a warning after 20 answers, and stops an endpoint where the experiment has
    `max_unread_share`; a `see` of your own takes that watch's place. Where the experiment has `confirm`, the second
    turns are asked after all that. `until="decided"` asks the jobs in random order,
    looks at 40, 60, 80 and 100 % of them, and stops when every declared comparison is clear or the same; such a run has
    no `limit`, `shard`, `retry` or `personas`, and is gone on with as it was begun (`UsageError` else). `workers` and
    `cluster` read the answers afterwards; see `load_run`.
    Returns the run as it stands, complete or not; `Run.stopped` says which endpoints were given up and why. The
    first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a
    model or a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.asking.ask import How, ask, run_folder
    from bias_harness.asking.telling import line_of_progress
    from bias_harness.design.portion import WHOLE, portion_of, shard_name
    from bias_harness.reading.watch import Watch
    from bias_harness.runs.sequential import until_decided, without_looks
    from bias_harness.runs.settled import nothing_to_ask

    one_of("retry", retry, ("failed", "refused"))
    one_of("until", until, ("decided",))
    _usable(an_audit(audit), budget, personas)
    folder = run_folder(audit, Path(results) if results else None, name or shard_name(audit, shard))
    again = refused_keys(folder) if retry == "refused" else None
    portion = portion_of(limit, shard, share, personas)
    told = line_of_progress() if progress is True else progress
    watch = see or Watch(audit.experiment.outcome, audit.experiment.max_unread_share)
    if until is not None:
        if portion != WHOLE or retry is not None:
            raise UsageError(NOT_WITH_LOOKS)
        done = await until_decided(audit, folder, budget=budget, progress=told, see=watch)
        return replace(done, workers=Workers(workers, cluster))
    without_looks(folder)
    if portion == WHOLE and retry is None and nothing_to_ask(audit, folder, told):
        return Run(folder, audit, workers=Workers(workers, cluster))
    how = How(retry, again, budget, told, watch, then=second_turns(audit, folder))
    return Run(folder, audit, await ask(audit, folder, portion, how), Workers(workers, cluster))


def _usable(audit: Audit, budget: float | None, personas: frozenset[str] | None) -> None:
    """Raises `UsageError` for a budget below nothing, or a person whom the experiment does not have."""
    if budget is not None and not budget >= 0:
        raise UsageError(f"budget={budget}: a budget is an amount in US dollars, from 0 on")
    known = [persona.id for persona in audit.design.personas]
    for person in sorted(set(personas or ()).difference(known)):
        raise UsageError(f"no person {person!r} in {audit.experiment.experiment}{did_you_mean(person, known)}")


def run(
    audit: Audit,
    *,
    results: str | Path | None = None,
    name: str | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    share: float | None = None,
    retry: Literal["failed", "refused"] | None = None,
    budget: float | None = None,
    personas: frozenset[str] | None = None,
    progress: Progress | Literal[True] | None = None,
    see: See | None = None,
    until: Literal["decided"] | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Run:
    """`arun` for a caller without an event loop; inside a running one (a notebook) it uses a thread of its own."""
    from bias_harness.asking.event_loop import in_loop

    def asked() -> Run:
        return in_loop(
            arun(
                audit,
                results=results,
                name=name,
                limit=limit,
                shard=shard,
                share=share,
                retry=retry,
                budget=budget,
                personas=personas,
                progress=progress,
                see=see,
                until=until,
                workers=workers,
                cluster=cluster,
            )
        )

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asked()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asked).result()


def refused_keys(folder: RunFolder) -> KeySet:
    """The keys whose answers are read as refusals now; empty where there is no run yet."""
    if not (folder.path / EXPERIMENT).exists():
        return KeySet()
    run = Run(folder, Audit.of_folder(folder.path))
    refused = run.observations["status"].astype(str) == "refused"
    return KeySet(run.observations.loc[refused, "key"].tolist())
