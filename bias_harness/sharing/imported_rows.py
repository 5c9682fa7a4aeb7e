"""The rows of a table, one by one, as trials and responses; and what all of them together say of the design."""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bias_harness.errors import InputError, did_you_mean
from bias_harness.results.keys import KeySet
from bias_harness.sharing.map import ANY, ROLES, Map
from bias_harness.sharing.tables import Row, read_rows
from bias_harness.vocabulary import Failure, Response, Trial

YES, NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})
Facts = dict[str, str]


class Names:
    """Words of a table -> names for files and ids, of which no two are the same."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, text: str) -> str:
        """Whatever is no letter, digit, dot, dash or underscore becomes a dash; a name that is taken gets a digest."""
        found = self.known.get(text)
        if found is None:
            kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text).strip("-._")
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            found = sys.intern(kept if kept and kept.lower() not in self._taken else f"{kept}-{digest}".lstrip("-"))
            self.known[text] = found
            self._taken.add(found.lower())
        return found


class Import:
    """Reads tables once, row by row, as if they were one; what it says of the design is complete after the last row.

    `names` are the models, wordings, personas, fields and seniorities that occur; `fields_of` each persona's field;
    `answered` and `failed` count rows by model, `copies` those that stand there twice with time and answer.
    """

    def __init__(self, tables: Sequence[Path], mapping: Map) -> None:
        self.tables, self.mapping = tables, mapping
        self.table = tables[0]
        self.names = {role: Names() for role in ("model", "wording", "persona", "field", "seniority", "edit")}
        self.languages: set[str] = set()
        self.fields_of: dict[str, str] = {}
        self.answered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.repeats: set[int] = set()
        self._repeats: Counter[tuple[str, ...]] = Counter()
        self._keys, self._seen = KeySet(), KeySet()
        self.copies, self.first_copy = 0, 0
        self._sides: dict[tuple[str, ...], tuple[str, int]] = {}
        self._levels: set[str] = set()

    def rows(self) -> Iterator[tuple[Trial, Response]]:
        """Every row as a trial and its response. Raises `InputError` that names line and column."""
        for line, row in self._read():
            facts = self._facts(line, row)
            trial = self._trial(facts, line)
            key = hashlib.sha256(orjson.dumps(trial)).hexdigest()
            if not self._keys.add(key):
                raise InputError(
                    f"{self.table}, line {line}: this trial (with its repeat) stands here twice; drop one of them"
                )
            yield trial, self._response(key, trial, facts, line)
        if not self._keys:
            raise InputError(f"{self.table}: there is no row in it")
        absent = sorted(set(self.mapping.attribute.levels) - self._levels)
        if absent:
            raise InputError(f"{self.table}: no row of the level {absent[0]!r}; a gap needs both sides")
        halves = list(self._halves())
        if len(halves) == len(self._sides):
            raise InputError(f"{self.table}: no two rows make a pair: nothing was asked about two levels alike")

    def _read(self) -> Iterator[Row]:
        for table in self.tables:
            self.table = table
            yield from read_rows(table, set(self.mapping.columns().values()), self.mapping)

    def told(self) -> list[str]:
        """What is missing, odd or half, in sentences."""
        columns, lines = self.mapping.columns(), []
        lines += [text for role, text in _ABSENT.items() if role not in columns]
        form = self.mapping.outcome.measured.form
        if not self.mapping.prompts and self.mapping.text is not None and form == "money":
            lines.append(_NO_PROMPTS)
        halves = list(self._halves())
        if halves:
            lines.append(
                f"{len(halves)} of {len(self._sides)} pairs have answers for one level only (the first at line "
                f"{min(halves)}): they are kept, and do not count."
            )
        if self.copies:
            lines.append(
                f"{self.copies} rows are copies of earlier ones, time and answer included (the first at line "
                f"{self.first_copy}): was the file joined twice? They count as repeats."
            )
        return lines

    def _halves(self) -> Iterator[int]:
        return (line for levels, line in self._sides.values() if levels)

    def _facts(self, line: int, row: Mapping[str, Any]) -> Facts:
        facts = {}
        for role in ROLES:
            column = getattr(self.mapping, role)
            value = column[1:] if column.startswith("=") else row.get(column)
            if value is None or str(value).strip() == "":
                raise InputError(f"{self._at(line, column)}: empty; every row needs its {role}")
            facts[role] = sys.intern(str(value).strip())
        facts["level"] = self.mapping.levels.get(facts["level"], facts["level"])
        for role in ("repeat", "asked_at", "currency", "edit"):
            column = getattr(self.mapping, role)
            if column is not None:
                value = column[1:] if column.startswith("=") else row.get(column)
                facts[role] = "" if value is None else str(value).strip()
        column = self.mapping.text or self.mapping.amount or ""
        facts["answer"] = self._answer(row.get(column), facts, line, column)
        return facts

    def _at(self, line: int, column: str) -> str:
        return f"{self.table}, line {line}, column {column!r}"

    def _answer(self, value: Any, facts: Facts, line: int, column: str) -> str:
        """The raw text; an amount in words that are read as just that."""
        text = "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
        if self.mapping.text is not None or text.strip() in self.mapping.failed:
            return text
        written = {"money": self._money, "number": self._number, "word": self._word}
        return written[self.mapping.outcome.measured.form](text, facts, line, column)

    def _word(self, text: str, _: Facts, line: int, column: str) -> str:
        """The first word for 1 or for 0."""
        outcome, plain = self.mapping.outcome, text.strip().lower()
        if plain not in YES | NO:
            raise self._unreadable(text, line, column, "neither 1 nor 0")
        return outcome.ones[0] if plain in YES else outcome.zeros[0]

    def _number(self, text: str, _: Facts, line: int, column: str) -> str:
        return repr(self._parsed(text, line, column))

    def _money(self, text: str, facts: Facts, line: int, column: str) -> str:
        number = self._parsed(text, line, column)
        return f"{self._currency(facts, line)} {number:.2f}"

    def _parsed(self, text: str, line: int, column: str) -> float:
        plain = text.strip().replace(" ", "")
        plain = plain.replace(".", "").replace(",", ".") if self.mapping.decimal == "," else plain.replace(",", "")
        try:
            number = float(plain)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._unreadable(text, line, column, "no number")
        return number

    def _unreadable(self, text: str, line: int, column: str, what: str) -> InputError:
        at = self._at(line, column)
        return InputError(f"{at}: {text!r} is {what}; give the column as 'text', or set 'decimal' in the map")

    def _currency(self, facts: Facts, line: int) -> str:
        code = facts.get("currency", self.mapping.outcome.currency).upper()
        if len(code) == 3 and code.isascii() and code.isalpha():
            return code
        column = self.mapping.currency or ""
        raise InputError(f"{self._at(line, column)}: {code!r} is no currency; write its three letters, as EUR")

    def _trial(self, facts: Facts, line: int) -> Trial:
        mapping, named = self.mapping, self.names
        self._checked_level(facts, line)
        model, wording, field = (named[role](facts[role]) for role in ("model", "wording", "field"))
        job, seniority = named["persona"](facts["persona"]), named["seniority"](facts["seniority"])
        if self.fields_of.setdefault(job, field) != field:
            who = f"the persona {facts['persona']!r} had another field before, and a persona has one"
            raise InputError(f"{self._at(line, mapping.field)}: {facts['field']!r}; {who}")
        self.languages.add(facts["language"])
        persona = sys.intern(f"{job}/{seniority}/{ANY}")
        signal = self._whole(facts["signal"], line, mapping.signal)
        edit = named["edit"](facts["edit"]) if facts.get("edit") else ""
        pair = (model, facts["language"], wording, persona)
        self._pair(pair, facts["level"], line)
        cell = (*pair, facts["signal"], edit, facts["level"])
        repeat = self._repeats[cell]
        self._repeats[cell] += 1
        if mapping.repeat is not None:
            repeat = self._whole(facts["repeat"], line, mapping.repeat)
        self.repeats.add(repeat)
        if mapping.asked_at is not None and not self._seen.add(_digest(cell, facts)):
            self.copies, self.first_copy = self.copies + 1, self.first_copy or line
        attribute = mapping.attribute.attribute
        return Trial(model, facts["language"], wording, persona, attribute, facts["level"], signal, edit, repeat, 0)

    def _checked_level(self, facts: Facts, line: int) -> None:
        known = self.mapping.attribute.levels
        if facts["level"] not in known:
            hint = did_you_mean(facts["level"], known)
            raise InputError(f"{self._at(line, self.mapping.level)}: {facts['level']!r} is no level of the map{hint}")
        self._levels.add(facts["level"])

    def _pair(self, pair: tuple[str, ...], level: str, line: int) -> None:
        """Remember the one level that was seen of a pair; none any more when there are two."""
        seen = self._sides.setdefault(pair, (level, line))
        if seen[0] and seen[0] != level:
            self._sides[pair] = ("", line)

    def _whole(self, text: str, line: int, column: str) -> int:
        digits = text.removesuffix(".0")
        if not digits.isdigit():
            raise InputError(f"{self._at(line, column)}: {text!r} is no whole number from 0")
        return int(digits)

    def _response(self, key: str, trial: Trial, facts: Facts, line: int) -> Response:
        asked = self._moment(facts.get("asked_at", ""), line)
        if facts["answer"].strip() in self.mapping.failed:
            self.failed[trial.endpoint] += 1
            failure = Failure("transient", "the imported table has no answer here")
            return Response(key, trial.endpoint, None, None, facts["model"], None, asked, failure)
        self.answered[trial.endpoint] += 1
        return Response(key, trial.endpoint, facts["answer"], None, facts["model"], None, asked)

    def _moment(self, text: str, line: int) -> str:
        """ISO 8601 in UTC; empty where it is not known."""
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            column = self.mapping.asked_at or ""
            raise InputError(
                f"{self._at(line, column)}: {text!r} is no time; write it as 2026-01-31T12:00:00"
            ) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="microseconds")


_ABSENT = {
    "persona": "There is one persona: the gap is about these exact test cases (scope panel), not about people.",
    "wording": "There is one wording: nothing can be said of other wordings.",
    "edit": "There are no edits: how far a change of words alone moves the answers was not tried with edits.",
    "asked_at": "There are no times: drift over the run cannot be looked at.",
}
_NO_PROMPTS = "The prompts are not in the map: an amount that only echoes the question cannot be told from advice."


def _digest(cell: tuple[str, ...], facts: Facts) -> str:
    text = "\x1f".join((*cell, facts.get("repeat", ""), facts["asked_at"], facts["answer"]))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
