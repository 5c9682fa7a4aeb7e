"""Asking: the experiment's requests to its endpoints, into the run's folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bias_harness.asking.changed import changes
from bias_harness.asking.keys import secrets_of, warn_of_strangers
from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.design.portion import Portion, by_beginning, planned_requests, requests_of
from bias_harness.design.prices import one_at_a_time
from bias_harness.design.shares import share_of_budget, shared, shares_said
from bias_harness.errors import InputError, RunFolderError
from bias_harness.results import (
    EXPERIMENT,
    Counts,
    EndpointTotals,
    Found,
    KeySet,
    Looks,
    Manifest,
    RunFolder,
    RunLog,
    open_log,
)
from bias_harness.results.batches import BatchBook, KeptBatch
from bias_harness.results.manifest import Status
from bias_harness.results.totals import totals_of, trials_in, trials_of
from bias_harness.vocabulary import Request, Response

if TYPE_CHECKING:
    from bias_harness.asking import Tally, Work

Progress = Callable[["Tally"], None]
See = Callable[[Request, Response], str | None]
log_to_user = logging.getLogger(__name__)


async def ask(
    audit: Audit,
    folder: RunFolder,
    portion: Portion,
    *,
    retry: Literal["failed", "refused"] | None = None,
    again: KeySet | None = None,
    budget: float | None = None,
    progress: Progress | None = None,
    see: See | None = None,
    looks: Looks | None = None,
) -> tuple[str, ...]:
    """Ask whatever of a portion is not answered yet, and keep it in the folder. Returns why endpoints were given up.

    `retry` asks once more too what the endpoint's filter refused, and what it answered without a text; `again` are keys
    to ask once more although they are answered; `budget` is the most to spend, in US dollars. `see` is called with each
    request and its response, a failure too, once the response is kept, in the order of coming and never for what was
    answered before; it may say why the endpoint should be given up, and what it raises ends the asking as soon as what
    is in flight is done. `looks` are kept in the manifest: when the run was looked at so far. The first interrupt lets
    what is in flight finish. Raises `InputError` before anything is asked where a key, a model or a recording is
    missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.asking import Purse, Runner, stopping_on_interrupt

    for sentence in [*warn_of_strangers(audit.experiment.endpoints), *shares_said(audit, portion)]:
        log_to_user.warning(sentence)
    book = BatchBook(folder)
    works = await _works(audit, portion, book)
    try:
        with open_log(folder) as log:
            _no_batch_without_an_endpoint(audit, book)
            manifest = _begun(audit, folder, works, log, looks)
            stop = asyncio.Event()
            allowed = share_of_budget(audit.experiment.budget, portion) if budget is None else budget
            purse = Purse(allowed, log.found.cost)
            share = audit.experiment.max_error_share
            done = log.found.settled(retried=retry is not None)
            report = progress or (lambda _: None)
            runner = Runner(log, done, share, stop, report, purse, again or KeySet(), empty=log.found.empty.copy())
            runner.see = see or runner.see
            status: Status = "error"
            try:
                with stopping_on_interrupt(runner):
                    await runner.run(works)
                status = "interrupted" if stop.is_set() else "success"
            except (KeyboardInterrupt, asyncio.CancelledError):
                status = "interrupted"
                raise
            finally:
                totals = {w.endpoint.name: _totals(audit, w, log.found) for w in works}
                if log.in_place:  # a folder that was taken away is not made anew, with nothing but a manifest in it
                    ended = _status(status, works, totals.values())
                    folder.write_manifest(manifest.ended(ended, totals, log.seals()))
    finally:
        await _close(works)
    for sentence in (_empty(w.tally) for w in works if w.tally.empty or w.tally.empty_before):
        log_to_user.warning(sentence)
    return tuple(w.tally.stopped for w in works if w.tally.stopped)


def _begun(audit: Audit, folder: RunFolder, works: Iterable[Work], log: RunLog, looks: Looks | None) -> Manifest:
    """Say what has to be said, and write down what is asked, before the first question."""
    for sentence in changes(folder, audit):
        log_to_user.warning(sentence)
    folder.write(EXPERIMENT, audit.to_yaml())
    for work in works:
        counts = log.found.endpoints.get(work.endpoint.name)
        work.is_first = counts is None or not counts.answered
    labels = {w.endpoint.name: _labels(audit, w, log.found) for w in works}
    manifest = replace(Manifest.begun(audit, labels, log.seals()), looks=looks)
    folder.write_manifest(manifest)
    return manifest


def run_folder(audit: Audit, results: Path | None, name: str | None) -> RunFolder:
    """The folder that a run is kept in. Raises `RunFolderError` where another experiment is kept there."""
    folder = RunFolder((results or audit.workspace.results) / (name or audit.experiment.experiment))
    if (folder.path / EXPERIMENT).exists():
        there = Audit.of_folder(folder.path)
        if there.experiment.experiment != audit.experiment.experiment:
            raise RunFolderError(
                f"{folder.path} holds a run of the experiment {there.experiment.experiment!r}, not of "
                f"{audit.experiment.experiment!r}; choose another folder with --name"
            )
    return folder


def _no_batch_without_an_endpoint(audit: Audit, book: BatchBook) -> None:
    """What is under way in batches must not be asked a second time, and not be left alone unsaid."""
    endpoints = {endpoint.name: endpoint for endpoint in audit.experiment.endpoints}
    for kept in book.open():
        endpoint = endpoints.get(kept.endpoint)
        if endpoint is None:
            log_to_user.warning("%s is not collected: the experiment asks this endpoint no longer", _named(kept))
        elif not endpoint.batch:
            raise InputError(
                f"{_named(kept)} is still to be collected. Leave batch: true until it is; or end it with "
                f"`bias-harness batches {book.folder.path} --cancel`, and collect what it has by then"
            )


def _named(kept: KeptBatch) -> str:
    return f"endpoint {kept.endpoint!r}: the batch {kept.id or kept.name} of {kept.requests:,} requests"


async def _works(audit: Audit, portion: Portion, book: BatchBook) -> list[Work]:
    """Every endpoint with its provider and requests; where one cannot be made, those before it are closed."""
    works: list[Work] = []
    try:
        for endpoint in audit.experiment.endpoints:
            works.append(work_of(audit, endpoint, portion, book))  # noqa: PERF401 (those before it are closed)
    except BaseException:
        await _close(works)
        raise
    return works


@dataclass(frozen=True)
class _Requests:
    """An endpoint's requests, which can be gone through more than once; by their beginning where nothing drifts."""

    audit: Audit
    endpoint: Endpoint
    portion: Portion
    drifts: bool

    def __iter__(self) -> Iterator[Request]:
        requests = requests_of(self.audit, self.endpoint, self.portion)
        return requests if self.drifts else by_beginning(requests)


def work_of(audit: Audit, endpoint: Endpoint, portion: Portion, book: BatchBook) -> Work:
    """What one endpoint has to do. Raises `InputError` where its provider cannot be made."""
    from bias_harness.asking import Tally, Work, price_of
    from bias_harness.asking.providers import Context, create

    portion = portion.of(endpoint.name)
    endpoint = shared(endpoint, portion)
    context = Context(
        audit.workspace.environment(),
        {p.id: p.field for p in audit.design.personas},
        audit.experiment.outcome,
    )
    provider = create(endpoint, context)
    return Work(
        endpoint,
        provider,
        _Requests(audit, endpoint, portion, drifts=provider.drifts),
        Tally(endpoint.name, planned_requests(audit, portion)),
        price_of(endpoint),
        secrets_of(audit),
        book if endpoint.batch else None,
        price_of(one_at_a_time(endpoint)),
    )


def _empty(tally: Tally) -> str:
    """What to say of answers without a text, and how to ask for them again."""
    count = tally.empty + tally.empty_before
    return (
        f"{tally.endpoint}: {count:,} requests were answered without a text (mostly all of max_tokens went to "
        "thinking); mend that and run the same command with --retry failed, which asks them again"
    )


async def _close(works: Iterable[Work]) -> None:
    from bias_harness.asking.providers import close

    for work in works:
        await close(work.provider, work.endpoint.name)


def _labels(audit: Audit, work: Work, found: Found) -> EndpointTotals:
    """What is known of an endpoint before it is asked."""
    counts = found.endpoints.get(work.endpoint.name, Counts())
    return EndpointTotals(
        nature=work.provider.nature,
        provider=work.endpoint.provider,
        model=work.endpoint.model,
        served=tuple(sorted(counts.served)),
        sampling_added=dict(work.provider.sampling_added),
        designed=trials_of(audit),
        planned=work.tally.planned,
        in_all=totals_of(counts),
    )


def _totals(audit: Audit, work: Work, found: Found) -> EndpointTotals:
    """What is known of an endpoint when asking ends."""
    labels, tally = _labels(audit, work, found), work.tally
    whole = tally.done == labels.designed and not tally.failed  # then there is no need to go through the design again
    return replace(
        labels,
        present=labels.designed if whole else trials_in(audit, work.endpoint.name, found.settled()),
        already=tally.already,
        answered=tally.answered,
        failed=tally.failed,
        retried=tally.retried,
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        cost=tally.cost,
        stopped=tally.stopped,
    )


def _status(ended: Status, works: Iterable[Work], totals: Iterable[EndpointTotals]) -> Status:
    """How the call ended, seen with what it did: a success is one of the whole design."""
    ends, tallies = list(totals), [work.tally for work in works]
    if ended != "success":
        return ended
    if any(t.stopped or t.failed > t.filtered or t.empty_before for t in tallies):
        return "error"
    return "success" if all(end.present == end.designed for end in ends) else "partial"
