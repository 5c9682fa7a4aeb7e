"""One run, read back: its trials, what was answered, what was read, what was estimated. Nothing here asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit, read_resolved
from bias_harness.results import EXPERIMENT, RunFolder, find_run
from bias_harness.vocabulary import Answer, Response, Trial

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.design.blocks import Block
    from bias_harness.estimating.estimates import Estimates


@dataclass(frozen=True)
class Run:
    """One run: its folder, and the experiment as it was resolved when it was asked."""

    folder: RunFolder
    audit: Audit
    stopped: tuple[str, ...] = field(default=())

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row a trial that was answered or failed; see `bias_harness.frame`."""
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
        from bias_harness.sharing import TRIALS, read_trials

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


def load_run(name: str | Path, *, results: Path | None = None) -> Run:
    """A run by its folder or name. Raises `InputError` where there is none."""
    folder = find_run(name, results or Path("results"))
    return Run(folder, read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path.parent.parent))
