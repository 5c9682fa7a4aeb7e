"""Estimates pooled over models and over fields: the common gap, and how much the parts differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from bias_harness.estimating.blocks import Pool, Ranked
from bias_harness.estimating.comparison import percent
from bias_harness.estimating.estimators.pooling import dersimonian_laird
from bias_harness.vocabulary import Estimate


def over_models(items: Iterable[Estimate]) -> Iterable[Pool]:
    """Headlines of one attribute and level pooled over models."""
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for e in items:
        if e.family == "headline":
            groups.setdefault((e.attribute, e.level), []).append(e)
    for (attribute, level), own in groups.items():
        yield from _pooled("models", ("", attribute, level), own, lambda e: e.endpoint)


def over_fields(items: Iterable[Estimate]) -> Iterable[Pool]:
    """Gaps by field of one endpoint, attribute and level pooled over fields."""
    groups: dict[tuple[str, str, str], list[Estimate]] = {}
    for e in items:
        if e.family == "cells" and list(e.slice) == ["field"]:
            groups.setdefault((e.endpoint, e.attribute, e.level), []).append(e)
    for (endpoint, attribute, level), own in groups.items():
        yield from _pooled("fields", (endpoint, attribute, level), own, lambda e: e.slice["field"])


Over = Literal["models", "fields"]


def _pooled(
    over: Over, about: tuple[str, str, str], own: list[Estimate], name: Callable[[Estimate], str]
) -> Iterable[Pool]:
    known = [e for e in own if e.estimate is not None and e.std_error and e.std_error > 0]
    pooled = dersimonian_laird(np.array([e.estimate for e in known]), np.array([e.std_error for e in known]))
    if pooled is None or len(known) < 2:
        return
    shrunk = {name(e): x for e, x in zip(known, pooled.shrunk, strict=True)}
    of = percent if known[0].scale == "log" else _none
    ranking = tuple(Ranked(n, x, of(x)) for n, x in sorted(shrunk.items(), key=lambda p: p[1]))
    gap, low, high = of(pooled.estimate), of(pooled.conf_low), of(pooled.conf_high)
    yield Pool(over, *about, pooled, gap, low, high, ranking)


def _none(_: float | None) -> None:
    """There is no per cent of a difference."""
