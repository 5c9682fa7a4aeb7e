"""Observations x estimands -> Estimates: every gap with its interval, its counts and its verdict.

Families of `items`: `headline` (one per endpoint, attribute and level; the judgement's numbers), `scopes` (the same gap
in the other scopes), `money` (twins of headline and cells), `cells` (field, seniority, language, wording and their
crossings; Benjamini-Hochberg within endpoint and attribute, and simultaneous intervals), `nonanswers`, `intersections`,
`signals`, `placebo`, and `plug-in` for what other packages add. What stands beside them (noise, bounds, shapes,
choices, lenses) are the typed rows of `blocks`. What each number means is in docs/statistics.md.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import InputError, check_format
from bias_harness.estimating import diagnostics, sensitivity
from bias_harness.estimating.accounts import Account, accounts_of
from bias_harness.estimating.blocks import (
    Answers,
    Components,
    Drift,
    Lenses,
    Placebo,
    Pool,
    RoundNumbers,
    Shape,
    Silence,
    Specifications,
)
from bias_harness.estimating.comparison import REASONS, Subject
from bias_harness.estimating.estimators.interval import FEWEST_WITHOUT_WARNING
from bias_harness.estimating.estimators.multiplicity import benjamini_hochberg
from bias_harness.estimating.families import estimates_of
from bias_harness.estimating.judgement import Judgements
from bias_harness.estimating.judging import judge_rows
from bias_harness.estimating.open_mass import told
from bias_harness.estimating.pooled import over_fields, over_models
from bias_harness.estimating.rows import rows_of
from bias_harness.estimating.sequential import Looked, judge_looked
from bias_harness.estimating.voice import judged, plugged_in
from bias_harness.outcome import Analysis, Outcome, shown_gap
from bias_harness.plugins import plugins
from bias_harness.vocabulary import Estimate

FORMAT = 3
EXPLORED = ("cells", "nonanswers", "intersections", "signals")


@dataclass(frozen=True)
class Estimates:
    """All estimates of one run, and what stands beside them, in typed rows that name endpoint, attribute and level.

    `answers` what the headline uses and what not; `variance` components of amounts and of
    gaps; `placebo` the floor and the false alarms; `bounds` under unequal non-answers; `distribution` quantile gaps and
    distances; `heaping` round numbers; `specification` the curve with its joint test; `pooling` over models and fields;
    `lenses` how others count; `drift` over the run's order; `judgements` what
    may be said, comparison by comparison. `warnings` are `code: where`.
    """

    items: tuple[Estimate, ...]
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Answers, ...] = ()
    variance: tuple[Components, ...] = ()
    placebo: tuple[Placebo, ...] = ()
    bounds: tuple[Silence, ...] = ()
    distribution: tuple[Shape, ...] = ()
    heaping: tuple[RoundNumbers, ...] = ()
    specification: tuple[Specifications, ...] = ()
    pooling: tuple[Pool, ...] = ()
    lenses: tuple[Lenses, ...] = ()
    drift: tuple[Drift, ...] = ()
    judgements: Judgements = field(default_factory=Judgements)
    accounts: tuple[Account, ...] = ()

    def __repr__(self) -> str:
        ends = ", ".join(dict.fromkeys(e.endpoint for e in self.items))
        shown = f"{len(self.items):,} estimates, {len(self.find(family='headline')):,} of them headlines"
        return f"Estimates({shown}; endpoints {ends or 'none'})"

    def _repr_html_(self) -> str:
        about = ("endpoint", "attribute", "level", "reference")
        words = {(j.endpoint, j.attribute, j.level): j for j in self.judgements.items}
        head = [*about, "gap", "low", "high", "jobs", "n_answers", "word"]
        rows = [
            [*(getattr(e, name) for name in about), *shown_gap(e), j.jobs, e.n_answers, j.word or "explored"]
            for e in self.find(family="headline")
            for j in [words[e.endpoint, e.attribute, e.level]]
        ]
        table = pd.DataFrame(rows, columns=head).to_html(index=False, na_rep="", float_format=lambda x: f"{x:.2f}")
        return f"<p>{html.escape(repr(self))}. Gap: level minus reference, as readers see it.</p>{table}"

    def find(self, **wanted: Any) -> list[Estimate]:
        """The estimates whose fields have these values; `slice` is compared as a whole."""
        return [e for e in self.items if all(getattr(e, name) == value for name, value in wanted.items())]

    def headline(self, endpoint: str, attribute: str, level: str) -> Estimate | None:
        """The gap in the declared scope; None where this was not asked."""
        return self._one(family="headline", endpoint=endpoint, attribute=attribute, level=level)

    def money(self, of: Estimate) -> Estimate | None:
        """The twin in money of a headline or cell."""
        about = {"endpoint": of.endpoint, "attribute": of.attribute, "level": of.level, "slice": of.slice}
        return self._one(family="money", **about)

    def panel(self, of: Estimate) -> tuple[Estimate, Estimate] | None:
        """The same gap for exactly these cases, log and money: what is left to say when one profile was asked."""
        about = {"endpoint": of.endpoint, "attribute": of.attribute, "level": of.level, "scope": "panel", "slice": {}}
        found = [e for e in self.find(**about) if e.family in ("scopes", "headline", "money")]
        by_scale = {e.scale: e for e in found}
        if "difference" in by_scale:
            return by_scale["difference"], by_scale["difference"]
        return (by_scale["log"], by_scale["money"]) if len(by_scale) == 2 else None

    def refusal(self, of: Estimate) -> Estimate | None:
        """The refusal gap beside a headline."""
        about = {"endpoint": of.endpoint, "attribute": of.attribute, "level": of.level}
        return self._one(family="nonanswers", outcome="refused", **about)

    def _one(self, **wanted: Any) -> Estimate | None:
        return next(iter(self.find(**wanted)), None)

    def to_frame(self) -> pd.DataFrame:
        """One row an estimate, with `estimate std_error conf_low conf_high p_value` and the rest of `Estimate`."""
        names = [f.name for f in fields(Estimate) if f.name not in ("details", "slice", "verdict")]
        rows = [
            {**{n: getattr(e, n) for n in names}, "slice": ", ".join(f"{k}={v}" for k, v in e.slice.items())}
            for e in self.items
        ]
        return pd.DataFrame(rows, columns=[*names, "slice"])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: no NaN, no infinity; what does not exist is null with a status and a reason."""
        checked: dict[str, Any] = _finite({"format": FORMAT, **asdict(self)})
        return checked

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimates:
        """The inverse of `to_dict`; blocks that the data lack are empty. Raises `InputError` for another format."""
        if check_format(data.get("format"), FORMAT, "the estimates") < FORMAT:
            raise InputError(
                f"the estimates are of format {data['format']}, and this version reads format {FORMAT}; make them anew "
                "from the run's answers with: bias-harness report RUN"
            )
        items = tuple(Estimate(**item) for item in data["items"])
        judgements = Judgements.from_dict(data["judgements"])
        warnings, settings = tuple(data.get("warnings", ())), data.get("settings", {})
        accounts = tuple(Account(**row) for row in data["accounts"])
        return cls(items, warnings, settings, judgements=judgements, accounts=accounts, **_blocks_from(data))


BLOCKS = tuple(
    f.name for f in fields(Estimates) if f.name not in ("items", "warnings", "settings", "judgements", "accounts")
)


def _blocks_from(data: Mapping[str, Any]) -> dict[str, Any]:
    types = get_type_hints(Estimates)
    try:
        return {name: TypeAdapter(types[name]).validate_python(data[name]) for name in BLOCKS if name in data}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"the estimates have no readable {error.title}, at {where}: {first['msg']}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def estimate(
    observations: pd.DataFrame,
    *,
    analysis: Analysis,
    outcome: Outcome,
    endpoints: Sequence[str] = (),
    primary: Collection[str] | None = None,
    looked: Looked | None = None,
) -> Estimates:
    """Every estimate that the observations allow. Thin data give a status that says what is missing, no error.

    `observations` is long, one row a trial (see `frame`); `endpoints` are those that were to be asked: one without any
    row gets a warning; `primary` the declared comparisons (see `judge`), `looked` the looks of a run that may stop
    early (see `judge_looked`): its judgements are of the jobs that were looked at, and what stands beside them of all
    answers. Raises `InputError` where the table lacks a column that cannot be done without.
    """
    linear = not outcome.measured.relative
    subjects = [Subject(rows, analysis, outcome) for rows in rows_of(observations, linear=linear)]
    items: list[Estimate] = []
    failed: list[str] = []
    blocks: dict[str, list[Any]] = {name: [] for name in BLOCKS}
    if looked is None:
        judgements = judge_rows([s.rows for s in subjects], analysis=analysis, outcome=outcome, primary=primary)
    else:
        judgements = judge_looked(observations, looked, analysis=analysis, outcome=outcome, primary=primary)
    for subject in subjects:
        found = estimates_of(subject)
        for name, rows in _beside(subject, found, judgements, len(subjects), failed).items():
            blocks[name] += rows
        items += found
    items = [*judged(_adjusted(items), judgements), *plugged_in(observations, items)]
    blocks["pooling"] = [*over_models(subjects, items), *over_fields(items)]
    warnings = (*_warnings(subjects, blocks["bounds"]), *failed, *_silent(observations, endpoints))
    made = {name: tuple(rows) for name, rows in blocks.items()}
    others = {name: plugin.distribution for name, plugin in plugins("estimators").items()}
    settings: dict[str, Any] = {**analysis.model_dump(), **({"plugins": others} if others else {})}
    if outcome.probabilities is not None:
        settings["probabilities"] = told(observations)
    accounts = tuple(account for subject in subjects for account in accounts_of(subject.rows))
    return Estimates(tuple(items), warnings, settings, judgements=judgements, accounts=accounts, **made)


def _beside(
    subject: Subject, items: list[Estimate], judgements: Judgements, comparisons: int, warnings: list[str]
) -> dict[str, list[Any]]:
    about = (subject.rows.endpoint, subject.rows.attribute)
    controls = {j.level: j.control for j in judgements.items if (j.endpoint, j.attribute) == about}
    has = subject.measure.has
    made: dict[str, Callable[[], Iterable[object]]] = {
        "answers": lambda: diagnostics.answers(subject),
        "variance": lambda: diagnostics.variance(subject),
        "placebo": lambda: filter(None, [diagnostics.placebo(subject, items, controls)]),
        "bounds": lambda: diagnostics.bounds(subject),
        "distribution": lambda: sensitivity.distribution(subject),
        "heaping": lambda: sensitivity.round_numbers(subject),
        "specification": lambda: sensitivity.specification(subject),
        "lenses": lambda: sensitivity.lenses(subject, comparisons),
        "drift": lambda: diagnostics.drift(subject),
    }
    return {name: _kept(make, name, about, warnings) for name, make in made.items() if has(name)}


def _kept(make: Callable[[], Iterable[object]], name: str, about: tuple[str, str], warnings: list[str]) -> list[object]:
    """The rows of a block; none, with a warning, where it cannot be computed: what stands beside never stops a run."""
    try:
        return list(make())
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError) as error:
        warnings.append(f"not_computed: {', '.join(about)}, {name} ({error})")
        return []


def _adjusted(items: Iterable[Estimate]) -> list[Estimate]:
    """Benjamini-Hochberg over what is explored, within family, endpoint and attribute; headlines by the judgement."""
    listed = list(items)
    families: dict[tuple[str, ...], list[int]] = {}
    for index, e in enumerate(listed):
        if e.family in EXPLORED:
            families.setdefault((e.family, e.endpoint, e.attribute), []).append(index)
    for indexes in families.values():
        for index, p in zip(indexes, benjamini_hochberg([listed[i].p_value for i in indexes]), strict=True):
            listed[index] = replace(listed[index], p_adjusted=p)
    return listed


def _warnings(subjects: Iterable[Subject], bounds: Iterable[Silence]) -> Iterator[str]:
    """What a reader must know before reading on, as `code: endpoint, attribute ...`."""
    for subject in subjects:
        rows = subject.rows
        about = f"{rows.endpoint}, {rows.attribute}"
        if rows.reference is None:
            yield f"no_reference: {about}"
        if not rows.valued.any():
            yield f"no_answers: {about}"
        elif len(rows.profiles) < FEWEST_WITHOUT_WARNING:
            yield f"few_profiles: {about}"
        if rows.other_currency.any() or rows.foreign.any():
            yield f"mixed_currencies: {about}"
    for b in bounds:
        if b.differential:
            yield f"differential_non_answers: {b.endpoint}, {b.attribute}, {b.level}"


def _silent(observations: pd.DataFrame, endpoints: Sequence[str]) -> Iterator[str]:
    there = set(observations["endpoint"].astype(str).unique())
    return (f"no_answers: {name}" for name in endpoints if name not in there)


__all__ = ["FORMAT", "REASONS", "Estimates", "estimate"]
