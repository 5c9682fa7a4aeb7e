"""The lexicons as they are written, `lexicons/*.toml`: which languages there are, and what is asked of them by name."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from bias_harness.errors import InputError
from bias_harness.plugins import plugins

LANGUAGES = ("en", "nl", "de", "fr", "es")
ASSUMED = frozenset({"en", "nl", "de"})
"""A text with too few small words to tell its language is read in these, and in those it has a word of."""
FOREIGN = "?"
"""Stands for every language that has no lexicon."""


@cache
def table_of(language: str) -> dict[str, Any]:
    """The lexicon of a language, or what is `common` to all, as it is written."""
    return tomllib.loads(_source(language))


@cache
def _source(language: str) -> str:
    if language in LANGUAGES or language == "common":
        return files(__package__).joinpath("lexicons", f"{language}.toml").read_text(encoding="utf-8")
    plugin = plugins("lexicons")[language]
    try:
        text = Path(plugin.load()).read_text(encoding="utf-8")
        return text if tomllib.loads(text) else ""
    except (OSError, TypeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the lexicon {language!r} of {plugin.distribution} cannot be read: {error}") from None


@cache
def languages() -> tuple[str, ...]:
    """The languages that are read: our own, and those that other packages add."""
    return (*LANGUAGES, *(name for name in plugins("lexicons") if name not in LANGUAGES))


@cache
def packed() -> dict[str, dict[str, Any]]:
    """The multipliers that carry a currency, such as TEUR and LPA."""
    table: dict[str, dict[str, Any]] = table_of("common")["packed"]
    return table


@cache
def family(currency: str) -> frozenset[str]:
    """The currencies that share a sign with this one ("$", "kr"); empty where there are none."""
    families: dict[str, list[str]] = table_of("common")["family"]
    return next((frozenset(members) for members in families.values() if currency in members), frozenset())


def _prompt(kind: str) -> tuple[str, ...]:
    tables = (table_of(language).get("prompt", {}) for language in languages())
    return tuple(phrase for table in tables for phrase in table.get(kind, ()))


@cache
def prompt_thousands() -> tuple[str, ...]:
    """What prompts say when they ask for thousands, in any language."""
    return _prompt("thousands")


@cache
def prompt_offers() -> tuple[str, ...]:
    """What prompts say when an employer asks what to offer."""
    return _prompt("offers")


@cache
def prompt_clients() -> tuple[str, ...]:
    """What prompts say when they ask on behalf of somebody else."""
    return _prompt("clients")


@cache
def markers() -> dict[str, str]:
    """Function word as a token -> its language, for words that no other has; `FOREIGN` is one."""
    foreign = table_of("common")["foreign"]
    lists = {name: set(table_of(name)["language"]["markers"]) for name in languages()}
    lists[FOREIGN] = {word for name, words in foreign.items() if name not in lists for word in words}
    often = Counter(word for words in lists.values() for word in words)
    return {
        form + space: language
        for language, words in lists.items()
        for word in words
        if often[word] == 1
        for form in (word, word.capitalize())
        for space in ("", " ")
    }


def same_words(language: str) -> dict[str, list[str]]:
    """The words of a language that are one word to the reader, under the one that stands for them."""
    table: dict[str, list[str]] = table_of(language).get("same", {})
    return table


@cache
def json_keys() -> dict[str, str]:
    """Key of a structured answer -> the part it plays, over all languages."""
    return {
        key: part
        for language in languages()
        for part, keys in table_of(language).get("json", {}).items()
        for key in keys
    }


@cache
def lexicon_hash() -> str:
    """SHA-256 (hex) over the lexicon's files."""
    text = "".join(_source(language) for language in ("common", *languages()))
    return hashlib.sha256(text.encode()).hexdigest()
