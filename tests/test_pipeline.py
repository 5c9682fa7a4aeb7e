"""The whole way with the simulated advisor: what was planted comes back, what was answered is kept."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from command_line import started, type_in
from conftest import SMALL

from bias_harness import pipeline
from bias_harness.errors import InputError, RunFolderError

PLANTED = """\
experiment: planted
personas: {people: denver}
attributes:
  - {name: gender, levels: [male, female, nonbinary]}
wordings: [terse, plain, conversational, adviser]
repeats: 6
endpoints:
  - name: sim
    plant:
      gaps: {gender: {female: -0.05}}
      field_gaps: {medicine: {gender: {female: -0.10}}}
      profile_gap_sd: 0.01
      trial_sd: 0.05
      heap: 1000
      refusals: {gender: {female: 8%}}
      seed: 4
"""


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "responses.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.yaml").write_text(PLANTED)
    return pipeline.run(pipeline.load_experiment(folder / "planted.yaml"))


def one(run: pipeline.Run, **wanted):
    (found,) = run.estimates.find(**wanted)
    return found


def test_a_planted_gap_is_recovered_and_lies_in_its_interval(planted: pipeline.Run) -> None:
    e = one(planted, family="headline", level="female")
    planted_mean = 100 * (0.95 * 0.9 ** (1 / 5) - 1)
    assert e.percent_low < planted_mean < e.percent_high
    judged = planted.judgements.of("sim", "gender", "female")
    assert judged is not None
    # fewer of the women's answers are amounts, and the bounds of what that can hide just reach zero
    assert (judged.jobs, judged.word, judged.because) == (5, "depends", ("silence",))
    assert e.n_profiles == 10


def test_a_planted_field_gap_stands_in_its_field_alone(planted: pipeline.Run) -> None:
    cells = {e.slice["field"]: e for e in planted.estimates.find(family="cells", level="female") if "field" in e.slice}
    assert cells["medicine"].percent == pytest.approx(-14.5, abs=2.5)
    for field in set(cells) - {"medicine"}:
        assert cells[field].percent == pytest.approx(-5, abs=2.5)


def test_a_planted_zero_is_found_to_be_zero(planted: pipeline.Run) -> None:
    e = one(planted, family="headline", level="nonbinary")
    assert e.percent_low < 0 < e.percent_high
    assert e.verdict in ("equivalent", "inconclusive")
    assert all(e.percent_low - 1 < 0 < e.percent_high + 1 for e in planted.estimates.find(family="placebo"))


def test_planted_refusals_are_a_gap_of_their_own(planted: pipeline.Run) -> None:
    e = one(planted, family="nonanswers", level="female", outcome="refused")
    assert e.conf_low < 0.08 < e.conf_high
    assert e.mean_reference == 0


def test_every_trial_is_one_row(planted: pipeline.Run) -> None:
    (counts,) = planted.audit.design.counts()
    assert len(planted.observations) == counts.trials
    assert planted.manifest.status == "success"


def test_the_same_command_again_asks_nothing(small: Path) -> None:
    audit = pipeline.load_experiment(small)
    first = pipeline.run(audit)
    before = (first.folder.path / "responses.jsonl").read_bytes()
    asked = first.manifest.endpoints["sim"]
    again = pipeline.run(audit)
    assert (again.folder.path / "responses.jsonl").read_bytes() == before
    now = again.manifest.endpoints["sim"]
    assert now.answered == 0 < asked.answered
    assert now.in_all == asked.in_all
    assert now.served == ("simulated (seed 0)",)


def test_more_repeats_extend_a_finished_run(small: Path) -> None:
    first = pipeline.run(pipeline.load_experiment(small))
    n = len(lines(first.folder.path))
    more = pipeline.run(pipeline.load_experiment(small, repeats=3))
    assert len(lines(more.folder.path)) == n * 3 / 2
    assert len(more.observations) == n * 3 / 2


def test_a_changed_experiment_says_what_is_new_and_what_is_asked_no_longer(
    small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.run(pipeline.load_experiment(small))
    assert not caplog.messages
    small.write_text(SMALL.replace("[terse, plain]", "[terse, adviser]"))
    pipeline.run(pipeline.load_experiment(small))
    new, gone = caplog.messages
    assert "requests are new (wording adviser); they are asked now" in new
    assert "requests are no longer asked (wording plain); their answers stay in the log" in gone
    caplog.clear()
    small.write_text(SMALL.replace("[terse, plain]", "[terse, adviser]") + "sampling: {temperature: 0.5}\n")
    pipeline.run(pipeline.load_experiment(small))
    assert "(other words or sampling)" in caplog.messages[0]


def test_limit_takes_whole_blocks(small: Path) -> None:
    run = pipeline.run(pipeline.load_experiment(small), limit=12)
    assert len(run.observations) == 10
    assert set(run.observations.groupby("block").size()) == {5}


def test_a_torn_last_line_is_asked_again_and_nothing_else(small: Path) -> None:
    audit = pipeline.load_experiment(small)
    log = pipeline.run(audit).folder.path / "responses.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[:-30])
    pipeline.run(audit)
    keys = [line["key"] for line in lines(log.parent)]
    assert len(keys) == len(set(keys)) == whole.count(b"\n")


def test_a_run_folder_of_another_experiment_is_refused(small: Path) -> None:
    pipeline.run(pipeline.load_experiment(small))
    other = small.with_name("other.yaml")
    other.write_text(SMALL.replace("experiment: small", "experiment: other"))
    with pytest.raises(RunFolderError, match="holds a run of the experiment 'small', not of 'other'"):
        pipeline.run(pipeline.load_experiment(other), name="small")


def test_a_second_process_is_refused_with_one_sentence(small: Path) -> None:
    from bias_harness.results import open_log

    audit = pipeline.load_experiment(small)
    folder = pipeline.run(audit).folder
    with open_log(folder), pytest.raises(RunFolderError, match="in use by another process"):
        pipeline.run(audit)


def test_a_run_is_read_back_without_its_files(small: Path, workspace: Path) -> None:
    first = pipeline.run(pipeline.load_experiment(small))
    small.unlink()
    again = pipeline.load_run("small")
    assert again.observations["annual"].tolist() == first.observations["annual"].tolist()


def test_a_recorded_run_replays_exactly(small: Path, workspace: Path) -> None:
    first = pipeline.run(pipeline.load_experiment(small))
    replay = SMALL.replace("experiment: small", "experiment: again").split("endpoints:")[0]
    path = small.with_name("again.yaml")
    path.write_text(replay + f"endpoints:\n  - {{name: rec, run: {first.folder.path}}}\n")
    second = pipeline.run(pipeline.load_experiment(path))
    key = ["persona", "wording", "level", "signal", "edit", "repeat"]
    one, two = (r.observations.set_index(key)["annual"].sort_index() for r in (first, second))
    assert one.equals(two)


def test_replay_of_something_unknown_names_the_nearest(small: Path, workspace: Path) -> None:
    first = pipeline.run(pipeline.load_experiment(small))
    path = small.with_name("again.yaml")
    text = SMALL.replace("experiment: small", "experiment: again").replace("[male, female]", "[male, nonbinary]")
    path.write_text(text.split("endpoints:")[0] + f"endpoints:\n  - {{name: rec, run: {first.folder.path}}}\n")
    second = pipeline.run(pipeline.load_experiment(path))
    assert "does not hold this request" in second.stopped[0]
    assert "differs first here" in second.stopped[0]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("{base_url: 'http://127.0.0.1:9', model: m, api_key_env: NOT_THERE}", "the variable NOT_THERE is not set"),
        ("{provider: anthropic, model: m}", "the variable ANTHROPIC_API_KEY is not set"),
        ("{provider: openai, name: m}", "there is no provider 'openai'; did you mean 'openai_compatible'"),
        ("{provider: embedded, model: qwen}", "there is no local model 'qwen'"),
        ("{name: x, run: nowhere}", "is not a run folder"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_asked(small: Path, endpoint: str, expected: str) -> None:
    small.write_text(SMALL.split("endpoints:")[0] + f"endpoints:\n  - {endpoint}\n")
    with pytest.raises((InputError, RunFolderError), match=expected):
        pipeline.run(pipeline.load_experiment(small))


SLOW = SMALL.replace("repeats: 2", "repeats: 8").replace(
    "plant: {", "max_connections: 4, plant: {latency_seconds: 0.02, "
)


@pytest.mark.slow
def test_kill_9_loses_nothing_and_repeats_nothing(small: Path, workspace: Path) -> None:
    small.write_text(SLOW)
    log = workspace / "results" / "small" / "responses.jsonl"
    for wanted in (20, 60):
        process = started("run", str(small), "--quiet", cwd=workspace)
        while not (log.exists() and log.read_bytes().count(b"\n") >= wanted):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    done = type_in("run", str(small), "--quiet", cwd=workspace)
    assert done.returncode == 0, done.stderr
    keys = [line["key"] for line in lines(log.parent)]
    (counts,) = pipeline.load_run("small").audit.design.counts()
    assert len(keys) == len(set(keys)) == counts.trials


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(small: Path, workspace: Path) -> None:
    small.write_text(SLOW)
    log = workspace / "results" / "mine" / "responses.jsonl"
    process = started("run", str(small), "--name", "mine", "--set", "repeats=9", cwd=workspace)
    while not (log.exists() and log.read_bytes().count(b"\n") >= 10):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing that was answered is lost" in said
    assert f"Go on with: bias-harness run {small} --name mine --set repeats=9" in said
    assert "Traceback" not in said
    assert pipeline.load_run("mine").manifest.status == "interrupted"


def test_shards_are_asked_apart_and_merged_to_the_whole(small: Path, workspace: Path) -> None:
    from bias_harness.results import RunFolder, merge

    audit = pipeline.load_experiment(small)
    parts = [pipeline.run(audit, shard=(i, 2)) for i in (1, 2)]
    assert parts[0].folder.path.name == "small.part-1-of-2"
    merged = merge([p.folder for p in parts], RunFolder(workspace / "results" / "whole"))
    whole = pipeline.run(audit)
    assert merged.added == len(whole.observations)
    both = pipeline.load_run("whole").observations
    assert sorted(both["key"]) == sorted(whole.observations["key"])


def test_retry_refused_asks_the_refused_alone(small: Path) -> None:
    text = SMALL.replace("plant: {", "plant: {refusal_rate: 20%, ")
    small.write_text(text)
    first = pipeline.run(pipeline.load_experiment(small))
    refused = int((first.observations["status"].astype(str) == "refused").sum())
    assert refused > 0
    n = len(lines(first.folder.path))
    again = pipeline.run(pipeline.load_experiment(small), retry="refused")
    assert len(lines(again.folder.path)) == n + refused


def test_a_setting_can_be_changed_from_outside(small: Path) -> None:
    audit = pipeline.load_experiment(small, changes={"endpoints.0.plant.seed": 9, "outcome.currency": "EUR"})
    assert audit.experiment.endpoints[0].plant.seed == 9
    assert audit.experiment.outcome.currency == "EUR"
    with pytest.raises(InputError, match="'5' is no place in the experiment"):
        pipeline.load_experiment(small, changes={"endpoints.5.model": "x"})


def test_a_runs_own_experiment_can_be_asked_again(small: Path, workspace: Path) -> None:
    """What the page says under "run it again" works: the same questions, without personas/ and prompts/."""
    first = pipeline.run(pipeline.load_experiment(small))
    copy = workspace / "elsewhere.yaml"
    copy.write_bytes((first.folder.path / "experiment.yaml").read_bytes())
    audit = pipeline.load_experiment(copy)
    assert audit.digest == first.audit.digest
    again = pipeline.run(audit, name="again")
    assert set(again.observations["key"]) == set(first.observations["key"])
    assert pipeline.load_experiment(copy, changes={"repeats": 7}).experiment.repeats == 7
