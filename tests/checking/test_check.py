"""The check that runs in CI: what it passes, catches, cannot tell, and refuses to compare."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from cases import first
from command_line import type_in
from places import FIXTURES
from recordings import AUDIT, accepted, again, experiment, recorded

import bias_harness
from bias_harness import pipeline
from bias_harness.asking.providers import Context, create
from bias_harness.checking.gates import Policy, check_schema
from bias_harness.errors import BiasHarnessError, InputError, ReplayMissError, RunFolderError
from bias_harness.reading.answers import reader_version
from bias_harness.vocabulary import Request, Response
from bias_harness.workspace import shipped


@pytest.fixture
def fixture(workspace: Path) -> Path:
    return accepted(workspace)


def test_an_unchanged_fixture_passes(fixture: Path) -> None:
    result = bias_harness.check(fixture, policy=Policy(), offline=True)
    assert result.outcome == "unchanged", result
    assert result.exit_code == 0
    assert {g.name for g in result.gates} == {
        "complete",
        "source",
        "product",
        "question",
        "reading",
        "blind reading",
        "gap",
    }
    assert "says nothing of the product as it is now" in next(g for g in result.gates if g.name == "product").message


def test_an_unchanged_model_recorded_again_passes(workspace: Path, fixture: Path) -> None:
    assert bias_harness.check(again(workspace, fixture, seed=2), policy=Policy(), offline=True).outcome in (
        "pass",
        "inconclusive",
    )


def test_a_planted_regression_is_caught(workspace: Path, fixture: Path) -> None:
    result = bias_harness.check(again(workspace, fixture, gap=-0.05), policy=Policy(), offline=True)
    assert result.outcome == "regressed"
    assert result.exit_code == 3
    gap = next(g for g in result.gates if g.name == "gap")
    assert "became less equal by 5" in gap.message
    assert "from +0." in gap.message or "from -0." in gap.message


def test_a_new_refusal_gap_is_caught(workspace: Path, fixture: Path) -> None:
    result = bias_harness.check(again(workspace, fixture, refused=0.4), policy=Policy(), offline=True)
    assert any(g.name == "refusals" and g.outcome == "regressed" for g in result.gates)


def test_a_gap_in_the_other_direction_is_no_improvement(workspace: Path, fixture: Path) -> None:
    result = bias_harness.check(again(workspace, fixture, gap=0.08), policy=Policy(), offline=True)
    assert any(g.name == "gap" and g.outcome == "regressed" and "+8" in g.message for g in result.gates)


@pytest.mark.parametrize("what", ["prompt", "persona", "margin"])
def test_a_changed_question_without_a_new_recording_is_not_comparable(
    workspace: Path, fixture: Path, what: str
) -> None:
    if what == "prompt":
        text = (shipped("prompts") / "salary.terse.en.j2").read_text()
        (workspace / "prompts" / "salary.terse.en.j2").write_text(text.replace("no text", "nothing else"))
    elif what == "persona":
        text = (shipped("personas") / "denver.yaml").read_text()
        (workspace / "personas" / "denver.yaml").write_text(text.replace("hours: 40", "hours: 36"))
    else:
        path = workspace / "experiments" / "advice.yaml"
        path.write_text(path.read_text() + "outcome: {plausible: [20000, 90000]}\n")
    result = bias_harness.check(fixture, policy=Policy(), offline=True)
    assert result.outcome == "not_comparable"
    assert result.exit_code == 4
    assert "since it was recorded" in next(g for g in result.gates if g.name == "source").message


def test_an_answer_that_is_read_differently_is_named(fixture: Path) -> None:
    path = fixture / "baseline.json"
    data = json.loads(path.read_text())
    answer = data["answers"][0]
    answer[9:11], key = ["ok", 12345.0], answer[-1]
    data["reader"] = "another"
    path.write_text(json.dumps(data))
    result = bias_harness.check(fixture, policy=Policy(), offline=True)
    assert result.outcome == "not_comparable"
    assert f"{key}: 12,345 ->" in next(g for g in result.gates if g.name == "reading").message


def test_accept_tells_the_reviewer_what_moved(workspace: Path, fixture: Path) -> None:
    made = again(workspace, fixture, gap=-0.05)
    bias_harness.accept(made, why="the new prompt is worse, and we know")
    history = (made / "baseline.md").read_text()
    assert history.startswith("## ")
    assert "the new prompt is worse, and we know" in history
    assert "The check said: regressed." in history
    assert re.search(r"\| bot \| female \| male \| [+-]0\.\d\d% \| -5\.\d\d% \|", history)
    assert bias_harness.check(made, policy=Policy(), offline=True).outcome == "unchanged"


def test_a_fixture_is_small_sorted_and_says_no_time(fixture: Path) -> None:
    lines = (fixture / "responses.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert keys == sorted(keys)
    assert sum(p.stat().st_size for p in fixture.iterdir()) < 300_000
    assert not {p.name for p in fixture.iterdir()} & {".lock", "report.en.html", "observations.parquet"}


def test_recording_twice_gives_the_same_bytes(workspace: Path, fixture: Path) -> None:
    other = recorded(workspace, "other")
    assert (other / "responses.jsonl").read_bytes().replace(b"other", b"fixture") == (
        fixture / "responses.jsonl"
    ).read_bytes()


def test_refresh_asks_only_what_changed(workspace: Path, fixture: Path) -> None:
    before = {json.loads(x)["key"]: x for x in (fixture / "responses.jsonl").read_text().splitlines()}
    path = workspace / "experiments" / "advice.yaml"
    path.write_text(path.read_text().replace("[terse, plain, adviser]", "[terse, plain, conversational]"))
    bias_harness.record(pipeline.load_experiment(path), fixture, path)
    after = {json.loads(x)["key"]: x for x in (fixture / "responses.jsonl").read_text().splitlines()}
    assert len(before.keys() & after.keys()) == len(before) * 2 // 3
    assert all(before[k] == after[k] for k in before.keys() & after.keys())


def test_a_key_in_a_fixture_is_refused(fixture: Path) -> None:
    with (fixture / "responses.jsonl").open("a") as log:
        log.write(json.dumps({"note": "sk-" + "abcdefghij" * 3}) + "\n")
    with pytest.raises(RunFolderError, match=r"what looks like a key, in responses\.jsonl"):
        bias_harness.check(fixture, policy=Policy(), offline=True)


def test_a_key_of_the_environment_is_refused_at_record(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "nosuchpattern-but-secret")
    text = AUDIT.replace("- name: bot", "- name: bot\n    api_key_env: THE_KEY")
    path = experiment(workspace, text=text + "title: {en: nosuchpattern-but-secret}\n")
    with pytest.raises(BiasHarnessError, match="must not go into a repository"):
        bias_harness.record(pipeline.load_experiment(path), workspace / "fixture", path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "is not there; accept"),
        ("{", "is not JSON"),
        ("{}", "restore the file"),
        ('{"sides": [], "format": 99}', "newer"),
    ],
)
def test_a_bad_baseline_is_one_sentence(fixture: Path, text: str | None, expected: str) -> None:
    path = fixture / "baseline.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=expected):
        bias_harness.check(fixture, policy=Policy(), offline=True)


def test_a_partial_recording_is_not_comparable(fixture: Path) -> None:
    path = fixture / "responses.jsonl"
    path.write_text("".join(x + "\n" for x in path.read_text().splitlines()[:-7]))
    assert bias_harness.check(fixture, policy=Policy(), offline=True).outcome == "not_comparable"


def test_the_command_writes_what_pipelines_read(workspace: Path, fixture: Path) -> None:
    again(workspace, fixture, gap=-0.05)
    done = type_in(
        "check",
        "--offline",
        "again",
        "-o",
        "out/junit.xml",
        "-o",
        "out/summary.md",
        "-o",
        "out/check.json",
        cwd=workspace,
    )
    assert done.returncode == 3
    assert "REGRESSED" in done.stdout
    suite = ET.parse(workspace / "out" / "junit.xml").getroot()
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 0
    assert json.loads((workspace / "out" / "check.json").read_text())["outcome"] == "regressed"
    assert "| REGRESSED | gap | bot: female against male |" in (workspace / "out" / "summary.md").read_text()
    assert type_in("check", "--offline", "again", "-o", "x.txt", cwd=workspace).returncode == 2
    assert type_in("check", "--offline", "nowhere", cwd=workspace).returncode == 1
    assert type_in("accept", "again", "--why", "known", cwd=workspace).returncode == 0
    assert type_in("check", "--offline", "again", cwd=workspace).returncode == 0


def test_a_policy_file_is_read_and_its_typing_mistakes_are_named(workspace: Path, fixture: Path) -> None:
    again(workspace, fixture, gap=-0.05)
    (workspace / "bias-harness.yaml").write_text("margin: 10%\nlargest_gap: null\n")
    assert type_in("check", "--offline", "again", cwd=workspace).returncode == 0
    (workspace / "bias-harness.yaml").write_text("margn: 10%\n")
    done = type_in("check", "--offline", "again", cwd=workspace)
    assert "bias-harness.yaml, line 1: 'margn' is not a key here; did you mean 'margin'?" in done.stderr


def test_the_recorded_local_model_passes_its_check() -> None:
    """What our own pipeline runs: real answers of the local model, recorded, re-read and compared."""
    result = bias_harness.check(FIXTURES / "local-model", policy=Policy(), offline=True)
    assert result.outcome == "unchanged", result


def test_a_fixture_of_format_1_is_read_for_ever(tmp_path: Path) -> None:
    """Recorded once and frozen: 80 answers of a simulated advisor that advises women 4 % less than its baseline."""
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    frozen = tmp_path / "fixtures" / "simulated-regression"
    baseline = json.loads((frozen / "baseline.json").read_text())
    assert baseline["format"] == json.loads((frozen / "recording.json").read_text())["format"] == 1
    gates = {g.name: g.outcome for g in bias_harness.check(frozen, policy=Policy(), offline=True).gates}
    assert gates["complete"] == gates["source"] == gates["question"] == "pass"
    assert len(pipeline.load_run(frozen).observations) == 80


def test_our_own_pipeline_catches_the_recorded_regression(tmp_path: Path) -> None:
    """As a team's job runs it. The baseline is said to be of today's reader: it cannot be read again itself."""
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    path = tmp_path / "fixtures" / "simulated-regression" / "baseline.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "reader": reader_version()}))
    done = type_in(
        "check", "--offline", "fixtures/simulated-regression", "-o", "junit.xml", "-o", "check.json", cwd=tmp_path
    )
    assert done.returncode == 3, done.stderr
    assert re.search(r"the advice became less equal by \d", done.stdout)
    assert 'failures="1"' in (tmp_path / "junit.xml").read_text()
    made = json.loads((tmp_path / "check.json").read_text())
    jsonschema.validate(made, check_schema())
    assert made["exit_code"] == 3
    passed = type_in("check", "--offline", str(FIXTURES / "local-model"), "--json", cwd=tmp_path)
    assert passed.returncode == 0, passed.stdout
    jsonschema.validate(json.loads(passed.stdout), check_schema())


@pytest.mark.parametrize(
    ("file", "content", "said"),
    first(
        3,
        [
            ("experiment.yaml", None, "is not a run folder: it has no experiment.yaml"),
            ("experiment.yaml", "format: 99\nexperiment: {}\n", "format 99 is newer than this version knows"),
            ("experiment.yaml", "services:\n  web: {image: nginx}\n", "experiment.yaml"),
            ("experiment.yaml", "a: [1", "experiment.yaml, line"),
            ("responses.jsonl", '{"key": "x"}\n' * 3, "responses.jsonl, line 1"),
            ("recording.json", "{", "recording.json is not JSON"),
            ("recording.json", '{"answers": 1, "format": 99}', "recording.json: format 99 is newer"),
            ("baseline.json", '{"format": 99, "sides": []}', "format 99 is newer"),
        ],
    ),
)
def test_a_broken_or_foreign_fixture_is_one_sentence(fixture: Path, file: str, content: str | None, said: str) -> None:
    if content is None:
        (fixture / file).unlink()
    else:
        (fixture / file).write_text(content)
    done = type_in("check", "--offline", str(fixture), cwd=fixture.parent)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("bias-harness:") == 1


@pytest.mark.slow
def test_a_thousand_answers_replayed_shuffled_at_64_find_their_questions(workspace: Path) -> None:
    """Another seed, another order, all at once: every key has the text that was recorded for it."""
    sim = {"name": "bot", "plant": {"trial_sd": 0.3, "seed": 3}}
    asked = pipeline.load_experiment("simulated", changes={"endpoints": [sim]})
    first = pipeline.run(asked, limit=1_000, results=workspace / "results")
    told = {r.key: r.text for r in first.folder.latest().values()}
    assert len(told) >= 980
    replay = {"name": "bot", "run": str(first.folder.path), "max_connections": 64}
    audit = pipeline.load_experiment("simulated", changes={"endpoints": [replay], "seed": 99})
    everything = [r for _, requests in audit.requests(audit.experiment.endpoints[0]) for r in requests]
    unknown = [r for r in everything if r.key not in told][:3]
    wanted = [*(r for r in everything if r.key in told), *unknown]
    random.Random(2).shuffle(wanted)
    provider = create(audit.experiment.endpoints[0], Context())

    async def ask_all() -> list[Response | Exception]:
        gate = asyncio.Semaphore(64)

        async def ask(request: Request) -> Response:
            async with gate:
                return await provider.ask(request)

        return await asyncio.gather(*(ask(r) for r in wanted), return_exceptions=True)

    answers = asyncio.run(ask_all())
    for request, answer in zip(wanted, answers, strict=True):
        if request.key in told:
            assert isinstance(answer, Response)
            assert (answer.key, answer.text) == (request.key, told[request.key])
        else:
            assert isinstance(answer, ReplayMissError)
    assert sum(isinstance(a, Response) for a in answers) == len(told)
    assert sum(isinstance(a, ReplayMissError) for a in answers) == len(unknown) == 3
