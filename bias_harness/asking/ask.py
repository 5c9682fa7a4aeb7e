"""Asking: the experiment's requests to its endpoints, into the run's folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bias_harness.asking.changed import changes
from bias_harness.asking.keys import environment, secrets_of, warn_of_strangers
from bias_harness.asking.portion import Portion, planned_requests, requests_of
from bias_harness.design.audit import Audit, read_resolved, results_of
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import RunFolderError
from bias_harness.results import EXPERIMENT, KeySet, RunFolder, open_log
from bias_harness.results.manifest import finished, manifest_of
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
) -> tuple[str, ...]:
    """Ask whatever of a portion is not answered yet, and keep it in the folder. Returns why endpoints were given up.

    `retry` asks once more too what the endpoint's filter refused, and what it answered without a text; `again` are
    keys to ask once more although they are answered; `budget` is the most to spend, in US dollars; `see` is called
    with each request and its response once the response is kept, and may say why the endpoint should be given up. The
    first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a model or
    a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.asking import Purse, Runner, stopping_on_interrupt

    with open_log(folder) as log:
        for sentence in changes(folder, audit):
            log_to_user.warning(sentence)
        folder.write(EXPERIMENT, audit.to_yaml())
        for sentence in warn_of_strangers(audit):
            log_to_user.warning(sentence)
        works = [_work(audit, endpoint, portion) for endpoint in audit.experiment.endpoints]
        manifest = manifest_of(audit)
        folder.write_manifest({**manifest, "status": "started"})
        stop = asyncio.Event()
        purse = Purse(audit.experiment.budget if budget is None else budget, log.found.cost)
        share = audit.experiment.max_error_share
        done = log.found.settled(retried=retry is not None)
        report = progress or (lambda _: None)
        runner = Runner(log, done, share, stop, report, purse, again or KeySet(), empty=log.found.empty)
        runner.see = see or runner.see
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
            if log.in_place:  # a folder that was taken away is not made anew, with nothing but a manifest in it
                folder.write_manifest(finished(manifest, works, status, log.found))
        for sentence in (_empty(w.tally) for w in works if w.tally.empty or w.tally.empty_before):
            log_to_user.warning(sentence)
    return tuple(w.tally.stopped for w in works if w.tally.stopped)


def run_folder(audit: Audit, results: Path | None, name: str | None) -> RunFolder:
    """The folder that a run is kept in. Raises `RunFolderError` where another experiment is kept there."""
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
    return Work(endpoint, provider, requests_of(audit, endpoint, portion), tally, price_of(endpoint), secrets_of(audit))


def _status(works: Iterable[Work], stop: asyncio.Event) -> str:
    if stop.is_set():
        return "interrupted"
    tallies = [work.tally for work in works]
    failed = any(t.stopped or t.failed > t.filtered or t.empty_before for t in tallies)
    return "error" if failed else "success"


def _empty(tally: Tally) -> str:
    """What to say of answers without a text, and how to ask for them again."""
    count = tally.empty + tally.empty_before
    return (
        f"{tally.endpoint}: {count:,} requests were answered without a text (mostly all of max_tokens went to "
        "thinking); mend that and run the same command with --retry failed, which asks them again"
    )
