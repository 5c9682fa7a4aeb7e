"""What people read in a run's answers, and what it says of the reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bias_harness.errors import InputError
from bias_harness.estimating.reading_error import ReadingErrors, reading_errors
from bias_harness.reading.labelled import read_label
from bias_harness.results.labels import LABELS, read_labels
from bias_harness.vocabulary import Answer

if TYPE_CHECKING:
    from bias_harness.runs.loaded import Run


def labels_of(run: Run) -> dict[str, dict[str, Answer]]:
    """By person and key, the first person first. Raises `InputError` where the file is damaged or holds no label."""
    kept, outcome = read_labels(run.folder.path).labels, run.audit.experiment.outcome
    try:
        return {by: {key: read_label(typed, outcome) for key, typed in of.items()} for by, of in kept.items()}
    except InputError as error:
        raise InputError(f"{run.folder.path / LABELS}: {error}") from None


def errors_of(run: Run) -> ReadingErrors | None:
    """By the labels of the person who labelled first; None where nobody did."""
    labelled = next((of for of in labels_of(run).values() if of), None)
    if labelled is None:
        return None
    return reading_errors(run.observations, labelled, run.audit.experiment.outcome, run.judgements)
