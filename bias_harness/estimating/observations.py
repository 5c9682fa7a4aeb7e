"""Trials + answers -> observations: one table, long, one row a trial that was answered or failed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.personas import Persona
from bias_harness.errors import RunFolderError, check_format
from bias_harness.vocabulary import Answer, Response, Trial

FORMAT = 1
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

Row = tuple[Trial, Response, Answer]


def observations(audit: Audit, rows: Iterable[Row]) -> pd.DataFrame:
    """One row per trial that has a response, in the order given; see the column groups above."""
    columns: dict[str, list[object]] = {name: [] for name in (*LABELS, *COUNTS, *FLAGS, *AMOUNTS, "asked_at", "key")}
    personas = {p.id: p for p in audit.design.personas}
    references = {a.name: a.reference for a in audit.design.attributes}
    models = {e.name: e.model or e.provider for e in audit.experiment.endpoints}
    for trial, response, answer in rows:
        values = _values(trial, response, answer, personas[trial.persona])
        values["model"] = models[trial.endpoint]
        values["reference"] = trial.level == references[trial.attribute]
        for name, column in columns.items():
            column.append(values[name])
    frame = _typed(columns)
    lowest, highest = audit.experiment.outcome.ends
    outside = frame["annual"].notna() & ~frame["annual"].between(lowest, highest)
    frame["implausible"] = outside | (frame["reason"].astype(str) == "implausible")
    return frame


def _values(trial: Trial, response: Response, answer: Answer, persona: Persona) -> dict[str, object]:
    return {
        "endpoint": trial.endpoint,
        "served_model": response.served_model,
        "language": trial.language,
        "wording": trial.wording,
        "persona": trial.persona,
        "field": persona.field,
        "job": persona.job,
        "seniority": persona.seniority,
        "place": persona.place,
        "attribute": trial.attribute,
        "level": trial.level,
        "signal": trial.signal,
        "edit": trial.edit,
        "repeat": trial.repeat,
        "block": trial.block,
        "asked_at": response.asked_at,
        "status": answer.status,
        "kind": answer.kind,
        "soft": answer.soft,
        "reason": answer.reason,
        "amount": answer.amount,
        "low": answer.low,
        "high": answer.high,
        "currency": answer.currency,
        "period": answer.period,
        "annual": answer.annual,
        "annual_low": answer.annual_low,
        "annual_high": answer.annual_high,
        "probability": answer.probability,
        "covered": answer.covered,
        "bound_low": answer.bound_low,
        "bound_high": answer.bound_high,
        "implausible": False,
        "key": response.key,
    }


def _typed(columns: dict[str, list[object]]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    for name in LABELS:
        frame[name] = frame[name].astype("category")
    for name, kind in COUNTS.items():
        frame[name] = frame[name].astype(kind)
    for name in FLAGS:
        frame[name] = frame[name].astype(bool)
    for name in AMOUNTS:
        frame[name] = frame[name].astype(float)
    frame["asked_at"] = pd.to_datetime(frame["asked_at"], utc=True, format="ISO8601")
    return frame


def to_parquet(table: pd.DataFrame) -> bytes:
    """The file `observations.parquet`; its metadata name its `format`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table, preserve_index=False)
    target = pa.BufferOutputStream()
    pq.write_table(made.replace_schema_metadata({**(made.schema.metadata or {}), b"format": b"%d" % FORMAT}), target)
    return target.getvalue().to_pybytes()  # type: ignore[no-any-return]


def read_observations(path: Path, columns: list[str]) -> pd.DataFrame:
    """These columns of an `observations.parquet`; one without a `format` comes from an older version.

    Raises `RunFolderError` where it is no such file, `InputError` where its format is to come.
    """
    import pyarrow as pa
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
