"""What was asked in a run, what was answered, and what was read in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.results import RunFolder
from bias_harness.vocabulary import Answer, Response, Trial
from bias_harness.workers import HERE, Workers

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bias_harness.results.readings import Readings
    from bias_harness.runs.trials import Trials


@dataclass(frozen=True)
class Answered:
    """A run's folder and experiment, with each trial's response and reading: what a `Run` is estimated from."""

    folder: RunFolder
    audit: Audit
    stopped: tuple[str, ...] = field(default=())
    workers: Workers = field(default=HERE, repr=False, compare=False)

    def responses(self) -> pa.Table:
        """Every response that counts, in columns (a pyarrow table), without making the trials they answer."""
        from bias_harness.results.table import read_table

        return read_table(self.folder)

    @cached_property
    def trials(self) -> Trials:
        """The trials of the whole design in the order of asking, in columns."""
        from bias_harness.runs.trials import trials_asked, trials_imported

        return trials_asked(self.audit) if self.imported is None else trials_imported(self.audit, self.imported)

    @cached_property
    def readings(self) -> Readings:
        """What was read in every line of the log, in columns; taken from what is kept beside it, as far as it fits."""
        from bias_harness.results.read_parts import read_run

        outcome = self.audit.experiment.outcome
        return read_run(self.folder, self.trials.questions, outcome, workers=self.workers)

    @cached_property
    def imported(self) -> dict[str, Trial] | None:
        """The trials by key of answers that were collected elsewhere; None for a run that was asked here."""
        from bias_harness.results.trials import TRIALS, fitting_trials

        path = self.folder.path / TRIALS
        return fitting_trials(path, self.audit) if path.is_file() else None

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row a trial that was answered or failed; see `bias_harness.estimating.observations`."""
        from bias_harness.runs.reading import observed_in

        return observed_in(self)

    @cached_property
    def _estimated_from(self) -> pd.DataFrame:
        """The observations, without the columns that no estimate is made of, unless they were made already.

        That is less than half the memory. The estimators of other packages are given all columns.
        """
        from bias_harness.estimating import open_mass
        from bias_harness.estimating.rows import READ
        from bias_harness.plugins import plugins
        from bias_harness.runs.reading import observed_in

        whole = "observations" in vars(self) or plugins("estimators")
        more = open_mass.READ if self.audit.experiment.outcome.probabilities is not None else ()
        return self.observations if whole else observed_in(self, (*READ, *more))

    def raw(self, keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        """The responses and readings behind observation keys."""
        return self.readings.raw(keys)

    def questions(self) -> Iterator[tuple[str, str, str]]:
        """Key, question and answer of everything that was answered, each key once, in the order of asking."""
        return ((key, question, answer) for key, question, answer in self.exchanges() if answer)

    def exchanges(self) -> Iterator[tuple[str, str, str | None]]:
        """Key, question and answer (None where none came) of everything that was asked, each key once, in order."""
        from bias_harness.runs.reading import exchanges_in

        return exchanges_in(self)

    def everything(self) -> Iterator[tuple[Response, Answer]]:
        """Every response with its reading, each key once, in the order of asking."""
        return (pair for pair in self.raw(list(dict.fromkeys(self.observations["key"]))).values())
