"""A table of answers -> a map to correct: which column probably says what, by its name and by what stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from bias_harness.design.lists import slug
from bias_harness.errors import InputError
from bias_harness.handwritten import check, parse_shipped, parse_yaml
from bias_harness.sharing.amounts import Mark, number_of
from bias_harness.sharing.map import Map
from bias_harness.sharing.tables import read_rows

LOOKED_AT = 2_000
MOST_LEVELS = 12
LONG = 25
"""Letters from which on a typical cell is a text and no word."""
NO_CURRENCY = "XXX"
"""The code (ISO 4217) for no currency: to be replaced."""


@dataclass(frozen=True)
class _Anyhow:
    """A table before its map is known."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    levels_known: Sequence[str] = ()


@cache
def _texts() -> Mapping[str, Any]:
    table: Mapping[str, Any] = parse_shipped(files(__package__).joinpath("guess.en.yaml").read_text(encoding="utf-8"))
    return table


def guess(table: Path, target: Path) -> str:
    """The text of a map for a table, to be written to `target` and corrected. Imports nothing.

    Raises `InputError` where the table cannot be read, or no column can be the answers or the group.
    """
    rows = [dict(row) for _, row in islice(read_rows(table, set(), _Anyhow()), LOOKED_AT)]
    if not rows:
        raise InputError(f"{table} has no rows to guess from")
    text = "".join(f"{line}\n" for line in _Guess(table, target, _columns(rows)).lines(len(rows)))
    check(Map, parse_yaml(text, f"the map guessed from {table}"))
    return text


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, _Column]:
    names = dict.fromkeys(
        str(name) for row in rows for name, value in row.items() if not isinstance(value, dict | list)
    )
    return {name: _Column(name, [_cell(row.get(name)) for row in rows]) for name in names if name.strip()}


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


@dataclass(frozen=True)
class _Column:
    """A column and the texts of its cells."""

    name: str
    cells: Sequence[str]

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]

    @property
    def values(self) -> Counter[str]:
        return Counter(self.filled)

    @property
    def words(self) -> list[str]:
        """The words of the name: `askedAt_utc` is asked, at, utc."""
        apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name)
        return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]

    def mark(self) -> Mark | None:
        """The decimal mark with which nine cells of ten are numbers; None where neither is one."""
        marks: tuple[Mark, Mark] = (".", ",")
        shares = {mark: sum(_is_number(cell, mark) for cell in self.filled) for mark in marks}
        best = max(marks, key=lambda mark: shares[mark])
        return best if self.filled and shares[best] >= 0.9 * len(self.filled) else None

    @property
    def is_number(self) -> bool:
        return self.mark() is not None

    @property
    def is_text(self) -> bool:
        lengths = sorted(map(len, self.filled))
        return bool(lengths) and not self.is_number and lengths[len(lengths) // 2] >= LONG

    @property
    def is_group(self) -> bool:
        return 2 <= len(self.values) <= MOST_LEVELS and not self.is_text


def _is_number(cell: str, mark: Mark) -> bool:
    try:
        number_of(cell, mark, money=False)
    except (ValueError, OverflowError):
        return False
    return True


@dataclass(frozen=True)
class _Guess:
    table: Path
    target: Path
    columns: Mapping[str, _Column]

    def named(self, role: str) -> list[_Column]:
        """The columns whose name has a word of the role, in the order of the role's words."""
        words = _texts()["roles"][role]
        return [c for word in words for c in self.columns.values() if word in c.words]

    def lines(self, rows: int) -> Iterator[str]:
        """The map, line by line."""
        wide = self._wide()
        answers = None if wide else self._answers()
        level = None if wide else self._level(answers)
        if not wide and (answers is None or level is None):
            what = "the answers" if answers is None else f"the group (2 to {MOST_LEVELS} different words)"
            raise InputError(
                f"{self.table}: no column looks like {what}; there is {', '.join(self.columns)}. Write the map by "
                "hand: docs/importing.md has an example"
            )
        yield from _texts()["head"].format(rows=rows, table=self.table, map=self.target).splitlines()
        yield _line("name", slug(self.table.name.split(".")[0]), "name")
        yield _line("source", "", "source")
        taken = {c.name for c in (*wide, answers, level) if c is not None}
        yield from self._wide_lines(wide) if wide else self._long_lines(answers, level)
        yield from self._others(taken)
        levels = [c.name for c in wide] if wide else list(level.values) if level else []
        yield from _attribute("group" if level is None else slug(level.name), levels)
        yield from self._outcome(wide or [c for c in [answers] if c])

    def _wide(self) -> list[_Column]:
        """Columns that are called like levels and hold the answers; none where one column says the level."""
        known = set(_texts()["levels"])
        found = [c for c in self.columns.values() if known & set(c.words) and (c.is_number or c.is_text)]
        return found if len(found) > 1 and len({tuple(c.words) for c in found}) == len(found) else []

    def _answers(self) -> _Column | None:
        texts = [c for c in self.named("text") if c.filled and not (c.is_number or c.is_group)]
        amounts = [c for c in self.named("amount") if c.is_number]
        long = sorted((c for c in self.columns.values() if c.is_text), key=lambda c: -sum(map(len, c.filled)))
        numbers = [c for c in self.columns.values() if c.is_number and len(c.values) > MOST_LEVELS]
        prompts = self.named("wording")
        return next(iter([*texts, *amounts, *(c for c in long if c not in prompts), *numbers]), None)

    def _level(self, answers: _Column | None) -> _Column | None:
        others = [c for role in ("model", "wording", "language", "repeat", "job", "persona") for c in self.named(role)]
        named = [c for c in self.named("level") if c.is_group and c is not answers]
        rest = [c for c in self.columns.values() if c.is_group and not c.is_number and c is not answers]
        return next(iter([*named, *(c for c in rest if c not in others)]), None)

    def _wide_lines(self, wide: Sequence[_Column]) -> Iterator[str]:
        key = "amounts" if all(c.is_number for c in wide) else "texts"
        yield _line(key, {c.name: slug(c.name) for c in wide}, "wide")
        yield from _decimal(wide)

    def _long_lines(self, answers: _Column | None, level: _Column | None) -> Iterator[str]:
        if answers is None or level is None:
            return
        key = "amount" if answers.is_number else "text"
        more = [c.name for c in self.named(key) if c is not answers and (c.is_number or c.is_text)]
        yield _line(key, answers.name, key, more)
        yield from _decimal([answers])
        yield _line(
            "level", level.name, "level", [c.name for c in self.named("level") if c.is_group and c is not level]
        )
        yield _line("levels", {value: slug(value) for value in level.values}, "levels")

    def _others(self, taken: set[str]) -> Iterator[str]:
        """The roles that are left, each with the first column that can be it."""
        roles = ("model", "job", "persona", "field", "seniority", "wording", "language", "repeat", "asked_at")
        told_jobs = False
        for role in roles:
            if role == "persona" and told_jobs:
                continue
            found = [c for c in self.named(role) if c.name not in taken and c.filled and _fits(role, c)]
            if found:
                told_jobs = told_jobs or role == "job"
                taken.add(found[0].name)
                yield _line(role, found[0].name, role, [c.name for c in found[1:] if c.name not in taken])
            elif role == "model":
                yield _line("model", "=unknown", "model_none")
            elif role == "persona":
                yield _line("persona", "=one person", "persona_none")

    def _outcome(self, answers: Sequence[_Column]) -> Iterator[str]:
        sign = _currency([cell for c in answers for cell in c.filled])
        own = next((c for c in self.named("currency") if c.filled), None)
        if own is not None and all(c.is_number for c in answers):
            yield _line("currency", own.name, "currency")
        why = _texts()["said"]["by_sign" if sign else "no_sign"]
        numbers = _numbers(answers)
        ends = [10_000, 2_000_000] if not numbers or numbers[len(numbers) // 2] >= 10_000 else [0, 2_000_000]
        said = _texts()["said"]["outcome"].format(why=why)
        yield f"outcome: {_flow({'currency': sign or NO_CURRENCY, 'plausible': ends})}   # {said}"


def _fits(role: str, column: _Column) -> bool:
    """Whether what stands in a column can be what its name says."""
    if role == "repeat":
        return all(cell.removesuffix(".0").isdigit() and len(cell) < 5 for cell in column.filled)
    if role == "asked_at":
        return all(re.match(r"\d{4}-\d\d-\d\d", cell) for cell in column.filled)
    if role == "language":
        return all(re.fullmatch(r"[A-Za-z]{2}([-_][A-Za-z]+)?", cell) for cell in column.filled)
    return len(column.filled) == len(column.cells)


def _decimal(columns: Sequence[_Column]) -> Iterator[str]:
    marks = {c.mark() for c in columns if c.is_number}
    mixed = any(re.search(r"[.,]", cell) for c in columns if c.is_number for cell in c.filled)
    if mixed and len(marks) == 1:
        yield _line("decimal", next(iter(marks)), "decimal")


def _attribute(name: str, values: Sequence[str]) -> Iterator[str]:
    said = _texts()["said"]
    words = [str(word) for word in _texts()["references"]]
    ranked = sorted(values, key=lambda v: words.index(v.lower()) if v.lower() in words else len(words))
    yield "attribute:"
    yield f"  attribute: {_flow(name)}"
    yield f"  label: {_flow({'en': name, 'nl': name})}"
    yield f"  reference: {_flow(slug(ranked[0]))}   # {said['reference']}"
    yield f"  levels:   # {said['labels']}"
    for value in {slug(value): value for value in values}.values():  # Man and man are one level
        yield f"    {_flow(slug(value))}: {{label: {_flow({'en': value, 'nl': value})}}}"


def _numbers(columns: Sequence[_Column]) -> list[float]:
    found = [(cell, mark) for c in columns if (mark := c.mark()) for cell in c.filled]
    return sorted(number_of(cell, mark, money=False) for cell, mark in found if _is_number(cell, mark))


def _currency(cells: Sequence[str]) -> str | None:
    """The currency whose signs stand in the most cells."""
    counts: Counter[str] = Counter()
    for sign, code in _texts()["signs"].items():
        pattern = re.compile(re.escape(sign) if not sign.isalpha() else rf"\b{sign}s?\b", re.IGNORECASE)
        counts[code] += sum(bool(pattern.search(cell)) for cell in cells)
    code, seen = counts.most_common(1)[0]
    return code if seen else None


def _line(key: str, value: Any, said: str, others: Sequence[str] = ()) -> str:
    texts = _texts()["said"]
    more = [texts["others"].format(names=", ".join(dict.fromkeys(others)))] if others else []
    comment = "; ".join([texts[said], *more]).replace("\n", " ")
    return f"{key}: {_flow(value)}   # {comment}"


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=100_000)
    return dumped.removesuffix("\n").removesuffix("\n...")
