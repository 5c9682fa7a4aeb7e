"""What is no salary: a score and a share, from the experiment's file to the page."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from named_runs import SCORE, graded, page, research, run
from places import ROOT
from report_runs import audit_of, run_of

import bias_harness
from bias_harness import pipeline
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import InputError, UsageError
from bias_harness.estimating.blocks import having
from bias_harness.estimating.estimates import BLOCKS
from bias_harness.estimating.estimators.interval import paired_t
from bias_harness.estimating.estimators.verdicts import verdict
from bias_harness.margin import Margin
from bias_harness.outcome import MEASURES, Analysis
from bias_harness.pytest_plugin import assert_no_gap
from bias_harness.reporting.report import COACH, RESEARCH, pages, render_comparison
from bias_harness.reporting.sections import Material
from bias_harness.reporting.sections.research import COLUMNS
from bias_harness.vocabulary import Estimate

SALARY = {"en": r"salar|pay\b|advises|\ba year\b|amount", "nl": r"salar|loon|adviseert|raadt|per jaar|bedrag"}


def headline(material: Material, endpoint: str) -> Estimate:
    found = material.estimates.headline(endpoint, "gender", "female")
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["a share", "a score"])
def test_the_headline_is_the_mean_over_jobs_of_plain_differences(name: str) -> None:
    """Recomputed with pandas from the observations alone: forms averaged within a person, persons within a job."""
    material = run(name)
    rows = material.observations
    rows = rows[(rows["endpoint"] == "m0") & (rows["status"] == "ok")].astype({"edit": str, "level": str})
    keys = ["job", "persona", "wording", "signal", "edit", "level"]
    cells = rows.groupby(keys, observed=True)["annual"].mean().reset_index()
    worded = cells[cells["level"] == "male"].groupby("wording", observed=True)["annual"].mean()
    cells["annual"] -= cells["wording"].map(worded).astype(float)
    sides = cells.groupby(["job", "persona", "level"], observed=True)["annual"].mean().unstack()
    by_job = (sides["female"] - sides["male"]).groupby("job", observed=True).mean()
    e = headline(material, "m0")
    assert (e.scale, e.currency, e.percent) == ("difference", None, None)
    assert e.estimate == pytest.approx(by_job.mean(), abs=1e-12)
    judged = material.estimates.judgements.of("m0", "gender", "female")
    assert judged is not None
    assert judged.gap is not None
    assert (judged.jobs, e.conf_low, e.conf_high) == (len(by_job), judged.gap.low, judged.gap.high)
    assert judged.job_gaps == pytest.approx(by_job.to_dict())


def test_zero_counts_as_an_answer() -> None:
    """All answers 0 for one side: a share of nought is a share, not a missing value."""
    material = run_of(
        audit_of("grading", wordings=["interest"]), lambda t, _: "Incorrect" if t.level == "female" else "Correct"
    )
    e = headline(material, "m0")
    assert (e.estimate, e.mean_level, e.mean_reference) == (-1.0, 0.0, 1.0)


@pytest.mark.slow
def test_planted_differences_are_found() -> None:
    plants: dict[str, Any] = {
        "planted": {"base": 0.6, "gaps": {"gender": {"female": -0.1}}, "seed": 1},
        "fair": {"base": 0.6, "seed": 2},
    }
    audit = audit_of(
        "grading",
        wordings=["interest", "average", "letter"],
        repeats=40,
        endpoints=[{"name": name, "plant": {"profile_sd": 0, **plant}} for name, plant in plants.items()],
    )
    material = run_of(audit, asked(audit))
    planted, fair = headline(material, "planted"), headline(material, "fair")
    assert planted.conf_low < -0.1 < planted.conf_high < 0
    assert planted.verdict == "gap_meaningful"
    assert fair.conf_low < 0 < fair.conf_high


def asked(audit: Audit) -> Any:
    """The simulated advisor's own answers."""
    from bias_harness.asking import in_loop
    from bias_harness.asking.providers import Context, create

    context = Context({}, {}, audit.experiment.outcome)
    advisors = {e.name: create(e, context) for e in audit.experiment.endpoints}
    requests = {r.trial: r for e in audit.experiment.endpoints for _, block in audit.requests(e) for r in block}

    async def all_of_them() -> dict[Any, str | None]:
        return {trial: (await advisors[trial.endpoint].ask(request)).text for trial, request in requests.items()}

    texts = in_loop(all_of_them())
    return lambda trial, _: texts[trial]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", ["a share", "a score"])
def test_the_page_never_speaks_of_salaries(name: str, language: str) -> None:
    html = re.sub(
        r"<script>.*?</script>|<style>.*?</style>|<pre>.*?</pre>|<blockquote.*?</blockquote>",
        " ",
        page(name, language),
        flags=re.DOTALL,
    )
    text = re.sub(r"<[^>]+>", " ", html)
    assert not re.search(SALARY[language], text, re.IGNORECASE)
    told = {"en": "lower on average for a woman than for a man", "nl": "lager uit dan voor een man"}
    assert told[language] in text


def test_the_sentence_has_the_numbers_of_the_estimate() -> None:
    e = headline(run("a score"), "m0")
    made = research("a score")
    assert f"{-e.estimate:.2f} points lower for women than for men on average." in made
    assert f"The difference is probably between {-e.conf_high:.2f} and {-e.conf_low:.2f} points lower." in made


@pytest.mark.slow
@pytest.mark.drawn
def test_there_are_figures_of_gaps_and_none_of_money() -> None:
    made = pages(run("a score"), ("en",))
    assert {"F3", "F5", "F8", "F9", "F12"} == {Path(n).stem.split("-")[0] for n in made if n.startswith("figures/")}
    svg = made["figures/F3-gender.svg"].decode()
    assert "points" in svg
    assert "%" not in re.sub(r'"[^"]*"', "", svg)


@pytest.mark.parametrize(
    ("outcome", "analysis", "said"),
    [
        ({"measure": "share"}, {}, "a share needs label"),
        ({**SCORE["outcome"], "plausible": None}, {}, "plausible"),
        (SCORE["outcome"], {}, "a score needs analysis.smallest_difference"),
        ({}, {"smallest_difference": 1}, "a salary has no analysis.smallest_difference"),
        ({**SCORE["outcome"], "currency": "EUR"}, SCORE["analysis"], "currency is for a salary"),
        ({**SCORE["outcome"], "ones": ["yes"]}, SCORE["analysis"], "ones is for a share"),
        ({"label": {"en": "pay"}}, {}, "label is for a score or share"),
    ],
)
def test_an_outcome_that_does_not_fit_is_said_with_its_key(
    outcome: dict[str, Any], analysis: dict[str, Any], said: str, tmp_path: Path
) -> None:
    shipped = yaml.safe_load(ROOT.joinpath("experiments/grading.yaml").read_text())
    path = tmp_path / "experiments" / "odd.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({**shipped, "outcome": outcome, "analysis": analysis}))
    with pytest.raises(InputError, match=re.escape(said)):
        load_audit(str(path))


def test_what_is_for_salaries_only_says_so(tmp_path: Path) -> None:
    audit = load_audit("grading")
    with pytest.raises(UsageError, match="measures a share"):
        pipeline.calibrate(audit, runs=1)
    with pytest.raises(UsageError, match="measures a share"):
        bias_harness.record(audit, tmp_path / "f", tmp_path)
    with pytest.raises(UsageError, match="its own page"):
        render_comparison([run("a share"), run("a score")], "en")


def test_the_plan_speaks_in_the_outcomes_own_unit() -> None:
    share, score = pipeline.plan(load_audit("grading")), pipeline.plan(load_audit("grading", SCORE))
    assert any("smallest gap that matters, 2.0 percentage points" in remark for remark in share.remarks)
    assert any("points either way" in remark for remark in score.remarks)
    assert share.outlooks[0].forecasts[0].margin == 0.02
    assert score.outlooks[0].forecasts[0].margin == 0.25


def test_unequal_refusals_bring_their_bounds() -> None:
    def often_refused(trial: Any, chance: Any) -> str:
        silent = trial.level == "female" and chance.random() < 0.5
        return "I'm sorry, but I can't assist with that." if silent else graded(trial, chance)

    material = run_of(audit_of("grading", wordings=["interest", "letter"], repeats=10), often_refused)
    (found,) = having(material.estimates.bounds, endpoint="m0")
    bounds = found.plain
    assert bounds.low < bounds.naive < bounds.high
    assert np.isclose(bounds.high - bounds.low, 0.5, atol=0.35)


def branches_on_a_measure(source: str) -> list[int]:
    """The lines of a source that compare with a measure, look something up by its name, or import one of them."""
    found: list[int] = []
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            parts = [x for side in (node.left, *node.comparators) for x in (side, *getattr(side, "elts", ()))]
            found += [node.lineno for x in parts if isinstance(x, ast.Attribute) and x.attr == "measure"]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            parts = list(node.args[:1])
        elif isinstance(node, ast.ImportFrom):
            found += [node.lineno for name in node.names if name.name in {m.upper() for m in MEASURES}]
        found += [node.lineno for x in parts if isinstance(x, ast.Constant) and x.value in MEASURES]
    return found


@pytest.mark.parametrize(
    "source",
    [
        'if outcome.measure == "salary": pass',
        'if e.outcome in ("score", "share"): pass',
        "if outcome.measure != other: pass",
        '{"salary": 1, "score": 2}[outcome.measure]',
        'rules.get("share")',
        'rules["share"]',
        'match e.outcome:\n    case "share": pass',
        "from bias_harness.outcome import SHARE",
    ],
)
def test_a_branch_on_a_measure_is_seen(source: str) -> None:
    assert branches_on_a_measure(source)


def test_nothing_but_the_measures_own_module_branches_on_which_one_it_is() -> None:
    package = ROOT / "bias_harness"
    sources = [p for p in package.rglob("*.py") if p not in (package / "outcome.py", package / "margin.py")]
    assert len(sources) > 100
    found = [f"{p.relative_to(ROOT)}:{n}" for p in sources for n in branches_on_a_measure(p.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("name", MEASURES)
def test_the_parts_that_a_measure_leaves_out_exist(name: str) -> None:
    """A misspelt part would be left in without a word."""
    figures = {"F1", "F2", "F4", "F7"}
    assert MEASURES[name].without <= {*COACH, *RESEARCH, *BLOCKS, *COLUMNS, *figures}


def test_a_margin_is_converted_by_its_unit() -> None:
    said = {unit: Margin(0.05, unit) for unit in ("log", "fraction", "fall", "share", "points")}  # type: ignore[arg-type]
    assert said["log"].bound == said["share"].bound == said["points"].bound == 0.05
    assert said["fraction"].bound == Margin(5, "per cent").bound == pytest.approx(math.log(1.05), abs=1e-15)
    assert said["fall"].bound == pytest.approx(-math.log(0.95), abs=1e-15)
    shown = {unit: margin.shown for unit, margin in said.items()}
    assert shown.pop("log") == pytest.approx(100 * (math.exp(0.05) - 1))
    assert shown == {"fraction": 5.0, "fall": 5.0, "share": 5.0, "points": 0.05}


@pytest.mark.parametrize(
    ("value", "unit"),
    [(5, "fraction"), (1, "fall"), (2, "share"), (150, "per cent"), (1, "log"), (-1, "points"), (math.nan, "points")],
)
def test_a_number_that_is_no_margin_in_its_unit_is_refused(value: float, unit: Any) -> None:
    with pytest.raises(UsageError, match=re.escape(f"a margin of {value:g} ({unit}) cannot be")):
        Margin(value, unit)


def test_a_bare_number_is_no_margin() -> None:
    """Where a margin is judged by, its unit has to be there: a verdict of 0.01 (of what?) is an error, not a guess."""
    interval = paired_t(np.array([0.01, 0.02, 0.03, 0.05]))
    assert verdict(interval, Margin(0.5, "points")) is not None
    with pytest.raises(AttributeError):
        verdict(interval, 0.01)  # type: ignore[arg-type]


def test_an_assertion_is_about_salaries_and_fractions() -> None:
    graded_run = SimpleNamespace(audit=load_audit("grading"))
    with pytest.raises(UsageError, match="measures a share"):
        assert_no_gap(graded_run, attribute="gender")  # type: ignore[arg-type]
    paid = SimpleNamespace(audit=load_audit("quickstart"))
    with pytest.raises(UsageError, match="margin=5 would be 500%"):
        assert_no_gap(paid, attribute="gender", margin=5)  # type: ignore[arg-type]


def test_the_smallest_gap_is_read_with_its_unit() -> None:
    analysis = Analysis(smallest_gap=0.03, smallest_rate_gap=0.04, smallest_difference=0.5)
    assert {name: measure.margin(analysis) for name, measure in MEASURES.items()} == {
        "salary": Margin(0.03, "fraction"),
        "score": Margin(0.5, "points"),
        "share": Margin(0.04, "share"),
    }
    with pytest.raises(UsageError, match="smallest_difference"):
        MEASURES["score"].margin(Analysis())
