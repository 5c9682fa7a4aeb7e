"""The cases of a test of which `make test` tries some; BIAS_HARNESS_TESTS=all tries every one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first(count: int, cases: Iterable[Any]) -> list[Any]:
    """The parameters of a test: the first so many of each run of the tests, the others slow."""
    return [case if place < count else _slow(case) for place, case in enumerate(cases)]


def kept(names: Iterable[str], cases: Iterable[Any]) -> list[Any]:
    """The same by name: these of each run of the tests, the others slow. A name that is no case is an error."""
    names, cases = set(names), list(cases)
    assert names <= {case if isinstance(case, str) else case[0] for case in cases}, names
    return [case if (case if isinstance(case, str) else case[0]) in names else _slow(case) for case in cases]


def _slow(case: Any) -> Any:
    if hasattr(case, "marks"):
        return pytest.param(*case.values, marks=(*case.marks, pytest.mark.slow), id=case.id)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
