"""The trials of a run in the order of asking, in columns: what each asks, and the key of its request."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_harness.design.asked import prompt_of
from bias_harness.design.audit import Audit
from bias_harness.estimating.observations import TrialColumns, observations
from bias_harness.reading.columns import Question, columns_of
from bias_harness.results.readings import KEY_BYTES, Keys, Questions
from bias_harness.vocabulary import Answer, Response, Trial

Number = TypeVar("Number", np.int32, np.int64)


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
        (asked.keys.of_repeat(block.repeat), asked.trial, block.repeat, block.index, asked.prompt)
        for endpoint in audit.experiment.endpoints
        for block in audit.design.blocks()
        for asked in audit.prompter.asked(block, endpoint)
    )


def trials_imported(audit: Audit, trials: Mapping[str, Trial]) -> Trials:
    """Those of answers that were collected elsewhere; what was asked is what the map said of it."""
    prompts = {
        (block.wording, block.language): prompt_of(audit.prompter.messages(block, block.variants[0]))
        for block in audit.design.blocks()
    }
    return _in_columns(
        (key, trial, trial.repeat, trial.block, prompts[trial.wording, trial.language]) for key, trial in trials.items()
    )


def observed(audit: Audit, rows: Iterable[tuple[Trial, Response, Answer]]) -> pd.DataFrame:
    """The observations of rows in hand, without a run folder; see `bias_harness.estimating.observations`."""
    listed = list(rows)
    read = columns_of([(response, answer) for _, response, answer in listed])
    trials = _in_columns((response.key, trial, trial.repeat, trial.block, "") for trial, response, _ in listed)
    return observations(audit, trials.columns, lambda name: read[name])


def _in_columns(asked: Iterable[tuple[str, Trial, int, int, str]]) -> Trials:
    """Key, trial, its repeat and block, and its prompt -> arrays of numbers: 10 million trials are 360 MB.

    The trial's own repeat and block are not looked at.
    """
    cells: dict[tuple[object, ...], int] = {}
    known: list[Trial] = []
    questions: dict[Question, int] = {}
    keys, codes, repeat, block, replied = bytearray(), array("i"), array("i"), array("q"), array("i")
    for key, trial, repeated, in_block, prompt in asked:
        keys += bytes.fromhex(key[: 2 * KEY_BYTES])
        cell = cells.setdefault(_cell(trial), len(cells))
        if cell == len(known):
            known.append(replace(trial, repeat=0, block=0))
        codes.append(cell)
        repeat.append(repeated)
        block.append(in_block)
        replied.append(questions.setdefault(Question(trial.language, prompt), len(questions)))
    made = TrialColumns(tuple(known), _numbers(codes, np.int32), _numbers(repeat, np.int32), _numbers(block, np.int64))
    return Trials(made, np.frombuffer(keys, dtype=f"S{KEY_BYTES}"), _numbers(replied, np.int32), tuple(questions))


def _numbers(found: array[int], kind: type[Number]) -> NDArray[Number]:
    return np.frombuffer(found, dtype=kind) if found else np.zeros(0, dtype=kind)


def _cell(t: Trial) -> tuple[object, ...]:
    """All of a trial but its repeat and its block; quicker than the trial without them."""
    return (t.endpoint, t.language, t.wording, t.persona, t.attribute, t.level, t.signal, t.edit)
