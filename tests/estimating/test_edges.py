"""The contract at the edges: what cannot be said is null with a status and a reason, never certainty from nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from stats_data import observations

from bias_harness.errors import InputError
from bias_harness.estimating.blocks import having
from bias_harness.estimating.estimates import REASONS, Estimates, estimate
from bias_harness.estimating.estimators import (
    benjamini_hochberg,
    bootstrap_mean,
    cohens_d,
    dersimonian_laird,
    holm,
    impact_ratios,
    lee_bounds,
    max_t,
    newcombe,
    paired_effect,
    paired_t,
    profiles_and_wordings,
    sign_flip,
    tost,
    welch_t,
    wilson,
)
from bias_harness.outcome import Analysis, Outcome
from bias_harness.vocabulary import Estimate


def estimated(frame, **analysis) -> Estimates:
    found = estimate(frame, analysis=Analysis(resamples=199, **analysis), outcome=Outcome())
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert Estimates.from_dict(json.loads(text)).to_dict() == json.loads(text)
    return found


def headline(found: Estimates, level: str = "female", endpoint: str = "bot") -> Estimate:
    one = found.headline(endpoint, "gender", level)
    assert one is not None
    return one


def exact(gap: float = 0.0, **more):
    """Answers without any noise: every profile shows the same gap."""
    return observations(gaps={"female": gap}, gap_sd=0, trial_sd=0, **more)


@pytest.mark.parametrize("gap", [0.0, -0.05])
def test_no_variance_is_no_certainty(gap: float) -> None:
    found = estimated(exact(gap, people=4))
    one = headline(found)
    assert one.estimate == pytest.approx(gap, abs=1e-12)
    assert one.std_error == 0
    assert (one.conf_low, one.conf_high, one.p_value, one.p_adjusted, one.verdict) == (None,) * 5
    (judged,) = found.judgements.items
    assert (judged.word, judged.p_value) == ("every_job_the_same", 0.125 if gap else 1.0)
    assert one.status == "degenerate_no_variance"
    assert one.reason == REASONS["degenerate_no_variance"]
    if gap:
        assert one.details["sign_flip"]["p_value"] == 0.125
    assert one.details["standardised"]["d_z"] is None
    assert one.details["bootstrap"] is None


def test_repeats_without_variance_are_deterministic_in_the_panel() -> None:
    panel = estimated(exact(-0.05)).find(family="scopes", scope="panel", scale="log")[0]
    assert (panel.status, panel.std_error, panel.p_value, panel.conf_low) == ("deterministic", 0.0, None, None)
    assert panel.estimate == pytest.approx(-0.05)


def test_one_profile_says_nothing_of_people() -> None:
    found = estimated(observations(people=1))
    one = headline(found)
    assert one.estimate is not None
    assert (one.std_error, one.conf_low, one.p_value, one.verdict) == (None, None, None, None)
    assert one.status == "too_few_profiles"
    log, money = found.panel(one)
    assert log.conf_low < log.estimate < log.conf_high
    assert money.conf_low < money.estimate < money.conf_high
    assert any(w.startswith("few_profiles") for w in found.warnings)


def test_one_silent_arm_of_no_variance_is_fine_and_has_no_effect_size() -> None:
    assert welch_t(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])).status == "ok"
    assert cohens_d(np.array([2.0, 2.0]), np.array([2.0, 2.0])) is None
    frame = observations(people=1, repeats=8)
    frame.loc[frame["level"] == "female", "annual"] = 135_000.0
    log, _ = estimated(frame).panel(headline(estimated(frame)))
    assert log.status == "ok"
    assert log.std_error > 0


def test_missing_amounts_are_left_out_by_pair_and_counted() -> None:
    frame = observations(people=8, repeats=1)
    gone = (frame["persona"] == "p003") & (frame["level"] == "female") & (frame["wording"] == "w1")
    frame.loc[gone, ["annual", "status"]] = [np.nan, "no_amount"]
    one = headline(estimated(frame))
    assert (one.n_profiles, one.n_pairs, one.n_dropped) == (8, 23, 1)
    assert one.n_answers == 46


@pytest.mark.parametrize("amount", [0.0, -5_000.0])
def test_what_is_not_above_zero_is_left_out_and_counted(amount: float) -> None:
    frame = observations(people=8)
    frame.loc[frame.index[frame["level"] == "female"][:2], "annual"] = amount
    found = estimated(frame)
    assert headline(found).status == "ok"
    (row,) = having(found.answers, level="female")
    assert (row.invalid_nonpositive, row.used, row.asked) == (2, 70, 72)


def test_all_refused_is_no_data_and_never_a_gap_of_zero() -> None:
    found = estimated(observations(refused={"female": 1.0}))
    one = headline(found)
    assert (one.estimate, one.percent, one.status, one.verdict) == (None, None, "no_data", None)
    money = found.money(one)
    assert (money.estimate, money.status) == (None, "no_data")
    refusal = found.refusal(one)
    assert refusal.estimate == 1.0
    assert refusal.details["newcombe"][0] > 0.8
    assert found.warnings == ("differential_non_answers: bot, gender, female",)


def test_a_model_without_answers_is_a_missing_row() -> None:
    frame = observations(endpoints=("bot", "mute"))
    mute = frame["endpoint"] == "mute"
    frame.loc[mute, "annual"] = np.nan
    frame.loc[mute, "status"] = "failed"
    found = estimated(frame)
    assert headline(found, endpoint="mute").status == "no_data"
    assert headline(found).status == "ok"
    assert "no_answers: mute, gender" in found.warnings
    silent = estimate(frame, analysis=Analysis(resamples=99), outcome=Outcome(), endpoints=("bot", "never"))
    assert "no_answers: never" in silent.warnings


def test_a_p_that_does_not_exist_is_left_out_of_its_family() -> None:
    ps = [0.01, None, 0.04, float("nan")]
    assert holm(ps) == [0.02, None, 0.04, None]
    assert benjamini_hochberg(ps) == [0.02, None, 0.04, None]


def test_no_trials_have_no_rate() -> None:
    assert wilson(0, 0) is None
    assert newcombe(0, 0, 1, 2) is None


def test_unequal_trials_leave_profiles_their_equal_weight() -> None:
    frame = observations(people=6, repeats=4, trial_sd=0)
    once = headline(estimated(frame))
    fewer = frame[~((frame["persona"] == "p000") & (frame["repeat"] > 0))]
    assert headline(estimated(fewer)).estimate == pytest.approx(once.estimate, abs=1e-12)
    assert headline(estimated(fewer)).n_answers < once.n_answers


def test_currencies_mixed_in_a_pair_make_it_invalid() -> None:
    frame = observations(people=8)
    pair = (frame["persona"] == "p002") & (frame["wording"] == "w0")
    frame.loc[pair & (frame["level"] == "female"), "currency"] = "EUR"
    found = estimated(frame)
    assert headline(found).n_pairs == 23
    assert "mixed_currencies: bot, gender" in found.warnings
    assert {row.level: row.mixed_currency for row in found.answers} == {"female": 3, "male": 0}


def test_a_far_off_amount_counts_is_flagged_and_left_out_beside_the_headline() -> None:
    """An amount a month among annual ones moves the headline; the flag does not look at the label."""
    frame = observations(people=8, gaps={"female": 0.0}, gap_sd=0)
    clean = headline(estimated(frame)).estimate
    odd = frame.index[frame["level"] == "female"][:3]
    frame.loc[odd, "annual"] /= 12
    found = estimated(frame)
    (account,) = [a for a in found.accounts if a.level == "female"]
    assert (account.flagged, account.counted) == (3, account.asked)
    assert headline(found).estimate == pytest.approx(clean - 3 / 72 * math.log(12), abs=0.02)
    (judged,) = found.judgements.items
    without = next(s for s in judged.sensitivities if s.variation == "without_flagged")
    assert without.gap.estimate == pytest.approx(clean, abs=0.02)


def test_implausible_amounts_are_an_outcome_of_their_own() -> None:
    frame = observations(people=8)
    frame.loc[frame.index[frame["level"] == "female"][:6], "implausible"] = True
    found = estimated(frame)
    (gap,) = found.find(family="nonanswers", outcome="implausible")
    assert gap.estimate == pytest.approx(6 / 72)
    assert headline(found).n_answers <= 2 * 72 - 6


def test_no_reference_level_is_said() -> None:
    frame = observations()
    frame["reference"] = False
    found = estimated(frame)
    assert found.find(family="headline") == []
    assert "no_reference: bot, gender" in found.warnings


def test_a_table_that_lacks_columns_is_told_which() -> None:
    with pytest.raises(InputError, match="lack the columns level, annual"):
        estimated(observations().drop(columns=["level", "annual"]))
    frame = observations()
    frame["status"] = "fine"
    with pytest.raises(InputError, match="'fine' is none of ok, refused"):
        estimated(frame)


def test_no_rows_at_all() -> None:
    found = estimated(observations().head(0))
    assert found.items == ()
    assert list(found.to_frame().columns)[:3] == ["estimator", "endpoint", "attribute"]


def test_two_wordings_say_nothing_of_others() -> None:
    found = estimated(observations(wordings=2))
    crossed = found.find(family="scopes", scope="profiles+wordings")[0]
    assert (crossed.status, crossed.estimate) == ("too_few_wordings", None)


def test_one_repeat_has_no_panel() -> None:
    panel = estimated(observations(repeats=1)).find(family="scopes", scope="panel", scale="log")[0]
    assert panel.status == "too_few_repeats"
    assert panel.conf_low is None
    assert panel.estimate is not None


def test_nothing_degenerate_is_certain() -> None:
    """Every function that gives a p or an interval, on data without variance or without data."""
    same, none = np.full(8, -0.05), np.array([])
    assert paired_t(same).p_value is None
    assert paired_t(none).status == "no_data"
    assert bootstrap_mean(same).conf_low is None
    assert bootstrap_mean(none) is None
    assert sign_flip(none) is None
    assert paired_effect(same).d_z is None
    assert profiles_and_wordings(np.full((5, 4), 0.1)).p_value is None
    assert max_t(np.column_stack([same, same])).p_adjusted == (None, None)
    assert dersimonian_laird(np.array([0.1, 0.1]), np.array([0.0, 0.0])) is None
    assert dersimonian_laird(np.array([0.1, 0.1]), np.array([0.1, 0.1])).p_value is None
    assert lee_bounds(none, 5, same, 8) is None
    assert impact_ratios({"a": same, "b": same})[0]["a"].impact_ratio is None
    with pytest.raises(ValueError, match="without a standard error"):
        tost(0.0, 0.0, 5, -1, 1)


def test_sign_flips_never_reach_zero() -> None:
    many = np.full(40, -0.05) + np.linspace(-1e-3, 1e-3, 40)
    found = sign_flip(many, resamples=999)
    assert found.p_value == found.smallest_possible == 1 / 1_000
    assert sign_flip(np.arange(1.0, 6.0)).p_value == 2 / 2**5
