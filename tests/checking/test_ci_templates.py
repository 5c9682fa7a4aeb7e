"""The templates for other people's pipelines, run as far as they run without those services."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from places import ROOT
from recordings import accepted, experiment

pytestmark = pytest.mark.slow


@pytest.fixture
def fixture(workspace: Path) -> Path:
    return accepted(workspace)


def in_bash(script: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    whole = {**os.environ, "PATH": path, **env}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, check=False)


MORE = ("BUDGET", "LIMIT", "POLICY")


def action_step(number: int) -> dict[str, Any]:
    step: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][number]
    return step


def run_action(workspace: Path, fixture: str, **given: str) -> tuple[subprocess.CompletedProcess[str], Path, Path]:
    """The action's check as a runner runs it, in a checkout that holds what a change may bring along."""
    summary, output = workspace / "summary", workspace / "output"
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(workspace)}
    inputs = {
        "OFFLINE": "false",
        "BUDGET": "",
        "LIMIT": "",
        "POLICY": "",
        "INSTALL": "none",
        "ACTION_SOURCE": str(ROOT),
    }
    done = in_bash(action_step(0)["run"], workspace, FIXTURE=fixture, **(inputs | given), **files)
    return done, summary, output


@pytest.mark.parametrize(("gap", "code", "outcome"), [(0.0, 0, "pass"), (-0.05, 3, "regressed")])
def test_the_action_s_script_asks(workspace: Path, fixture: Path, gap: float, code: int, outcome: str) -> None:
    experiment(workspace, gap=gap)
    (workspace / "json.py").write_text("raise SystemExit('the checkout was run')\n")
    (workspace / "bias-harness").mkdir()
    (workspace / "bias-harness" / "check.json").write_text('{"outcome": "pass"}')
    done, summary, output = run_action(workspace, fixture.name)
    assert done.returncode == code, done.stderr
    assert f"outcome={outcome}\n" in output.read_text()
    assert summary.read_text().startswith("### Salary advice, `advice`")


def test_the_action_s_script_replays(workspace: Path, fixture: Path) -> None:
    done, _, output = run_action(workspace, fixture.name, OFFLINE="true")
    assert (done.returncode, "outcome=unchanged" in output.read_text()) == (0, True), done.stderr


@pytest.mark.parametrize("named", ["nowhere", "experiments", "--help"])
def test_an_input_that_is_no_fixture_fails(workspace: Path, fixture: Path, named: str) -> None:
    done, summary, _ = run_action(workspace, named)
    assert done.returncode == 1
    assert f"::error::fixture: {named} is no recorded fixture" in done.stdout
    assert not summary.exists()


def test_the_action_passes_every_input_on_and_installs_no_name() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    used = {
        v.split(".")[1].split(" ")[0]
        for s in action["runs"]["steps"]
        for v in s.get("env", {}).values()
        if "inputs." in v
    }
    assert used == set(action["inputs"])
    assert action["inputs"]["install"]["default"] == ""
    assert "${INSTALL:-$ACTION_SOURCE}" in action["runs"]["steps"][0]["run"]


def test_the_action_s_comment_is_the_summary_and_is_mended_later(workspace: Path, fixture: Path) -> None:
    """With a `gh` that writes down what it is asked to do."""
    run_action(workspace, fixture.name, OFFLINE="true")
    (out,) = workspace.glob("bias-harness.*")
    (workspace / "bin").mkdir()
    gh = workspace / "bin" / "gh"
    gh.write_text('#!/bin/sh\necho "$@" >> "$TOLD"\ncase "$*" in *--paginate*) echo $OLD;; esac\n')
    gh.chmod(0o755)
    env = {"PATH": f"{gh.parent}{os.pathsep}{os.environ['PATH']}", "NUMBER": "7", "REPOSITORY": "o/r", "OUT": str(out)}
    for old, verb in (("", "-X POST repos/o/r/issues/7/comments"), ("11", "-X PATCH repos/o/r/issues/comments/11")):
        told = workspace / f"told{old}"
        script = f'export PATH="{env["PATH"]}"\n{action_step(1)["run"]}'
        done = in_bash(script, workspace, **env, RUN="https://h/run/1", TOLD=str(told), OLD=old)
        assert done.returncode == 0, done.stderr
        assert verb in told.read_text()
    comment = (out / "comment.md").read_text()
    assert comment.startswith("<!-- bias-harness -->\n### Salary advice")
    assert "(https://h/run/1)" in comment


def test_the_gitlab_job_s_script(workspace: Path, fixture: Path) -> None:
    job = yaml.safe_load((ROOT / "ci" / "bias-harness.gitlab-ci.yml").read_text())["bias-harness"]
    script = "\n".join(job["script"])
    out = {"BIAS_HARNESS_OUT": "bias-harness-12", "BIAS_HARNESS_WORDS": "--offline", "BIAS_HARNESS_INSTALL": ""}
    done = in_bash(script, workspace, BIAS_HARNESS_FIXTURE=fixture.name, **out)
    assert done.returncode == 0, done.stderr
    assert list(workspace.glob(job["artifacts"]["reports"]["junit"]))


def workflow(name: str) -> dict[str, Any]:
    """A workflow of GitHub's; its `on` is what YAML reads as true."""
    read: dict[Any, Any] = yaml.safe_load((ROOT / "ci" / name).read_text())
    return {"on" if key is True else key: value for key, value in read.items()}


def step_named(name: str, job: dict[str, Any]) -> dict[str, Any]:
    (found,) = [step for step in job["steps"] if step.get("name") == name]
    return dict(found)


def test_the_quarterly_run_asks_within_a_budget_and_keeps_what_was_answered(small: Path) -> None:
    """Its script with a simulated advisor, in a repository whose remote is a folder; then where nothing is new."""
    folder = small.parent.parent
    given = workflow("quarterly.yml")
    assert given["on"]["schedule"] == [{"cron": "17 5 2 1,4,7,10 *"}]
    job = given["jobs"]["ask"]
    assert set(step_named("Ask", job)["env"]) >= {"EXPERIMENT", "BUDGET", "OPENAI_API_KEY", "MISTRAL_API_KEY"}
    (folder / ".gitignore").write_text(".env\nresults/\n")
    ready = in_bash("git init -q && git init -q --bare ../kept && git remote add origin ../kept", folder)
    assert ready.returncode == 0, ready.stderr
    asked = in_bash(step_named("Ask", job)["run"], folder, EXPERIMENT="experiments/small.yaml", BUDGET="5")
    assert asked.returncode == 0, asked.stderr
    (run,) = (folder / "results").iterdir()
    kept = step_named("Keep the answers", job)
    assert kept["if"] == "always()"
    for _ in range(2):
        done = in_bash(kept["run"].replace("git push", "git push -q origin HEAD"), folder)
        assert done.returncode == 0, done.stderr
    files = in_bash("git ls-files", folder).stdout.splitlines()
    assert f"results/{run.name}/responses.jsonl" in files
    assert [file for file in files if ".readings" in file] == []
    told = in_bash("git log --format=%s", folder).stdout.splitlines()
    assert told == [f"Answers of {run.name}"]
    assert given["jobs"]["publish"]["uses"] == "./.github/workflows/pages.yml"


def test_the_workflow_of_pages_makes_the_monitor_that_it_uploads(small: Path) -> None:
    folder = small.parent.parent
    given = workflow("pages.yml")
    assert {"workflow_call", "workflow_dispatch", "push"} <= set(given["on"])
    job = given["jobs"]["publish"]
    assert in_bash("bias-harness run small --quiet --no-figures", folder).returncode == 0
    step = step_named("Make the pages", job)
    env = dict.fromkeys(step["env"], "") | {"ADDRESS": "https://example.org/monitor"}
    done = in_bash(step["run"], folder, **env)
    assert done.returncode == 0, done.stderr
    (upload,) = [s for s in job["steps"] if "upload-pages" in s.get("uses", "")]
    assert 'property="og:url"' in (folder / upload["with"]["path"] / "index.html").read_text()


def test_the_pre_commit_hook(small: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert in_bash(f"{hook['entry']} experiments/small.yaml", small.parent.parent).returncode == 0
    small.write_text(small.read_text().replace("repeats", "repeat"))
    assert in_bash(f"{hook['entry']} experiments/small.yaml", small.parent.parent).returncode == 1


def test_the_constraints_pin_everything_that_is_installed_within_what_is_asked_for() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = (*project["dependencies"], *extras["dev"], *extras["local"])
    wanted = [r for r in map(Requirement, named) if r.name != project["name"]]
    assert {r.name for r in wanted if canonicalize_name(r.name) not in pinned} == set()
    assert {r.name for r in wanted if pinned[canonicalize_name(r.name)] not in r.specifier} == set()


def test_the_action_installs_from_the_constraints(tmp_path: Path) -> None:
    """With a pip that says what it was told."""
    step, *_ = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "recording.json").write_text("{}")
    pip = tmp_path / "python"
    pip.write_text('#!/bin/sh\necho "$@" >> told\n')
    pip.chmod(0o755)
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "ACTION_SOURCE": "/the/action"}
    files = dict.fromkeys(("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"), str(tmp_path / "out"))
    command = ["bash", "-c", step["run"]]
    whole = {**os.environ, **env, **files, "FIXTURE": "x", "POLICY": "", "INSTALL": "bias_harness"}
    subprocess.run(command, cwd=tmp_path, env=whole, capture_output=True, check=False)
    first = (tmp_path / "told").read_text().splitlines()[0]
    assert first == "-I -m pip install --quiet --constraint /the/action/constraints.txt -- bias_harness"
