"""The templates for other people's pipelines, run as far as they run without those services."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from places import ROOT
from recordings import accepted, again


@pytest.fixture
def fixture(workspace: Path) -> Path:
    return accepted(workspace)


def in_bash(script: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    whole = {**os.environ, "PATH": path, **env}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("gap", "code", "outcome"), [(0.0, 0, "pass"), (-0.05, 3, "regressed")])
def test_the_action_s_script(workspace: Path, fixture: Path, gap: float, code: int, outcome: str) -> None:
    target = fixture if gap == 0 else again(workspace, fixture, gap=gap)
    (step,) = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    summary, output = workspace / "summary", workspace / "output"
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    done = in_bash(step["run"], workspace, FIXTURE=target.name, POLICY="", INSTALL="", **files)
    assert done.returncode == code, done.stderr
    assert output.read_text() == f"outcome={outcome}\n"
    assert summary.read_text().startswith("### Salary advice, `advice`")


def test_the_action_passes_every_input_on() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    assert {v.split(".")[1].split(" ")[0] for v in step["env"].values()} == set(action["inputs"])


def test_the_gitlab_job_s_script(workspace: Path, fixture: Path) -> None:
    job = yaml.safe_load((ROOT / "ci" / "bias-harness.gitlab-ci.yml").read_text())["bias-harness"]
    script = "\n".join(job["script"])
    done = in_bash(script, workspace, BIAS_HARNESS_FIXTURE=fixture.name, BIAS_HARNESS_INSTALL="")
    assert done.returncode == 0, done.stderr
    assert (workspace / job["artifacts"]["reports"]["junit"]).is_file()


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
    wanted = [Requirement(r) for r in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert {r.name for r in wanted if canonicalize_name(r.name) not in pinned} == set()
    assert {r.name for r in wanted if pinned[canonicalize_name(r.name)] not in r.specifier} == set()


def test_the_action_installs_from_the_constraints(tmp_path: Path) -> None:
    """With a pip that says what it was told."""
    (step,) = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    pip = tmp_path / "python"
    pip.write_text('#!/bin/sh\necho "$@" >> told\n')
    pip.chmod(0o755)
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "GITHUB_ACTION_PATH": "/the/action"}
    files = dict.fromkeys(("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"), str(tmp_path / "out"))
    command = ["bash", "-c", step["run"]]
    whole = {**os.environ, **env, **files, "FIXTURE": "x", "POLICY": "", "INSTALL": "bias_harness"}
    subprocess.run(command, cwd=tmp_path, env=whole, capture_output=True, check=False)
    first = (tmp_path / "told").read_text().splitlines()[0]
    assert first == "-I -m pip install --quiet --constraint /the/action/constraints.txt bias_harness"
