"""What the reference pages have in common: prose of docstrings, and tables of keys."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

MADE = "<!-- made by tools/reference.py; change the code instead -->\n\n"


def prose(text: str | None) -> str:
    """A docstring as Markdown: what stands indented stays as it is."""
    return inspect.cleandoc(text or "")


def _kind(value: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """A type in words, with links to the tables of nested keys."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}](experiment.md#{name.lower()})"
    if "enum" in value or "const" in value:
        return " or ".join(f"`{json.dumps(word)}`" for word in value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        return " or ".join(_kind(one, choice) for one in value["anyOf"])
    if "pattern" in value and "%" in value["pattern"]:
        return 'a per cent (`"2%"`)'
    if value.get("type") == "array":
        return "list of " + _kind(value["items"], choice) if "items" in value else f"{value.get('minItems')} values"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return "mapping to " + _kind(inner, choice) if isinstance(inner, dict) and inner else "mapping"
    return str(choice.get(value.get("type", ""), "anything"))


WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "nothing"}


def _limits(value: Mapping[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    places = [value, *value.get("anyOf", ())]
    found = [f"{sign} {place[word]}" for place in places for word, sign in signs.items() if word in place]
    return f" ({', '.join(found)})" if found else ""


def _default(value: Mapping[str, Any]) -> str:
    if "default" not in value:
        return "required"
    if "$ref" in value:
        return "its own defaults"
    default = value["default"]
    return "none" if default in (None, {}, []) else f"`{json.dumps(default, ensure_ascii=False)}`"


def keys_of(shape: Mapping[str, Any]) -> Iterator[str]:
    """The table of the keys of a JSON Schema, line by line: key, value, default."""
    yield "| key | value | default |\n|---|---|---|"
    required = shape.get("required", ())
    for key, value in shape.get("properties", {}).items():
        default = "required" if key in required else _default(value)
        yield f"| `{key}` | {_kind(value, WORDS)}{_limits(value)} | {default} |"
