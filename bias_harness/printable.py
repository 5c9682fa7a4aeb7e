"""Text of others made fit for a terminal and for XML: nothing in it moves a cursor, hides, or turns the line around."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
"""Control letters but newline and tab, those that turn the direction of writing, and what XML 1.0 cannot hold."""


def printable(text: str) -> str:
    r"""The text with every control letter as its code: `\x1b[2J` clears no screen. Line ends become newlines."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(lambda found: _code(found[0]), text.replace("\r\n", "\n"))


def _code(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def printable_json(text: str) -> str:
    r"""JSON whose strings hold no raw control letter: those stand as `\u009b`, which says the same to a program."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
