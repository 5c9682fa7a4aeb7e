"""One row of a table -> facts: who is meant, what was answered, when. Every fault names line and column."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from babel import UnknownLocaleError

from bias_harness.design.prompts import currency_name
from bias_harness.errors import InputError, did_you_mean
from bias_harness.results.lines import of_our_times
from bias_harness.sharing.amounts import money_text, number_of, plain_text
from bias_harness.sharing.map import ROLES, Cell, Map

SHOWN_CHARACTERS = 60
REMEMBERED = 50_000
"""Ways of saying who and what is meant that are remembered."""
YES, NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})


@dataclass(frozen=True, slots=True, eq=False)
class Meant:
    """Who is meant by a row, and what was varied: `levels` are its levels by attribute.

    `model` is empty where a failed row does not say it.
    """

    roles: Mapping[str, str]
    levels: Mapping[str, str]

    @property
    def model(self) -> str:
        """Who answered."""
        return self.roles["model"]


@dataclass(frozen=True, slots=True)
class Facts:
    """One answer of a row; `answer` is None where it failed. Rows that mean the same mostly share one `meant`."""

    line: int
    meant: Meant
    answer: str | None
    repeat: int | None
    asked_at: str


class Facting:
    """Reads rows by a map. `at` is where a fault is: the table's name."""

    def __init__(self, mapping: Map) -> None:
        self.mapping, self.at = mapping, ""
        self._languages: set[str] = set()
        self._columns = {role: getattr(mapping, role) for role in ROLES}
        self._constants: dict[str, str] = {}
        self._varied, self._failed, self._read_already = mapping.varied, frozenset(mapping.failed), mapping.read_already
        told = (*self._columns.values(), *(varied.level for varied in self._varied))
        self._telling = tuple(column for column in told if column and not column.startswith("="))
        self._meant: dict[tuple[object, ...], Meant] = {}

    def wanted(self, row: Mapping[str, Any]) -> bool:
        """Whether the map's filter keeps a row."""
        where = self.mapping.where
        return not where or all(_word(row.get(column)) in words for column, words in where.items())

    def facts(self, line: int, row: Mapping[str, Any], cell: Cell) -> Facts:
        """The facts of one answer in a row. Raises `InputError`."""
        answer = self._answer(row.get(cell.column), row, line, cell.column)
        meant = self._known(row, line, cell, failed=answer is None)
        return Facts(line, meant, answer, self._repeat(row, line), self._moment(row, line))

    def _known(self, row: Mapping[str, Any], line: int, cell: Cell, *, failed: bool) -> Meant:
        """Who and what is meant: of rows with the same words in these columns it is looked at once."""
        words = tuple(map(row.get, self._telling))
        if not all(type(word) is str for word in words):  # 1, 1.0 and True are equal, and are not the same word
            return self._looked_at(row, line, cell, failed=failed)
        about = (cell.column, failed, *words)
        found = self._meant.get(about)
        if found is None:
            if len(self._meant) >= REMEMBERED:
                self._meant.clear()
            found = self._meant[about] = self._looked_at(row, line, cell, failed=failed)
        return found

    def _looked_at(self, row: Mapping[str, Any], line: int, cell: Cell, *, failed: bool) -> Meant:
        roles = {
            role: self._constants.get(role) or self._role(role, column, row, line, failed=failed)
            for role, column in self._columns.items()
        }
        return Meant(roles, self._levels(row, line, cell))

    def _where(self, line: int, column: str) -> str:
        return f"{self.at}, line {line}, column {column!r}"

    def _role(self, role: str, column: str, row: Mapping[str, Any], line: int, *, failed: bool) -> str:
        """What a row says of a role; what the map itself says is looked at once."""
        constant = column.startswith("=")
        value = column[1:] if constant else _word(row.get(column))
        if not value and column != "=" and role != "edit" and not (failed and role == "model"):
            raise InputError(f"{self._where(line, column)}: empty; every row needs its {role}")
        if not value.isascii() and value != value.encode("utf-8", "replace").decode():
            raise InputError(f"{self._where(line, column)}: {value!r} holds half a letter, which cannot be kept")
        said = sys.intern(self._spoken(value, line, column) if role == "language" else value)
        if constant:
            self._constants[role] = said
        return said

    def _spoken(self, told: str, line: int, column: str) -> str:
        """The code of a language: `nl` of `nl`, `NL` and `nl-BE`."""
        language = re.split("[-_]", told)[0].lower()
        if language in self._languages:
            return language
        try:
            currency_name("EUR", language)
        except (ValueError, UnknownLocaleError):
            raise InputError(
                f"{self._where(line, column)}: {told!r} is no language; write its code: en, nl, de"
            ) from None
        self._languages.add(language)
        return language

    def _levels(self, row: Mapping[str, Any], line: int, cell: Cell) -> dict[str, str]:
        found = {}
        for varied in self._varied:
            said = cell.level if cell.level is not None else _word(row.get(varied.level))
            if not said and self.mapping.attributes:
                continue
            if not said:
                raise InputError(f"{self._where(line, varied.level)}: empty; every row needs its level")
            level, known = varied.levels.get(said, said), varied.attribute.levels
            if level not in known:
                hint = did_you_mean(level, known)
                raise InputError(f"{self._where(line, varied.level)}: {level!r} is no level of the map{hint}")
            found[varied.attribute.attribute] = sys.intern(level)
        if not found:
            columns = ", ".join(varied.level for varied in self._varied)
            raise InputError(f"{self.at}, line {line}: no level in any of the columns {columns}; leave the row out")
        return found

    def _answer(self, value: Any, row: Mapping[str, Any], line: int, column: str) -> str | None:
        """The raw text; an amount in words that are read as just that; None where there is no answer."""
        text = "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
        if value is None or text.strip() in self._failed:
            return None
        if not self._read_already:
            return text
        outcome = self.mapping.outcome
        form = outcome.measured.form
        if form == "word":
            word = text.strip().lower()
            if word not in YES | NO:
                raise InputError(
                    f"{self._where(line, column)}: {_shown(text)} is neither 1 nor 0; give the column as 'text'"
                )
            return outcome.ones[0] if word in YES else outcome.zeros[0]
        try:
            number = number_of(value, self.mapping.decimal, money=form == "money")
        except (ValueError, OverflowError) as error:
            raise InputError(f"{self._where(line, column)}: {_shown(text)} {error}") from None
        return plain_text(number) if form == "number" else money_text(self._currency(row, line), number)

    def _currency(self, row: Mapping[str, Any], line: int) -> str:
        column = self.mapping.currency
        if column is None:
            return self.mapping.outcome.currency
        code = (column[1:] if column.startswith("=") else _word(row.get(column))).upper()
        if len(code) == 3 and code.isascii() and code.isalpha():
            return code
        raise InputError(f"{self._where(line, column)}: {code!r} is no currency; write its three letters, as EUR")

    def _repeat(self, row: Mapping[str, Any], line: int) -> int | None:
        column = self.mapping.repeat
        if column is None:
            return None
        return self.whole(column[1:] if column.startswith("=") else _word(row.get(column)), line, column)

    def whole(self, text: str, line: int, column: str) -> int:
        """A count as a number from 0 on. Raises `InputError`."""
        digits = text.removesuffix(".0")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 5):
            raise InputError(f"{self._where(line, column)}: {text!r} is no whole number from 0 to 9999")
        return int(digits)

    def _moment(self, row: Mapping[str, Any], line: int) -> str:
        """ISO 8601 in UTC; empty where it is not known."""
        column, wanted = self.mapping.asked_at, self.mapping.asked_at_format
        value = None if column is None else column[1:] if column.startswith("=") else row.get(column)
        text = value.isoformat() if isinstance(value, date) else _word(value)
        if not text:
            return ""
        try:
            if wanted is not None and not isinstance(value, date):
                moment = datetime.strptime(text, wanted)  # noqa: DTZ007 - a time without a zone is in UTC, see below
            else:
                moment = datetime.fromisoformat(text)
            moment = of_our_times(moment)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC).isoformat(timespec="microseconds")
        except (ValueError, OverflowError):
            how = f"as {wanted}" if wanted else "as 2026-01-31T12:00:00, or set 'asked_at_format' in the map"
            raise InputError(f"{self._where(line, column or '')}: {text!r} is no time; write it {how}") from None


def _shown(text: str) -> str:
    """A cell for a message, cut where it is long."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...")


def _word(value: Any) -> str:
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
