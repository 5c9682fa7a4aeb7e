"""Gaps pooled over models and over fields: the common gap, and how much the parts differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bias_harness.estimating.blocks import Pool, Ranked
from bias_harness.estimating.comparison import Subject, percent
from bias_harness.estimating.estimators.interval import Array
from bias_harness.estimating.estimators.pooling import Pooled, SharedPeople, dersimonian_laird, shared_people
from bias_harness.estimating.estimators.scopes import profile_means
from bias_harness.vocabulary import Estimate


def over_models(subjects: Sequence[Subject], items: Iterable[Estimate]) -> Iterator[Pool]:
    """Each attribute and level over the models: by the people that they share, else as groups of their own."""
    headlines: dict[tuple[str, str], list[Estimate]] = {}
    for e in items:
        if e.family == "headline":
            headlines.setdefault((e.attribute, e.level), []).append(e)
    for (attribute, level), own in headlines.items():
        names, table = _table([s for s in subjects if s.rows.attribute == attribute], level)
        pooled = shared_people(table) if len(names) > 1 else None
        if pooled is None:
            yield from _groups(("models", "", attribute, level), [(e.endpoint, e) for e in own])
        else:
            yield _pool(("models", "", attribute, level), names, pooled, relative=own[0].scale == "log")


def _table(subjects: Sequence[Subject], level: str) -> tuple[list[str], Array]:
    """Endpoints, and their gaps: models x jobs (log, linear), NaN where a model has none of a job."""
    found: dict[str, dict[str, float]] = {}
    for subject in subjects:
        rows = subject.rows
        if level in rows.levels and (of := subject.contrasts.get(rows.levels.index(level))) is not None:
            gaps = subject.job_means(profile_means(of.log_gaps))
            found[rows.endpoint] = {j: float(g) for j, g in zip(rows.jobs[1], gaps, strict=True) if not np.isnan(g)}
    there = {name: gaps for name, gaps in found.items() if gaps}
    jobs = sorted({job for gaps in there.values() for job in gaps})
    table = np.array([[gaps.get(job, np.nan) for job in jobs] for gaps in there.values()], dtype=float)
    return list(there), table.reshape(len(there), len(jobs))


def over_fields(items: Iterable[Estimate]) -> Iterator[Pool]:
    """Gaps by field of one endpoint, attribute and level pooled over fields, whose people are others in each."""
    fields: dict[tuple[str, str, str], list[tuple[str, Estimate]]] = {}
    for e in items:
        if e.family == "cells" and list(e.slice) == ["field"]:
            fields.setdefault((e.endpoint, e.attribute, e.level), []).append((e.slice["field"], e))
    for about, own in fields.items():
        yield from _groups(("fields", *about), own)


def _groups(about: tuple[str, str, str, str], own: list[tuple[str, Estimate]]) -> Iterator[Pool]:
    """Parts that share nobody, by random effects."""
    known = [(name, e) for name, e in own if e.estimate is not None and e.std_error and e.std_error > 0]
    sizes = np.array([[e.estimate, e.std_error] for _, e in known], dtype=float).reshape(-1, 2)
    pooled = dersimonian_laird(sizes[:, 0], sizes[:, 1])
    if pooled is not None and len(known) > 1:
        yield _pool(about, [name for name, _ in known], pooled, relative=known[0][1].scale == "log")


def _pool(about: tuple[str, str, str, str], names: Sequence[str], of: Pooled | SharedPeople, *, relative: bool) -> Pool:
    over, endpoint, attribute, level = about
    shown = [percent(x) if relative else None for x in (of.estimate, of.conf_low, of.conf_high)]
    ranked = sorted(zip(names, of.shrunk, strict=True), key=lambda pair: pair[1])
    return Pool(
        over="models" if over == "models" else "fields",
        endpoint=endpoint,
        attribute=attribute,
        level=level,
        k=of.k,
        people=of.people if isinstance(of, SharedPeople) else 0,
        estimate=of.estimate,
        std_error=of.std_error if isinstance(of, SharedPeople) else of.hk_std_error,
        conf_low=of.conf_low,
        conf_high=of.conf_high,
        p_value=of.p_value,
        tau2=of.tau2,
        i2=of.i2,
        differ_p_value=of.differ_p_value if isinstance(of, SharedPeople) else of.q_p_value,
        percent=shown[0],
        percent_low=shown[1],
        percent_high=shown[2],
        ranking=tuple(Ranked(name, x, percent(x) if relative else None) for name, x in ranked),
    )
