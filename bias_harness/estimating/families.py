"""Rows of one endpoint and attribute -> estimates, family by family: headline, cells, non-answers, placebo pairs ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from bias_harness.estimating.comparison import (
    Subject,
    by_profile,
    interval_fields,
    log_estimate,
    money_estimate,
    parts_of,
    percent_fields,
    plain,
)
from bias_harness.estimating.estimators.bootstrap import FEWEST_PROFILES, bootstrap_mean
from bias_harness.estimating.estimators.cells import Contrast, contrast, contrast_of, mean_over, rates_of, side
from bias_harness.estimating.estimators.distribution import pair_shares
from bias_harness.estimating.estimators.effects import paired_effect
from bias_harness.estimating.estimators.gaps import SCOPES, log_gap
from bias_harness.estimating.estimators.interaction import excess
from bias_harness.estimating.estimators.interval import Array, Interval, moderated_t, paired_t, present
from bias_harness.estimating.estimators.multiplicity import max_t
from bias_harness.estimating.estimators.proportions import newcombe
from bias_harness.estimating.estimators.ranks import hodges_lehmann
from bias_harness.estimating.estimators.scopes import profile_means, profiles_and_wordings
from bias_harness.estimating.estimators.signflip import sign_flip
from bias_harness.estimating.estimators.verdicts import tost_paired
from bias_harness.vocabulary import Estimate

FEWEST_SIGNALS = 3
NON_ANSWERS = ("refused", "range", "unread", "implausible")


def estimates_of(subject: Subject) -> list[Estimate]:
    """All families of one endpoint and attribute; p-values of families are adjusted elsewhere, intervals here."""
    found: list[Estimate] = []
    cells: list[tuple[Estimate, Array]] = []
    for level in subject.compared:
        found += headlines(subject, level)
        cells += list(parts(subject, level))
        found += nonanswers(subject, level)
        found += intersections(subject, level)
        found += across_signals(subject, level)
    found += _simultaneous(subject, cells)
    return [*found, *signal_pairs(subject), *edit_pairs(subject)]


def headlines(subject: Subject, level: int) -> Iterator[Estimate]:
    """The gap in every scope (the declared one is the headline), and the twins in money of a log gap."""
    of, analysis = subject.contrasts[level], subject.analysis
    jobs = subject.over_jobs(of)
    for scope in SCOPES:
        main = scope == analysis.scope
        blank = subject.blank(level, scope=scope, family="headline" if main else "scopes")
        interval = log_gap(of if scope == "panel" else jobs, scope, analysis.confidence)
        item = log_estimate(subject, blank, of, interval)
        yield replace(item, details=_details(subject, of, interval)) if main else item
    if subject.linear:
        return
    if analysis.scope != "panel":
        yield money_estimate(subject, subject.blank(level, scale="money", scope="panel", family="scopes"), of)
    yield money_estimate(subject, subject.blank(level, scale="money", scope=analysis.scope, family="money"), of, jobs)


def _details(subject: Subject, of: Contrast, interval: Interval) -> dict[str, Any]:
    """What belongs to a headline beside its interval: equivalence, sensitivity, pairs, the gaps per profile."""
    analysis, persons = subject.analysis, profile_means(of.log_gaps)
    gaps = subject.job_means(persons)
    bound = subject.margin.bound
    shares = pair_shares(of.log)
    pairs: dict[str, Any] = asdict(shares)
    if shares.largest_at is not None:
        p, v, _ = shares.largest_at
        wording, language = subject.rows.wordings[v]
        where = {"persona": subject.rows.profiles[p], "wording": wording, "language": language}
        pairs["largest_at"] = where
    enough = int((~np.isnan(gaps)).sum()) >= FEWEST_PROFILES
    seeded = (analysis.resamples, analysis.seed)
    return {
        "tost": plain(tost_paired(interval, -bound, bound, subject.alpha)),
        "sign_flip": plain(sign_flip(gaps, *seeded)),
        "rank": _or_none(lambda: hodges_lehmann(gaps, analysis.confidence)),
        "bootstrap": _or_none(lambda: bootstrap_mean(gaps, *seeded, analysis.confidence) if enough else None),
        "standardised": _or_none(lambda: paired_effect(gaps, confidence=analysis.confidence)),
        "few_profiles": interval.few_profiles,
        "pairs": pairs,
        "profile_gaps": by_profile(subject, persons),
    }


def _or_none(make: Callable[[], Any]) -> dict[str, Any] | None:
    """A figure for research alone as plain data; None where it cannot be computed: it never stops a run."""
    try:
        return plain(make())
    except (ArithmeticError, ValueError, RuntimeError):
        return None


def parts(subject: Subject, level: int) -> Iterator[tuple[Estimate, Array]]:
    """The log estimate of each part of the test, and its profile gaps; each followed by its twin in money."""
    of = subject.contrasts[level]
    whole = present(subject.job_means(profile_means(of.log_gaps)))
    for slice_, profiles, wordings in parts_of(subject.rows):
        part = of.part(profiles, wordings)
        jobs = subject.over_jobs(part, profiles)
        blank = subject.blank(level, family="cells", scope=subject.cell_scope, slice=slice_)
        gaps = np.full(len(subject.rows.profiles), np.nan)
        gaps[slice(None) if profiles is None else profiles] = profile_means(part.log_gaps)
        by_job = subject.job_means(gaps)
        if subject.cell_scope == "panel":
            interval = log_gap(part, "panel", subject.analysis.confidence)
        else:
            interval = moderated_t(by_job, whole, subject.analysis.confidence)
        item = log_estimate(subject, blank, part, interval)
        yield replace(item, details={"jobs": int((~np.isnan(by_job)).sum())}), by_job
        if subject.linear:
            continue
        yield money_estimate(subject, replace(blank, scale="money", family="money"), part, jobs), by_job


def _simultaneous(subject: Subject, cells: list[tuple[Estimate, Array]]) -> list[Estimate]:
    """The cells with intervals that hold for all of them at once (max-T by joint sign flips)."""
    logs = [i for i, (e, _) in enumerate(cells) if e.scale == subject.scale]
    if not logs:
        return []
    analysis = subject.analysis
    family = max_t(np.column_stack([cells[i][1] for i in logs]), analysis.resamples, analysis.seed, analysis.confidence)
    found = [e for e, _ in cells]
    for place, i in enumerate(logs):
        e, c = found[i], family.critical[place]
        if c is not None and e.estimate is not None and e.std_error and e.conf_low is not None:
            ends = (e.estimate - c * e.std_error, e.estimate + c * e.std_error)
            p = family.p_adjusted[place]
            more = {**e.details, "p_max_t": p}
            found[i] = replace(e, simultaneous_low=ends[0], simultaneous_high=ends[1], details=more)
    return found


def nonanswers(subject: Subject, level: int) -> Iterator[Estimate]:
    """Differences of the shares of refusals, ranges, unread and implausible answers, paired by profile."""
    rows = subject.rows
    known = rows.asked
    unread = rows.is_status("no_amount") | rows.is_status("ambiguous")
    odd = (rows.is_status("ok") & rows.implausible) | rows.flags.magnitude
    events = dict(zip(NON_ANSWERS, (rows.is_status("refused"), rows.ranged, unread, odd), strict=True))
    index = (rows.profile[known], rows.wording[known], rows.level[known], np.zeros(int(known.sum()), dtype=np.int64))
    for name, event in events.items():
        rates, counts = rates_of(index, event[known], (*rows.shape[:3], 1))
        yield _rate_gap(subject, level, name, rates, counts)


def _rate_gap(subject: Subject, level: int, name: str, rates: Array, counts: Array) -> Estimate:
    analysis, reference = subject.analysis, subject.rows.reference or 0
    blank = subject.blank(
        level, estimator=f"{name} gap", scale="rate", family="nonanswers", outcome=name, currency=None
    )
    share, asked = [rates[:, :, g] for g in (level, reference)], [counts[:, :, g] for g in (level, reference)]
    persons = profile_means(mean_over(share[0] - share[1]))
    gaps = subject.job_means(persons)
    interval = paired_t(gaps, analysis.confidence)
    x, n = [round(float(np.nansum(s * c))) for s, c in zip(share, asked, strict=True)], [int(c.sum()) for c in asked]
    score = newcombe(x[0], n[0], x[1], n[1], analysis.confidence)
    details = {
        "events": x,
        "asked": n,
        "newcombe": list(score[1:]) if score else None,
        "sign_flip": plain(sign_flip(gaps, analysis.resamples, analysis.seed)),
        "profile_gaps": by_profile(subject, persons),
    }
    return replace(
        blank,
        **interval_fields(interval),
        mean_level=x[0] / n[0] if n[0] else None,
        mean_reference=x[1] / n[1] if n[1] else None,
        n_profiles=interval.n,
        n_answers=sum(n),
        details=details,
    )


def intersections(subject: Subject, level: int) -> Iterator[Estimate]:
    """For a combination: what the joint gap has over the sum of its single gaps, where those were asked."""
    rows = subject.rows
    own, base = rows.levels[level].split("+"), rows.levels[rows.reference or 0].split("+")
    if len(own) != len(base) or sum(a != b for a, b in zip(own, base, strict=True)) < 2:
        return
    names = ["+".join([*base[:i], own[i], *base[i + 1 :]]) for i in range(len(own)) if own[i] != base[i]]
    if not all(name in rows.levels for name in names):
        return
    gaps = {b: subject.job_means(profile_means(of.log_gaps)) for b, of in subject.contrasts.items()}
    singles = [rows.levels.index(name) for name in names]
    if not all(b in gaps for b in singles):
        return
    analysis = subject.analysis
    found = excess(gaps[level], [gaps[b] for b in singles], analysis.confidence, analysis.resamples, analysis.seed)
    blank = subject.blank(
        level, estimator="excess over single gaps", family="intersections", slice={"over": " & ".join(names)}
    )
    percents = {} if subject.linear else percent_fields(found.excess)
    item = replace(blank, **interval_fields(found.excess), **percents)
    details = {
        "joint": asdict(found.joint),
        "sum_of_singles": asdict(found.singles),
        "sign_flip": plain(found.sign_flip),
    }
    yield replace(item, n_profiles=found.excess.n, details=details)


def across_signals(subject: Subject, level: int) -> Iterator[Estimate]:
    """With three signals (names) or more: the gap for people and signals like these, by the crossed formula."""
    paired = contrast(subject.signal_cells, level, subject.rows.reference or 0)
    by_signal = mean_over(subject.over_jobs(paired).log, 1)
    n_signals = int((~np.isnan(by_signal)).any(axis=0).sum())
    if n_signals < FEWEST_SIGNALS:
        return
    interval = profiles_and_wordings(by_signal, subject.analysis.confidence)
    blank = subject.blank(level, estimator="paired gap, signals as a second factor", family="signals")
    item = log_estimate(subject, blank, paired, interval)
    yield replace(item, details={"scope": "profiles+signals", "n_signals": n_signals})


def signal_pairs(subject: Subject) -> Iterator[Estimate]:
    """Placebo pairs: the same level through its first signal and through another one."""
    logs = subject.signal_cells
    for level in range(len(subject.rows.levels)):
        for signal in range(1, subject.rows.n_signals):
            other, first = (side(logs, level, slice(s, s + 1)) for s in (signal, 0))
            of = contrast_of(other, first)
            if of.n_pairs:
                yield placebo(subject, level, {"signal": f"{signal} against 0"}, of)


def edit_pairs(subject: Subject) -> Iterator[Estimate]:
    """Placebo pairs: the same level and signal, with and without a neutral edit of the wording."""
    rows = subject.rows
    plain = subject.signal_cells
    for code in range(1, len(rows.edits)):
        edited = rows.cells(rows.believable & (rows.edit == code), by_signal=True)
        for level in range(len(rows.levels)):
            of = contrast_of(side(edited, level), side(plain, level))
            if of.n_pairs:
                yield placebo(subject, level, {"edit": rows.edits[code]}, of)


def placebo(subject: Subject, level: int, what: Mapping[str, str], of: Contrast) -> Estimate:
    """The gap of a placebo pair, which should be about zero, estimated like any other."""
    own = subject.rows.levels[level]
    blank = subject.blank(level, estimator="placebo pair", family="placebo", slice=dict(what), reference=own)
    interval = log_gap(of, "profiles", subject.analysis.confidence)
    gaps = of.log[~np.isnan(of.log)]
    return replace(
        log_estimate(subject, blank, of, interval), details={"mean_absolute_gap": float(np.abs(gaps).mean())}
    )
