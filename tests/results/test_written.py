"""The same command again: nothing is asked, read or drawn that is as it should be, and nothing stale is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import kept
from command_line import type_in
from undrawn import stand_ins

from bias_harness import pipeline
from bias_harness.reporting import report as reporting
from bias_harness.results import own
from bias_harness.runs import Run, asked, written

EXPERIMENT = """\
experiment: again
personas: {people: denver}
attributes: [gender]
wordings: [terse]
repeats: 1
endpoints: [{name: sim, provider: simulated, plant: {gaps: {gender: {female: -0.05}}}}]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run that was asked and reported by the command."""
    root = tmp_path_factory.mktemp("made")
    (root / "experiments").mkdir()
    (root / "experiments" / "again.yaml").write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        for name, module in stand_ins().items():
            patch.setitem(sys.modules, name, module)
        done = type_in("run", "again", "--quiet", cwd=root, BIAS_HARNESS_CACHE=str(root / "machine"))
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def run(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of that run, copied."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "here" / "machine"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here" / "results" / "again"


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """In the working folder, on the machine of this test."""
    return type_in(*words, cwd=Path.cwd(), BIAS_HARNESS_CACHE=os.environ["BIAS_HARNESS_CACHE"])


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".readings" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.name != "manifest.json"}


def fails(*_: object, **__: object) -> None:
    raise AssertionError("this is not to be done again")


@pytest.mark.slow
def test_the_same_command_again_does_nothing_and_says_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(run)
    first = typed("run", "again", "--quiet").stdout
    monkeypatch.setattr("bias_harness.design.audit.Audit.requests", fails)
    monkeypatch.setattr(reporting, "pages", fails)
    monkeypatch.setattr(Run, "observations", property(fails))
    again = typed("run", "again", "--quiet")
    assert again.returncode == 0, again.stderr
    assert again.stdout == first
    assert contents(run) == before
    end = json.loads((run / "manifest.json").read_text())["endpoints"]["sim"]
    assert (end["answered"], end["already"]) == (0, end["planned"])


@pytest.mark.parametrize("harm", kept(["altered", "log"], ["gone", "altered", "labels", "log", "code"]))
def test_what_changed_is_written_anew(run: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    before = contents(run)
    calls = []
    whole = reporting.pages
    monkeypatch.setattr(reporting, "pages", lambda *a, **k: calls.append(1) or whole(*a, **k))
    if harm == "gone":
        (run / "report.en.html").unlink()
    elif harm == "altered":
        (run / "report.en.html").write_text("-99 %")
    elif harm == "labels":
        (run / "labels.json").write_text('{"format": 1, "labels": {}}')
    elif harm == "log":
        lines = (run / "responses.jsonl").read_bytes().splitlines(keepends=True)
        (run / "responses.jsonl").write_bytes(b"".join(lines[:-4]))
    else:
        monkeypatch.setattr(written, "code_digest", lambda: "another version")
    assert typed("run", "again", "--quiet").returncode == 0
    assert calls
    now = contents(run)
    assert (run / "report.en.html").read_bytes() != b"-99 %"
    if harm != "log":
        assert now["report.en.html"] == before["report.en.html"]
    else:
        assert len((run / "responses.jsonl").read_bytes().splitlines()) == len(lines), "what was cut is asked again"


@pytest.mark.slow
def test_pages_of_a_stranger_are_not_taken_for_our_own(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody else's machine sealed the pages and the findings that it wrote; ours writes its own."""
    monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "stranger"))
    stranger = pipeline.load_run(run)
    told = written.remembered(stranger, "findings", lambda: {"findings": ["-99 %"], "endpoints": [{}], "after": []})
    assert told["findings"] == ["-99 %"]
    (run / "report.en.html").write_text("-99 %")
    made = {path: (run / path).read_bytes() for path in ("report.en.html", "report.nl.html")}
    written.note_written(stranger, ["en", "nl", "figures: True"], made)
    monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "mine"))
    assert "-99 %" not in typed("run", "again", "--quiet").stdout
    assert (run / "report.en.html").read_text() != "-99 %"


@pytest.mark.slow
@pytest.mark.drawn
def test_a_figure_that_shows_the_same_is_not_drawn_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "figures" / "F3.svg").unlink()
    shutil.rmtree(run / ".readings")
    pipeline.report(pipeline.load_run(run))
    before = {path.name: path.read_bytes() for path in (run / "figures").iterdir()}
    (run / "figures" / "F3.svg").unlink()
    drawn: list[str] = []
    whole = reporting.figure_files

    def noted(material: object, **more: object) -> dict[str, bytes]:
        drawn.extend(drawing.id for drawing in more["drawings"])  # type: ignore[attr-defined]
        return whole(material, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(reporting, "figure_files", noted)
    pipeline.report(pipeline.load_run(run))
    assert drawn == ["F3"]
    assert {path.name: path.read_bytes() for path in (run / "figures").iterdir()} == before


def test_without_report_and_without_figures(run: Path) -> None:
    shutil.rmtree(run)
    told = typed("run", "again", "--quiet", "--no-report")
    assert told.returncode == 0
    assert "women" in told.stdout
    assert not list(run.glob("*.html"))
    assert not (run / "estimates.json").exists()
    assert typed("run", "again", "--quiet", "--no-figures").returncode == 0
    assert (run / "report.en.html").is_file()
    assert not (run / "figures").exists()
    assert typed("report", "again").returncode == 0
    assert list((run / "figures").iterdir())
    assert typed("report", "again", "--no-figures").returncode == 0
    assert not (run / "figures").exists(), "they would show what another report said"


@pytest.mark.slow
def test_what_is_done_after_asking_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages: list[tuple[str, int, int]] = []
    shutil.rmtree(run / ".readings")
    pipeline.report(pipeline.load_run(run), told=lambda *stage: stages.append(stage))
    lines = len((run / "responses.jsonl").read_bytes().splitlines())
    assert list(dict.fromkeys(name for name, _, _ in stages)) == ["reading", "estimating", "drawing"]
    assert ("reading", lines, lines) in stages
    monkeypatch.setattr("bias_harness.cli.progress.LARGE", 1)
    (run / "report.en.html").unlink()
    assert f"estimating: {lines:,} answers" in typed("report", "again").stderr


@pytest.mark.slow
@pytest.mark.parametrize("why", ["digest", "status", "batch", "flight", "fault"])
def test_a_run_that_is_not_whole_is_asked(run: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    if why == "digest":
        manifest["digest"] = "0" * 64
    elif why == "status":
        manifest["status"] = "started"
    elif why == "flight":
        (run / ".in-flight").write_bytes(b"")
    elif why == "fault":
        manifest["log"]["responses.jsonl"]["sha256"] = "0" * 64
    else:
        (run / "batches").mkdir()
        kept = {
            "format": 1,
            "name": "b",
            "endpoint": "sim",
            "address": None,
            "model": "",
            "begun_at": "2026-01-01T00:00:00+00:00",
            "requests": 1,
        }
        (run / "batches" / "b.json").write_text(json.dumps(kept))
    (run / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr("bias_harness.asking.ask.ask", fails)
    with pytest.raises(AssertionError, match="not to be done"):
        asked.run(pipeline.load_experiment("again"))


@pytest.mark.slow
def test_a_file_that_is_sealed_here_is_known_by_its_name_and_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIAS_HARNESS_CACHE", str(tmp_path / "machine"))
    path, about = tmp_path / "kept" / "a", {"of": "this"}
    assert own.keep(path, b"data", about)
    assert own.kept(path) == (about, b"data")
    assert (path.parent / ".gitignore").read_bytes().endswith(b"*\n")
    for harm in (lambda: path.write_bytes(b"dat"), lambda: shutil.copy(f"{path}.seal", path.parent / "b.seal")):
        harm()
        (path.parent / "b").write_bytes(b"data")
        assert own.kept(path.parent / "b") is None
    assert own.kept(path) is None
