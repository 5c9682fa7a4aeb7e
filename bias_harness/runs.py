"""One run: asked, and read back: its trials, what was answered, what was read, what was estimated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bias_harness.design.audit import Audit
from bias_harness.results import EXPERIMENT, KeySet, Manifest, RunFolder, counted, find_run
from bias_harness.results.totals import completed
from bias_harness.vocabulary import Answer, Response, Trial
from bias_harness.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.asking.ask import Progress, See
    from bias_harness.design.blocks import Block
    from bias_harness.estimating.estimates import Estimates


@dataclass(frozen=True)
class Run:
    """One run: its folder, and the experiment as it was resolved when it was asked."""

    folder: RunFolder
    audit: Audit
    stopped: tuple[str, ...] = field(default=())

    @cached_property
    def manifest(self) -> Manifest:
        """What is known of the run's making, with what the folder's manifest lacks: labels, and how far it is."""
        return completed(self.folder.manifest(), self.audit, lambda: counted(self.folder))

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row a trial that was answered or failed; see `bias_harness.estimating.observations`."""
        from bias_harness.estimating.observations import observations

        return observations(self.audit, self._rows())

    @cached_property
    def estimates(self) -> Estimates:
        """Every estimate of the run."""
        from bias_harness.estimating.estimates import estimate

        e = self.audit.experiment
        return estimate(self.observations, analysis=e.analysis, outcome=e.outcome)

    def raw(self, keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        """The responses and readings behind observation keys."""
        return {key: self._read[key] for key in keys if key in self._read}

    def questions(self) -> Iterator[tuple[str, str, str]]:
        """Key, question and answer of everything that was answered, each key once, in the order of asking."""
        seen: set[str] = set()
        for trial, response, _ in self._rows():
            if response.text and response.key not in seen:
                seen.add(response.key)
                yield response.key, self._asked(trial, response.key), response.text

    def _asked(self, trial: Trial, key: str) -> str:
        return self._question(trial) if self.imported is not None else self._prompts[key]

    @cached_property
    def _prompts(self) -> dict[str, str]:
        return {
            request.key: "\n".join(m.content for m in request.messages)
            for endpoint in self.audit.experiment.endpoints
            for _, requests in self.audit.requests(endpoint)
            for request in requests
        }

    @cached_property
    def imported(self) -> dict[str, Trial] | None:
        """The trials by key of answers that were collected elsewhere; None for a run that was asked here."""
        from bias_harness.results.trials import TRIALS, read_trials

        path = self.folder.path / TRIALS
        return read_trials(path) if path.is_file() else None

    def _question(self, trial: Trial) -> str:
        block = self._blocks[trial.wording, trial.language]
        return "\n".join(m.content for m in self.audit.prompter.messages(block, block.variants[0]))

    @cached_property
    def _blocks(self) -> dict[tuple[str, str], Block]:
        return {(block.wording, block.language): block for block in self.audit.design.blocks()}

    def everything(self) -> Iterable[tuple[Response, Answer]]:
        """Every response with its reading, once."""
        return self._read.values()

    @cached_property
    def _read(self) -> dict[str, tuple[Response, Answer]]:
        return {response.key: (response, answer) for _, response, answer in self._rows()}

    def _rows(self) -> Iterator[tuple[Trial, Response, Answer]]:
        from bias_harness.reading.answers import Reader

        latest = self.folder.latest()
        reader = Reader(self.audit.experiment.outcome)
        if self.imported is not None:
            for key, trial in self.imported.items():
                told = latest[key]
                yield trial, told, reader.read(told, language=trial.language, prompt=self._question(trial))
            return
        for endpoint in self.audit.experiment.endpoints:
            for block, requests in self.audit.requests(endpoint):
                for request in requests:
                    response = latest.get(request.key)
                    if response is not None and request.trial is not None:
                        prompt = "\n".join(m.content for m in request.messages)
                        answer = reader.read(response, language=block.language, prompt=prompt)
                        yield request.trial, response, answer


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
    see: See | None = None,
) -> Run:
    """Ask whatever is not answered yet, and keep it in `<results>/<name>/`.

    `limit` takes at most so many requests an endpoint, in whole pairs; `shard` (i, n) takes the i-th of n parts of the
    design, pairs kept together; `retry` asks what the endpoint's filter refused (`failed`) or what was read as a
    refusal (`refused`) once more; `budget` is the most to spend, in US dollars; `personas` are the
    only ones asked about; `progress` is told of each endpoint's tally a few times a second, `see` of each request with
    its response, once that is kept.
    Returns the run as it stands, complete or not; `Run.stopped` says which endpoints were given up and why. The
    first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a
    model or a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.asking.ask import ask, run_folder
    from bias_harness.design.portion import Portion, shard_name

    folder = run_folder(audit, results, name or shard_name(audit, shard))
    again = refused_keys(folder) if retry == "refused" else None
    portion = Portion(limit, shard, personas)
    stopped = await ask(audit, folder, portion, retry=retry, again=again, budget=budget, progress=progress, see=see)
    return Run(folder, audit, stopped)


def run(audit: Audit, **options: Any) -> Run:
    """`arun` for a caller without an event loop; inside a running one (a notebook) it uses a thread of its own."""
    from bias_harness.asking.event_loop import in_loop

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return in_loop(arun(audit, **options))
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: in_loop(arun(audit, **options))).result()


def load_run(name: str | Path, *, results: Path | None = None) -> Run:
    """A run by its folder, or its name below `results` (of the workspace here). Raises `InputError` for none."""
    folder = find_run(name, results or Workspace.here().results)
    return Run(folder, Audit.of_folder(folder.path))


def refused_keys(folder: RunFolder) -> KeySet:
    """The keys whose answers are read as refusals now; empty where there is no run yet."""
    if not (folder.path / EXPERIMENT).exists():
        return KeySet()
    run = Run(folder, Audit.of_folder(folder.path))
    refused = run.observations["status"].astype(str) == "refused"
    return KeySet(run.observations.loc[refused, "key"].tolist())
