"""Prose in a language, and numbers as that language writes them.

The texts are in `locale/`: `<language>.yaml` (sentences, verdicts), `report.<language>.yaml`,
`figures.<language>.yaml` and `site.<language>.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

from bias_harness.errors import UsageError, did_you_mean
from bias_harness.handwritten import parse_shipped
from bias_harness.outcome import Measure

LANGUAGES = ("nl", "en")


def chosen_languages(languages: str | Iterable[str]) -> list[str]:
    """The languages that pages are wanted in, each once; a single one may be given as it is.

    Raises `UsageError` for one that there is no page in.
    """
    wanted = list(dict.fromkeys([languages] if isinstance(languages, str) else languages))
    for language in wanted:
        if language not in LANGUAGES:
            raise UsageError(f"there is no report in {language!r}{did_you_mean(language, LANGUAGES)}")
    return wanted


@dataclass(frozen=True, eq=False)
class Texts:
    """The prose of one language. A missing key or placeholder is a `KeyError`: a test holds the languages together.

    `unit` is what gaps are counted in where that is not per cent, `digits` how many decimals they are shown with.
    """

    language: str
    table: Mapping[str, Any]
    locale: Locale
    unit: str = ""
    digits: int = 1

    def __call__(self, key: str, **values: Any) -> str:
        """The text under a dotted key with its {placeholders} filled."""
        node: Any = self.table
        for part in key.split("."):
            node = node[part]
        return str(node).format(**values) if values else str(node)

    def under(self, key: str) -> Any:
        """Whatever stands under a dotted key: a list or a mapping."""
        node: Any = self.table
        for part in key.split("."):
            node = node[part]
        return node

    def label(self, words: Mapping[str, str], otherwise: str = "") -> str:
        """A label in this language, else in English, else any, else `otherwise`."""
        return words.get(self.language) or words.get("en") or next(iter(words.values()), otherwise)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many decimals."""
        return _number(round(value, digits) + 0.0, digits, self.locale)

    def counted(self, noun: str, n: int) -> str:
        """`1 profile`, `60 profiles`."""
        return self(f"sentences.counted.{noun}.{'one' if n == 1 else 'many'}", n=self.number(n))

    def percent(self, value: float, digits: int = 1) -> str:
        """A number that is per cent already."""
        return f"{self.number(value, digits)}{self('units.percent')}"

    def gap(self, value: float, digits: int | None = None) -> str:
        """The size of a gap (see `outcome.shown_gap`): per cent, or a number in the outcome's own unit."""
        return f"{self.size(value, digits)} {self.unit}" if self.unit else self.size(value, digits)

    def size(self, value: float, digits: int | None = None) -> str:
        """The same where there is no room for a unit: per cent, or the bare number."""
        digits = self.digits if digits is None else digits
        return self.number(value, digits) if self.unit else self.percent(value, digits)

    def money(self, value: float, currency: str, *, exact: bool = False) -> str:
        """An amount without cents; two significant digits unless `exact`."""
        shown = round(value) if exact else round_significant(value)
        return _money(shown, currency, self.locale)

    def moment(self, iso: str) -> str:
        """A date and time, in words."""
        return str(format_datetime(datetime.fromisoformat(iso), "d MMMM y, HH:mm", locale=self.locale))

    def day(self, iso: str) -> str:
        """A date, in words."""
        return str(format_datetime(datetime.fromisoformat(iso), "d MMMM y", locale=self.locale))


@lru_cache(maxsize=8192)
def _number(value: float, digits: int, locale: Locale) -> str:
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return _minus(str(format_decimal(value, format=pattern, locale=locale)))


@lru_cache(maxsize=8192)
def _money(value: float, currency: str, locale: Locale) -> str:
    pattern = locale.currency_formats["standard"].pattern.split(";")[0].replace(".00", "")
    return _minus(str(format_currency(value, currency, format=pattern, locale=locale, currency_digits=False)))


def _minus(number: str) -> str:
    """The same with a real minus: it has the width of a plus, and no line breaks after it as after a hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")


def round_significant(value: float, digits: int = 2) -> float:
    """Rounded to so many significant digits: 5229 -> 5200."""
    if value == 0:
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


@cache
def texts(language: str) -> Texts:
    """The texts of a language."""
    names = (f"{language}.yaml", f"report.{language}.yaml", f"figures.{language}.yaml", f"site.{language}.yaml")
    table = {key: value for name in names for key, value in _read(name).items()}
    return Texts(language, table, Locale.parse(language))


@cache
def texts_about(language: str, measure: Measure, label: str, unit: str) -> Texts:
    """The texts of a language for a measure: what is measured (`label`) and its `unit` are filled in.

    `locale/<measure.locale>.<language>.yaml` says otherwise what the texts say of salaries, and how shares are counted.
    """
    plain = texts(language)
    if measure.locale is None:
        return plain
    own = _read(f"{measure.locale}.{language}.yaml")
    unit = "" if measure.relative else unit or own["points"]
    said = _filled(own["texts"], {"{label}": label, "{unit}": unit})
    return Texts(language, _laid_over(plain.table, said), plain.locale, unit, measure.digits)


def _read(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath("locale", name).read_text(encoding="utf-8")
    table: dict[str, Any] = parse_shipped(text)
    return table


def _filled(node: Any, words: Mapping[str, str]) -> Any:
    """The same with some placeholders filled; the others stay."""
    if isinstance(node, Mapping):
        return {key: _filled(value, words) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, words) for value in node]
    for placeholder, word in words.items():
        node = str(node).replace(placeholder, word.replace("{", "{{").replace("}", "}}"))
    return node


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        there = below.get(key)
        merged[key] = _laid_over(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return merged
