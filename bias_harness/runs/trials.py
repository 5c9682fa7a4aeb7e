"""The trials of a run in the order of asking, in columns: what each asks, and the key of its request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.design.audit import Audit
from bias_harness.estimating.observations import TrialColumns, observations
from bias_harness.reading.columns import Question, columns_of
from bias_harness.results.readings import Keys, Questions, short
from bias_harness.vocabulary import Answer, Response, Trial


@dataclass(frozen=True)
class Trials:
    """All trials: their columns, the keys of their requests (see `results.readings.short`), and their questions."""

    columns: TrialColumns
    keys: Keys
    asked: NDArray[np.int32]
    known: Sequence[Question]

    @property
    def questions(self) -> Questions:
        """The question that is asked with each key."""
        return Questions(self.keys, self.asked, self.known)

    def question(self, place: int) -> Question:
        """The question of one trial."""
        return self.known[int(self.asked[place])]


def trials_asked(audit: Audit) -> Trials:
    """Those of a run that was asked here."""
    return _in_columns(
        (request.key, request.trial, "\n".join(m.content for m in request.messages))
        for endpoint in audit.experiment.endpoints
        for _, requests in audit.requests(endpoint)
        for request in requests
        if request.trial is not None
    )


def trials_imported(audit: Audit, trials: Mapping[str, Trial]) -> Trials:
    """Those of answers that were collected elsewhere; what was asked is what the map said of it."""
    prompts = {
        (block.wording, block.language): "\n".join(m.content for m in audit.prompter.messages(block, block.variants[0]))
        for block in audit.design.blocks()
    }
    return _in_columns((key, trial, prompts[trial.wording, trial.language]) for key, trial in trials.items())


def observed(audit: Audit, rows: Iterable[tuple[Trial, Response, Answer]]) -> pd.DataFrame:
    """The observations of rows in hand, without a run folder; see `bias_harness.estimating.observations`."""
    listed = list(rows)
    read = columns_of([(response, answer) for _, response, answer in listed])
    trials = _in_columns((response.key, trial, "") for trial, response, _ in listed)
    return observations(audit, trials.columns, lambda name: read[name])


def _in_columns(asked: Iterable[tuple[str, Trial, str]]) -> Trials:
    cells: dict[tuple[object, ...], int] = {}
    known: list[Trial] = []
    questions: dict[Question, int] = {}
    keys: list[str] = []
    columns: tuple[list[int], ...] = ([], [], [], [])
    for key, trial, prompt in asked:
        keys.append(key)
        cell = cells.setdefault(_cell(trial), len(cells))
        if cell == len(known):
            known.append(replace(trial, repeat=0, block=0))
        question = questions.setdefault(Question(trial.language, prompt), len(questions))
        for column, number in zip(columns, (cell, trial.repeat, trial.block, question), strict=True):
            column.append(number)
    codes, repeats, blocks, replied = (np.array(column, dtype=np.int64) for column in columns)
    made = TrialColumns(tuple(known), codes, repeats.astype(np.int32), blocks)
    return Trials(made, short(keys), replied.astype(np.int32), tuple(questions))


def _cell(t: Trial) -> tuple[object, ...]:
    """All of a trial but its repeat and its block; quicker than the trial without them."""
    return (t.endpoint, t.language, t.wording, t.persona, t.attribute, t.level, t.signal, t.edit)
