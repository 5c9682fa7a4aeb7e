"""What the families of one endpoint and attribute share: the usable cells, the contrasts, how an estimate is filled in.

Also the parts of the test (field, seniority, language, wording and their crossings) that estimates are made for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bias_harness.estimating.estimators.cells import Cells, Contrast, Mask, contrast, over_groups
from bias_harness.estimating.estimators.gaps import money_gap
from bias_harness.estimating.estimators.interval import Array, Interval
from bias_harness.estimating.estimators.scopes import profile_means
from bias_harness.estimating.rows import Rows
from bias_harness.margin import Margin
from bias_harness.outcome import Analysis, Measure, Outcome
from bias_harness.vocabulary import Estimate, Scale, Scope

REASONS = {
    "no_data": "no pair has an answer on both sides",
    "too_few_profiles": "one profile says nothing about other people",
    "too_few_wordings": "fewer than three wordings say nothing about other wordings",
    "too_few_repeats": "with one repeat the noise of asking cannot be told apart",
    "degenerate_no_variance": "every profile shows the same gap, so no interval can be made",
    "deterministic": "every repeat gave the same answer: the value is exact, and there is nothing to test",
    "invalid_nonpositive": "a mean amount is not above zero, so there is no ratio",
}


@dataclass(frozen=True)
class Subject:
    """One endpoint and attribute under one analysis."""

    rows: Rows
    analysis: Analysis
    outcome: Outcome

    @cached_property
    def cells(self) -> Cells:
        """The cells of every believable answer, however the level was put, edited or not."""
        return self.rows.cells(self.rows.believable)

    @cached_property
    def signal_cells(self) -> Cells:
        """The cells of unedited questions, signal by signal."""
        return self.rows.cells(self.rows.believable & self.rows.plain, by_signal=True)

    @property
    def compared(self) -> list[int]:
        """The levels that are compared with the reference."""
        return self.rows.compared

    def over_jobs(self, of: Contrast, profiles: Mask | None = None) -> Contrast:
        """A contrast (of some profiles) with a row a job: the unit of inference is the job, not the person."""
        codes, names = self.rows.jobs
        kept = codes if profiles is None else codes[profiles]
        there, group = np.unique(kept, return_inverse=True)
        return over_groups(of, group.astype(np.int64), there.size if profiles is not None else len(names))

    def job_means(self, gaps: Array) -> Array:
        """One gap per profile -> one per job, NaN where a job has none."""
        codes, names = self.rows.jobs
        known = ~np.isnan(gaps)
        count = np.bincount(codes[known], minlength=len(names))
        total = np.bincount(codes[known], weights=gaps[known], minlength=len(names))
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    @cached_property
    def contrasts(self) -> Mapping[int, Contrast]:
        """Each compared level against the reference."""
        return {b: contrast(self.cells, b, self.rows.reference or 0) for b in self.compared}

    @property
    def measure(self) -> Measure:
        """What is measured."""
        return self.outcome.measured

    @property
    def linear(self) -> bool:
        """Whether gaps are differences (of scores, of shares) and not ratios of pay."""
        return not self.measure.relative

    @property
    def scale(self) -> Scale:
        """The scale of the headline."""
        return self.measure.scale

    @property
    def margin(self) -> Margin:
        """The smallest gap of interest."""
        return self.measure.margin(self.analysis)

    @property
    def alpha(self) -> float:
        """One minus the confidence."""
        return 1 - self.analysis.confidence

    @property
    def cell_scope(self) -> Scope:
        """The scope of single cells of the table: profiles, unless the analysis asks for the panel."""
        return "panel" if self.analysis.scope == "panel" else "profiles"

    def blank(self, level: int, **more: Any) -> Estimate:
        """An estimate of a level without numbers yet."""
        rows = self.rows
        base = {"estimator": self.measure.estimator, "scale": self.scale, "scope": "profiles", "family": "headline"}
        base["reference"] = "" if rows.reference is None else rows.levels[rows.reference]
        currency = None if self.linear else self.outcome.currency
        return Estimate(
            **{"outcome": self.measure.name, "currency": currency, **base, **more},
            endpoint=rows.endpoint,
            attribute=rows.attribute,
            level=rows.levels[level],
        )


def log_estimate(subject: Subject, blank: Estimate, of: Contrast, interval: Interval) -> Estimate:
    """An estimate on the scale of the headline with its per cents (log) and counts. Its word is the judgement's."""
    percents = {} if subject.linear else percent_fields(interval)
    return replace(blank, **interval_fields(interval), **percents, **_counts(of))


def money_estimate(subject: Subject, blank: Estimate, of: Contrast, jobs: Contrast | None = None) -> Estimate:
    """A gap in money with the ratio of means as its per cent; `jobs` is the same contrast with a row a job."""
    unit = of if blank.scope == "panel" or jobs is None else jobs
    money = money_gap(unit, blank.scope, subject.analysis.confidence)
    details = {} if blank.slice else {"profile_gaps": by_profile(subject, profile_means(of.money_gaps))}
    fields = {**interval_fields(money.gap), **percent_fields(money.ratio), **_counts(of)}
    return replace(blank, **fields, details=details)


def _counts(of: Contrast) -> dict[str, Any]:
    b, a = of.amounts or (None, None)
    return {
        "mean_level": b,
        "mean_reference": a,
        "n_profiles": int(of.known.any(axis=(1, 2)).sum()),
        "n_wordings": int(of.known.any(axis=(0, 2)).sum()),
        "n_pairs": of.n_pairs,
        "n_answers": of.n_answers,
        "n_dropped": int(of.dropped.sum()),
    }


def plain(value: Any) -> dict[str, Any] | None:
    """A result as plain data; null stays null."""
    return None if value is None else asdict(value)


def by_profile(subject: Subject, gaps: Array) -> dict[str, float]:
    """Profile -> its gap, where it has one: what a later run is compared with."""
    return {name: float(x) for name, x in zip(subject.rows.profiles, gaps, strict=True) if not np.isnan(x)}


def interval_fields(interval: Interval) -> dict[str, Any]:
    """The numbers of an interval as fields of an estimate, and the reason where one is missing."""
    return {
        "estimate": interval.estimate,
        "std_error": interval.std_error,
        "df": interval.df,
        "conf_low": interval.conf_low,
        "conf_high": interval.conf_high,
        "p_value": interval.p_value,
        "status": interval.status,
        "reason": REASONS.get(interval.status, ""),
    }


def percent_fields(log: Interval) -> dict[str, Any]:
    """The per cents of a log interval as fields of an estimate."""
    ends = {"percent_low": percent(log.conf_low), "percent_high": percent(log.conf_high)}
    return {"percent": percent(log.estimate), **ends}


def percent(log: float | None) -> float | None:
    """100 expm1 of a log gap; null stays null."""
    return None if log is None else 100 * math.expm1(log)


Part = tuple[dict[str, str], Mask | None, Mask | None]


def parts_of(rows: Rows) -> Iterator[Part]:
    """Each field, seniority, language and wording where there is more than one, and field x seniority x language."""
    fields, seniorities = _groups(rows, "field"), _groups(rows, "seniority")
    for name, groups in (("field", fields), ("seniority", seniorities)):
        for value, mask in groups.items() if len(groups) > 1 else ():
            yield {name: value}, mask, None
    languages, wordings = _spoken(rows, 1), _spoken(rows, 0)
    for name, groups in (("language", languages), ("wording", wordings)):
        for value, mask in groups.items() if len(groups) > 1 else ():
            yield {name: value}, None, mask
    several = {n: g for n, g in (("field", fields), ("seniority", seniorities), ("language", languages)) if len(g) > 1}
    if len(several) > 1:
        yield from _crossed(several)


def _crossed(groups: Mapping[str, Mapping[str, Mask]]) -> Iterator[Part]:
    """Every combination of two and of three groups that has profiles in it."""
    names = list(groups)
    chosen = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]] + ([tuple(names)] if len(names) > 2 else [])
    for combination in chosen:
        combined: list[Part] = [({}, None, None)]
        for name in combination:
            combined = [
                (
                    {**slice_, name: value},
                    profiles if name == "language" else (mask if profiles is None else profiles & mask),
                    mask if name == "language" else wordings,
                )
                for slice_, profiles, wordings in combined
                for value, mask in groups[name].items()
            ]
        yield from (part for part in combined if part[1] is None or part[1].any())


def _groups(rows: Rows, name: str) -> dict[str, Mask]:
    column = rows.labels[name]
    return {str(value): column == value for value in sorted(set(column.tolist()) - {""})}


def _spoken(rows: Rows, place: int) -> dict[str, Mask]:
    kinds = [pair[place] for pair in rows.wordings]
    return {kind: np.array([k == kind for k in kinds]) for kind in sorted(set(kinds) - {""})}
