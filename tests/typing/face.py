"""What a type checker sees of the public names; read by mypy (strict), and never run.

Each line is what a caller writes; `assert_type` is what must come out. A `type: ignore` that is not needed is an error:
so the lines that are wrong must be told to be wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import pandas as pd

import bias_harness
from bias_harness import (
    Answer,
    Audit,
    Calibration,
    Check,
    Estimate,
    Estimates,
    Outcome,
    Plan,
    Policy,
    Provider,
    Request,
    Response,
    Run,
    TransientError,
    Verified,
)
from bias_harness.estimating.judgement import Gap, Word


def plan_and_ask(path: Path) -> None:
    audit = bias_harness.load_experiment(path, repeats=3, changes={"outcome.currency": "EUR"})
    assert_type(audit, Audit)
    assert_type(audit.experiment.outcome, Outcome)
    assert_type(bias_harness.plan(audit), Plan)
    assert_type(bias_harness.calibrate(audit, gaps=[-0.04], runs=20), Calibration)
    run = bias_harness.run(audit, limit=40, retry="refused", results="results", budget=0.5)
    assert_type(run, Run)
    bias_harness.run(audit, limt=40)  # type: ignore[call-arg]
    bias_harness.run(audit, limit="40")  # type: ignore[arg-type]
    bias_harness.run(audit, retry="everything")  # type: ignore[arg-type]
    _ = bias_harness.no_such_name  # type: ignore[attr-defined]


async def ask_in_a_loop(audit: Audit) -> None:
    assert_type(await bias_harness.arun(audit, shard=(1, 2)), Run)


def read_back(run: Run) -> None:
    assert_type(run.observations, pd.DataFrame)
    assert_type(run.pairs, pd.DataFrame)
    assert_type(run.profile_gaps(), pd.DataFrame)
    assert_type(run.headlines, list[str])
    assert_type(run.gap("gender", "female").word, Word | None)
    assert_type(bias_harness.report(run, "en"), list[Path])
    assert_type(run.write(["en"]), list[Path])
    assert_type(run.estimates, Estimates)
    assert_type(run.estimates.headline("sim", "gender", "female"), Estimate | None)
    assert_type(bias_harness.estimate(run), Estimates)
    assert_type(bias_harness.read("$95,000"), Answer)
    assert_type(bias_harness.figure(run, "F3", formats=["svg"]), list[Path])
    assert_type(bias_harness.compare([run, run], "out", by="run"), list[Path])
    assert_type([change.word for change in bias_harness.changes_between([run, run])], list[Word | None])
    assert_type([one.gap for one in bias_harness.pooled([run, run])], list[Gap])
    bias_harness.compare([run], "out", by="model")  # type: ignore[arg-type]


def check_and_share(audit: Audit, run: Run) -> None:
    assert_type(bias_harness.record(audit, "fixture", "experiment.yaml", limit=40), Run)
    assert_type(bias_harness.accept("fixture", why="first"), Path)
    assert_type(bias_harness.check("fixture", policy=Policy(margin=0.03), offline=True), Check)
    assert_type(bias_harness.check("fixture", budget=0.5, limit=240), Check)
    bias_harness.check("fixture", live=True)  # type: ignore[call-arg]
    assert_type(bias_harness.import_answers(["a.csv", "b.csv"], "map.yaml"), Run)
    assert_type(bias_harness.export(run, ["pairs.csv"]), list[Path])
    assert_type(bias_harness.verify(bias_harness.bundle(run, "run.zip")), Verified)


class Parrot(Provider):
    nature: bias_harness.Nature = "simulation"

    async def ask(self, request: Request) -> Response:
        if not request.messages:
            raise TransientError("nothing was asked", retry_after_seconds=1)
        return Response(request.key, request.endpoint, "$1", "stop", "parrot", None, "2026-01-01T00:00:00+00:00")


def make_a_provider() -> Provider:
    return Parrot()
