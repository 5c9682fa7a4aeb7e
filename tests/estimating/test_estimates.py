"""Planted effects come back through the whole of `estimate`, and what stands beside them is right."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from cases import first
from named_runs import run
from planted_cells import Planted, intervals, simulate
from stats_data import FIELDS, observations

from bias_harness.estimating.blocks import having
from bias_harness.estimating.estimates import Estimates, estimate
from bias_harness.estimating.estimators import benjamini_hochberg
from bias_harness.estimating.estimators.interval import t_quantile
from bias_harness.estimating.rows import READ
from bias_harness.outcome import Analysis, Outcome
from bias_harness.vocabulary import FATES, Estimate


def estimated(frame: pd.DataFrame, **analysis) -> Estimates:
    return estimate(frame, analysis=Analysis(**{"resamples": 999, **analysis}), outcome=Outcome())


PLANTED = estimated(
    observations(
        gaps={"female": -0.08, "nonbinary": 0.0},
        people=30,
        repeats=4,
        signals=2,
        languages=("en", "nl"),
        edits=("polite",),
        gap_sd=0.01,
        endpoints=("one", "two"),
        refused={"nonbinary": 0.3, "male": 0.01},
        heap=1_000,
        seed=3,
    ).sample(frac=1, random_state=2)
)


def test_planted_gaps_come_back_with_their_verdicts() -> None:
    for endpoint in ("one", "two"):
        female, other = (PLANTED.headline(endpoint, "gender", g) for g in ("female", "nonbinary"))
        assert female.conf_low < -0.08 < female.conf_high
        assert female.verdict == "gap_meaningful"
        assert other.verdict in ("equivalent", "inconclusive")
        assert female.p_adjusted >= female.p_value
        assert (female.n_profiles, female.n_wordings) == (30, 6)
        assert female.n_answers == female.n_pairs * 2 * 4 - (female.n_pairs * 8 - female.n_answers)
        assert len(female.details["profile_gaps"]) == 30


def test_the_headline_of_a_run_is_what_its_arrays_give() -> None:
    """The frame's way and the array's way are one: the same interval to the last digits."""
    planted = Planted(profiles=7, wordings=4, repeats=3, gap=-0.04)
    amounts, *_ = simulate(planted, np.random.default_rng(8))
    rows = [
        {
            "persona": f"{p}",
            "wording": f"{v}",
            "level": "fm"[1 - g],
            "signal": s,
            "repeat": r,
            "annual": amounts[p, v, g, s, r],
        }
        for p, v, g, s, r in np.ndindex(amounts.shape)
    ]
    frame = pd.DataFrame(rows).assign(endpoint="bot", attribute="gender")
    frame["reference"] = frame["level"] == "m"
    from bias_harness.estimating.estimators import cells_of_dense, contrast
    from bias_harness.estimating.estimators.gaps import SCOPES, log_gap

    of = contrast(cells_of_dense(amounts), 1, 0)
    found = estimated(frame)
    for scope in SCOPES:
        (one,) = [e for e in found.find(scope=scope, scale="log", slice={}) if e.family in ("headline", "scopes")]
        want = log_gap(of, scope)
        assert (one.estimate, one.conf_low, one.conf_high) == pytest.approx(
            (want.estimate, want.conf_low, want.conf_high)
        )


def test_every_part_of_the_test_has_its_cells() -> None:
    cells = PLANTED.find(family="cells", endpoint="one", level="female", scale="log")
    parts = [tuple(e.slice) for e in cells]
    assert {len(p) for p in parts} == {1, 2, 3}
    assert parts.count(("field",)) == 5
    assert parts.count(("field", "seniority")) == 10
    assert parts.count(("field", "seniority", "language")) == 20
    law = next(e for e in cells if e.slice == {"field": "law"})
    assert law.n_profiles == 6
    assert PLANTED.money(law).slice == law.slice
    assert law.simultaneous_low <= law.conf_low < law.conf_high <= law.simultaneous_high
    assert law.p_value <= law.p_adjusted <= 1


def test_fields_add_up_to_the_headline() -> None:
    whole = PLANTED.headline("one", "gender", "female").estimate
    cells = PLANTED.find(family="cells", endpoint="one", level="female", scale="log")
    fields = [e.estimate for e in cells if list(e.slice) == ["field"]]
    assert np.mean(fields) == pytest.approx(whole, abs=5e-4)
    assert len(fields) == len(FIELDS)


def test_unequal_refusals_are_an_estimand_and_bring_bounds() -> None:
    one = PLANTED.headline("one", "gender", "nonbinary")
    refusal = PLANTED.refusal(one)
    assert refusal.conf_low < 0.28 < refusal.conf_high
    assert refusal.verdict == "gap_meaningful"
    low, high = refusal.details["newcombe"]
    assert low < 0.28 < high
    (bounds,) = having(PLANTED.bounds, endpoint="one", level="nonbinary")
    assert bounds.differential
    assert bounds.percent.low < one.percent < bounds.percent.high
    assert bounds.worst_case.low < bounds.plain.low < bounds.plain.high < bounds.worst_case.high
    assert not having(PLANTED.bounds, endpoint="one", level="female")[0].differential
    assert "differential_non_answers: one, gender, nonbinary" in PLANTED.warnings
    assert "differential_non_answers: one, gender, female" not in PLANTED.warnings
    assert {e.outcome for e in PLANTED.find(family="nonanswers")} == {"refused", "range", "unread", "implausible"}


def test_placebo_pairs_show_the_floor() -> None:
    (found,) = having(PLANTED.placebo, endpoint="one")
    assert found.floor.mean_absolute == pytest.approx(found.floor.noise, rel=0.15)
    (female,), (other,) = (having(found.levels, level=name) for name in ("female", "nonbinary"))
    assert female.above_floor > 0.03
    assert other.above_floor_low == 0 < female.above_floor_low
    assert found.alarms.tests == 4
    slices = [e.slice for e in PLANTED.find(family="placebo", endpoint="one")]
    assert {"edit": "polite"} in slices
    assert sum("signal" in s for s in slices) == 3


def test_variance_components_find_the_noise_that_was_planted() -> None:
    (row,) = having(PLANTED.variance, endpoint="one", level="female", of="amounts")
    assert math.sqrt(row.found.trial) == pytest.approx(0.06, rel=0.12)
    assert math.sqrt(row.found.profile) == pytest.approx(0.25, rel=0.3)
    (gaps,) = having(PLANTED.variance, endpoint="one", level="female", of="gaps")
    assert math.sqrt(gaps.found.profile) < 0.02


def test_shapes_choices_and_drift() -> None:
    (shape,) = having(PLANTED.distribution, endpoint="one", level="female")
    (median,) = having(shape.quantiles, probability=0.5)
    assert median.percent_low < -7.7 < median.percent_high
    assert shape.distance.ks_p_value < 0.01
    (fair,) = having(PLANTED.distribution, endpoint="one", level="nonbinary")
    assert fair.distance.wasserstein_p_value > 0.01
    (heap,) = having(PLANTED.heaping, endpoint="one", level="female")
    assert (heap.width, heap.shape.share_multiple_1000, heap.same_verdict) == (1_000, 1.0, 1.0)
    (curve,) = having(PLANTED.specification, endpoint="one", level="female")
    assert len(curve.specifications) == 14
    assert curve.joint.p_median < 0.01
    assert curve.joint.share == 1.0


def test_a_drift_that_is_planted_is_seen() -> None:
    frame = observations(people=12, repeats=20, gaps={"female": 0.0}, gap_sd=0).sample(frac=1, random_state=1)
    frame["asked_at"] = pd.date_range("2026-01-01", periods=len(frame), freq="s", tz="UTC")
    place = np.linspace(0, 1, len(frame))
    frame.loc[frame["level"] == "female", "annual"] *= np.exp(-0.1 * place)[frame["level"] == "female"]
    (row,) = estimated(frame.drop(columns="asked_at")).drift
    assert (row.gap.status, row.gap.estimate) == ("no_data", None)
    (row,) = estimated(frame).drift
    assert row.gap.conf_low < -0.1 < row.gap.conf_high < 0
    assert row.of_reference.conf_low < 0 < row.of_reference.conf_high


def test_ranges_are_read_in_three_ways() -> None:
    frame = observations(people=8)
    ranged = frame["repeat"] == 0
    frame["annual_low"] = frame["annual"] * np.where(ranged & (frame["level"] == "female"), 0.8, 1.0)
    frame["annual_high"] = frame["annual"] * np.where(ranged, 1.2, 1.0)
    frame.loc[ranged, "kind"] = "range"
    found = estimated(frame)
    (curve,) = found.specification
    by_range = {s.range: s.percent for s in having(curve.specifications, wording="all", scale="log")}
    assert by_range["low"] < by_range["midpoint"]
    assert by_range["high"] == pytest.approx(by_range["midpoint"])
    assert found.find(outcome="range")[0].mean_level == pytest.approx(1 / 3)


def test_models_and_fields_are_pooled() -> None:
    (models,) = having(PLANTED.pooling, over="models", level="female")
    assert (models.k, models.people) == (2, 30)
    assert models.percent == pytest.approx(-7.7, abs=1)
    (fields,) = having(PLANTED.pooling, over="fields", level="female", endpoint="one")
    assert [r.percent for r in fields.ranking] == sorted(r.percent for r in fields.ranking)
    assert (fields.people, fields.tau2 >= 0) == (0, True)


def test_lenses_are_there_and_are_no_verdict() -> None:
    (row,) = having(PLANTED.lenses, endpoint="one", level="female")
    assert row.rows.welch_p_bonferroni >= row.rows.welch_p
    assert row.impact_ratio.impact_ratio < 1
    assert row.reaches_five_percent_line is True


def test_intersections_show_their_excess() -> None:
    gaps = {"female+white": -0.05, "male+black": -0.04, "female+black": -0.15}
    found = estimated(observations(gaps=gaps, reference="male+white", attribute="both", people=20, gap_sd=0.005))
    (excess,) = found.find(family="intersections")
    assert excess.level == "female+black"
    assert excess.conf_low < -0.06 < excess.conf_high
    joint, singles = excess.details["joint"]["estimate"], excess.details["sum_of_singles"]["estimate"]
    assert excess.estimate == pytest.approx(joint - singles)


def test_names_are_a_second_factor_where_there_are_three() -> None:
    found = estimated(observations(signals=4, people=8))
    (names,) = found.find(family="signals")
    assert names.details == {"scope": "profiles+signals", "n_signals": 4}
    assert 0 < names.std_error < found.headline("bot", "gender", "female").std_error
    assert PLANTED.find(family="signals") == []


def test_the_declared_scope_is_the_headline() -> None:
    frame = observations(wordings=4)
    for scope in ("panel", "profiles", "profiles+wordings"):
        found = estimated(frame, scope=scope)
        one = found.headline("bot", "gender", "female")
        assert one.scope == found.money(one).scope == scope
        assert found.money(one).conf_low < found.money(one).estimate < found.money(one).conf_high
        assert len(found.find(family="headline")) == 1


def test_the_table_of_estimates() -> None:
    table = PLANTED.to_frame()
    assert len(table) == len(PLANTED.items)
    assert {"estimate", "std_error", "conf_low", "conf_high", "p_value", "slice"} <= set(table.columns)
    assert "field=law, seniority=junior" in set(table["slice"])


def test_families_are_adjusted_as_declared() -> None:
    """Bonferroni over all headlines of the run; Benjamini-Hochberg within the cells of one model and attribute."""
    heads = PLANTED.find(family="headline")
    assert [e.p_adjusted for e in heads] == pytest.approx([min(1.0, 4 * e.p_value) for e in heads])
    cells = PLANTED.find(family="cells", endpoint="one", attribute="gender")
    assert [e.p_adjusted for e in cells] == pytest.approx(benjamini_hochberg([e.p_value for e in cells]))
    assert len(heads) == 4


def test_refusals_are_judged_by_their_own_smallest_gap() -> None:
    frame = observations(people=20, refused={"female": 0.15, "male": 0.02}, repeats=6)
    words = {
        margin: estimated(frame, smallest_rate_gap=margin).find(outcome="refused")[0].verdict for margin in (0.02, 0.3)
    }
    assert words == {0.02: "gap_meaningful", 0.3: "gap_meaningful"}


def test_the_panel_s_per_cent_beside_money_by_the_delta_method() -> None:
    """One profile, one wording: var of log(mB/mA) = sB^2/(R mB^2) + sA^2/(R mA^2)."""
    frame = observations(people=1, wordings=1, repeats=30)
    found = estimated(frame)
    _, money = found.panel(found.find(family="headline")[0])
    b, a = (frame.loc[frame["level"] == level, "annual"].to_numpy() for level in ("female", "male"))
    parts = [x.var(ddof=1) / x.size / x.mean() ** 2 for x in (b, a)]
    df = sum(parts) ** 2 / sum(v**2 / 29 for v in parts)
    ratio = math.log(b.mean() / a.mean())
    half = t_quantile(0.975, df) * math.sqrt(sum(parts))
    assert money.percent_low == pytest.approx(100 * math.expm1(ratio - half))
    assert money.percent_high == pytest.approx(100 * math.expm1(ratio + half))


@pytest.mark.parametrize(
    "planted",
    first(
        1,
        [
            Planted(30, 5, 5, gap=-0.04),
            Planted(6, 3, 10, gap=-0.04),
            Planted(30, 5, 5, gap=-0.04, wording_gap_sd=0.02),
            Planted(2, 5, 100),
        ],
    ),
    ids=["30 people", "6 people", "wordings move the gap", "2 people, no gap"],
)
def test_the_interval_of_each_scope_holds_what_it_promises(planted: Planted) -> None:
    """Wide bounds that a broken interval would still leave."""
    found = [intervals(planted, seed) for seed in range(250)]
    held = [np.mean([i.conf_low <= truth <= i.conf_high for i, truth in scope]) for scope in zip(*found, strict=True)]
    profiles, panel, wide = held
    assert 0.90 <= profiles <= 0.99
    assert 0.90 <= panel <= 0.99
    assert wide >= 0.90
    assert abs(np.mean([run[0][0].estimate - run[0][1] for run in found])) < 0.01


def test_estimates_are_frozen_values() -> None:
    one = PLANTED.items[0]
    assert isinstance(one, Estimate)
    with pytest.raises(AttributeError):
        one.estimate = 0.0


def test_every_answer_that_was_asked_is_accounted_for() -> None:
    frame = observations(people=8, refused={"female": 0.2})
    women = frame.index[(frame["level"] == "female") & (frame["status"] == "ok")]
    frame["reason"] = ""
    frame.loc[women[0], ["annual", "status", "reason"]] = [np.nan, "no_amount", "empty"]
    frame.loc[women[1], ["annual", "status", "reason"]] = [np.nan, "ambiguous", "several_amounts"]
    frame.loc[women[2], ["annual", "status"]] = [np.nan, "failed"]
    frame.loc[women[3], "implausible"] = True
    frame.loc[women[4], "currency"] = "EUR"
    alone = (frame["persona"] == "p007") & (frame["level"] == "male")
    frame.loc[alone, ["annual", "status"]] = [np.nan, "refused"]
    for account in estimated(frame).accounts:
        fates = {fate: getattr(account, fate) for fate in FATES}
        assert sum(fates.values()) == account.asked
        if account.level == "female":
            kept = ("empty", "unread", "failed", "implausible", "other_currency")
            assert [fates[fate] for fate in kept] == [1, 1, 1, 1, 1]
            assert account.unread_reasons == {"several_amounts": 1}
            assert fates["incomplete_pair"] > 0


@pytest.mark.parametrize("name", ["prose", "hostile", "a share", "a score"])
def test_the_columns_that_are_read_are_all_that_estimates_are_made_of(name: str) -> None:
    material = run(name)
    e = material.audit.experiment
    of_all, of_those = (
        estimate(rows, analysis=e.analysis.model_copy(update={"resamples": 199}), outcome=e.outcome)
        for rows in (material.observations, material.observations[[*READ]])
    )
    assert of_all.to_dict() == of_those.to_dict()
