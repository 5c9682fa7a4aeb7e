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


def plain(text: str) -> str:
    """The same without its signs of strong text."""
    return text.replace("**", "")


BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
TITLE = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
BULLET = re.compile(r"^( *)[*-] +", re.MULTILINE)


def marked_up(before: str, middle: str, after: str) -> tuple[Markup, Markup, Markup]:
    """A text in three pieces with its light Markdown shown: bold words, titles and bullets, and nothing else.

    Signs of bold that stand around the middle piece are taken off; what is escaped stays escaped.
    """
    if middle and before.endswith("**") and after.startswith("**"):
        before, after = before[:-2], after[2:]
    first, second, third = (_light(visible(piece)) for piece in (before, middle, after))
    return first, second, third


def _light(text: Markup) -> Markup:
    marked = BULLET.sub(r"\1• ", str(text))
    for pattern in (TITLE, BOLD):
        marked = pattern.sub(r"<strong>\1</strong>", marked)
    return Markup(marked)  # noqa: S704 - escaped before, and only these two tags are put in


def shown_codes(text: str) -> str:
    """Plain text in which a letter that is not seen, or turns others around, is its code in white brackets."""
    kept = {m.start() for m in JOINED.finditer(text)}
    return HIDDEN.sub(lambda m: m[0] if m.start() in kept else f"\u27e6U+{ord(m[0]):04X}\u27e7", text)
