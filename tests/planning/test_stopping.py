"""After how many jobs a run stops that looks: like the runs that were simulated answer by answer."""

from __future__ import annotations

import math

import pytest
from cases import first

from bias_harness.design.audit import load_audit
from bias_harness.estimating.estimators.forms import FormSpread, Term
from bias_harness.estimating.words import Measured, Rule
from bias_harness.planning.conditions import CONDITIONS, TYPICAL, Condition
from bias_harness.planning.proposing import Prices, _point
from bias_harness.planning.stopping import jobs_until_decided

RULE = Rule(margin=0.02, alpha=0.05, family_size=1)


def typical(jobs: int = 100, *, job: float = 0.01, words: float = 0.003, answer: float = 0.06) -> Measured:
    """The comparison of a design with eight answers of the reference and four of the level."""
    noise = answer**2 * (1 / 8 + 1 / 4) / jobs
    a_form = FormSpread(words**2 + answer**2 / jobs, answer**2 / jobs, 10.0)
    return Measured(0.0, job**2 / jobs + noise, jobs, (Term(1 / 8 + 1 / 4, a_form),), 8, tried=True)


def expected(found: Measured, gap: float, compared: int = 1, rule: Rule = RULE) -> float:
    jobs = jobs_until_decided(found, rule, math.log1p(gap), compared)
    assert jobs is not None
    return jobs


def test_a_design_that_is_not_looked_at_before_its_end_has_no_expected_stop() -> None:
    assert jobs_until_decided(typical(39), RULE, 0.0, 1) is None
    assert jobs_until_decided(typical(40), RULE, 0.0, 1) is not None


@pytest.mark.parametrize(
    ("condition", "jobs"), first(1, [(CONDITIONS[0], (54, 42, 40)), (TYPICAL, (77, 55, 40))]), ids=["calm", "typical"]
)
def test_it_is_what_runs_simulated_answer_by_answer_took(condition: Condition, jobs: tuple[int, ...]) -> None:
    """Of 100 jobs, eight edits and four expressions; there "the same" was read at 90 %, which comes sooner."""
    audit = load_audit("quickstart", {"outcome.probabilities": None})
    until = _point(audit, 100, (8, 4, 8, 4), condition, Prices(1.0, 1.0, None)).until
    assert list(until) == [0, -5, -10]
    assert list(until.values()) == pytest.approx(jobs, abs=12)
    assert until[0] > jobs[0]


def test_it_takes_longer_the_more_varies_and_the_more_has_to_be_decided() -> None:
    assert expected(typical(), -0.05) < expected(typical(job=0.03, words=0.02), -0.05)
    assert expected(typical(job=0.03, words=0.06), 0.0) > 95, "what is never decided takes all jobs"
    assert expected(typical(job=0.03), -0.05) < expected(typical(job=0.03), -0.05, compared=8)
    assert expected(typical(job=0.03), -0.05) < expected(typical(job=0.03), -0.05, rule=Rule(0.02, 0.05, 20))


def test_it_is_the_same_each_time() -> None:
    assert expected(typical(), -0.03) == expected(typical(), -0.03)
