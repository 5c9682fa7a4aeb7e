"""Observations x estimands -> Estimates: every gap with its interval, its counts and its verdict.

Families of `items`: `headline` (one per endpoint, attribute and level; the judgement's numbers), `scopes` (the same gap
in the other scopes), `money` (twins of headline and cells), `cells` (field, seniority, language, wording and their
crossings; Benjamini-Hochberg within endpoint and attribute, and simultaneous intervals), `nonanswers`, `intersections`,
`signals`, `placebo`, and `plug-in` for what other packages add. What stands beside them (noise, bounds, shapes,
choices, lenses) are rows of plain data. What each number means is in docs/statistics.md.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from bias_harness.errors import InputError, check_format
from bias_harness.estimating import diagnostics, sensitivity
from bias_harness.estimating.accounts import Account, accounts_of
from bias_harness.estimating.comparison import REASONS, Subject
from bias_harness.estimating.estimators.cells import contrast
from bias_harness.estimating.estimators.interval import FEWEST_WITHOUT_WARNING
from bias_harness.estimating.estimators.multiplicity import benjamini_hochberg
from bias_harness.estimating.estimators.planning import Spread
from bias_harness.estimating.estimators.scopes import profile_means
from bias_harness.estimating.families import estimates_of
from bias_harness.estimating.judgement import Gap, Judgement, Judgements, Word
from bias_harness.estimating.judging import judge_rows
from bias_harness.estimating.pooled import over_fields, over_models
from bias_harness.estimating.rows import STATUSES, Rows, rows_of
from bias_harness.outcome import Analysis, Outcome, shown_gap
from bias_harness.plugins import plugins
from bias_harness.vocabulary import Estimate, VerdictWord

FORMAT = 2
Block = Mapping[str, Any]
Blocks = tuple[Block, ...]
EXPLORED = ("cells", "nonanswers", "intersections", "signals")


@dataclass(frozen=True)
class Estimates:
    """All estimates of one run, and what stands beside them. Blocks are rows that name endpoint, attribute and level.

    `counts` answers by status; `answers` what the headline uses and what not; `variance` components of amounts and of
    gaps; `placebo` the floor and the false alarms; `bounds` under unequal non-answers; `distribution` quantile gaps and
    distances; `heaping` round numbers; `specification` the curve with its joint test; `pooling` over models and fields;
    `lenses` how others count; `drift` over the run's order; `judgements` what
    may be said, comparison by comparison. `warnings` are `code: where`.
    """

    items: tuple[Estimate, ...]
    counts: Blocks = ()
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    answers: Blocks = ()
    variance: Blocks = ()
    placebo: Blocks = ()
    bounds: Blocks = ()
    distribution: Blocks = ()
    heaping: Blocks = ()
    specification: Blocks = ()
    pooling: Blocks = ()
    lenses: Blocks = ()
    drift: Blocks = ()
    judgements: Judgements = field(default_factory=Judgements)
    accounts: tuple[Account, ...] = ()

    def __repr__(self) -> str:
        ends = ", ".join(dict.fromkeys(e.endpoint for e in self.items))
        shown = f"{len(self.items):,} estimates, {len(self.find(family='headline')):,} of them headlines"
        return f"Estimates({shown}; endpoints {ends or 'none'})"

    def _repr_html_(self) -> str:
        about = ("endpoint", "attribute", "level", "reference")
        head = [*about, "gap", "low", "high", "n_profiles", "n_answers", "status", "verdict"]
        rows = [
            [*(getattr(e, name) for name in about), *shown_gap(e), e.n_profiles, e.n_answers, e.status, e.verdict or ""]
            for e in self.find(family="headline")
        ]
        table = pd.DataFrame(rows, columns=head).to_html(index=False, na_rep="", float_format=lambda x: f"{x:.2f}")
        return f"<p>{html.escape(repr(self))}. Gap: level minus reference, as readers see it.</p>{table}"

    def find(self, **wanted: Any) -> list[Estimate]:
        """The estimates whose fields have these values; `slice` is compared as a whole."""
        return [e for e in self.items if all(getattr(e, name) == value for name, value in wanted.items())]

    def block(self, name: str, **wanted: Any) -> list[Block]:
        """The rows of a block (`"bounds"`, `"variance"` ...) that have these values."""
        rows: Blocks = getattr(self, name)
        return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]

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
        names = [f.name for f in fields(Estimate) if f.name not in ("details", "slice")]
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
        blocks = {name: tuple(data[name]) for name in BLOCKS if name in data}
        judgements = Judgements.from_dict(data["judgements"])
        warnings, settings = tuple(data.get("warnings", ())), data.get("settings", {})
        accounts = tuple(Account(**row) for row in data["accounts"])
        counts = blocks.pop("counts", ())
        return cls(items, counts, warnings, settings, judgements=judgements, accounts=accounts, **blocks)


BLOCKS = tuple(
    f.name for f in fields(Estimates) if f.name not in ("items", "warnings", "settings", "judgements", "accounts")
)


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
) -> Estimates:
    """Every estimate that the observations allow. Thin data give a status that says what is missing, no error.

    `observations` is long, one row a trial (see `frame`); `endpoints` are those that were to be asked: one without any
    row gets a warning; `primary` the declared comparisons
    (see `judge`). Raises `InputError` where the table lacks a column that cannot be done without.
    """
    linear = not outcome.measured.relative
    subjects = [Subject(rows, analysis, outcome) for rows in rows_of(observations, linear=linear)]
    items: list[Estimate] = []
    blocks: dict[str, list[Block]] = {name: [] for name in BLOCKS}
    judgements = judge_rows([s.rows for s in subjects], analysis=analysis, outcome=outcome, primary=primary)
    for subject in subjects:
        found = estimates_of(subject)
        for name, rows in _beside(subject, found, judgements, len(subjects)).items():
            blocks[name] += rows
        items += _with_bounds(found, blocks["bounds"])
    items = [*_judged(_adjusted(items), judgements), *_plugged_in(observations, items)]
    counts = tuple(_counts(subjects))
    blocks["pooling"] = [*over_models(items), *over_fields(items)]
    warnings = (*_warnings(subjects, items), *_silent(observations, endpoints))
    made = {name: tuple(rows) for name, rows in blocks.items() if name != "counts"}
    others = {name: plugin.distribution for name, plugin in plugins("estimators").items()}
    settings = {**analysis.model_dump(), **({"plugins": others} if others else {})}
    accounts = tuple(account for subject in subjects for account in accounts_of(subject.rows))
    return Estimates(tuple(items), counts, warnings, settings, judgements=judgements, accounts=accounts, **made)


_STATUS = {"ok": "ok", "no_data": "no_data", "one_job": "too_few_profiles", "no_variance": "degenerate_no_variance"}
_OLD_WORD: Mapping[Word, VerdictWord] = {
    "clear_gap": "gap_meaningful",
    "difference_too_small_to_matter": "gap_detected_but_negligible",
    "difference_of_unclear_size": "gap_detected_size_unclear",
    "practically_the_same": "equivalent",
}


def _judged(items: Iterable[Estimate], judgements: Judgements) -> Iterator[Estimate]:
    """Headlines speak with the judgement's voice: its gap, its interval as used, its p, its word (or none stronger).

    Differences in non-answers are called so only where the run's own test of silence or flags found one.
    """
    for e in items:
        if e.family == "headline":
            j = judgements.of(e.endpoint, e.attribute, e.level)
            yield e if j is None else _headline(e, j)
        elif e.family == "nonanswers":
            yield replace(e, verdict=_uneven(e, judgements))
        else:
            yield e


def _headline(e: Estimate, j: Judgement) -> Estimate:
    made = _with_numbers(e, j) if j.basis == "jobs" else e
    word: VerdictWord | None = None
    if j.word is not None and made.status == "ok":
        word = _OLD_WORD.get(
            j.word, "gap_detected_size_unclear" if j.differs and j.basis == "cases" else "inconclusive"
        )
    return replace(made, verdict=word, p_adjusted=j.p_adjusted if made.status == "ok" else None)


def _uneven(e: Estimate, judgements: Judgements) -> VerdictWord | None:
    what = {"refused": "silence", "unread": "silence", "implausible": "flags"}.get(e.outcome)
    about = (e.endpoint, e.attribute, e.level, what)
    found = next((i for i in judgements.imbalances if (i.endpoint, i.attribute, i.level, i.what) == about), None)
    if found is None or e.status != "ok":
        return None
    return "gap_meaningful" if found.found else "inconclusive"


def _with_numbers(e: Estimate, j: Judgement) -> Estimate:
    gap = j.gap or Gap(0.0)
    there = j.gap is not None
    status = _STATUS[j.status]
    return replace(
        e,
        estimate=gap.estimate if there else None,
        std_error=0.0 if j.status == "no_variance" else j.equivalent_se,
        df=None,
        conf_low=gap.low,
        conf_high=gap.high,
        p_value=j.p_value if j.status == "ok" else None,
        percent=gap.percent,
        percent_low=gap.percent_low,
        percent_high=gap.percent_high,
        status=status,
        reason=REASONS.get(status, ""),
    )


def _plugged_in(observations: pd.DataFrame, own: Sequence[Estimate]) -> Iterator[Estimate]:
    """What the estimators of other packages make of the observations; never a verdict. Raises `InputError`."""
    known = {(e.endpoint, e.attribute, e.level) for e in own}
    for name, plugin in plugins("estimators").items():
        for e in plugin.load()(observations):
            if not isinstance(e, Estimate):
                raise InputError(
                    f"the estimator {name!r} of {plugin.distribution} gave {type(e).__name__}, no Estimate"
                )
            if (e.endpoint, e.attribute, e.level) not in known:
                where = f"{e.endpoint}, {e.attribute}, {e.level}"
                raise InputError(f"the estimator {name!r} of {plugin.distribution} speaks of {where}: not in this run")
            yield replace(e, family="plug-in", estimator=f"{name} ({plugin.distribution})", verdict=None)


def _beside(
    subject: Subject, items: list[Estimate], judgements: Judgements, comparisons: int
) -> dict[str, list[Block]]:
    about = (subject.rows.endpoint, subject.rows.attribute)
    controls = {j.level: j.control for j in judgements.items if (j.endpoint, j.attribute) == about}
    floor = diagnostics.placebo(subject, items, controls)
    has = subject.measure.has
    return {
        "answers": list(diagnostics.answers(subject)),
        "variance": list(diagnostics.variance(subject)),
        "placebo": [floor] if floor else [],
        "bounds": list(diagnostics.bounds(subject)),
        "distribution": list(sensitivity.distribution(subject)) if has("distribution") else [],
        "heaping": list(sensitivity.round_numbers(subject)) if has("heaping") else [],
        "specification": list(sensitivity.specification(subject)) if has("specification") else [],
        "lenses": list(sensitivity.lenses(subject, comparisons)) if has("lenses") else [],
        "drift": list(diagnostics.drift(subject)),
    }


def _with_bounds(items: list[Estimate], bounds: list[Block]) -> list[Estimate]:
    """Headlines whose answers differ in number carry the bounds: their sentence must."""
    found = {(b["endpoint"], b["attribute"], b["level"]): b for b in bounds if b["differential"]}
    return [
        replace(e, details={**e.details, "bounds": found[key]})
        if e.family == "headline" and (key := (e.endpoint, e.attribute, e.level)) in found
        else e
        for e in items
    ]


def _counts(subjects: Iterable[Subject]) -> list[Block]:
    """Answers by endpoint, attribute, level and status."""
    return [row for subject in subjects for row in _count(subject.rows)]


def _count(rows: Rows) -> list[Block]:
    table = np.bincount(rows.level * len(STATUSES) + rows.status, minlength=len(rows.levels) * len(STATUSES))
    return [
        {"endpoint": rows.endpoint, "attribute": rows.attribute, "level": level, "status": status, "n": int(n)}
        for (level, status), n in zip(((g, s) for g in rows.levels for s in STATUSES), table, strict=True)
        if n
    ]


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


def _warnings(subjects: Iterable[Subject], items: Iterable[Estimate]) -> Iterator[str]:
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
    for e in items:
        if e.family == "headline" and "bounds" in e.details:
            yield f"differential_non_answers: {e.endpoint}, {e.attribute}, {e.level}"


def _silent(observations: pd.DataFrame, endpoints: Sequence[str]) -> Iterator[str]:
    there = set(observations["endpoint"].astype(str).unique())
    return (f"no_answers: {name}" for name in endpoints if name not in there)


def profile_gaps(
    observations: pd.DataFrame, endpoint: str, attribute: str, level: str, reference: str
) -> dict[str, float]:
    """The log gap of every profile: what a paired comparison of two runs is made of."""
    chosen = (observations["endpoint"] == endpoint) & (observations["attribute"] == attribute)
    for rows in rows_of(observations[chosen]):
        if level in rows.levels and reference in rows.levels:
            cells = rows.cells(rows.believable)
            gaps = profile_means(contrast(cells, rows.levels.index(level), rows.levels.index(reference)).log_gaps)
            return {p: float(g) for p, g in zip(rows.profiles, gaps, strict=True) if not np.isnan(g)}
    return {}


def pilot_spread(estimates: Estimates, endpoint: str, attribute: str, level: str) -> Spread | None:
    """What a finished run says about the spread of gaps, to plan the next one with (`plan_power`).

    From its variance components; a component that could not be told apart is taken as none. None where the run was too
    small to have components at all.
    """
    about = {"endpoint": endpoint, "attribute": attribute, "level": level, "status": "ok"}
    gaps, amounts = (next(iter(estimates.block("variance", of=of, **about)), None) for of in ("gaps", "amounts"))
    if gaps is None or amounts is None:
        return None
    parts = {name: math.sqrt(gaps[name] or 0.0) for name in ("profile", "wording", "interaction")}
    trial = math.sqrt(amounts["trial"] or 0.0)
    return Spread(parts["profile"], parts["wording"], parts["interaction"], trial)


__all__ = ["FORMAT", "REASONS", "Estimates", "estimate", "pilot_spread", "profile_gaps"]
