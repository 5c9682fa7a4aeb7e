"""One answer to where runs are: what `run` has written, every other command finds from the same place."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import first, kept
from command_line import type_in
from conftest import SMALL
from typer.testing import CliRunner

from bias_harness.cli.main import app
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import InputError, RunFolderError
from bias_harness.pipeline import load_run
from bias_harness.workspace import Workspace, find_experiment, shipped


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the small experiment was run, with nothing else beside it."""
    root = tmp_path_factory.mktemp("alone") / "audit"
    (root / "experiments").mkdir(parents=True)
    (root / "experiments" / "small.yaml").write_text(SMALL.replace("repeats: 2", "repeats: 1"))
    done = type_in("run", "small.yaml", "--quiet", cwd=root / "experiments")
    assert done.returncode == 0, done.stderr
    assert (root / "results" / "small" / "manifest.json").is_file()
    return root


READERS = {
    "list": ("--json",),
    "report": ("small", "--language", "en"),
    "figure": ("small", "F3", "--format", "svg"),
    "compare": ("small", "--by", "wording", "--into", "out.d"),
    "export": ("small", "-o", "pairs.csv"),
    "bundle": ("small", "-o", "small.zip"),
    "plan": ("small", "--pilot", "small"),
}


@pytest.mark.parametrize("command", first(2, ["list", "export", "plan"]))
@pytest.mark.parametrize("place", first(2, ["experiments", "..", "."]))
def test_a_run_is_found_from_wherever_it_was_asked(
    asked: Path, place: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In `experiments/`, in the workspace itself, and right above it."""
    words = [str(tmp_path / word) if "." in word else word for word in READERS[command]]
    monkeypatch.chdir(asked / place)
    found = CliRunner().invoke(app, [command, *words])
    assert (found.exit_code, found.exception) == (0, None)
    assert "small" in found.stdout or command == "export"


@pytest.mark.parametrize("command", kept(["list", "figure", "plan"], READERS))
def test_another_folder_of_runs_is_named(asked: Path, command: str, small: Path, tmp_path: Path) -> None:
    words = [str(tmp_path / word) if "." in word else word for word in READERS[command]]
    missing = CliRunner().invoke(app, [command, *words])
    named = CliRunner().invoke(app, [command, *words, "--results", str(asked / "results")])
    assert (named.exit_code, named.exception) == (0, None)
    assert missing.exit_code == 1 or command == "list"


def test_a_file_belongs_to_its_workspace_wherever_one_stands(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small.parent.parent
    alone = root / "elsewhere" / "alone.yaml"
    alone.parent.mkdir()
    alone.write_text(SMALL)
    monkeypatch.chdir(alone.parent)
    assert Workspace.of(small).root == root
    assert Workspace.of(alone) == Workspace.at(alone.parent)
    assert load_audit(small).workspace.results == root / "results"
    run = root / "elsewhere" / "one"
    run.mkdir()
    (run / "experiment.yaml").write_text(load_audit(small).to_yaml())
    assert Workspace.of(run).results == run.parent
    assert Audit.of_folder(run).digest == load_audit(small).digest


def test_a_shipped_experiment_is_run_in_the_workspace_here(small: Path) -> None:
    assert Workspace.of(shipped("experiments") / "quickstart.yaml").root == small.parent.parent
    assert find_experiment("quickstart").parent == shipped("experiments")
    assert find_experiment("small").resolve() == small


def test_two_workspaces_below_are_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "experiments").mkdir(parents=True)
        (tmp_path / name / "experiments" / "x.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    assert Workspace.here().root == tmp_path
    with pytest.raises(InputError, match="name its folder, or say with --results"):
        load_run("x")


def test_a_folder_that_is_no_run_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder"):
        Audit.of_folder(tmp_path)


def test_keys_are_read_from_the_workspace(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small.parent.parent
    (root / ".env").write_text("SOME_NAME=there\n")
    monkeypatch.chdir(small.parent)
    assert Workspace.of(small).environment()["SOME_NAME"] == "there"
