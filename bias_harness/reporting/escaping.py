"""Text of others on our page: escaped, and nothing in it hides or turns the reading order."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
"""Control letters, those that turn the direction of writing, and half letters. A joiner inside an emoji stays."""
JOINED = re.compile("(?<=[\u2600-\U0001faff])\u200d(?=[\u2600-\U0001faff])|(?<=\ufe0f)\u200d")


def visible(text: str) -> Markup:
    """Escaped text in which a letter that is not seen, or turns others around, is shown as its code."""
    if not HIDDEN.search(text):
        return escape(text)
    kept = {m.start() for m in JOINED.finditer(text)}
    parts, last = [], 0
    for match in HIDDEN.finditer(text):
        if match.start() not in kept:
            code = Markup('<span class="code">U+{:04X}</span>').format(ord(match[0]))
            parts += [escape(text[last : match.start()]), code]
            last = match.end()
    return Markup("").join([*parts, escape(text[last:])])


def strong(text: str) -> Markup:
    """`**word**` as strong text; everything else escaped."""
    pieces = str(text).split("**")
    return Markup("").join(
        Markup("<strong>{}</strong>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces)
    )
