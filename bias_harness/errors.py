"""Every error a user can meet.

BiasHarnessError          exit 1   one sentence: what is wrong, where, and the remedy
├── InputError            exit 1   a file or value that the user wrote (names file, line or key)
├── UsageError            exit 2   a command line that does not fit
├── RunFolderError        exit 1   a run folder that is foreign, locked, torn beyond repair or unwritable
└── ProviderError                  an endpoint said no; `kind` tells what follows
    ├── TransientError             try again later (429, 5xx, timeouts, cut connections)
    │   └── EmptyError             it answered, and there was no answer in it
    ├── ContentError               the endpoint's filter refused this request; the next one may pass
    ├── FatalError                 stop this endpoint (authentication, unknown model, bad request)
    │   └── ReplayMissError             a request that the recording does not hold
    └── QuotaError                 stop this endpoint (budget or quota used up)
"""

from __future__ import annotations

import difflib
import typing
from typing import ClassVar

from bias_harness.vocabulary import ErrorKind

EXIT_OK, EXIT_ERROR, EXIT_USAGE, EXIT_FINDING, EXIT_INCONCLUSIVE = 0, 1, 2, 3, 4


class BiasHarnessError(Exception):
    """Anything the tool says no to, as one sentence for its user."""

    exit_code: ClassVar[int] = EXIT_ERROR

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence that the command line would say, and no traceback."""
        return [f"bias-harness: {self}"]


class InputError(BiasHarnessError):
    """A file or a value that the user wrote is not as it should be."""


class UsageError(BiasHarnessError):
    """The command line does not fit."""

    exit_code = EXIT_USAGE


class RunFolderError(BiasHarnessError):
    """A run folder cannot be used: foreign, locked, unwritable or torn beyond repair."""


class ProviderError(BiasHarnessError):
    """An endpoint did not answer a request."""

    kind: ClassVar[ErrorKind] = "fatal"

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class TransientError(ProviderError):
    """Worth another try; `retry_after_seconds` is what the endpoint asked for, if it did.

    `maybe_billed` says that the request reached the endpoint, so that it may have been paid without an answer;
    `unreachable` that there was no connection at all.
    """

    kind: ClassVar[ErrorKind] = "transient"

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
        maybe_billed: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(message, http_status=http_status)
        self.retry_after_seconds = retry_after_seconds
        self.maybe_billed = maybe_billed
        self.unreachable = unreachable


class EmptyError(TransientError):
    """The endpoint answered, and no answer was in it (no choices, an error without words)."""

    kind = "empty"


class ContentError(ProviderError):
    """The endpoint's filter refused this request; the next one may pass."""

    kind = "content"


class FatalError(ProviderError):
    """No later request to this endpoint can succeed either."""

    kind = "fatal"


class QuotaError(ProviderError):
    """The account's quota or billing limit is used up."""

    kind = "quota"


class ReplayMissError(FatalError):
    """A recording does not hold the request that was asked of it."""


def check_format(found: object, newest: int, source: object) -> int:
    """The `format` that a kept file names. Raises `InputError` where it names none, or one to come."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(f"{source}: 'format' is {found!r}, and a number from 1 is wanted; restore the file")
    if found > newest:
        raise InputError(f"{source}: format {found} is newer than this version knows ({newest}); update bias_harness")
    return found


MOST_NAMES = 20


def did_you_mean(word: str, known: typing.Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6) or [n for n in names if word and word in n]
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"; there is {', '.join(names[:MOST_NAMES])}{more}" if names else ""
