"""Recorded advice for the tests of the check: one small audit, recorded once and copied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import bias_harness
from bias_harness import pipeline

AUDIT = """\
experiment: advice
personas: {people: denver}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse, plain, adviser]
repeats: 4
endpoints:
  - name: bot
    plant: {gaps: {gender: {female: GAP}}, trial_sd: NOISE, refusals: {gender: {female: REFUSED}}, seed: SEED}
"""


MANY_JOBS = AUDIT.replace("{people: denver}", "{people: us-jobs, jobs: 44}").replace("repeats: 4\n", "")
"""The same of enough jobs to say that two are alike, each asked a few times in several ways."""


def experiment(
    workspace: Path, *, gap: float = 0.0, refused: float = 0.0, seed: int = 1, noise: float = 0.02, text: str = AUDIT
) -> Path:
    """The audit's file, with what is planted."""
    for place, planted in (("GAP", gap), ("REFUSED", refused), ("SEED", seed), ("NOISE", noise)):
        text = text.replace(place, str(planted))
    path = workspace / "experiments" / "advice.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def recorded(workspace: Path, name: str = "fixture", *, text: str = AUDIT, **planted: float) -> Path:
    """The folder of a recording, the audit's file beside it."""
    return _copied(_recording(name, text, **planted), workspace, name)


def accepted(workspace: Path, **planted: float) -> Path:
    """A recording with its baseline."""
    return _copied(_accepted(**planted), workspace, "fixture")


def again(workspace: Path, fixture: Path, **planted: float) -> Path:
    """The same questions recorded anew, with the old baseline beside them."""
    made = recorded(workspace, "again", **planted)
    for name in ("baseline.json", "baseline.md"):
        (made / name).write_bytes((fixture / name).read_bytes())
    return made


@cache
def _recording(name: str, text: str, **planted: float) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        path = experiment(Path(folder), text=text, **planted)
        bias_harness.record(pipeline.load_experiment(path), Path(folder, name), path)
        return _contents(Path(folder))


@cache
def _accepted(**planted: float) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        bias_harness.accept(recorded(Path(folder), **planted), why="first")
        return _contents(Path(folder))


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _copied(files: dict[str, bytes], workspace: Path, name: str) -> Path:
    for file, content in files.items():
        (workspace / file).parent.mkdir(parents=True, exist_ok=True)
        (workspace / file).write_bytes(content)
    return workspace / name
