"""Trials + answers -> observations: one table, long, one row a trial that was answered or failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from bias_harness.design.audit import Audit
from bias_harness.design.personas import Persona
from bias_harness.errors import RunFolderError, check_format
from bias_harness.estimating.coded import smallest
from bias_harness.vocabulary import Trial

FORMAT = 1
AT_ONCE = 100_000
"""Rows of which texts are turned into something else at once, in bounded memory."""
LABELS = (
    "endpoint",
    "model",
    "served_model",
    "language",
    "wording",
    "persona",
    "field",
    "job",
    "seniority",
    "place",
    "attribute",
    "level",
    "edit",
    "status",
    "kind",
    "currency",
    "period",
    "reason",
)
OF_CELLS = ("endpoint", "language", "wording", "persona", "attribute", "level", "edit")
OF_PERSONAS = ("field", "job", "seniority", "place")
OF_ANSWERS = ("served_model", "status", "kind", "currency", "period", "reason")
COUNTS = {"signal": np.int16, "repeat": np.int32, "block": np.int64}
FLAGS = ("reference", "soft", "implausible")
AMOUNTS = (
    *("amount", "low", "high", "annual", "annual_low", "annual_high"),
    *("probability", "covered", "bound_low", "bound_high"),
)
"""Columns of observations: labels (category), counts, flags (bool), amounts (float, NaN where there is none),
`asked_at` (UTC) and `key`. `amount`, `low`, `high` are as stated in `currency` per `period`; `annual*` in the
experiment's unit. `reference` marks the reference level, `implausible` an amount outside the declared range;
`probability` is how sure the second reader is of the amount; `covered` (a share) and `bound_*` are there where the
model's own probabilities were read."""


@dataclass(frozen=True)
class TrialColumns:
    """Trials in columns: `cell` counts into `cells`, which differ in more than repeat and block."""

    cells: Sequence[Trial]
    cell: NDArray[np.int32]
    repeat: NDArray[np.int32]
    block: NDArray[np.int64]

    def take(self, places: NDArray[np.int64]) -> TrialColumns:
        """Some of them, in this order."""
        return TrialColumns(self.cells, self.cell[places], self.repeat[places], self.block[places])


def observations(
    audit: Audit,
    trials: TrialColumns,
    column: Callable[[str], pa.ChunkedArray],
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    """One row per trial that has a response, in the order given; see the column groups above.

    `column` gives what was read in their responses, a row each in the same order: a column of `reading.columns.SCHEMA`
    by its name. Each is asked for once and held no longer than it is needed. `only` names the columns that are wanted,
    `annual`, `reason` and `implausible` among them: left out, all.
    """
    every = (*LABELS, *COUNTS, *FLAGS, *AMOUNTS, "asked_at", "key")
    names = [name for name in every if only is None or name in only]
    makers = {**_of_trials(audit, trials), **_of_answers(column)}
    made = {name: makers[name]() for name in names if name != "implausible"}
    lowest, highest = audit.experiment.outcome.ends
    frame = pd.DataFrame({name: made.pop(name) for name in list(made)}, copy=False)
    outside = frame["annual"].notna() & ~frame["annual"].between(lowest, highest)
    frame.insert(names.index("implausible"), "implausible", outside | (frame["reason"] == "implausible"))
    return frame


Makers = dict[str, Callable[[], object]]
"""What makes each column, once it is wanted: of ten million answers one of amounts takes 80 MB."""


def _of_trials(audit: Audit, trials: TrialColumns) -> Makers:
    """The columns that the design tells."""
    personas = {p.id: p for p in audit.design.personas}
    references = {a.name: a.reference for a in audit.design.attributes}
    models = {e.name: e.model or e.provider for e in audit.experiment.endpoints}
    cells, codes = trials.cells, trials.cell

    def label(of: Callable[[Trial], str]) -> Callable[[], object]:
        return lambda: _category([of(cell) for cell in cells], codes)

    made: Makers = {name: label(attrgetter(name)) for name in OF_CELLS}
    made |= {name: label(partial(_of_persona, personas, name)) for name in OF_PERSONAS}
    made["model"] = label(lambda cell: models[cell.endpoint])
    made["reference"] = lambda: np.array([c.level == references[c.attribute] for c in cells], dtype=bool)[codes]
    made["signal"] = lambda: np.array([cell.signal for cell in cells], dtype=COUNTS["signal"])[codes]
    made["repeat"] = lambda: trials.repeat.astype(COUNTS["repeat"])
    made["block"] = lambda: trials.block.astype(COUNTS["block"])
    return made


def _of_persona(personas: Mapping[str, Persona], name: str, cell: Trial) -> str:
    return getattr(personas[cell.persona], name)  # type: ignore[no-any-return]


def _of_answers(column: Callable[[str], pa.ChunkedArray]) -> Makers:
    """The columns that the responses tell."""
    made: Makers = {name: partial(_words, column, name) for name in OF_ANSWERS}
    made |= {name: partial(_numbers, column, name) for name in AMOUNTS}
    made["soft"] = lambda: column("soft").to_numpy().astype(bool)
    made["asked_at"] = lambda: _moments(column("asked_at"))
    made["key"] = lambda: _in_hex(column("key")).to_pandas()
    return made


def _words(column: Callable[[str], pa.ChunkedArray], name: str) -> pd.Categorical[Any]:
    words = column(name).unify_dictionaries().combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    known = [*words.dictionary.to_pylist(), None]
    return _category(known, words.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False))


def _numbers(column: Callable[[str], pa.ChunkedArray], name: str) -> NDArray[np.float64]:
    return column(name).to_numpy().astype(float, copy=False)  # type: ignore[no-any-return]


def _moments(column: pa.ChunkedArray) -> pd.Series[pd.Timestamp]:
    times = (pd.to_datetime(some.to_pandas(), utc=True, format="ISO8601") for some in _pieces(column))
    whole: pd.Series[pd.Timestamp] = pd.concat(times, ignore_index=True)
    return whole


def _pieces(column: pa.ChunkedArray) -> Iterator[pa.ChunkedArray]:
    """A column piece by piece, at least one: its rows as Python objects take ten times their memory."""
    for start in range(0, max(1, len(column)), AT_ONCE):
        yield column.slice(start, AT_ONCE)


def _category(names: Sequence[str | None], codes: NDArray[np.integer[Any]]) -> pd.Categorical[Any]:
    """`names` by their codes, as a category of the names that occur, sorted."""
    there = np.zeros(len(names), dtype=bool)
    there[codes] = True
    used = sorted({name for name, is_used in zip(names, there.tolist(), strict=True) if is_used and name is not None})
    place_of: dict[str | None, int] = {name: place for place, name in enumerate(used)}
    place = np.array([place_of.get(name, -1) for name in names], dtype=smallest(len(used)))
    return pd.Categorical.from_codes(place[codes], dtype=pd.CategoricalDtype(pd.Index(used)))


def _in_hex(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keys of 32 bytes as 64 hexadecimal digits."""
    made = []
    for chunk in (chunk for some in _pieces(keys) for chunk in some.chunks):
        data = chunk.buffers()[1].to_pybytes()[32 * chunk.offset : 32 * (chunk.offset + len(chunk))]
        ends = np.arange(len(chunk) + 1, dtype=np.int64) * 64
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(data.hex().encode())]
        made.append(pa.LargeStringArray.from_buffers(len(chunk), *buffers[1:]))
    return pa.chunked_array(made, pa.large_string())


def to_parquet(table: pd.DataFrame) -> bytes:
    """The file `observations.parquet`; its metadata name its `format`."""
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table, preserve_index=False)
    target = pa.BufferOutputStream()
    pq.write_table(made.replace_schema_metadata({**(made.schema.metadata or {}), b"format": b"%d" % FORMAT}), target)
    return target.getvalue().to_pybytes()  # type: ignore[no-any-return]


def read_observations(path: Path, columns: list[str]) -> pd.DataFrame:
    """These columns of an `observations.parquet`; one without a `format` comes from an older version.

    Raises `RunFolderError` where it is no such file, `InputError` where its format is to come.
    """
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(path, columns=columns)
        told = (found.schema.metadata or {}).get(b"format", b"1")
        check_format(int(told) if told.isdigit() else None, FORMAT, path)
        table: pd.DataFrame = found.select(columns).to_pandas()
    except (pa.ArrowException, OSError, KeyError) as error:
        why = str(error).splitlines()[0][:200]
        raise RunFolderError(f"{path} cannot be read ({why}); make it anew with: bias-harness report") from None
    return table
