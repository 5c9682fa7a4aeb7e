"""Lists in tables of one's own: a CSV of jobs -> a file of people, a CSV of names -> an attribute."""

from __future__ import annotations

import csv
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from bias_harness.design.personas import Job
from bias_harness.errors import InputError, did_you_mean
from bias_harness.files import read_text

JOB_COLUMNS = ("job", "field", "label", "code", "pay_level")
NAME_COLUMNS = ("level", "name", "label")
OTHER = "all"
"""The field of jobs whose table names none."""
Row = Mapping[str, str]


def people_of(table: Path, name: str, like: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A file of people: one job a row, with the hours, seniorities and places of a file `like` it.

    Columns: `job` (as the question says it, in `language`), and if you like `field`, `label`, `code` and `pay_level`
    (low, middle, high). Raises `InputError` that names the line.
    """
    rows = _rows(table, JOB_COLUMNS, ("job",))
    fields: dict[str, Any] = {}
    jobs: dict[str, Any] = {}
    for line, row in rows:
        field = row.get("field") or OTHER
        fields.setdefault(slug(field), {"label": {language: field}})
        key = slug(row["job"])
        if key in jobs:
            raise InputError(f"{table}, line {line}: the job {row['job']!r} stands there twice; leave one out")
        jobs[key] = _job(row, slug(field), language, f"{table}, line {line}")
    kept = {part: like[part] for part in ("hours", "seniorities", "places") if part in like}
    about = {"people": name, "label": {language: table.stem}, "source": table.name}
    return {**about, "fields": fields, "jobs": jobs, **kept}


def _job(row: Row, field: str, language: str, where: str) -> dict[str, Any]:
    levels = get_args(get_args(Job.model_fields["pay_level"].annotation)[0])
    pay = row.get("pay_level") or None
    if pay is not None and pay not in levels:
        raise InputError(f"{where}, column 'pay_level': {pay!r} is none of {', '.join(levels)}; or leave it empty")
    made = {"field": field, "label": {language: row.get("label") or row["job"]}, "phrase": {language: row["job"]}}
    return made | ({"code": row["code"]} if row.get("code") else {}) | ({"pay_level": pay} if pay else {})


def attribute_of(table: Path, name: str, like: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute whose levels are said by first names: one name a row, the first level the reference.

    Columns: `level` and `name`, and if you like `label` (what the page calls the level's people). The sentence around
    a name is that of the attribute `like` it. Every level needs as many names: raises `InputError`.
    """
    levels: dict[str, Any] = {}
    for _, row in _rows(table, NAME_COLUMNS, ("level", "name")):
        label = row.get("label") or row["level"]
        of = levels.setdefault(slug(row["level"]), {"label": {"en": label, "nl": label}, "signals": []})
        of["signals"].append(dict.fromkeys(like["introduction"], row["name"]))
    counts = {level: len(of["signals"]) for level, of in levels.items()}
    if len(levels) < 2 or len(set(counts.values())) > 1:
        shown = ", ".join(f"{level} {n}" for level, n in counts.items())
        raise InputError(f"{table}: two levels or more with as many names each are wanted, and there is {shown}")
    about = {"attribute": name, "label": {"en": name, "nl": name}, "reference": next(iter(levels))}
    return {**about, "introduction": like["introduction"], "levels": levels}


def _rows(table: Path, known: Sequence[str], needed: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows with their lines; the commonest of , ; and tab in the first line divides the columns."""
    lines = read_text(table).splitlines()
    if not lines:
        raise InputError(f"{table} is empty; its first line names the columns: {', '.join(known)}")
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    names = [str(n).strip().lower() for n in reader.fieldnames or ()]
    for column in needed:
        if column not in names:
            raise InputError(f"{table}: there is no column {column!r}{did_you_mean(column, names)}")
    strange = [n for n in names if n not in known]
    if strange:
        raise InputError(f"{table}: the column {strange[0]!r} is not known{did_you_mean(strange[0], known)}")
    reader.fieldnames = names
    return _filled(table, reader, needed)


def _filled(table: Path, reader: csv.DictReader[str], needed: Sequence[str]) -> list[tuple[int, Row]]:
    found: list[tuple[int, Row]] = []
    try:
        for row in reader:
            if None in row:
                raise InputError(f"{table}, line {reader.line_num}: more values than columns; put texts in quotes")
            cells = {name: (value or "").strip() for name, value in row.items()}
            empty = [name for name in needed if not cells[name]]
            if any(cells.values()) and empty:
                raise InputError(f"{table}, line {reader.line_num}, column {empty[0]!r}: empty; every row needs it")
            if any(cells.values()):
                found.append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(f"{table}, after line {reader.line_num}: {error}") from None
    if not found:
        raise InputError(f"{table} has no rows; write one a line")
    return found


def slug(text: str) -> str:
    """A name for a file's keys: letters and digits of a text, lower-case, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or f"x{zlib.crc32(text.encode())}"
