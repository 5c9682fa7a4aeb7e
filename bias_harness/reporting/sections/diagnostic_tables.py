"""What stands beside the estimates, as tables for researchers: non-answers, bounds, round numbers, pooling, lenses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from bias_harness.estimating.blocks import Drift, Lenses, RoundNumbers, Row, Shape, Silence
from bias_harness.estimating.judgement import Control, Judgement
from bias_harness.outcome import Measure
from bias_harness.reporting.charts import Column, Table
from bias_harness.reporting.charts.chart import Unit
from bias_harness.reporting.confirmed import confirmed_table
from bias_harness.reporting.judged import key_of, measure_of, shown
from bias_harness.reporting.material import View

MOST = 60
"""Rows of such a table on the page; estimates.json has them all."""

NAMES = (Column("model"), Column("attribute"), Column("level"))
JUDGED = (
    *(Column("percent", "gap"), Column("low", "gap"), Column("high", "gap")),
    *(Column("p_adjusted", "number"), Column("family", "count")),
    *(Column("jobs", "count"), Column("forms_level", "count"), Column("forms_reference", "count")),
    *(Column("words_move", "gap"), Column("above_floor", "gap")),
    *(Column("verdict"), Column("because")),
)


def tables(view: View) -> list[tuple[str, Table]]:
    """(key of its title, table), where the run has rows for it."""
    of = view.material.estimates
    made = [
        ("judgements", Table((*NAMES, *JUDGED), [_judged(view, j) for j in view.material.judgements[:MOST]])),
        ("around", _around(view)),
        ("bounds", _bounds_table(view)),
        ("heaping", _table(view, of.heaping, _HEAPING, _heaping)),
        ("distances", _table(view, of.distribution, _DISTANCES, _distances)),
        ("pooling", _pooling(view)),
        ("lenses", _table(view, of.lenses, _LENSES, _lenses)),
        ("order", _table(view, of.drift, _ORDER, partial(_order, view.material.measure.factor))),
        ("confirmed", confirmed_table(view)),
    ]
    return [(key, table) for key, table in made if table.rows]


def _judged(view: View, j: Judgement) -> list[Any]:
    """The numbers of one judgement, its word and what held it back."""
    t, measure, control = view.texts, measure_of(j), j.control
    codes = t.under("report.research.because")
    sizes = [None if x is None else measure.shown(x) for x in _control(control)]
    return [
        *_names(view, j),
        *shown(j),
        *(j.p_adjusted, j.family_size, j.jobs, j.forms_level, j.forms_reference),
        *sizes,
        t(f"verdicts.{key_of(j)}"),
        ", ".join(str(codes[why]) for why in j.because),
    ]


def _control(control: Control | None) -> tuple[float | None, float | None]:
    return (None, None) if control is None else (control.spread, control.above_floor)


def _names(view: View, j: Judgement) -> list[str]:
    return [view.model(j.endpoint), view.attribute(j.attribute), view.level(j.attribute, j.level, "tag")]


def _around(view: View) -> Table:
    """What other choices make of each comparison, and whether that bears its word out."""
    t = view.texts
    columns = (
        *(Column("choice"), Column("share", "percent")),
        *(Column("percent", "gap"), Column("low", "gap"), Column("high", "gap"), Column("holds")),
    )
    rows = [
        [
            *_names(view, j),
            t(f"report.research.choices.{s.variation}"),
            100 * s.share,
            *shown(j, s.gap),
            t(f"report.research.holds.{'yes' if s.holds else 'no'}"),
        ]
        for j in view.material.judgements
        for s in j.sensitivities
    ]
    return Table((*NAMES, *columns), rows[:MOST])


About = TypeVar("About", bound=Row)


def _table(view: View, rows: Iterable[About], columns: Iterable[Column], values: Callable[[About], list[Any]]) -> Table:
    listed = [
        [view.model(r.endpoint), view.attribute(r.attribute), view.level(r.attribute, r.level, "tag"), *values(r)]
        for r in islice(rows, MOST)
    ]
    return Table((*NAMES, *columns), listed, view.material.currency)


_BOUNDS = (
    Column("answered_level", "percent"),
    Column("answered_reference", "percent"),
    Column("bound_low", "gap"),
    Column("bound_high", "gap"),
)


def _bounds_table(view: View) -> Table:
    unit: Unit = "money" if view.material.measure.has("money") else "gap"
    columns = (*_BOUNDS, Column("worst_low", unit), Column("worst_high", unit))
    return _table(view, view.material.estimates.bounds, columns, partial(_bounds, view.material.measure))


def _bounds(measure: Measure, r: Silence) -> list[Any]:
    lee, worst = r.percent if measure.relative else r.plain, r.worst_case
    ends = [end for of in (lee, worst) for end in ((of.low, of.high) if of else (None, None))]
    shown = ends if measure.relative else [None if x is None else measure.shown(x) for x in ends]
    return [100 * r.answered_level, 100 * r.answered_reference, *shown]


_HEAPING = (
    Column("multiples_10000", "percent"),
    Column("multiples_5000", "percent"),
    Column("distinct", "count"),
    Column("modal_share", "percent"),
)


def _heaping(r: RoundNumbers) -> list[Any]:
    of = r.shape
    return [_hundred(of.share_multiple_10000), _hundred(of.share_multiple_5000), of.distinct, _hundred(of.modal_share)]


_DISTANCES = (
    Column("ks", "number"),
    Column("ks_p", "number"),
    Column("wasserstein", "number"),
    Column("wasserstein_p", "number"),
    Column("gini_level", "number"),
    Column("gini_reference", "number"),
)


def _distances(r: Shape) -> list[Any]:
    d = r.distance
    found = (d.ks, d.ks_p_value, d.wasserstein, d.wasserstein_p_value) if d else (None,) * 4
    return [*found, r.gini_level, r.gini_reference]


_LENSES = (
    Column("welch_p", "number"),
    Column("welch_p_bonferroni", "number"),
    Column("cohen_d", "number"),
    Column("mann_whitney_p", "number"),
    Column("impact_ratio", "number"),
    Column("share_at_median", "percent"),
    Column("five_percent_line"),
)


def _lenses(r: Lenses) -> list[Any]:
    tests = [r.rows.welch_p, r.rows.welch_p_bonferroni, r.rows.d, r.rows.mann_whitney_p]
    line = "x" if r.reaches_five_percent_line else ""
    return [*tests, r.impact_ratio.impact_ratio, _hundred(r.share_at_median), line]


_ORDER = (Column("slope", "gap"), Column("low", "gap"), Column("high", "gap"), Column("p", "number"))


def _order(factor: float, r: Drift) -> list[Any]:
    ends = (r.gap.estimate, r.gap.conf_low, r.gap.conf_high)
    return [*(None if x is None else factor * x for x in ends), r.gap.p_value]


def _pooling(view: View) -> Table:
    """Over models and over fields: the pooled gap, its interval, and how much the parts differ."""
    columns = (
        Column("comparison"),
        Column("attribute"),
        Column("level"),
        Column("k", "count"),
        Column("jobs", "count"),
        Column("percent", "gap"),
        Column("low", "gap"),
        Column("high", "gap"),
        Column("i2", "percent"),
        Column("differ_p", "number"),
    )
    measure, rows = view.material.measure, []
    for r in view.material.estimates.pooling[:MOST]:
        over = view.texts(f"report.research.pooled.{r.over}")
        name = f"{over}: {view.model(r.endpoint)}" if r.endpoint else over
        about = [name, view.attribute(r.attribute), view.level(r.attribute, r.level, "tag"), r.k, r.people or None]
        ends = [r.percent, r.percent_low, r.percent_high]
        if not measure.relative:
            linear = (r.estimate, r.conf_low, r.conf_high)
            ends = [None if x is None else measure.shown(x) for x in linear]
        rows.append([*about, *ends, _hundred(r.i2), r.differ_p_value])
    return Table(columns, rows)


def _hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share
