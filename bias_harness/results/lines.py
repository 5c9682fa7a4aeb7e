"""One line of the log: a response as JSON with a checksum of its own at the end, written and read.

`"sum"` is the last key of a line: the first 16 hexadecimal digits of the SHA-256 of the line without it. Lines of older
logs have none, and are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import RunFolderError
from bias_harness.files import first_fault
from bias_harness.probabilities import is_distribution
from bias_harness.vocabulary import Response, Usage

KEY = re.compile(r"[0-9a-f]{64}")
LONGEST, MOST = 64_000_000, 2**31
"""Bytes of a line, and the bound of its counts, beyond which it is no response."""
_RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)
_SUM = re.compile(rb',"sum":"([0-9a-f]{16})"}')
_SUM_BYTES = len(b',"sum":"0123456789abcdef"}')


_NO_CONFIRMATION = b',"confirms":null}'
"""The end of every line but a second turn's; left out, so that these lines stay what they were without `confirm`."""


def dump_line(response: Response) -> bytes:
    """One line of the log."""
    try:
        line = orjson.dumps(response)
        return summed(line[: -len(_NO_CONFIRMATION)] + b"}" if line.endswith(_NO_CONFIRMATION) else line)
    except orjson.JSONEncodeError:  # half of a surrogate pair, which some servers escape into their JSON
        text = (response.text or "").encode("utf-8", "replace").decode()
        return summed(orjson.dumps({**plain(response), "text": text}))


def summed(line: bytes) -> bytes:
    """A line, a JSON object without its newline, with its checksum and newline."""
    return b'%s,"sum":"%s"}\n' % (line[:-1], _sum_of(line))


def _sum_of(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest()[:16].encode()


def _unaltered(line: bytes) -> bool:
    """Whether the line is as it was written; of one without a checksum, from an older log, nobody knows."""
    bare = line.rstrip(b"\r\n")
    found = _SUM.fullmatch(bare, max(0, len(bare) - _SUM_BYTES))
    if found is not None:
        return _sum_of(bare[: found.start()] + b"}") == found[1]
    # Inside of a text the quotes are escaped, so that this is a key: a line with its sum was written anew by others.
    return b'"sum":' not in line


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
        return _checked(line)
    except ValueError:
        return None


def parse_line(line: bytes, log: Path, number: int) -> Response:
    """The response of a line. Raises `RunFolderError` that names the line and what is wrong with it."""
    try:
        return _checked(line)
    except ValidationError as error:
        raise unreadable(log, number, first_fault(error)) from None
    except ValueError as error:
        raise unreadable(log, number, str(error)) from None


def unreadable(log: Path, number: int, why: str = "") -> RunFolderError:
    """What to say of a line that is no response."""
    told = f" ({why})" if why else ""
    index = index_beside(log)
    first = f"delete {index.name} and " if index.is_file() else ""
    return RunFolderError(
        f"{log}, line {number} is not a response{told}; {first}run the experiment again, which sets the line aside and "
        "asks its request anew, or restore the file"
    )


def index_beside(log: Path) -> Path:
    """The file that says what is in a closed part of the log."""
    return log.with_suffix(".index")


def _checked(line: bytes) -> Response:
    """A line by the one schema of the log. Raises `ValueError`."""
    if len(line) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} bytes")
    if not _unaltered(line):
        raise ValueError("its checksum does not fit: it was changed after it was written")
    found = _RESPONSE.validate_json(line, strict=True)
    if not all(KEY.fullmatch(key) for key in (found.key, found.confirms) if key is not None):
        raise ValueError("its key is not 64 hexadecimal digits")
    if found.text is None and found.error is None:
        raise ValueError("it has neither a text nor an error")
    if (found.text or "").strip() and found.error is not None:  # a blank text may go with the error that says why
        raise ValueError("it has both a text and an error")
    usage, error = found.usage or Usage(), found.error
    counts = (usage.input_tokens, usage.output_tokens, usage.cost, usage.reserved, usage.cached_tokens)
    if not all(map(_fits, counts)):
        raise ValueError("its usage is negative, not finite or too large")
    if not (_fits(found.seed) and _fits(found.attempts) and (error is None or _fits(error.http_status))):
        raise ValueError("its seed, attempts or status is negative or too large")
    if found.probabilities is not None and not is_distribution(found.probabilities):
        raise ValueError("its probabilities are negative, add up to more than 1, or name a branch twice")
    if found.asked_at:
        moment_of(found.asked_at)
    return found


def moment_of(text: str) -> datetime:
    """A time in ISO 8601. Raises `ValueError` for what is none, or is of no year in which a model could be asked.

    Near the ends of the calendar a time cannot be brought to another zone.
    """
    return of_our_times(datetime.fromisoformat(text))


def of_our_times(moment: datetime) -> datetime:
    """The same time. Raises `ValueError` as `moment_of`."""
    if not 1900 <= moment.year <= 2999:
        raise ValueError(f"the time {moment.isoformat()!r} is of no year from 1900 to 2999")
    return moment


def _fits(number: float | None) -> bool:
    return number is None or 0 <= number < MOST


def numbered(log: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a log with their numbers from 1; a torn last line is passed over."""
    with log.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.endswith(b"\n") or read_line(line) is not None:
                yield number, line
