"""For a team's own tests: a fixture that opens recorded answers, and an assertion that there is no gap.

    def test_advice_is_equal(bias_harness_run):
        run = bias_harness_run("tests/fixtures/salary")
        assert_no_gap(run, attribute="gender", margin=0.01)

The plugin is found by pytest by itself once bias_harness is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bias_harness.errors import UsageError

if TYPE_CHECKING:
    from bias_harness.outcome import Margin
    from bias_harness.pipeline import Run
    from bias_harness.vocabulary import Estimate


@pytest.fixture
def bias_harness_run(pytestconfig: pytest.Config) -> Callable[[str | Path], Run]:
    """Opens a fixture or run folder, relative to the root of the tests. Asks nothing."""
    from bias_harness.pipeline import load_run

    def opened(path: str | Path) -> Run:
        return load_run(pytestconfig.rootpath / path)

    return opened


def assert_no_gap(
    run: Run, *, attribute: str, margin: float | Margin = 0.01, level: str | None = None, endpoint: str | None = None
) -> None:
    """Fails unless every level's gap is shown to be within the margin: "cannot tell" is a failure that says so.

    `margin` is a fraction of the amount, or a `Margin`; the 90 % interval of the typical gap must lie within it (two
    one-sided tests at 5 %). Narrow with `level` and `endpoint`. Raises `UsageError` for a margin that is no fraction
    (5 would be 500 %) and for a run that measures no salaries.
    """
    from bias_harness.outcome import Margin

    experiment = run.audit.experiment
    if not experiment.outcome.measured.relative:
        raise UsageError(
            f"assert_no_gap is about salaries, and {experiment.experiment} measures a {experiment.outcome.measure}"
        )
    within = margin if isinstance(margin, Margin) else Margin(margin, "fraction")
    found = [
        e
        for e in run.estimates.find(family="headline", attribute=attribute)
        if level in (None, e.level) and endpoint in (None, e.endpoint)
    ]
    if not found:
        there = sorted({e.attribute for e in run.estimates.find(family="headline")})
        pytest.fail(f"no gap of {attribute!r} was measured here; there is {', '.join(there)}", pytrace=False)
    problems = [text for e in found if (text := explain(e, within))]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def explain(e: Estimate, margin: Margin) -> str:
    """What is wrong with a gap against the margin, as a sentence that teaches; empty where nothing is."""
    from bias_harness.estimating.estimators.verdicts import tost

    who = f"{e.endpoint}: {e.level} compared with {e.reference}"
    limit = margin.bound
    if e.estimate is None:
        return f"{who}: no gap could be estimated ({e.reason})."
    if e.std_error is None or e.df is None or e.conf_low is None:
        inside = abs(e.estimate) <= limit and e.status in ("degenerate_no_variance", "deterministic")
        return "" if inside else f"{who}: a gap of {_percent(e.estimate)} without an interval ({e.reason})."
    result = tost(e.estimate, e.std_error, e.df, -limit, limit)
    if result.p_value < 0.05:
        return ""
    ends = f"{_percent(result.conf_low)} to {_percent(result.conf_high)}"
    counts = f"{e.n_profiles} profiles, {e.n_answers} answers"
    if result.conf_low > limit or result.conf_high < -limit:
        size = f"{_percent(e.estimate)} (90% interval {ends}; {counts})"
        return f"{who}: advised differently by {size}, beyond {margin.shown:.1f}%."
    return (
        f"{who}: cannot tell. The gap is {_percent(e.estimate)}, but its 90% interval {ends} ({counts}) does not lie "
        f"within +-{margin.shown:g}%. "
        "More profiles narrow it; repeats hardly do. A wider margin is a decision, not a fix."
    )


def _percent(log: float) -> str:
    return f"{100 * math.expm1(log):+.1f}%"
