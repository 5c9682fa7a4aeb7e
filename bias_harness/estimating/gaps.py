"""Judgements by name: what a notebook completes, and what a name that is none is answered with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bias_harness.errors import UsageError, did_you_mean
from bias_harness.estimating.judgement import Judgement, Judgements


class Gaps(Mapping[str, Judgement]):
    """The judgements of a run by `attribute/level`, or by `endpoint/attribute/level` where several were asked."""

    def __init__(self, judgements: Judgements) -> None:
        self._items = judgements.items
        self._endpoints = list(dict.fromkeys(j.endpoint for j in self._items))
        many = len(self._endpoints) > 1
        names = (f"{j.endpoint}/" * many + f"{j.attribute}/{j.level}" for j in self._items)
        self._named = dict(zip(names, self._items, strict=True))

    def __getitem__(self, name: str) -> Judgement:
        """The judgement of that name. Raises `UsageError` that says what was meant."""
        if name not in self._named:
            raise UsageError(f"there is no gap {name!r}{did_you_mean(str(name), self._named)}")
        return self._named[name]

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __repr__(self) -> str:
        return f"Gaps({', '.join(self._named)})"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._named)

    def of(self, attribute: str, level: str, endpoint: str | None = None) -> Judgement:
        """The judgement of a comparison. Raises `UsageError` for what was not compared, with what was."""
        asked = self._endpoint(endpoint)
        _known("attribute", attribute, (j.attribute for j in self._items))
        own = [j for j in self._items if (j.endpoint, j.attribute) == (asked, attribute)]
        if own and level == own[0].reference:
            others = ", ".join(j.level for j in own)
            raise UsageError(f"{level!r} is the reference level of {attribute!r}; compared with it are {others}")
        _known(f"level of {attribute!r}", level, (j.level for j in own))
        return next(j for j in own if j.level == level)

    def _endpoint(self, endpoint: str | None) -> str:
        if endpoint is not None:
            _known("endpoint", endpoint, self._endpoints)
            return endpoint
        if len(self._endpoints) != 1:
            there = ", ".join(self._endpoints) or "none, for nothing was answered"
            raise UsageError(f"several endpoints could be meant: say endpoint=...; there is {there}")
        return self._endpoints[0]


def _known(what: str, name: str, names: Iterator[str] | list[str]) -> None:
    known = list(dict.fromkeys(names))
    if name not in known:
        raise UsageError(f"there is no {what} {name!r} in this run{did_you_mean(str(name), known)}")
