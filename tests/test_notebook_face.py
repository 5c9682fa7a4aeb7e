"""What a notebook's user meets: names that complete, sentences instead of tracebacks, a line of progress."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import bias_harness
from bias_harness import pipeline
from bias_harness.asking import Tally
from bias_harness.asking.telling import line_of_progress
from bias_harness.errors import UsageError

PLANTS = [{"name": f"m{i}", "plant": {"gaps": {"gender": {"female": -0.1}}, "seed": i}} for i in range(2)]


def run_of(folder: Path, endpoints: list[dict[str, Any]]) -> pipeline.Run:
    changes = {"endpoints": endpoints, "repeats": 1, "wordings": ["terse"], "attributes": ["gender"]}
    return pipeline.run(pipeline.load_experiment("simulated", changes=changes), results=folder)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    return run_of(tmp_path_factory.mktemp("one"), PLANTS[:1])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    return run_of(tmp_path_factory.mktemp("two"), PLANTS)


def test_a_gap_is_had_by_its_names(one: pipeline.Run, two: pipeline.Run) -> None:
    assert one.gap("gender", "female") == one.judgements.of("m0", "gender", "female")
    assert two.gap("gender", "female", endpoint="m1") == two.judgements.of("m1", "gender", "female")
    assert one.gaps["gender/female"] == one.gap("gender", "female")
    assert set(two.gaps) == {f"{m}/gender/{x}" for m in ("m0", "m1") for x in ("female", "nonbinary", "not_stated")}
    assert two.gaps._ipython_key_completions_() == list(two.gaps)
    assert len(one.gaps) == 3


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("gendr", "female"), "no attribute 'gendr' in this run; did you mean 'gender'"),
        (("gender", "femal"), "no level of 'gender' 'femal' in this run; did you mean 'female'"),
        (("gender", "male"), "'male' is the reference level of 'gender'; compared with it are female"),
    ],
)
def test_a_gap_that_is_none_is_a_sentence_and_never_none(one: pipeline.Run, names: tuple[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        one.gap(*names)


def test_several_endpoints_have_to_be_told_apart(two: pipeline.Run) -> None:
    with pytest.raises(UsageError, match=r"say endpoint=\.\.\.; there is m0, m1"):
        two.gap("gender", "female")
    with pytest.raises(UsageError, match="no endpoint 'm3' in this run; there is m0, m1"):
        two.gap("gender", "female", endpoint="m3")
    with pytest.raises(UsageError, match="no gap 'm0/gender/femal'; did you mean 'm0/gender/female'"):
        two.gaps["m0/gender/femal"]
    assert "gender/female" not in two.gaps


def test_one_language_is_one_language(one: pipeline.Run, tmp_path: Path) -> None:
    assert [path.name for path in bias_harness.report(one, "en")] == ["report.en.html"]
    assert [path.name for path in bias_harness.compare([one, one], tmp_path, languages="nl")] == ["comparison.nl.html"]
    assert bias_harness.figure(one, "F3", formats="svg")[0].suffix == ".svg"
    assert [path.name for path in bias_harness.export(one, tmp_path / "pairs.csv")] == ["pairs.csv"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda run: bias_harness.report(run, "fr"),
        lambda run: bias_harness.report(run, ["en", "fr"]),
        lambda run: run.write("fr"),
        lambda run: bias_harness.figure(run, "F3", language="fr"),
        lambda run: bias_harness.compare([run, run], "nowhere", languages=["fr"]),
    ],
)
def test_a_language_that_is_none_is_a_sentence(one: pipeline.Run, wrong: Any) -> None:
    with pytest.raises(UsageError, match="there is no report in 'fr'; there is en, nl"):
        wrong(one)
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("wrong", [bias_harness.plan, bias_harness.run, bias_harness.calibrate])
def test_the_name_of_an_experiment_is_no_experiment(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"this is 'simulated'; load_experiment\(NAME\)"):
        wrong("simulated")


SIMULATED = pipeline.load_experiment("simulated")


@pytest.mark.parametrize(
    "wrong",
    [
        bias_harness.report,
        bias_harness.estimate,
        lambda r: bias_harness.figure(r, "F3"),
        lambda r: bias_harness.compare(r, "nowhere"),
        lambda r: bias_harness.changes_between([r, r]),
        bias_harness.pooled,
        lambda r: bias_harness.export(r, "pairs.csv"),
        lambda r: bias_harness.bundle(r, "out.zip"),
        lambda r: bias_harness.plan(SIMULATED, pilot=r),
        lambda r: bias_harness.calibrate(SIMULATED, pilot=r),
    ],
)
def test_the_name_of_a_run_is_no_run(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"this is 'simulated'; load_run\(NAME\)"):
        wrong("simulated")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: bias_harness.load_run(None), "the name or the folder of a run is wanted here, and this is None"),
        (
            lambda: bias_harness.load_experiment(3),
            "the name or the file of an experiment is wanted here, and this is 3",
        ),
        (lambda: bias_harness.record("simulated", "into", "x.yaml"), "an experiment is wanted here"),
        (lambda: bias_harness.read(None), "the text of an answer is wanted here, and this is None"),
        (lambda: bias_harness.calibrate(SIMULATED, runs=0), "a simulation takes one run and one worker at least"),
        (lambda: bias_harness.calibrate(SIMULATED, gaps=[-3]), r"gaps=\[-3\]: a gap is a fraction between -1 and 1"),
    ],
)
def test_what_is_none_of_it_is_a_sentence(wrong: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        wrong()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": 0}, "limit=0: a limit is a number of requests, from 1 on"),
        ({"shard": (5, 3)}, r"shard=\(5, 3\): the i-th of n parts is \(i, n\), with i from 1 to n"),
        ({"budget": -1}, "budget=-1: a budget is an amount in US dollars, from 0 on"),
        ({"retry": "faild"}, "retry='faild' is none; did you mean 'failed'?"),
        ({"until": "decidd"}, "until='decidd' is none; did you mean 'decided'?"),
        ({"personas": frozenset({"nobody"})}, "no person 'nobody' in simulated; there is"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_and_asks_nothing(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        bias_harness.run(SIMULATED, results=tmp_path / "results", **given)
    assert not (tmp_path / "results").exists()


def test_runs_are_compared_by_what_there_is(one: pipeline.Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is compared by 'model'; there is endpoint, language, run, wording"):
        bias_harness.compare(one, tmp_path / "out", by="model")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_notebook_shows_the_sentence_of_an_error(one: pipeline.Run) -> None:
    with pytest.raises(UsageError) as caught:
        one.gap("gendr", "female")
    assert caught.value._render_traceback_() == [f"bias-harness: {caught.value}"]


def test_a_line_of_progress_is_written_over() -> None:
    out = io.StringIO()
    update = line_of_progress(out)
    update(Tally("m0", 10, answered=2))
    update(Tally("m1", 10, answered=1))
    update(Tally("m0", 10, answered=10))
    update(Tally("m1", 10, answered=10))
    lines = out.getvalue().split("\r")[1:]
    assert "\n" not in out.getvalue()
    assert lines[0].startswith("m0: 2 of 10")
    assert lines[-1].startswith("m0: 10 of 10")
    assert " | m1: 10 of 10" in lines[-1]


def test_progress_true_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = {"endpoints": PLANTS[:1], "repeats": 1, "wordings": ["terse"], "attributes": ["gender"]}
    audit = pipeline.load_experiment("simulated", changes=changes)
    bias_harness.run(audit, results=tmp_path, limit=10, progress=True)
    assert "m0: 8 of 8" in capsys.readouterr().err
