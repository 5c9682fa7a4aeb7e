"""Prose in a language, and numbers as that language writes them.

The texts are in `locale/`: `<language>.yaml` (sentences, verdicts), `report.<language>.yaml` and
`figures.<language>.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml
from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

LANGUAGES = ("nl", "en")


@dataclass(frozen=True)
class Texts:
    """The prose of one language. A missing key or placeholder is a `KeyError`: a test holds the languages together."""

    language: str
    table: Mapping[str, Any]
    locale: Locale

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

    def percent(self, value: float, digits: int = 1) -> str:
        """A number that is per cent already."""
        return f"{self.number(value, digits)}{self('units.percent')}"

    def money(self, value: float, currency: str, *, exact: bool = False) -> str:
        """An amount without cents; two significant digits unless `exact`."""
        shown = round(value) if exact else round_significant(value)
        return _money(shown, currency, self.locale)

    def moment(self, iso: str) -> str:
        """A date and time, in words."""
        return str(format_datetime(datetime.fromisoformat(iso), "d MMMM y, HH:mm", locale=self.locale))


@lru_cache(maxsize=8192)
def _number(value: float, digits: int, locale: Locale) -> str:
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=locale))


@lru_cache(maxsize=8192)
def _money(value: float, currency: str, locale: Locale) -> str:
    pattern = locale.currency_formats["standard"].pattern.split(";")[0].replace(".00", "")
    return str(format_currency(value, currency, format=pattern, locale=locale, currency_digits=False))


def round_significant(value: float, digits: int = 2) -> float:
    """Rounded to so many significant digits: 5229 -> 5200."""
    if value == 0:
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


@cache
def texts(language: str) -> Texts:
    """The texts of a language."""
    names = [f"{language}.yaml", f"report.{language}.yaml", f"figures.{language}.yaml"]
    folder = files("bias_harness").joinpath("locale")
    table = {k: v for n in names for k, v in yaml.safe_load(folder.joinpath(n).read_text(encoding="utf-8")).items()}
    return Texts(language, table, Locale.parse(language))
