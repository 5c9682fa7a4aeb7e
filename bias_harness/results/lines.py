"""One line of the log: a response as JSON, written and read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import RunFolderError
from bias_harness.vocabulary import Response, Usage

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


def read_line(line: bytes) -> Response | None:
    """The response of a line; None where it is none.

    The only way a line is read, by what heals a log and by what reads one: a line that the one lets stand is never
    refused by the other.
    """
    try:
        response = _RESPONSE.validate_json(line)
    except ValidationError:
        return None
    return response if _sound(response) else None


def _sound(response: Response) -> bool:
    """Whether the values can be: a key, a text or an error, counts and costs that are numbers from zero up."""
    usage = response.usage or Usage()
    counts = (usage.input_tokens, usage.output_tokens, usage.cost, usage.reserved)
    return (
        KEY.fullmatch(response.key) is not None
        and (response.text is not None or response.error is not None)
        and all(count is None or (math.isfinite(count) and count >= 0) for count in counts)
    )


def parse_line(line: bytes, log: Path, number: int) -> Response:
    """The response of a line. Raises `RunFolderError` that names the line."""
    response = read_line(line)
    if response is None:
        raise unreadable(log, number)
    return response


def unreadable(log: Path, number: int) -> RunFolderError:
    """What to say of a line that is no response."""
    return RunFolderError(
        f"{log}, line {number} is not a response; run the experiment again, which sets the line aside and asks its "
        "request anew, or restore the file"
    )


def numbered(log: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a log with their numbers from 1; a torn last line is passed over."""
    with log.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.endswith(b"\n") or read_line(line) is not None:
                yield number, line
