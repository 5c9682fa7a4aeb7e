"""For a team's own tests: a fixture that opens recorded answers, and an assertion that there is no gap.

    def test_advice_is_equal(bias_harness_run):
        run = bias_harness_run("tests/fixtures/salary")
        assert_no_gap(run, attribute="gender", margin="2%")

    def test_advice_is_no_worse_than_accepted():
        assert_not_worse("tests/fixtures/salary")

The plugin is found by pytest by itself once bias_harness is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bias_harness.errors import UsageError

LARGEST_FRACTION = 0.2
"""A bare number above it is refused: 5 would be 500 %, and 0.5 is 50 %."""

if TYPE_CHECKING:
    from bias_harness.estimating.judgement import Judgement
    from bias_harness.margin import Margin
    from bias_harness.pipeline import Run


@pytest.fixture
def bias_harness_run(pytestconfig: pytest.Config) -> Callable[[str | Path], Run]:
    """Opens a fixture or run folder, relative to the root of the tests. Asks nothing."""
    from bias_harness.pipeline import load_run

    def opened(path: str | Path) -> Run:
        return load_run(pytestconfig.rootpath / path)

    return opened


def assert_no_gap(
    run: Run,
    *,
    attribute: str,
    margin: float | str | Margin | None = None,
    level: str | None = None,
    endpoint: str | None = None,
) -> None:
    """Fails unless every level is judged the same as its reference on average: "cannot tell" is a failure that says so.

    The word is the judgement's own (`Run.judgements`), so it takes 40 jobs and a 95 % interval within the margin; where
    every job is exactly the same, that is enough. `margin` is text with a per cent sign ("2%"), a fraction up to 0.2 or
    a `Margin`; left out, it is the experiment's own. Narrow with `level` and `endpoint`. Raises `UsageError` for a
    number that can be misread (5 would be 500 %, 0.5 is 50 % and not half of one), and where no salary is measured.
    """
    experiment = run.audit.experiment
    if not experiment.outcome.measured.relative:
        raise UsageError(
            f"assert_no_gap is about salaries, and {experiment.experiment} measures a {experiment.outcome.measure}"
        )
    judgements = _judged(run, margin)
    own = [j for j in judgements if j.attribute == attribute]
    found = [j for j in own if level in (None, j.level) and endpoint in (None, j.endpoint)]
    if not found:
        there = sorted({j.attribute for j in judgements})
        pytest.fail(f"no gap of {attribute!r} was measured here; there is {', '.join(there)}", pytrace=False)
    problems = [text for j in found if (text := explain(j))]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def assert_not_worse(
    fixture: str | Path,
    *,
    margin: float | str | Margin | None = None,
    attributes: list[str] | None = None,
    offline: bool = True,
    budget: float | None = None,
) -> None:
    """Fails unless `check` passes: no gap grew by more than the margin over what was accepted in `baseline.json`.

    By default the recorded answers are compared; with `offline=False` the product is asked as it is now (a paid model
    within `budget`, in US dollars). `margin` is written as in `assert_no_gap`; left out, it is the default policy's.
    `attributes` narrows what is compared. Raises `UsageError` for a margin that can be misread, `InputError` where
    there is no baseline.
    """
    from bias_harness.checking.formats import as_text
    from bias_harness.checking.gates import Policy
    from bias_harness.checking.live import check

    changes = {} if margin is None else {"margin": _fraction(margin).shown / 100}
    policy = Policy.model_validate({**changes, "attributes": attributes})
    result = check(fixture, policy=policy, offline=offline, budget=budget)
    if result.exit_code:
        pytest.fail(as_text(result), pytrace=False)


def _fraction(margin: float | str | Margin) -> Margin:
    """A margin that says what it means. Raises `UsageError` for a bare number that may mean something else."""
    from bias_harness.margin import Margin

    if isinstance(margin, Margin):
        return margin
    if isinstance(margin, str):
        number = margin.strip().removesuffix("%")
        try:
            return Margin(float(number) / 100, "fraction") if number != margin.strip() else _fraction(float(number))
        except ValueError:
            raise UsageError(f'margin={margin!r} is no percentage; write it as "2%"') from None
    if not 0 <= margin <= LARGEST_FRACTION:
        raise UsageError(
            f'margin={margin:g} would be {100 * margin:g}% of the amount; write what is meant as text, "{margin:g}%" '
            f'or "{100 * margin:g}%"'
        )
    return Margin(margin, "fraction")


def _judged(run: Run, margin: float | str | Margin | None) -> tuple[Judgement, ...]:
    """The run's judgements, by another smallest gap where one is given; every comparison gets its word."""
    e = run.audit.experiment
    within = None if margin is None else _fraction(margin)
    analysis = e.analysis if within is None else e.analysis.model_copy(update={"smallest_gap": within.shown / 100})
    primary = {f"{a.name}/{level}" for a in run.audit.design.attributes for level in a.levels}
    return run.judged(analysis, primary).items


def explain(j: Judgement) -> str:
    """What keeps a comparison from being the same, as a sentence that teaches; empty where nothing does."""
    from bias_harness.checking.words import SAID, WHY

    who, gap = f"{j.endpoint}: {j.level} compared with {j.reference}", j.gap
    limit = 100 * math.expm1(j.margin)
    if gap is None:
        return f"{who}: there is no pair of amounts to compare."
    if j.same or (j.word == "every_job_the_same" and abs(gap.estimate) < j.margin):
        return ""
    ends = "" if gap.low is None or gap.high is None else f", {_percent(gap.low)} to {_percent(gap.high)}"
    size = f"{_percent(gap.estimate)}{ends} ({j.jobs} jobs, {j.n_level + j.n_reference} answers)"
    if j.differs or j.word == "every_job_the_same":
        return f"{who}: {SAID[j.word] if j.word else 'advised differently'}: {size}, against {limit:.3g}% allowed."
    why = " ".join(WHY[code] for code in j.because if code in WHY)
    return (
        f"{who}: cannot tell. The gap is {size}; to be called the same it has to lie within {limit:.3g}% either way. "
        f"{why or 'More jobs narrow it; repeats hardly do.'} A wider margin is a decision, not a fix."
    )


def _percent(log: float) -> str:
    return f"{100 * math.expm1(log):+.1f}%"
