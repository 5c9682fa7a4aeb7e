"""Answers collected elsewhere -> a run folder like any other.

A table (CSV, JSON lines, Parquet) and a map: which column says what, what the levels are called, which one is the
reference. What the table does not have is named, and limits what can be said: one persona gives the scope `panel`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson
from pydantic import Field, model_validator

from bias_harness.audit import FORMAT, Resolved
from bias_harness.config import Analysis, Experiment, Name, Outcome, Strict
from bias_harness.documents import check, did_you_mean, read_yaml
from bias_harness.errors import InputError
from bias_harness.personas import Attribute, Level, People
from bias_harness.prompts import file_name
from bias_harness.tables import read_rows
from bias_harness.vocabulary import Failure, Response, Trial

TRIALS = "trials.jsonl"
ANY = "any"
QUESTION = "imported"


class Map(Strict):
    """What the columns of a table mean.

    `text` is the column with the raw answers, or `amount` the one with amounts that were read already. Every other
    name is a column, or `=word` for the same word in every row. `failed` are texts that stand for no answer.
    """

    name: Name
    title: dict[str, str] = {}
    source: str = ""
    text: str | None = None
    amount: str | None = None
    model: str
    level: str
    attribute: Attribute
    persona: str = "=one persona"
    field: str = f"={ANY}"
    seniority: str = f"={ANY}"
    wording: str = "=one wording"
    language: str = "=en"
    signal: str = "=0"
    repeat: str | None = None
    asked_at: str | None = None
    failed: list[str] = ["ERROR", "error", "N/A", ""]
    levels: dict[str, str] = {}
    prompts: dict[str, str] = {}
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: str = Field(default=".", pattern=r"^[.,]$")
    encoding: str = "utf-8-sig"
    outcome: Outcome = Outcome()
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if (self.text is None) == (self.amount is None):
            raise ValueError("name the column of the answers, either as 'text' or as 'amount'")
        return self

    def columns(self) -> dict[str, str]:
        """Role -> column, for the roles that are columns of the table."""
        roles = ("text", "amount", "model", "level", "persona", "field", "seniority", "wording", "language", "signal")
        named = {role: getattr(self, role) for role in (*roles, "repeat", "asked_at")}
        return {role: column for role, column in named.items() if column is not None and not column.startswith("=")}


@dataclass(frozen=True)
class Imported:
    """What an import made: the resolved experiment, the lines of the log and of the trials, and what to tell."""

    resolved: Resolved
    responses: list[Response]
    trials: list[tuple[str, Trial]]
    missing: list[str]


def read_map(path: Path) -> Map:
    """The map in a YAML file."""
    return check(Map, read_yaml(path))


def import_table(table: Path, mapping: Map) -> Imported:
    """Every row of the table as a trial and its response. Raises `InputError` that names line and column."""
    known = set(mapping.columns().values())
    rows = []
    for line, row in read_rows(table, known, mapping):
        rows.append(_one(line, row, mapping, table))
    if not rows:
        raise InputError(f"{table}: there is no row in it")
    _levels(rows, mapping, table)
    seen: Counter[tuple[str, ...]] = Counter()
    trials, responses, keys = [], [], set()
    for line, facts in rows:
        trial = _trial(facts, seen, mapping, line, table)
        key = _key(trial)
        if key in keys:
            raise InputError(f"{table}, line {line}: this trial (with its repeat) stands here twice; drop one of them")
        keys.add(key)
        trials.append((key, trial))
        responses.append(_response(key, trial, facts))
    return Imported(_resolved(mapping, rows, trials), responses, trials, _missing(mapping))


def _one(line: int, row: Mapping[str, Any], mapping: Map, table: Path) -> tuple[int, dict[str, str]]:
    facts = {}
    for role in ("model", "level", "persona", "field", "seniority", "wording", "language", "signal"):
        column = getattr(mapping, role)
        value = column[1:] if column.startswith("=") else row.get(column)
        if value is None or str(value).strip() == "":
            raise InputError(f"{table}, line {line}, column {column!r}: empty; every row needs its {role}")
        facts[role] = str(value).strip()
    facts["level"] = mapping.levels.get(facts["level"], facts["level"])
    if mapping.repeat is not None:
        facts["repeat"] = str(row.get(mapping.repeat, "")).strip()
    if mapping.asked_at is not None:
        facts["asked_at"] = str(row.get(mapping.asked_at) or "")
    column = mapping.text or mapping.amount or ""
    facts["answer"] = _answer(row.get(column), mapping, f"{table}, line {line}, column {column!r}")
    return line, facts


def _answer(value: Any, mapping: Map, where: str) -> str:
    """The raw text; an amount as plain digits with its currency, so that it is read as just that."""
    text = "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
    if mapping.text is not None or text.strip() in mapping.failed:
        return text
    plain = text.strip().replace(" ", "")
    plain = plain.replace(".", "").replace(",", ".") if mapping.decimal == "," else plain.replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        raise InputError(
            f"{where}: {text!r} is no number; give the column as 'text', or set 'decimal' in the map"
        ) from None
    return f"{mapping.outcome.currency} {number:.2f}"


def _levels(rows: list[tuple[int, dict[str, str]]], mapping: Map, table: Path) -> None:
    known = mapping.attribute.levels
    for line, facts in rows:
        if facts["level"] not in known:
            column = mapping.level
            hint = did_you_mean(facts["level"], known)
            raise InputError(
                f"{table}, line {line}, column {column!r}: {facts['level']!r} is no level of the map{hint}"
            )
    there = {facts["level"] for _, facts in rows}
    absent = sorted(set(known) - there)
    if absent:
        raise InputError(f"{table}: no row of the level {absent[0]!r}; a gap needs both sides")


def _trial(facts: Mapping[str, str], seen: Counter[tuple[str, ...]], mapping: Map, line: int, table: Path) -> Trial:
    persona = f"{_safe(facts['persona'])}/{_safe(facts['seniority'])}/{ANY}"
    cell = (facts["model"], facts["language"], facts["wording"], persona, facts["level"], facts["signal"])
    repeat = seen[cell]
    seen[cell] += 1
    for role in ("signal", "repeat"):
        if role in facts and not facts[role].isdigit():
            column = getattr(mapping, role)
            raise InputError(f"{table}, line {line}, column {column!r}: {facts[role]!r} is no whole number from 0")
    if "repeat" in facts:
        repeat = int(facts["repeat"])
    return Trial(
        _safe(facts["model"]),
        facts["language"],
        _safe(facts["wording"]),
        persona,
        mapping.attribute.attribute,
        facts["level"],
        int(facts["signal"]),
        "",
        repeat,
        0,
    )


def _safe(text: str) -> str:
    """A name for files and ids: whatever is no letter, digit, dot, dash or underscore becomes a dash."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text).strip("-._")
    return kept or hashlib.sha256(text.encode()).hexdigest()[:8]


def _key(trial: Trial) -> str:
    return hashlib.sha256(orjson.dumps(trial)).hexdigest()


def _response(key: str, trial: Trial, facts: Mapping[str, str]) -> Response:
    asked = facts.get("asked_at") or "1970-01-01T00:00:00"
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    stamp = moment.isoformat(timespec="microseconds")
    return Response(key, trial.endpoint, facts["answer"], None, facts["model"], None, stamp)


def failed(response: Response, texts: Iterable[str]) -> Response:
    """The response as a failure where its text is one of those that stand for no answer."""
    if (response.text or "").strip() not in set(texts):
        return response
    failure = Failure("transient", "the imported table has no answer here")
    return Response(
        response.key, response.endpoint, None, None, response.served_model, None, response.asked_at, failure
    )


def _resolved(mapping: Map, rows: list[tuple[int, dict[str, str]]], trials: list[tuple[str, Trial]]) -> Resolved:
    everything = [facts for _, facts in rows]
    jobs = {
        _safe(f["persona"]): {"field": _safe(f["field"]), "label": {"en": f["persona"]}, "phrase": {"en": f["persona"]}}
        for f in everything
    }
    fields = {_safe(f["field"]): {"label": {"en": f["field"]}} for f in everything}
    seniorities = {
        _safe(f["seniority"]): {"label": {"en": f["seniority"]}, "phrase": {"en": "{job}"}} for f in everything
    }
    people = {
        "people": mapping.name,
        "label": mapping.title or {"en": mapping.name},
        "source": mapping.source,
        "fields": fields,
        "jobs": jobs,
        "seniorities": seniorities,
        "places": {ANY: {"label": {"en": ANY}, "phrase": {"en": ANY}}},
    }
    models = {_safe(f["model"]): f["model"] for f in everything}
    wordings = sorted({t.wording for _, t in trials})
    languages = sorted({t.language for _, t in trials})
    experiment = Experiment.model_validate(
        {
            "experiment": mapping.name,
            "title": mapping.title,
            "languages": languages,
            "question": QUESTION,
            "wordings": wordings,
            "personas": {"people": mapping.name},
            "attributes": [mapping.attribute.attribute],
            "placebo": {"edits": False},
            "repeats": 1 + max(t.repeat for _, t in trials),
            "outcome": mapping.outcome.model_dump(),
            "analysis": {**mapping.analysis.model_dump(), **_scope(mapping)},
            "endpoints": [{"name": safe, "model": name, "provider": "imported"} for safe, name in models.items()],
        }
    )
    prompts = {file_name(QUESTION, w, la): _template(mapping.prompts.get(w, "")) for w in wordings for la in languages}
    attribute = mapping.attribute.model_copy(
        update={"levels": {k: _said(level) for k, level in mapping.attribute.levels.items()}}
    )
    return Resolved(
        format=FORMAT,
        experiment=experiment,
        people=People.model_validate(people),
        attributes={attribute.attribute: attribute},
        prompts=prompts,
    )


def _scope(mapping: Map) -> dict[str, str]:
    """One persona can only speak for itself."""
    return {} if "persona" in mapping.columns() else {"scope": "panel"}


def _said(level: Level) -> Level:
    """A level without words of its own is shown by its label, so that the two people can be told apart."""
    return level if level.signals else level.model_copy(update={"signals": [level.one or level.label]})


def _template(text: str) -> str:
    said = "{% raw %}" + text.replace("{% endraw %}", "") + "{% endraw %}" if text else "..."
    shown = "{{ person.words }}: " + said
    blocks = {"user": shown, "system": "", "question": said}
    return "".join(f"{{% block {name} %}}{content}{{% endblock %}}" for name, content in blocks.items())


def _missing(mapping: Map) -> list[str]:
    told = {
        "persona": "There is one persona: the gap is about these exact test cases (scope panel), not about people.",
        "wording": "There is one wording: nothing can be said of other wordings.",
        "asked_at": "There are no times: drift over the run cannot be looked at.",
    }
    columns = mapping.columns()
    lines = [text for role, text in told.items() if role not in columns]
    if not mapping.prompts:
        lines.append(
            "The prompts are not in the map: an amount that only echoes the question cannot be told from advice."
        )
    return lines


def trial_lines(trials: Iterable[tuple[str, Trial]]) -> bytes:
    """`trials.jsonl`: which trial each key is."""
    return b"".join(
        orjson.dumps({"key": key, "trial": trial}, option=orjson.OPT_APPEND_NEWLINE) for key, trial in trials
    )


def read_trials(path: Path) -> dict[str, Trial]:
    """The trials of an imported run by key."""
    with path.open("rb") as lines:
        return {row["key"]: Trial(**row["trial"]) for row in map(json.loads, lines)}
