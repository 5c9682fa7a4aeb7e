"""What looks like a key, and which names say that a variable holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LOOKS_LIKE_A_KEY = re.compile(
    r"(?<![A-Za-z0-9])(sk-[A-Za-z0-9_-]{16,}|Bearer [A-Za-z0-9._~+/-]{16,}|AIza[A-Za-z0-9_-]{30,}|gsk_[A-Za-z0-9]{20,}"
    r"|hf_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abp]-[A-Za-z0-9-]{10,})"
)
HIDING_NAME = re.compile(r"key|token|secret|passw|pwd|auth|credential|cookie|signature|^sig$|^code$", re.IGNORECASE)
"""In the name of a variable, a header or a part of a URL: its value is a secret."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
USED_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


def is_variable(name: str) -> bool:
    """Whether a text can be the name of a variable, and not a key that was pasted in its place."""
    pasted = LOOKS_LIKE_A_KEY.search(name) or (len(name) >= 20 and re.search(r"\d", name) and not name.isupper())
    return VARIABLE.fullmatch(name) is not None and not pasted


def variables_in(texts: Mapping[str, str]) -> list[str]:
    """The variables that the headers of a product are filled from."""
    return [name for text in texts.values() for name in USED_VARIABLE.findall(text)]


def written_key(name: str, value: str) -> bool:
    """Whether a header or a part of a URL carries a key itself, instead of naming the variable that holds it."""
    if LOOKS_LIKE_A_KEY.search(value):
        return True
    return HIDING_NAME.search(name) is not None and bool(value) and not USED_VARIABLE.search(value)


def key_in_url(url: str) -> str | None:
    """Where a URL carries credentials: a part of it by name; None where it carries none."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "the name and password before the host"
    named = next((n for n, v in parse_qsl(parts.query) if written_key(n, v)), None)
    if named is not None:
        return f"{named!r} behind the question mark"
    return "what looks like a key in its path" if LOOKS_LIKE_A_KEY.search(url) else None


def texts_in(data: Any) -> Iterator[str]:
    """Every text within plain data, names of keys included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from (*texts_in(key), *texts_in(value))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts_in(value)
