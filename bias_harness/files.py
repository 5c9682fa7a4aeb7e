"""Files that may come from anybody, read within bounds: text in its encoding, and JSON through one strict schema."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import InputError, check_format

T = TypeVar("T")
LARGEST = 128_000_000
"""Bytes beyond which a text or JSON file is not read. The longest of our own, a baseline, has some 100 an answer."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def byte_order(raw: bytes) -> tuple[str, int] | None:
    """The encoding that the mark at the beginning names, and the mark's length; None where there is no mark."""
    return next(((name, len(mark)) for mark, name in _MARKS if raw.startswith(mark)), None)


def decoded(raw: bytes) -> str:
    """Bytes as text: UTF-8, or what the mark at their beginning says. Raises `UnicodeDecodeError`."""
    encoding, start = byte_order(raw) or ("utf-8", 0)
    return raw[start:].decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The whole of a file. Raises `InputError` where it cannot be read or is larger than `largest` bytes."""
    try:
        with path.open("rb") as file:
            raw = file.read(largest + 1)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(raw) > largest:
        raise InputError(f"{path} is larger than {largest:,} bytes, and is not read; is it the right file?")
    return raw


def read_text(path: Path, largest: int = LARGEST) -> str:
    """A text file with newlines as they are here. Raises `InputError` where it is missing, too large or no text."""
    raw = read_bytes(path, largest)
    try:
        return decoded(raw)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: cannot be read: it is not UTF-8 text; save it as UTF-8") from None


def read_json(path: Path, schema: TypeAdapter[T], what: str, remedy: str, newest: int | None = None) -> T:
    """A JSON file that this program wrote, `what` it is. Raises `InputError` that names file, line or key, and remedy.

    Strict: no type is bent to another, no key stands there twice, no number is NaN. `newest` is the highest `format`
    that is known.
    """
    text = read_text(path)
    try:
        data = json.loads(text, object_pairs_hook=no_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON (line {error.lineno}: {error.msg}); {remedy}") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{path}: {why}; {remedy}") from None
    _known_format(data, path, newest)
    try:
        return schema.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise InputError(f"{path} is no {what} ({first_fault(error)}); {remedy}") from None


def _known_format(data: Any, path: Path, newest: int | None) -> None:
    if newest is not None and isinstance(data, dict):
        check_format(data.get("format"), newest, path)


def first_fault(error: ValidationError) -> str:
    """The first fault of a check as `key.of.it: what is wrong`."""
    fault = error.errors(include_url=False, include_input=False)[0]
    at = ".".join(str(part) for part in fault["loc"])
    said = fault["msg"].removeprefix("Value error, ")
    return f"{at}: {said}" if at else said


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `object_pairs_hook`: an object none of whose keys stands there twice. Raises `ValueError`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands there twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number")
