"""One line of the log: a response as JSON, written and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import RunFolderError
from bias_harness.vocabulary import Response

KEY = re.compile(r"[0-9a-f]{64}")
_RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)


def dump_line(response: Response) -> bytes:
    """One line of the log."""
    try:
        return orjson.dumps(response, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # half of a surrogate pair, which some servers escape into their JSON
        text = (response.text or "").encode("utf-8", "replace").decode()
        return orjson.dumps({**plain(response), "text": text}, option=orjson.OPT_APPEND_NEWLINE)


def plain(response: Response) -> dict[str, Any]:
    """A response as plain data."""
    data: dict[str, Any] = _RESPONSE.dump_python(response)
    return data


def parse_line(line: bytes, log: Path, number: int) -> Response:
    """The response of a line. Raises `RunFolderError` that names the line."""
    try:
        return _RESPONSE.validate_json(line)
    except ValidationError:
        raise unreadable(log, number) from None


def unreadable(log: Path, number: int) -> RunFolderError:
    """What to say of a line that is no response."""
    return RunFolderError(
        f"{log}, line {number} is not a response; run the experiment again, which sets the line aside and asks its "
        "request anew, or restore the file"
    )


def skim(line: bytes) -> dict[str, Any] | None:
    """A line as plain data, without a check of more than its key; None where it is no response."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict) or not KEY.fullmatch(str(data.get("key"))):
        return None
    error = data.get("error", "")
    return data if error is None or (isinstance(error, dict) and "kind" in error) else None


def numbered(log: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a log with their numbers from 1; a torn last line is passed over."""
    with log.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.endswith(b"\n") or skim(line) is not None:
                yield number, line
