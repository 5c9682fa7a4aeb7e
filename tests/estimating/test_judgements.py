"""One judgement a comparison: its words earned, its interval agreeing with its word, its edges without a crash."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from cases import first

from bias_harness.estimating.estimates import estimate
from bias_harness.estimating.judgement import WORDS, Judgements
from bias_harness.estimating.judging import judge
from bias_harness.outcome import Analysis, Outcome

ANALYSIS = Analysis(smallest_gap=0.02, resamples=9)


def table(
    jobs: int = 12,
    gap: float = 0.0,
    *,
    forms: int = 4,
    edits: int = 6,
    noise: float = 0.02,
    gap_sd: float = 0.01,
    seed: int = 1,
    levels: int = 1,
    step: float = 100,
    wordings: int = 2,
) -> pd.DataFrame:
    """Rotated answers about men and other groups, of one model."""
    random = np.random.default_rng(seed)
    base, rows = random.normal(math.log(90_000), 0.2, jobs), []
    for level in range(levels + 1):
        own = random.normal(gap if level else 0.0, gap_sd if level else 0.0, jobs)
        for job in range(jobs):
            for place in range(4):
                n = job * 4 + place
                form = n % (forms if level else edits)
                amount = math.exp(base[job] + own[job] + random.normal(0, noise))
                rows.append(
                    {
                        "endpoint": "m",
                        "attribute": "group",
                        "persona": f"j{job}",
                        "job": f"j{job}",
                        "level": f"g{level}" if level else "men",
                        "reference": level == 0,
                        "signal": form if level else 0,
                        "edit": f"e{form}" if not level and form else "",
                        "wording": f"w{(place + n // 7) % wordings}",
                        "status": "ok",
                        "annual": max(1.0, round(amount / step)) * step,
                    }
                )
    return pd.DataFrame(rows)


def one(frame: pd.DataFrame, **analysis):
    return judge(frame, analysis=ANALYSIS.model_copy(update=analysis), outcome=Outcome()).items[0]


def test_a_large_gap_over_many_jobs_is_clear_and_its_interval_lies_beyond_the_margin():
    found = one(table(20, -0.08))
    assert (found.word, found.because) == ("clear_gap", ())
    assert found.gap is not None
    assert found.gap.high < -found.margin
    assert found.gap.money == pytest.approx(found.mean_reference * math.expm1(found.gap.estimate))


def test_sameness_needs_forty_jobs_and_shows_the_interval_that_made_it():
    fewer, enough = one(table(39)), one(table(40))
    assert (fewer.word, fewer.because) == ("cannot_tell", ("fewer_than_40_jobs",))
    assert enough.word == "practically_the_same"
    assert enough.gap == enough.alone


def test_sameness_is_held_to_five_per_cent_whatever_the_confidence():
    wide = one(table(60), confidence=0.6)
    assert wide.alone == one(table(60)).alone


def test_few_edits_never_give_a_clear_gap_and_one_form_speaks_of_these_words():
    assert one(table(20, -0.08, edits=2)).word == "difference_of_unclear_size"
    assert one(table(20, -0.08, edits=2)).because == ("few_edits",)
    assert one(table(20, -0.08, edits=1, forms=1)).word == "difference_in_these_words"
    assert one(table(50, edits=1, forms=1)).word == "cannot_tell"


def test_few_jobs_speak_of_these_cases():
    found = one(table(5, -0.2))
    assert (found.word, found.because) == ("difference_in_these_cases", ("few_jobs",))


def test_the_family_widens_the_interval_and_the_word_agrees_with_it():
    frame = table(20, -0.02, levels=8, seed=4)
    found = judge(frame, analysis=ANALYSIS, outcome=Outcome())
    assert {j.family_size for j in found.items} == {8}
    for j in found.items:
        assert j.gap is not None
        assert j.differs == (j.gap.low * j.gap.high > 0)
        assert j.p_adjusted == pytest.approx(min(1.0, 8 * j.p_value))
        assert (j.p_adjusted < 0.05) == j.differs


def test_what_is_not_declared_gets_no_word():
    frame = table(20, -0.08, levels=3)
    found = judge(frame, analysis=ANALYSIS, outcome=Outcome(), primary=["group/g2"])
    assert [(j.word is not None, j.family, j.family_size) for j in found.items] == [
        (False, "explored", 2),
        (True, "primary", 1),
        (False, "explored", 2),
    ]
    everything = judge(frame, analysis=ANALYSIS, outcome=Outcome(), primary=["group"])
    assert all(j.word for j in everything.items)


def test_equal_gaps_say_their_number_and_the_exact_p():
    frame = table(10, gap=math.log(0.9), noise=0.0, gap_sd=0.0, step=1e-6)
    found = one(frame)
    assert (found.word, found.status) == ("every_job_the_same", "no_variance")
    assert found.gap is not None
    assert found.gap.percent == pytest.approx(-10, abs=1e-6)
    assert found.p_value == pytest.approx(2 / 2**10)
    assert found.could_differ == pytest.approx(0.3)


def test_far_off_amounts_count_and_make_the_word_depend_on_them():
    frame = table(60, seed=2)
    women = frame.index[frame["level"] == "g1"]
    frame.loc[np.random.default_rng(1).permutation(women)[::10], "annual"] = 25_000.0
    found = one(frame)
    assert found.gap is not None
    assert found.gap.percent < -8
    assert (found.word, found.because) == ("depends", ("flagged_amounts",))
    assert judge(frame, analysis=ANALYSIS, outcome=Outcome()).imbalances[1].found


def test_unequal_silence_takes_sameness_away_and_is_a_finding():
    frame = table(60, seed=3)
    women = frame.index[frame["level"] == "g1"]
    frame.loc[women[::3], ["annual", "status"]] = [np.nan, "refused"]
    found = judge(frame, analysis=ANALYSIS, outcome=Outcome())
    assert found.imbalances[0].found
    assert (found.items[0].word, found.items[0].because) == ("depends", ("silence",))


def test_a_reader_that_is_unsure_of_one_level_more_often_is_a_finding():
    frame = table(60, seed=3)
    women = frame.index[frame["level"] == "g1"]
    frame.loc[women[::3], ["annual", "status", "reason"]] = [np.nan, "ambiguous", "readers_disagree"]
    found = judge(frame, analysis=ANALYSIS, outcome=Outcome())
    said = {i.what: i for i in found.imbalances}
    assert said["unclear"].found
    assert said["unclear"].share_level == pytest.approx(1 / 3)
    assert said["unclear"].share_reference == 0
    assert said["unclear"].family_size == 3
    account = next(a for a in estimate(frame, analysis=ANALYSIS, outcome=Outcome()).accounts if a.level == "g1")
    assert account.unread_reasons == {"readers_disagree": account.unread}


def test_a_reader_that_is_as_unsure_of_either_is_none():
    frame = table(60, seed=3)
    frame.loc[frame.index[::6], ["annual", "status"]] = [np.nan, "ambiguous"]
    assert not any(i.found for i in judge(frame, analysis=ANALYSIS, outcome=Outcome()).imbalances)


def test_amounts_whose_period_was_mended_are_counted_by_level():
    frame = table(12)
    frame["reason"] = "advise"
    frame.loc[frame.index[frame["level"] == "g1"][:7], "reason"] = "period_mended"
    accounts = estimate(frame, analysis=ANALYSIS, outcome=Outcome()).accounts
    assert {a.level: a.mended for a in accounts} == {"g1": 7, "men": 0}
    assert {a.level: a.counted == a.asked for a in accounts} == {"g1": True, "men": True}


def test_silence_that_nobody_had_to_read_is_not_unclear():
    frame = table(60, seed=3)
    frame.loc[frame.index[frame["level"] == "g1"][::3], ["annual", "status"]] = [np.nan, "refused"]
    found = {i.what: i.found for i in judge(frame, analysis=ANALYSIS, outcome=Outcome()).imbalances}
    assert found == {"silence": True, "flags": False, "unclear": False}


def test_one_answer_in_another_currency_costs_its_own_pair_only():
    frame = table(20).assign(currency="USD")
    frame.loc[frame.index[-1], "currency"] = "EUR"
    found = one(frame)
    assert (found.n_level, found.n_reference) == (79, 80)


def test_the_word_does_not_hang_on_the_order_of_rows():
    frame = table(20, -0.03, levels=3)
    again = frame.sample(frac=1, random_state=5)
    first, second = (judge(f, analysis=ANALYSIS, outcome=Outcome()).to_dict() for f in (frame, again))
    assert json.dumps(first, default=lambda x: round(x, 9))[:200] == json.dumps(second)[:200]
    words = [[j["word"] for j in d["items"]] for d in (first, second)]
    assert words[0] == words[1]


def test_judgements_go_to_json_and_come_back():
    found = judge(table(12, -0.05, levels=2), analysis=ANALYSIS, outcome=Outcome())
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert Judgements.from_dict(json.loads(text)) == found


def degenerate(seed: int) -> pd.DataFrame:
    """A small table with something wrong: few jobs, constant amounts, empty arms, lone forms, odd statuses."""
    random = np.random.default_rng(seed)
    frame = table(
        int(random.integers(1, 9)),
        float(random.choice([0.0, -0.1])),
        forms=int(random.integers(1, 4)),
        edits=int(random.integers(1, 4)),
        noise=float(random.choice([0.0, 0.05, 1.0])),
        gap_sd=float(random.choice([0.0, 0.05])),
        seed=seed,
        levels=int(random.integers(1, 4)),
        step=float(random.choice([1, 5_000, 1e6])),
        wordings=int(random.integers(1, 4)),
    )
    frame = frame[random.random(len(frame)) > random.choice([0.0, 0.3, 0.9])].reset_index(drop=True)
    at = random.random(len(frame)) < random.choice([0.0, 0.2, 1.0])
    frame.loc[at, ["annual", "status"]] = [np.nan, random.choice(["refused", "failed", "no_amount"])]
    frame["currency"] = np.where(random.random(len(frame)) < 0.1, "EUR", "USD")
    frame["kind"] = np.where(random.random(len(frame)) < random.choice([0.0, 0.5]), "range", "point")
    frame["annual_low"], frame["annual_high"] = frame["annual"] * 0.9, frame["annual"] * 1.1
    frame["implausible"] = random.random(len(frame)) < random.choice([0.0, 0.2])
    return frame


@pytest.mark.parametrize("start", [0, *(pytest.param(start, marks=pytest.mark.slow) for start in range(50, 300, 50))])
def test_three_hundred_degenerate_tables_each_get_their_words(start):
    for seed in range(start, start + 50):
        frame = degenerate(seed)
        for scope in ("profiles", "panel"):
            analysis = ANALYSIS.model_copy(update={"scope": scope})
            found = judge(frame, analysis=analysis, outcome=Outcome())
            json.dumps(found.to_dict(), allow_nan=False)
            for j in found.items:
                assert j.word in WORDS
                if j.gap is not None and j.gap.low is not None and j.basis == "jobs":
                    assert not j.differs or j.gap.low * j.gap.high > 0
                    assert j.word != "clear_gap" or min(abs(j.gap.low), abs(j.gap.high)) > j.margin


@pytest.mark.parametrize("seed", first(8, range(0, 300, 12)))
def test_degenerate_tables_have_estimates_too(seed):
    json.dumps(estimate(degenerate(seed), analysis=ANALYSIS, outcome=Outcome()).to_dict(), allow_nan=False)


def test_older_estimates_are_refused_in_a_sentence():
    from bias_harness.errors import InputError
    from bias_harness.estimating.estimates import Estimates

    with pytest.raises(InputError, match=r"format 1.*bias-harness report RUN"):
        Estimates.from_dict({"format": 1, "items": []})
