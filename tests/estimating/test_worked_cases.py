"""Worked cases with another program's numbers: every expected number within its case's tolerance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from stats_data import CASES

from bias_harness.estimating.estimators import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    bootstrap_mean,
    cells_of_dense,
    clopper_pearson,
    clustered_mean,
    contrast,
    design_variance,
    heaping,
    holm,
    lee_bounds,
    manski_bounds,
    minimum_detectable,
    newcombe,
    one_way,
    paired_effect,
    paired_t,
    pairs_needed,
    profiles,
    questions_needed,
    ratio_of_means,
    sign_flip,
    tost,
    tost_paired_from_summary,
    verdict,
    welch_t,
    wilson,
)
from bias_harness.estimating.estimators.interval import from_standard_error
from bias_harness.estimating.estimators.planning import Numbers, Spread
from bias_harness.margin import Margin

CHECKED: set[str] = set()


def case(name: str):
    CHECKED.add(name)
    c = CASES[name]

    def near(got, expected):
        t = c["tolerance"]
        return got == pytest.approx(expected, rel=t["rel"], abs=t["abs"])

    return c["inputs"], c["expected"], near


def arrays(inputs) -> tuple[np.ndarray, np.ndarray]:
    return np.array(inputs["a"], float), np.array(inputs["b"], float)


def test_paired_t() -> None:
    inputs, want, near = case("R01_paired_t_sleep")
    a, b = arrays(inputs)
    got = paired_t(a - b)
    assert near(got.estimate, want["mean_diff"])
    assert near(got.estimate / got.std_error, want["t"])
    assert near(got.df, want["df"])
    assert near(got.p_value, want["p"])
    assert near((got.conf_low, got.conf_high), (want["ci_low"], want["ci_high"]))
    assert near(got.std_error, want["se"])


def test_welch() -> None:
    inputs, want, near = case("R02_welch_sleep")
    got = welch_t(*arrays(inputs))
    assert near((got.t, got.df, got.p_value), (want["t"], want["df"], want["p"]))
    assert near((got.conf_low, got.conf_high), (want["ci_low"], want["ci_high"]))


def test_sign_flip() -> None:
    inputs, want, near = case("R03_signflip_exact")
    a, b = arrays(inputs)
    got = sign_flip(a - b)
    assert got.exact
    assert near((got.p_value, got.n_flips), (want["p_value"], want["n_permutations"]))


def test_effect_sizes() -> None:
    inputs, want, near = case("R05_effect_sizes_sleep")
    a, b = arrays(inputs)
    got = paired_effect(a - b, (a, b))
    assert near((got.d_z, got.d_av, got.j, got.g_z), tuple(want[k] for k in ("d_z", "d_av", "J_exact", "g_z")))
    assert near((got.conf_low, got.conf_high), (want["dz_ci_low"], want["dz_ci_high"]))


def headline_contrast():
    inputs, want, near = case("S01_headline_gap")
    amounts = np.full((8, 2, 2, 1, 3), np.nan)
    for persona, wording, level, repeat, annual in inputs["rows"]:
        amounts[persona, wording, ("male", "female").index(level), 0, repeat] = annual
    return contrast(cells_of_dense(amounts), 1, 0), want, near


def test_headline_gap() -> None:
    of, want, near = headline_contrast()
    log, usd = profiles(of.log_gaps), profiles(of.money_gaps)
    for got, expected in ((log, want["log"]), (usd, want["usd"])):
        assert near(
            (got.estimate, got.std_error, got.df, got.t, got.p_value, got.conf_low, got.conf_high),
            tuple(expected[k] for k in ("estimate", "se", "df", "t", "p", "ci_low", "ci_high")),
        )
    ratio = ratio_of_means(*of.profile_amounts)
    assert near(100 * math.expm1(log.estimate), want["gap_pct"]["estimate"])
    assert near(100 * math.expm1(ratio.estimate), want["gap_pct_of_means"])
    assert near(of.amounts[1], want["mean_reference_usd"])


def test_plain_statement() -> None:
    """The numbers that the sentence quotes, as they are rounded for the data."""
    of, *_ = headline_contrast()
    _, want, _ = case("T01_plain_statement")
    usd, ratio, typical = profiles(of.money_gaps), ratio_of_means(*of.profile_amounts), profiles(of.log_gaps)
    assert [round(-usd.estimate), [round(-usd.conf_high), round(-usd.conf_low)]] == [want["usd"], want["usd_ci"]]
    for interval, pct, ends in (
        (ratio, want["pct_of_means"], want["pct_of_means_ci"]),
        (typical, want["typical_pct"], want["typical_pct_ci"]),
    ):
        assert round(-100 * math.expm1(interval.estimate), 1) == pct
        assert [round(-100 * math.expm1(x), 1) for x in (interval.conf_high, interval.conf_low)] == ends
    assert of.n_answers == want["answers"]
    assert of.log_gaps.shape == (want["profiles"], want["wordings"])


def test_clustered_mean() -> None:
    inputs, want, near = case("S03_clustered_se_mean")
    got = clustered_mean(inputs["clusters"])
    assert near((got.se_uncorrected, got.std_error), (want["se_miller_no_correction"], want["se_inspect_ai"]))
    assert near((got.mean, got.n, got.se_iid), (want["mean"], want["n"], want["se_iid"]))
    assert near((got.conf_low, got.conf_high), (want["ci_t_low"], want["ci_t_high"]))


def test_bca() -> None:
    inputs, want, near = case("S06_bootstrap_bca")
    got = bootstrap_mean(np.array(inputs["profile_log_gaps"]), seed=7)
    assert near((got.conf_low, got.conf_high, got.std_error), (want["ci_low"], want["ci_high"], want["se"]))


def test_tost() -> None:
    i, want, near = case("E01_tost_paired_TOSTER")
    got = tost_paired_from_summary(i["n"], (i["m1"], i["m2"]), (i["sd1"], i["sd2"]), i["r12"], (i["low"], i["high"]))
    assert near((got.estimate, got.t_lower, got.t_upper), (want["diff"], want["t_lower"], want["t_upper"]))
    assert near((got.p_lower, got.p_upper, got.p_value), (want["p_lower"], want["p_upper"], want["p_tost"]))
    assert near((got.conf_low, got.conf_high), (want["ci90_low"], want["ci90_high"]))


@pytest.mark.parametrize("index", range(5))
def test_verdicts(index: int) -> None:
    inputs, want, near = case("E03_verdicts")
    i, w, margin = inputs["cases"][index], want["results"][index], inputs["sesoi_log"]
    interval = from_standard_error(i["m"], i["se"], i["df"], 0.95, i["df"] + 1)
    got = tost(i["m"], i["se"], i["df"], -margin, margin)
    assert verdict(interval, Margin(margin, "log")) == w["verdict"]
    assert near([interval.conf_low, interval.conf_high], w["ci95"])
    assert near([got.conf_low, got.conf_high], w["ci90"])
    assert near((got.p_value, interval.p_value), (w["p_tost"], w["p_nhst"]))


def test_multiplicity() -> None:
    inputs, want, near = case("M01_bh1995")
    for adjust, name in (
        (holm, "holm"),
        (benjamini_hochberg, "bh"),
        (benjamini_yekutieli, "by"),
        (bonferroni, "bonferroni"),
    ):
        assert near(adjust(inputs["p"]), want[name])
        assert adjust([None, *inputs["p"]])[0] is None
        assert near(adjust([None, *inputs["p"]])[1:], want[name])
    assert sum(p <= 0.05 for p in benjamini_hochberg(inputs["p"])) == want["n_reject_bh"]
    assert sum(p <= 0.05 for p in bonferroni(inputs["p"])) == want["n_reject_bonf"]


def test_proportions() -> None:
    i, want, near = case("F01_newcombe")
    assert near(newcombe(i["x1"], i["n1"], i["x2"], i["n2"]), (want["diff"], want["ci_low"], want["ci_high"]))
    assert near(list(wilson(56, 70)), want["wilson_56_70"])
    assert near(list(wilson(0, 20)), want["wilson_0_20"])
    assert near(list(clopper_pearson(0, 20)), want["clopper_0_20"])
    assert newcombe(0, 0, 1, 2) is None


def test_bounds() -> None:
    i, want, near = case("F04_lee_manski")
    b, a = np.array(i["focal_observed"], float), np.array(i["reference_observed"], float)
    got = lee_bounds(b, i["focal_n"], a, i["reference_n"])
    assert near((got.low, got.high, got.trim_fraction), (want["lee_low"], want["lee_high"], want["trim_fraction"]))
    assert want["trimmed_group"].startswith(got.trimmed)
    assert near(got.naive, want["naive_diff"])
    worst = manski_bounds(b, i["focal_n"], a, i["reference_n"], i["y_min"], i["y_max"])
    assert near((worst.low, worst.high), (want["manski_low"], want["manski_high"]))


def test_variance_components() -> None:
    inputs, want, near = case("V01_dyestuff")
    got = one_way(list(inputs["groups"].values()))
    assert near((got.ms_between, got.ms_within), (want["ms_between"], want["ms_within"]))
    assert near((got.var_between, got.var_within, got.icc), (want["var_between"], want["var_within"], want["icc1"]))


def test_power() -> None:
    i, want, near = case("P01_power")
    assert near(pairs_needed(i["dz"], i["alpha"], i["power"]), want["n_pairs_exact"])
    assert near(questions_needed(i["miller"]["omega2"], i["miller"]["delta"]), want["miller_n"])
    d = i["design"]
    spread = Spread(gap_profile=d["sd_gap_profile"], trial=d["sd_trial"])
    variance = design_variance(Numbers(d["P"], d["V"], d["R"]), spread)
    assert near(minimum_detectable(variance**0.5, d["P"] - 1), want["mde_log"])


def test_heaping() -> None:
    inputs, want, near = case("Z01_heaping")
    got = heaping(np.array(inputs["values"], float))
    names = [k for k in want if k.startswith("share")]
    assert near([getattr(got, k) for k in names], [want[k] for k in names])
    assert (got.distinct, got.modal_share) == (want["distinct"], pytest.approx(want["modal_share"]))


def test_zero_variance() -> None:
    inputs, want, _ = case("X90_edge_zero_variance")
    for name, key in (
        ("all_zero", "profile_log_gaps_all_zero"),
        ("all_equal", "profile_log_gaps_all_equal"),
        ("single", "single_profile"),
    ):
        got, expected = paired_t(np.array(inputs[key], float)), want[name]
        assert got.estimate == pytest.approx(expected["estimate"])
        assert got.status == expected["status"]
        assert got.std_error == expected["se"]
        assert got.p_value is None
        assert got.conf_low is None
    flips = sign_flip(np.array(inputs["profile_log_gaps_all_equal"]))
    assert flips.p_value == want["all_equal"]["signflip_p"]


def test_every_case_is_checked() -> None:
    """Runs last in this file: a case that no test opens would otherwise pass unseen."""
    assert set(CASES) == CHECKED
