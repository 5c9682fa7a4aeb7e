"""A run as tables for other programs: observations, pairs, estimates, a codebook and a Frictionless data package."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from bias_harness.errors import InputError, UsageError, did_you_mean
from bias_harness.handwritten import parse_shipped
from bias_harness.results import write_whole
from bias_harness.runs import Run, a_run
from bias_harness.sharing.labels import PARTS, Labels

TABLES = ("observations", "pairs", "judgements", "estimates")
SUFFIXES = (".csv", ".parquet", ".json")


@cache
def codebook() -> Mapping[str, Any]:
    """Table -> its title and columns, each with type and text."""
    text = files(__package__).joinpath("codebook.en.yaml").read_text(encoding="utf-8")
    book: Mapping[str, Any] = parse_shipped(text)
    return book


def table_of(run: Run, name: str) -> pd.DataFrame:
    """One of the tables, with the columns of the codebook in its order."""
    makers: Mapping[str, Callable[[Run], pd.DataFrame]] = {
        "observations": _observations,
        "pairs": lambda run: run.pairs,
        "judgements": _judgements,
        "estimates": _estimates,
    }
    made = makers[name](run)
    return made[list(codebook()[name]["columns"])]


def _answered_by(run: Run) -> str:
    return "; ".join(f"{name} ({nature})" for name, nature in run.natures.items()) or "nothing"


def _observations(run: Run) -> pd.DataFrame:
    """With what was asked and answered, and how people call what the columns hold."""
    rows, names = run.observations, Labels(run.audit)
    said: dict[str, tuple[Any, Any]] = {
        key: (_kept(question), _kept(answer)) for key, question, answer in run.exchanges()
    }
    keys = rows["key"].astype(str)
    return rows.assign(
        nature=rows["endpoint"].astype(str).map(run.natures),
        **{f"{part}_label": names.parts(part, rows[part]) for part in PARTS},
        attribute_label=names.attributes(rows["attribute"]),
        level_label=names.levels(rows["attribute"], rows["level"]),
        question=[said[key][0] for key in keys],
        answer=[said[key][1] for key in keys],
    )


def _kept(text: str | None) -> str | None:
    """A text that every format can hold: half a character and NUL are shown as the sign for what is no character."""
    return None if text is None else text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _judgements(run: Run) -> pd.DataFrame:
    rows, names = run.judgements.to_frame(), Labels(run.audit)
    return rows.assign(
        nature=rows["endpoint"].map(run.natures),
        attribute_label=names.attributes(rows["attribute"]),
        level_label=names.levels(rows["attribute"], rows["level"]),
        reference_label=names.levels(rows["attribute"], rows["reference"]),
    )


def _estimates(run: Run) -> pd.DataFrame:
    rows = run.estimates.to_frame()
    return rows.assign(nature=rows["endpoint"].map(run.natures))


def _without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Texts that a spreadsheet would run (`=`, `+`, `-`, `@` at the beginning) behind an apostrophe; numbers stay."""
    texts = [
        str(name) for name in table if not is_numeric_dtype(table[name]) and not is_datetime64_any_dtype(table[name])
    ]
    return table.assign(**{name: table[name].astype(object).map(_quoted) for name in texts})


def _quoted(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


WRITERS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda table: _without_formulas(table).to_csv(index=False, lineterminator="\n").encode(),
    ".json": lambda table: (table.to_json(orient="records", date_format="iso", force_ascii=False) + "\n").encode(),
    ".parquet": _parquet,
}


def export(run: Run, targets: str | Path | Sequence[str | Path] = (), into: str | Path | None = None) -> list[Path]:
    """Write tables by the names of their files (`pairs.parquet`, `my-estimates.csv`), and all of them into a folder.

    The folder also gets `datapackage.json` and `codebook.md`. Returns what was written. Raises `UsageError` for a file
    whose name says neither which table nor which format.
    """
    run, listed = a_run(run), [targets] if isinstance(targets, str | Path) else targets
    wanted = [(target, _which(target)) for target in map(Path, listed)]
    made = [_written(target, WRITERS[target.suffix.lower()](table_of(run, name))) for target, name in wanted]
    if into is not None:
        made += [_written(Path(into) / name, data) for name, data in package(run).items()]
    return made


def write_paper(run: Run, into: str | Path) -> list[Path]:
    """Write a run as the parts of a paper into a folder (see `sharing.paper`). Returns what was written.

    Raises `InputError` where nothing was answered, for then there is nothing to say.
    """
    from bias_harness.sharing.paper import paper

    if run.observations.empty:
        raise InputError(f"{run.folder.path} holds no answer, so there is nothing to write a paper about")
    return [_written(Path(into) / name, data) for name, data in paper(run).items()]


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    return path


def _which(target: Path) -> str:
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target}: there is {', '.join(SUFFIXES)}")
    found = [name for name in TABLES if name in target.stem]
    if len(found) != 1:
        hint = did_you_mean(target.stem, TABLES)
        raise UsageError(f"{target}: the name has to say which table it is{hint}")
    return found[0]


def package(run: Run) -> dict[str, bytes]:
    """File name -> content: every table as CSV and Parquet, the codebook, the data package that describes the CSV."""
    tables = {name: table_of(run, name) for name in TABLES}
    made = {f"{name}{kind}": WRITERS[kind](table) for name, table in tables.items() for kind in (".csv", ".parquet")}
    described = json.dumps(_package(run), indent=2, ensure_ascii=False) + "\n"
    return {**made, "datapackage.json": described.encode(), "codebook.md": _codebook(run).encode()}


def _package(run: Run) -> dict[str, Any]:
    """A tabular data package (Frictionless, version 1)."""
    experiment = run.audit.experiment
    return {
        "profile": "tabular-data-package",
        "name": experiment.experiment.lower(),
        "title": experiment.title.get("en", experiment.experiment),
        "description": f"What answered: {_answered_by(run)}. Digest {run.audit.digest}.",
        "resources": [_resource(name) for name in TABLES],
    }


def _resource(name: str) -> dict[str, Any]:
    book = codebook()[name]
    fields = [
        {"name": column, "type": about["type"], "description": about["text"]} | _format(about["type"])
        for column, about in book["columns"].items()
    ]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{name}.csv",
        "description": book["title"],
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }


def _format(kind: str) -> dict[str, Any]:
    if kind == "boolean":
        return {"trueValues": ["True"], "falseValues": ["False"]}
    return {"format": "any"} if kind == "datetime" else {}


def _codebook(run: Run) -> str:
    lines = [
        f"# Codebook of {run.audit.experiment.experiment}",
        "",
        f"Experiment `{run.audit.experiment.experiment}`, digest `{run.audit.digest}`.",
        f"Unit: {run.audit.experiment.outcome.described}. What answered: {_answered_by(run)}.",
        "Gap = level minus reference; negative = the level is advised less. An empty value is a missing one, not zero.",
    ]
    for name in TABLES:
        book = codebook()[name]
        lines += ["", f"## {name}", "", book["title"], "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{c}` | {about['type']} | {about['text']} |" for c, about in book["columns"].items()]
    return "\n".join(lines) + "\n"
