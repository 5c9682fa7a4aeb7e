"""What was asked in a run, what was answered, and what was read in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results import RunFolder
from bias_harness.vocabulary import Answer, Response, Trial

if TYPE_CHECKING:
    import pyarrow as pa

    from bias_harness.design.blocks import Block


@dataclass(frozen=True)
class Answered:
    """A run's folder and experiment, with each trial's response and reading: what a `Run` is estimated from."""

    folder: RunFolder
    audit: Audit

    def responses(self) -> pa.Table:
        """Every response that counts, in columns (a pyarrow table), without making the trials they answer.

        Kept as `responses.parquet` beside the log, and made anew when the log has changed.
        """
        from bias_harness.results.table import read_table

        return read_table(self.folder)

    def raw(self, keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        """The responses and readings behind observation keys."""
        return {key: self._read[key] for key in keys if key in self._read}

    def questions(self) -> Iterator[tuple[str, str, str]]:
        """Key, question and answer of everything that was answered, each key once, in the order of asking."""
        return ((key, question, answer) for key, question, answer in self.exchanges() if answer)

    def exchanges(self) -> Iterator[tuple[str, str, str | None]]:
        """Key, question and answer (None where none came) of everything that was asked, each key once, in order."""
        seen: set[str] = set()
        for trial, response, _ in self._rows():
            if response.key not in seen:
                seen.add(response.key)
                yield response.key, self._question_behind(trial, response.key), response.text

    def _question_behind(self, trial: Trial, key: str) -> str:
        return self._imported_question(trial) if self.imported is not None else self._prompts[key]

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
        from bias_harness.results.trials import TRIALS, fitting_trials

        path = self.folder.path / TRIALS
        return fitting_trials(path, self.audit) if path.is_file() else None

    def _imported_question(self, trial: Trial) -> str:
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
            missing = len(self.imported.keys() - latest.keys())
            if missing:
                raise RunFolderError(
                    f"{self.folder.path}: {missing} of {len(self.imported)} imported answers are not in the log, "
                    "which was cut or altered: import the table again"
                )
            for key, trial in self.imported.items():
                prompt = self._imported_question(trial)
                yield trial, latest[key], reader.read(latest[key], language=trial.language, prompt=prompt)
            return
        for endpoint in self.audit.experiment.endpoints:
            for block, requests in self.audit.requests(endpoint):
                for request in requests:
                    response = latest.get(request.key)
                    if response is not None and request.trial is not None:
                        prompt = "\n".join(m.content for m in request.messages)
                        answer = reader.read(response, language=block.language, prompt=prompt)
                        yield request.trial, response, answer
