"""What a caller in Python hands over where runs are wanted: a sentence for what is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bias_harness.errors import UsageError, did_you_mean
from bias_harness.runs.loaded import Run


def a_run(of: object) -> Run:
    """The run. Raises `UsageError` for the name of one, or for what is none."""
    if not isinstance(of, Run):
        raise UsageError(f"a run is wanted here, and this is {of!r}; load_run(NAME) gives the run of a name")
    return of


def some_runs(of: object) -> Sequence[Run]:
    """The runs; a single one may be given as it is. Raises `UsageError` for names, or for what is none."""
    if isinstance(of, Iterable) and not isinstance(of, str | bytes):
        return [a_run(one) for one in of]
    return [a_run(of)]


def one_of(what: str, value: str | None, known: Sequence[str]) -> None:
    """Nothing, where a word is one that is known or None. Raises `UsageError` that says what there is."""
    if value is not None and value not in known:
        raise UsageError(f"{what}={value!r} is none{did_you_mean(str(value), known)}")
