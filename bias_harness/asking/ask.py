"""Asking: the experiment's requests to its endpoints, into the run's folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bias_harness.asking.changed import changes
from bias_harness.asking.ending import empty_said, ended, labels_of, status_of
from bias_harness.asking.keys import secrets_of, warn_of_strangers
from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.design.portion import Portion, by_beginning, planned_requests, requests_of
from bias_harness.design.prices import one_at_a_time
from bias_harness.design.shares import share_of_budget, shared, shares_said
from bias_harness.errors import InputError, RunFolderError, UsageError
from bias_harness.handwritten import is_name
from bias_harness.results import (
    EXPERIMENT,
    KeySet,
    Looks,
    Manifest,
    RunFolder,
    RunLog,
    open_log,
)
from bias_harness.results.batches import BatchBook, KeptBatch
from bias_harness.results.manifest import Status
from bias_harness.vocabulary import Request, Response

if TYPE_CHECKING:
    from bias_harness.asking import Runner, Tally, Work

Progress = Callable[["Tally"], None]
See = Callable[[Request, Response], str | None]
SecondTurns = Callable[[Endpoint], Iterable[Request]]
log_to_user = logging.getLogger(__name__)


@dataclass(frozen=True)
class How:
    """How a call of `ask` goes about it.

    `retry` asks once more too what the endpoint's filter refused, and what it answered without a text; `again` are keys
    to ask once more although they are answered; `budget` is the most to spend, in US dollars. `see` is called with each
    request and its response, a failure too, once the response is kept, in the order of coming and never for what was
    answered before; it may say why the endpoint should be given up, and what it raises ends the asking as soon as what
    is in flight is done. `looks` are kept in the manifest: when the run was looked at so far. `then` gives the second
    turns of an endpoint once all first ones are kept; they are asked one by one within the same budget, and `see` is
    not told of them.
    """

    retry: Literal["failed", "refused"] | None = None
    again: KeySet | None = None
    budget: float | None = None
    progress: Progress | None = None
    see: See | None = None
    looks: Looks | None = None
    then: SecondTurns | None = None


async def ask(audit: Audit, folder: RunFolder, portion: Portion, how: How) -> tuple[str, ...]:
    """Ask whatever of a portion is not answered yet, and keep it in the folder. Returns why endpoints were given up.

    The first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a model
    or a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    for sentence in [*warn_of_strangers(audit.experiment.endpoints), *shares_said(audit, portion)]:
        log_to_user.warning(sentence)
    book = BatchBook(folder)
    works = await _works(audit, portion, book)
    try:
        with open_log(folder) as log:
            _no_batch_without_an_endpoint(audit, book)
            allowed = share_of_budget(audit.experiment.budget, portion) if how.budget is None else how.budget
            how = replace(how, budget=allowed)
            asking = _Asking(audit, folder, log, works, how, _begun(audit, folder, works, log, how.looks))
            await asking.all()
    finally:
        await _close(works)
    for sentence in (empty_said(w.tally) for w in works if w.tally.empty or w.tally.empty_before):
        log_to_user.warning(sentence)
    return tuple(tally.stopped for tally in asking.tallies if tally.stopped)


@dataclass
class _Asking:
    """One call with its log open."""

    audit: Audit
    folder: RunFolder
    log: RunLog
    works: list[Work]
    how: How
    manifest: Manifest
    seconds: dict[str, Tally] = field(default_factory=dict)

    @property
    def tallies(self) -> list[Tally]:
        """Those of the first turns and then those of the second ones."""
        return [*(work.tally for work in self.works), *self.seconds.values()]

    async def all(self) -> None:
        """Ask everything; however that ends, it is in the manifest."""
        from bias_harness.asking import stopping_on_interrupt

        runner = self._runner()
        status: Status = "error"
        try:
            with stopping_on_interrupt(runner):
                await runner.run(self.works)
                if self.how.then is not None and not runner.stop.is_set():
                    await self._second_turns(runner, self.how.then)
            status = "interrupted" if runner.stop.is_set() else "success"
        except (KeyboardInterrupt, asyncio.CancelledError):
            status = "interrupted"
            raise
        finally:
            if self.log.in_place:  # a folder that was taken away is not made anew, with nothing but a manifest in it
                self._write(status)

    def _runner(self) -> Runner:
        from bias_harness.asking import Purse, Runner

        how, found, e = self.how, self.log.found, self.audit.experiment
        done = found.settled(retried=how.retry is not None)
        purse = Purse(how.budget, found.cost)
        report, again = how.progress or (lambda _: None), how.again or KeySet()
        stop, empty = asyncio.Event(), found.empty.copy()
        runner = Runner(self.log, done, e.max_error_share, stop, report, purse, again, empty=empty)
        runner.see = how.see or runner.see
        return runner

    async def _second_turns(self, runner: Runner, turns: SecondTurns) -> None:
        """Ask about what was answered, of every endpoint that was not given up."""
        works = [_second(work, list(turns(work.endpoint))) for work in self.works if not work.tally.stopped]
        works = [work for work in works if work.tally.planned]
        self.seconds = {work.endpoint.name: work.tally for work in works}
        runner.see = lambda _request, _response: None
        await runner.run(works)

    def _write(self, status: Status) -> None:
        found = self.log.found
        totals = {w.endpoint.name: ended(self.audit, w, found, self.seconds.get(w.endpoint.name)) for w in self.works}
        status = status_of(status, self.tallies, totals.values())
        self.folder.write_manifest(self.manifest.ended(status, totals, self.log.seals()))


def _second(work: Work, requests: list[Request]) -> Work:
    """The second turns of an endpoint: with the same provider, never in batches."""
    from bias_harness.asking import Tally

    tally = Tally(f"{work.endpoint.name}, asked again", len(requests))
    return replace(work, requests=requests, tally=tally, price=work.first_price, book=None)


def _begun(audit: Audit, folder: RunFolder, works: Iterable[Work], log: RunLog, looks: Looks | None) -> Manifest:
    """Say what has to be said, and write down what is asked, before the first question."""
    for sentence in changes(folder, audit):
        log_to_user.warning(sentence)
    folder.write(EXPERIMENT, audit.to_yaml())
    for work in works:
        counts = log.found.endpoints.get(work.endpoint.name)
        work.is_first = counts is None or not counts.answered
    labels = {w.endpoint.name: labels_of(audit, w, log.found) for w in works}
    manifest = replace(Manifest.begun(audit, labels, log.seals()), looks=looks)
    folder.write_manifest(manifest)
    return manifest


def run_folder(audit: Audit, results: Path | None, name: str | None) -> RunFolder:
    """The folder that a run is kept in.

    Raises `RunFolderError` where another experiment is kept there, `UsageError` for a name that no file can have.
    """
    if name is not None and not is_name(name.removeprefix(".")):
        raise UsageError(f"--name {name}: a name has letters, digits, '.', '_' and '-', and fits every system")
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


async def _close(works: Iterable[Work]) -> None:
    from bias_harness.asking.providers import close

    for work in works:
        await close(work.provider, work.endpoint.name)
