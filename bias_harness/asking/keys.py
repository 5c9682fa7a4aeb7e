"""Where keys come from: the environment, and `.env`, which is read and never exported."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bias_harness.errors import InputError
from bias_harness.files import byte_order, read_bytes

LARGEST = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SPOILT = "\N{REPLACEMENT CHARACTER}"


def environment(workspace: Path) -> dict[str, str]:
    """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
    found: dict[str, str] = {}
    for folder in (workspace, Path.cwd()):
        path = folder / ".env"
        if path.is_file():
            found |= _env_file(path)
    return found | dict(os.environ)


def _env_file(path: Path) -> dict[str, str]:
    """The pairs of a file as editors of every system write it: with a mark, in UTF-16, with comments.

    Raises `InputError` that names the line; what stands on it is never shown.
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        if _SPOILT in value:
            raise InputError(f"{path}, line {number}: the value is not UTF-8 text; save the file as UTF-8")
        pairs[name.strip()] = _value(value.strip(), f"{path}, line {number}")
    return pairs


def _lines(path: Path) -> list[str]:
    """The lines of the file; what is no UTF-8 is marked, so that a comment in another encoding does no harm."""
    raw = read_bytes(path, LARGEST)
    if byte_order(raw) is None and b"\0" in raw:
        raise InputError(f"{path} is in UTF-16 without a mark, or no text; save the file as UTF-8")
    encoding, start = byte_order(raw) or ("utf-8", 0)
    return raw[start:].decode(encoding, "replace").splitlines()


def _value(text: str, where: str) -> str:
    """A value without its quotes and without the comment behind it."""
    if text[:1] in ("'", '"'):
        value, closed, rest = text[1:].partition(text[0])
        if not closed or rest.strip()[:1] not in ("", "#"):
            raise InputError(f"{where}: the quotes do not close where the value ends")
        return value
    return "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].strip()
