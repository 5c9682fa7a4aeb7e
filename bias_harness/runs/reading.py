"""A run's answers as they are read: its observations, and every question with its answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from bias_harness.errors import RunFolderError

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.runs.answered import Answered


def observed_in(run: Answered, only: Collection[str] | None = None) -> pd.DataFrame:
    """One row a trial that was answered or failed, in the order of asking; `only` these columns, or all."""
    from bias_harness.estimating.observations import observations

    places = run.readings.places_of(run.trials.keys)
    there = np.flatnonzero(places >= 0)
    if run.imported is not None and there.size < places.size:
        raise RunFolderError(
            f"{run.folder.path}: {places.size - there.size} of {places.size} imported answers are not in the log, "
            "which was cut or altered: import the table again"
        )
    rows = pa.array(places[there])
    trials = run.trials.columns.take(there)
    return observations(run.audit, trials, lambda name: run.readings.column(name).take(rows), only)


def exchanges_in(run: Answered) -> Iterator[tuple[str, str, str | None]]:
    """Key, question and answer of everything that was asked, each key once, in the order of asking."""
    texts = {key: response.text for key, response in run.folder.latest().items()}
    places = run.readings.places_of(run.trials.keys)
    there = np.flatnonzero(places >= 0)
    seen: set[str] = set()
    for place, key in zip(there.tolist(), run.observations["key"], strict=True):
        if key not in seen:
            seen.add(key)
            yield key, run.trials.question(place).prompt or "", texts[key]
