"""A run that stops when it is clear: asked from look to look, whole jobs at a time, in random order of the jobs.

What was in at a look is never asked again, so that the same answers stay behind what was decided there; the manifest
keeps the looks, and a run that was cut short holds the same ones when it is gone on with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.design.portion import Portion, jobs_in_order
from bias_harness.errors import RunFolderError
from bias_harness.results import EndpointTotals, Looks, Manifest, RunFolder
from bias_harness.runs.confirmed import second_turns
from bias_harness.runs.loaded import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bias_harness.asking.ask import Progress, See
    from bias_harness.estimating.sequential import About

OF_ONE_CALL = ("planned", "already", "answered", "failed", "retried", "input_tokens", "output_tokens")


def without_looks(folder: RunFolder) -> None:
    """Raise `RunFolderError` where a run was begun that may stop early: other answers would change its looks."""
    looks = folder.manifest().looks
    if looks is not None:
        raise RunFolderError(
            f"{folder.path} holds a run that stops when all is decided; go on with it with --until decided, or choose "
            "another folder with --name"
        )


async def until_decided(
    audit: Audit, folder: RunFolder, *, budget: float | None, progress: Progress | None, see: See
) -> Run:
    """Ask from look to look until every declared comparison is clear or the same, else until all jobs are asked.

    What is decided for an endpoint and attribute is asked no further there. A call that is interrupted, or in which an
    endpoint is given up (its budget used up, say), holds no look: its answers wait for the next call. Raises
    `RunFolderError` where the folder holds a run that was begun otherwise.
    """
    from bias_harness.estimating.looks import looks_of
    from bias_harness.estimating.sequential import decided

    wanted = _wanted(audit)
    jobs = jobs_in_order(audit)
    looks, counts = _begun(audit, folder, len(jobs)), looks_of(len(jobs))
    before = Manifest()
    while looks.ended is None:
        first, last = ([0, *counts][len(looks.after)], counts[len(looks.after)])
        portion = _of_jobs(audit, jobs[first:last])
        if looks.after:
            portion = replace(portion, settled=_settled(wanted, decided(Run(folder, audit).judgements)))
        stopped, before = await _stage(audit, folder, portion, looks, before, budget, progress, see)
        if stopped or before.status == "interrupted":
            return Run(folder, audit, stopped)
        looks = replace(looks, after=(*looks.after, last))
        before = replace(before, looks=looks)
        folder.write_manifest(before)
        if wanted <= decided(Run(folder, audit).judgements):
            looks = replace(looks, ended="decided")
        elif last == len(jobs):
            looks = replace(looks, ended="asked")
        if looks.ended is not None:
            status = "success" if before.status == "partial" else before.status
            folder.write_manifest(replace(before, looks=looks, status=status))
    return Run(folder, audit)


def _wanted(audit: Audit) -> frozenset[About]:
    """The declared comparisons of every endpoint."""
    return frozenset((end.name, *pair) for end in audit.experiment.endpoints for pair in audit.primary)


def _settled(wanted: frozenset[About], done: frozenset[About]) -> frozenset[tuple[str, str]]:
    """Endpoint and attribute wherever all that is declared is decided."""
    return frozenset(about[:2] for about in wanted) - {about[:2] for about in wanted - done}


def _begun(audit: Audit, folder: RunFolder, planned: int) -> Looks:
    """The looks held so far; none where the run is to begin."""
    manifest = folder.manifest()
    if manifest.status is None:
        return Looks(planned)
    if manifest.looks is None:
        raise RunFolderError(
            f"{folder.path} holds a run that was begun without --until decided, and may have been looked at; finish it "
            "as it was begun, or choose another folder with --name"
        )
    if manifest.digest != audit.digest or manifest.looks.planned != planned:
        raise RunFolderError(
            f"{folder.path} was begun with another experiment, and looks that are held count for that one alone; "
            "restore the experiment, or choose another folder with --name"
        )
    return manifest.looks


def _of_jobs(audit: Audit, jobs: tuple[str, ...]) -> Portion:
    return Portion(personas=frozenset(p.id for p in audit.design.personas if p.job in jobs))


async def _stage(
    audit: Audit,
    folder: RunFolder,
    portion: Portion,
    looks: Looks,
    before: Manifest,
    budget: float | None,
    progress: Progress | None,
    see: See,
) -> tuple[tuple[str, ...], Manifest]:
    """Ask the jobs of one look, what failed once more; the manifest of the whole call so far is written."""
    from bias_harness.asking.ask import How, ask

    how = How(budget=budget, progress=progress, see=see, looks=looks, then=second_turns(audit, folder))
    for _ in range(2):
        stopped = await ask(audit, folder, portion, how)
        now = folder.manifest()
        before = replace(
            now, started_at=before.started_at or now.started_at, endpoints=_added(before.endpoints, now.endpoints)
        )
        folder.write_manifest(before)
        if stopped or before.status != "error":
            break
    return stopped, before


def _added(before: Mapping[str, EndpointTotals], now: Mapping[str, EndpointTotals]) -> dict[str, EndpointTotals]:
    """What each endpoint did over the looks of one call; the rest as it is now."""
    return {name: _sum(before[name], end) if name in before else end for name, end in now.items()}


def _sum(old: EndpointTotals, new: EndpointTotals) -> EndpointTotals:
    counts = {key: getattr(old, key) + getattr(new, key) for key in OF_ONE_CALL}
    cost = None if old.cost is None and new.cost is None else (old.cost or 0.0) + (new.cost or 0.0)
    return replace(new, **counts, cost=cost)
