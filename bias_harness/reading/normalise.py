"""The text as the grammar sees it: plain digits, plain spaces, no thinking aloud; and the way back to the original."""

from __future__ import annotations

import bisect
import html
import re
from dataclasses import dataclass

_DIGITS = {ord(start) + i: str(i) for start in "０٠۰०" for i in range(10)}
_SAME_LENGTH: dict[int, str] = {
    **_DIGITS,
    **dict.fromkeys(
        map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
    ),
    **dict.fromkeys(map(ord, "’‘ʼ´`′＇"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒−﹣－"), "-"),
    **dict.fromkeys(map(ord, "\r\u2028\u2029\u0085\v\f"), "\n"),
    ord("，"): ",",
    ord("．"): ".",
    ord("＄"): "$",
    ord("￥"): "¥",
    ord("￡"): "£",
    ord("％"): "%",
    ord("﹩"): "$",
    ord("٬"): ",",
    ord("٫"): ".",
    ord("："): ":",
    ord("（"): "(",
    ord("）"): ")",
    ord("～"): "~",
}
_UNUSUAL = re.compile("[" + re.escape("".join(map(chr, _SAME_LENGTH))) + "]")
_UNUSUAL_ASCII = [chr(code) for code in _SAME_LENGTH if code < 128]
_REWRITTEN = re.compile(
    r"\$*\s?\\boxed\s?\{|\}\$+|\\text\s?\{|\\[$%€£,#&_*~-]|\{,\}|\{\.\}|&[a-zA-Z]{2,8};|&#x?[0-9a-fA-F]{1,6};"
    r"|(?<=\d) ?, (?=000(?!\d))"
    r"|</?[a-zA-Z][a-zA-Z0-9]{0,10}(?: [^<>\n]{0,80})?/?>|[\u200b\u200c\u200d\u2060\ufeff\u00ad]"
)
_SPACED_THOUSANDS = ", 000"
_SUSPECT = re.compile(r"[\\&<{\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_ALOUD = (
    "think",
    "thinking",
    "reasoning",
    "thought",
    "thoughts",
    "scratchpad",
    "analysis",
    "reflection",
    "rationale",
    "chain_of_thought",
    "cot",
    "deliberation",
    "inner_monologue",
    "internal_monologue",
    "internal_thoughts",
    "reason",
)
_MARK = r"(?:<\|?|\[|&lt;|◁)\s*%s(" + "|".join(_ALOUD) + r")\s*(?:\|?>|\]|&gt;|▷)"
_THINK_OPEN = re.compile(_MARK % "(?:antml:|seed:|begin_of_)?", re.IGNORECASE)
_THINK_CLOSE = re.compile(_MARK % r"(?:/\s*(?:antml:|seed:)?|end_of_)", re.IGNORECASE)
_CHANNEL = re.compile(r"<\|channel\|>\s*(analysis|commentary|thought)\b", re.IGNORECASE)
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<]*<\|message\|>|<channel\|>|assistantfinal", re.IGNORECASE)
_MAYBE_ALOUD = tuple({stem for stem in _ALOUD if not any(other != stem and other in stem for other in _ALOUD)})


@dataclass(frozen=True, slots=True)
class Normal:
    """A normalised text; `start` and `end` lead from its positions back to the original's."""

    text: str
    new: tuple[int, ...] = ()
    old: tuple[int, ...] = ()
    unfinished: bool = False

    def back(self, position: int) -> int:
        """The position in the original text."""
        if not self.new:
            return position
        at = bisect.bisect_right(self.new, position) - 1
        return self.old[at] + position - self.new[at]


def normalise(text: str) -> Normal:
    """Normalise; thinking aloud between tags is blanked, and `unfinished` says that it never ended."""
    unfinished = False
    if ("<" in text or "[" in text or "◁" in text or "&" in text) and _maybe_aloud(text):
        text, unfinished = _without_thinking(text)
    if not text.isascii() or any(map(text.__contains__, _UNUSUAL_ASCII)):
        text = _UNUSUAL.sub(lambda found: _SAME_LENGTH[ord(found[0])], text)
    suspect = any(map(text.__contains__, "\\&<{")) if text.isascii() else _SUSPECT.search(text)
    if suspect or _SPACED_THOUSANDS in text:
        return _rewrite(text, unfinished)
    return Normal(text, unfinished=unfinished)


def _maybe_aloud(text: str) -> bool:
    return any(map(text.lower().__contains__, _MAYBE_ALOUD))


def _without_thinking(text: str) -> tuple[str, bool]:
    """The text with its thinking blanked, and whether a thought never ended; a lone end ends all before it."""
    if _CHANNEL.search(text):
        return _without_channels(text)
    parts: list[str] = []
    done = 0
    while opened := _THINK_OPEN.search(text, done):
        closed = _closing_of(opened, text)
        parts.append(text[done : opened.start()])
        if closed is None:
            return "".join(parts), True
        parts.append(" " * (closed - opened.start()))
        done = closed
    text = "".join((*parts, text[done:]))
    strays = list(_THINK_CLOSE.finditer(text))
    return (" " * strays[-1].end() + text[strays[-1].end() :] if strays else text), False


def _closing_of(opened: re.Match[str], text: str) -> int | None:
    """Where the thought that is opened here ends, one inside another counted; None where it does not."""
    name, depth, at = opened[1].lower(), 1, opened.end()
    while closed := _THINK_CLOSE.search(text, at):
        depth += sum(m[1].lower() == name for m in _THINK_OPEN.finditer(text, at, closed.start()))
        depth -= closed[1].lower() == name
        at = closed.end()
        if depth == 0:
            return at
    return None


def _without_channels(text: str) -> tuple[str, bool]:
    """The last channel that is meant for the reader; a text that has none is a thought that never ended."""
    finals = list(_FINAL.finditer(text))
    if not finals:
        return "", True
    end = finals[-1].end()
    return " " * end + text[end:], False


def _rewrite(text: str, unfinished: bool) -> Normal:
    parts: list[str] = []
    new, old = [0], [0]
    length = done = 0
    for match in _REWRITTEN.finditer(text):
        kept, put = text[done : match.start()], _replacement(match[0])
        parts += (kept, put)
        length += len(kept) + len(put)
        done = match.end()
        new.append(length)
        old.append(done)
    parts.append(text[done:])
    return Normal("".join(parts), tuple(new), tuple(old), unfinished)


def _replacement(piece: str) -> str:
    if piece.endswith(", "):
        return ","
    if piece.endswith("{") or piece.startswith("}"):
        return " "
    if piece.startswith("\\"):
        return piece[1:]
    if piece.startswith("{"):
        return piece[1:-1]
    if piece.startswith("&"):
        return html.unescape(piece).replace("\u00a0", " ").replace("\u202f", " ")
    if piece.startswith("<"):
        name = piece.strip("</> ").lower().split(" ")[0]
        return "**" if name in {"b", "strong", "em"} else "\n" if name in {"br", "p", "li", "tr", "div"} else " "
    return ""
