"""The same numbers as other people's programs, on data where those give numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy

from bias_harness.estimating.estimators import (
    benjamini_hochberg,
    bootstrap_means,
    clopper_pearson,
    cluster_regression,
    clustered_mean,
    crossed,
    dersimonian_laird,
    distances,
    gini,
    hodges_lehmann,
    holm,
    joint_test,
    lee_bounds,
    mann_whitney,
    max_t,
    mcnemar,
    newcombe,
    oaxaca_blinder,
    one_way,
    paired_effect,
    paired_t,
    pairs_needed,
    placebo_floor,
    power_paired,
    profiles_and_wordings,
    quantile_gaps,
    sign_flip,
    tost_paired,
    welch_t,
    wilson,
)

RANDOM = np.random.default_rng(20)
A, B = RANDOM.normal(11, 0.3, 14), RANDOM.normal(10.9, 0.3, 14)
D = B - A


def near(got, expected, rel: float = 1e-9) -> bool:
    return got == pytest.approx(expected, rel=rel, abs=1e-12)


def test_t_tests() -> None:
    paired, want = paired_t(D), scipy.stats.ttest_rel(B, A)
    assert near((paired.t, paired.p_value, paired.df), (want.statistic, want.pvalue, want.df))
    assert near((paired.conf_low, paired.conf_high), tuple(want.confidence_interval()))
    welch, other = welch_t(B, A[:9]), scipy.stats.ttest_ind(B, A[:9], equal_var=False)
    assert near((welch.t, welch.p_value, welch.df), (other.statistic, other.pvalue, other.df))
    assert near((welch.conf_low, welch.conf_high), tuple(other.confidence_interval()))


def test_equivalence() -> None:
    from statsmodels.stats.weightstats import ttost_paired

    p, lower, upper = ttost_paired(B, A, -0.2, 0.2)
    got = tost_paired(paired_t(D), -0.2, 0.2)
    assert near((got.p_value, got.t_lower, got.t_upper), (p, lower[0], upper[0]))


@pytest.mark.parametrize("n", [3, 9, 14])
def test_every_sign_flip_is_counted(n: int) -> None:
    def mean(x, y, axis):
        return np.mean(x - y, axis=axis)

    both = (D[:n], np.zeros(n))
    want = scipy.stats.permutation_test(both, mean, permutation_type="samples", n_resamples=np.inf)
    assert near(sign_flip(D[:n]).p_value, want.pvalue)


def test_drawn_sign_flips_agree_with_the_count() -> None:
    many = RANDOM.normal(-0.3, 1, 40)
    assert sign_flip(many, 9_999, 3).p_value == pytest.approx(paired_t(many).p_value, abs=0.02)


def test_the_bootstrap_is_scipy_s() -> None:
    table = RANDOM.lognormal(0, 0.6, (40, 3))
    for column, got in zip(table.T, bootstrap_means(table, 9_999, 2), strict=True):
        want = scipy.stats.bootstrap((column,), np.mean, n_resamples=9_999, method="BCa", rng=np.random.default_rng(1))
        width = want.confidence_interval.high - want.confidence_interval.low
        assert got.conf_low == pytest.approx(want.confidence_interval.low, abs=0.05 * width)
        assert got.conf_high == pytest.approx(want.confidence_interval.high, abs=0.05 * width)
        assert got.std_error == pytest.approx(want.standard_error, rel=0.05)


def test_a_bootstrap_with_gaps_uses_what_is_there() -> None:
    table = RANDOM.normal(0, 1, (30, 2))
    table[5:12, 1] = np.nan
    _, part = bootstrap_means(table, 4_000, 1)
    assert part.estimate == pytest.approx(np.nanmean(table[:, 1]))
    there = table[~np.isnan(table[:, 1]), 1]
    assert part.std_error == pytest.approx(there.std() / there.size**0.5, rel=0.08)


def test_ranks() -> None:
    got, want = hodges_lehmann(D), scipy.stats.wilcoxon(D)
    assert near(got.p_value, want.pvalue)
    walsh = np.array([(x + y) / 2 for i, x in enumerate(D) for y in D[i:]])
    assert near(got.estimate, np.median(walsh))
    assert got.conf_low < got.estimate < got.conf_high
    tied = np.round(D, 1)
    assert near(hodges_lehmann(tied).p_value, scipy.stats.wilcoxon(tied, method="approx", correction=False).pvalue)
    p, area = mann_whitney(np.round(B, 1), np.round(A, 1))
    other = scipy.stats.mannwhitneyu(np.round(B, 1), np.round(A, 1), method="asymptotic")
    assert near((p, area), (other.pvalue, other.statistic / (B.size * A.size)))


def test_the_walsh_interval_is_r_s() -> None:
    """R: wilcox.test(c(1.83,.50,1.62,2.48,1.68,1.88,1.55,3.06,1.30) - c(.878,.647,.598,2.05,1.06,1.29,1.06,3.14,1.29),
    conf.int=TRUE), Hollander & Wolfe (1973): p = 0.03906, estimate 0.46, interval 0.01 to 0.786."""
    x = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    y = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    got = hodges_lehmann(x - y)
    assert (got.p_value, got.estimate) == (pytest.approx(0.0390625), pytest.approx(0.46))
    assert (got.conf_low, got.conf_high) == (pytest.approx(0.01), pytest.approx(0.786))


def test_rates() -> None:
    from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    for x, n in ((0, 20), (3, 7), (56, 70), (20, 20)):
        assert near(wilson(x, n), proportion_confint(x, n, method="wilson"))
        assert near(clopper_pearson(x, n), proportion_confint(x, n, method="beta"))
    want = confint_proportions_2indep(5, 40, 1, 30, method="newcomb")
    assert near(newcombe(5, 40, 1, 30)[1:], want)
    assert near(mcnemar(7, 2).p_value, sm_mcnemar([[10, 7], [2, 11]], exact=True).pvalue)
    assert mcnemar(0, 0).p_value is None


def test_families() -> None:
    from statsmodels.stats.multitest import multipletests

    ps = list(RANDOM.uniform(0, 0.2, 25))
    assert near(holm(ps), list(multipletests(ps, method="holm")[1]))
    assert near(benjamini_hochberg(ps), list(scipy.stats.false_discovery_control(ps)))


def rows() -> pd.DataFrame:
    frame = pd.DataFrame([(p, v, g, k) for p in range(9) for v in range(3) for g in (0, 1) for k in range(4)])
    frame.columns = ["profile", "wording", "focal", "trial"]
    people, gaps = RANDOM.normal(0, 0.2, 9), RANDOM.normal(-0.04, 0.03, 9)
    frame["y"] = people[frame["profile"]] + frame["focal"] * gaps[frame["profile"]] + RANDOM.normal(0, 0.06, len(frame))
    frame["cell"] = frame["profile"] * 3 + frame["wording"]
    return frame


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_cluster_robust_regression(share: float) -> None:
    import statsmodels.formula.api as smf

    frame = rows().sample(frac=share, random_state=5)
    got = cluster_regression(frame["y"], frame["focal"], frame["profile"], frame["cell"])
    fit = smf.ols("y ~ focal + C(cell)", frame)
    plain = fit.fit()
    robust = fit.fit(cov_type="cluster", cov_kwds={"groups": frame["profile"], "df_correction": True}, use_t=True)
    assert near(got.coefficients[0], plain.params["focal"], 1e-7)
    assert near(got.naive[0], plain.bse["focal"], 1e-7)
    assert near(got.cr1[0], robust.bse["focal"], 1e-7)
    assert got.df == 8
    if share == 1:
        gaps = frame.groupby(["profile", "focal"])["y"].mean().unstack()
        want = paired_t((gaps[1] - gaps[0]).to_numpy())
        assert near(got.cr2[0], want.std_error)
        assert near(got.coefficients[0], want.estimate)


def test_the_specification_s_figures_of_every_kind() -> None:
    """Rows of the worked headline case, against the figures of statsmodels and pyfixest stated there."""
    from stats_data import CASES

    table = CASES["S01_headline_gap"]["inputs"]["rows"]
    y = np.log([r[4] for r in table])
    x = np.array([r[2] == "female" for r in table], float)
    profile = np.array([r[0] for r in table])
    got = cluster_regression(y, x, profile, profile * 2 + np.array([r[1] for r in table]))
    kinds = ("naive", "cr0", "cr1", "cr1_nested", "cr2", "cr3")
    assert [round(getattr(got, k)[0], 5) for k in kinds] == [0.00786, 0.00944, 0.01107, 0.01014, 0.01009, 0.01159]


def test_one_cluster_or_no_rest_is_no_regression() -> None:
    frame = rows()
    assert cluster_regression(frame["y"], frame["focal"], np.zeros(len(frame), int), frame["cell"]) is None
    assert cluster_regression(frame["focal"] * 0.1, frame["focal"], frame["profile"], frame["cell"]) is None


def test_a_clustered_mean_is_a_regression_on_nothing() -> None:
    import statsmodels.formula.api as smf

    frame = rows().head(100)
    got = clustered_mean([g["y"].to_numpy() for _, g in frame.groupby("profile")])
    want = smf.ols("y ~ 1", frame).fit(cov_type="cluster", cov_kwds={"groups": frame["profile"]})
    assert near(got.std_error, want.bse["Intercept"], 1e-7)
    assert near(got.mean, want.params["Intercept"], 1e-7)


def test_crossed_components_are_those_that_were_put_in() -> None:
    random, sd = np.random.default_rng(3), (0.3, 0.1, 0.05, 0.06)
    amounts = (
        random.normal(0, sd[0], (400, 1, 1))
        + random.normal(0, sd[1], (1, 60, 1))
        + random.normal(0, sd[2], (400, 60, 1))
        + random.normal(0, sd[3], (400, 60, 4))
    )
    got = crossed(amounts)
    found = (got.profile, got.wording, got.interaction, got.trial)
    assert np.sqrt(found) == pytest.approx(sd, rel=0.25)
    assert np.sqrt(found[2:]) == pytest.approx(sd[2:], rel=0.02)


def test_one_way_components_of_unequal_groups() -> None:
    groups = [RANDOM.normal(m, 1, n) for m, n in ((0, 4), (3, 9), (1, 6))]
    got = one_way(groups)
    f = scipy.stats.f_oneway(*groups)
    assert near(got.ms_between / got.ms_within, f.statistic)


def test_the_crossed_interval_by_hand() -> None:
    """Two-way layout worked out step by step: P = 3, V = 3."""
    table = np.array([[-0.05, -0.02, -0.08], [-0.01, 0.00, -0.05], [-0.06, -0.04, -0.11]])
    got = profiles_and_wordings(table)
    rm, cm, g = table.mean(1), table.mean(0), table.mean()
    ms_p, ms_v = 3 * ((rm - g) ** 2).sum() / 2, 3 * ((cm - g) ** 2).sum() / 2
    ms_r = ((table - rm[:, None] - cm + g) ** 2).sum() / 4
    variance = (ms_p + ms_v - ms_r) / 9
    df = (9 * variance) ** 2 / (ms_p**2 / 2 + ms_v**2 / 2 + ms_r**2 / 4)
    assert near((got.estimate, got.std_error, got.df), (g, variance**0.5, df))
    assert near(got.conf_high - got.estimate, scipy.stats.t.ppf(0.975, df) * variance**0.5)


def test_pooling() -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    y, s = np.array([28, 8, -3, 7, -1, 1, 18, 12.0]), np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
    got = dersimonian_laird(y, s)
    assert (got.tau2, round(got.estimate, 4), round(got.std_error, 4)) == (0.0, 7.6856, 4.0719)
    y = y * 4
    got, want = dersimonian_laird(y, s), combine_effects(y, s**2, method_re="chi2", use_t=True)
    assert near((got.tau2, got.q, got.i2), (want.tau2, want.q, want.i2))
    assert near((got.estimate, got.std_error), (want.mean_effect_re, want.sd_eff_w_re))
    assert near(got.hk_std_error, want.sd_eff_w_re_hksj)
    assert max(abs(np.array(got.shrunk) - got.estimate)) < max(abs(y - got.estimate))


def test_shrinking_keeps_the_share_that_is_not_noise() -> None:
    y, s = np.array([-0.08, -0.01, 0.02, -0.05]), np.array([0.01, 0.02, 0.005, 0.01])
    got = dersimonian_laird(y, s)
    assert got.tau2 > 0
    keep = got.tau2 / (got.tau2 + s**2)
    assert near(list(got.shrunk), list(got.estimate + keep * (y - got.estimate)))


def test_lee_trims_the_share_of_those_who_answer_more() -> None:
    """0.9 of the level answers, 0.6 of the reference: a third of the level's answers is trimmed, 3 of 9."""
    level, reference = np.arange(1.0, 10.0), np.array([4.0, 5.0, 6.0])
    got = lee_bounds(level, 10, reference, 5)
    assert near((got.trim_fraction, got.low, got.high), (1 / 3, 3.5 - 5, 6.5 - 5))
    assert got.trimmed == "level"


def test_the_floor_of_pure_noise() -> None:
    gaps = np.random.default_rng(6).normal(0, 0.05, 20_000)
    floor = placebo_floor(gaps, np.full(20_000, 0.05))
    assert floor.mean_absolute == pytest.approx(floor.noise, rel=0.02)
    assert floor.above(0.1) == 0.1 - floor.mean_absolute


def test_distances_and_inequality() -> None:
    b, a = np.round(B * 1e3, -1), np.round(A * 1e3, -1)
    got = distances(b, a)
    assert near(got.ks, scipy.stats.ks_2samp(b, a).statistic)
    assert near(got.wasserstein, scipy.stats.wasserstein_distance(b, a))
    assert near(gini(a), np.abs(a[:, None] - a).sum() / (2 * a.size**2 * a.mean()))
    assert gini(np.full(5, 3.0)) == pytest.approx(0)
    assert near(quantile_gaps(b, a)[2], np.median(b) - np.median(a))


def test_power() -> None:
    from statsmodels.stats.power import TTestPower

    for d in (0.2, 0.5, 1.1):
        assert pairs_needed(d) == pytest.approx(TTestPower().solve_power(d, power=0.8, alpha=0.05), rel=1e-5)
        assert power_paired(d, 25) == pytest.approx(TTestPower().power(d, 25, 0.05), rel=1e-6)


def test_effect_size_intervals() -> None:
    got = paired_effect(D)
    for end, tail in ((got.conf_low, 0.975), (got.conf_high, 0.025)):
        assert scipy.stats.nct.cdf(got.d_z * D.size**0.5, D.size - 1, end * D.size**0.5) == pytest.approx(
            tail, abs=1e-6
        )


def test_oaxaca() -> None:
    from statsmodels.stats.oaxaca import OaxacaBlinder

    x = RANDOM.normal(size=(60, 2))
    group = (RANDOM.random(60) < 0.5).astype(int)
    y = x @ np.array([1.0, 2.0]) + 0.5 * group + RANDOM.normal(0, 0.2, 60)
    want = OaxacaBlinder(y, np.column_stack([group, x]), 0, hasconst=False, swap=False).two_fold(two_fold_type="pooled")
    first, second = ((y[group == g], x[group == g]) for g in (0, 1))
    got = oaxaca_blinder(first, second)
    assert near((got.unexplained, got.explained, got.gap), tuple(want.params[:3]), 1e-6)


def test_max_t_against_its_definition() -> None:
    """Every flip by hand: the adjusted p is the share of flips whose largest |t| is at least the cell's."""
    gaps = RANDOM.normal(-0.5, 1, (8, 4))
    got = max_t(gaps)
    bits = ((np.arange(256)[:, None] >> np.arange(8)) & 1) * 2 - 1
    flipped = bits[:, :, None] * (gaps - gaps.mean(0))
    t = np.abs(flipped.mean(1) / (flipped.std(1, ddof=1) / 8**0.5))
    want = [(t.max(1) >= x - 1e-9).mean() for x in np.abs(gaps.mean(0) / (gaps.std(0, ddof=1) / 8**0.5))]
    assert near(list(got.p_adjusted), want)
    limit = np.quantile(t.max(1), 0.95, method="higher")
    assert near(got.critical[0], max(limit, scipy.stats.t.ppf(0.975, 7)), 1e-6)


def test_the_joint_test_against_its_definition() -> None:
    gaps = RANDOM.normal(-0.6, 1, (8, 6))
    got = joint_test(gaps)
    bits = ((np.arange(256)[:, None] >> np.arange(8)) & 1) * 2 - 1
    flipped = bits[:, :, None] * gaps
    means = flipped.mean(1)
    t = means / (flipped.std(1, ddof=1) / 8**0.5)
    sign = np.sign(np.median(gaps.mean(0)))
    significant = (sign * t > scipy.stats.t.ppf(0.975, 7)).sum(1)
    observed = (sign * gaps.mean(0) / (gaps.std(0, ddof=1) / 8**0.5) > scipy.stats.t.ppf(0.975, 7)).sum()
    assert got.significant == observed
    assert near(got.p_significant, (significant >= observed).mean())
    medians = np.abs(np.median(means, axis=1))
    assert near(got.p_median, (medians >= abs(np.median(gaps.mean(0))) - 1e-12).mean())
