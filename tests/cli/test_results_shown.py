"""What a run found, on the terminal: a table, the same as data, sentences on request; and looking while it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import type_in

from bias_harness import pipeline
from bias_harness.asking import Tally
from bias_harness.cli.looking import Looking
from bias_harness.cli.progress import shown_progress
from bias_harness.cli.results import results_of
from bias_harness.errors import RunFolderError
from bias_harness.results import RunFolder, open_log
from bias_harness.results.running import is_running

pytestmark = pytest.mark.slow

SETS = ("--set", "wordings=[terse]", "--repeats", "1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    assert type_in("run", "simulated", *SETS, "--quiet", cwd=folder).returncode == 0
    return folder


def test_a_line_a_comparison_and_a_line_an_endpoint(place: Path) -> None:
    done = type_in("report", "simulated", cwd=place)
    lines = done.stdout.splitlines()
    run = pipeline.load_run(place / "results/simulated")
    assert lines[0].startswith("These answers are simulated")
    for j in run.judgements.items:
        assert any(j.endpoint in line and f"  {j.jobs}  " in line and "cannot tell" in line for line in lines)
    asked = {a.endpoint: 0 for a in run.estimates.accounts}
    for a in run.estimates.accounts:
        asked[a.endpoint] += a.asked
    head = next(line for line in lines if line.startswith("model") and "asked" in line)
    assert "US$" in head
    assert "time" in head
    for endpoint, n in asked.items():
        assert any(line.startswith(endpoint) and f"  {n}  " in line for line in lines)
    assert "We cannot tell" not in done.stdout
    assert all((place / line.strip()).is_file() for line in lines if line.endswith(".html"))


def test_sentences_on_request(place: Path) -> None:
    assert "We cannot tell whether" in type_in("report", "simulated", "--prose", cwd=place).stdout


def test_the_same_as_data(place: Path) -> None:
    found = json.loads(type_in("run", "simulated", *SETS, "--quiet", "--json", cwd=place).stdout)["results"]
    run = pipeline.load_run(place / "results/simulated")
    assert found["comparisons"] == json.loads(json.dumps(results_of(run)["comparisons"]))
    assert [c["gap"] for c in found["comparisons"]] == [j.gap.percent for j in run.judgements.items if j.gap]
    (first, *_) = found["endpoints"]
    assert sum(n for name, n in first["counts"].items() if name != "asked") == first["counts"]["asked"]
    assert first["cost"] == 0
    assert first["seconds"] >= 0


def test_answers_are_shown_with_what_was_read_and_counted_by_level(tmp_path: Path) -> None:
    done = type_in("run", "simulated", *SETS, "--limit", "20", "--show", cwd=tmp_path)
    shown = [line for line in done.stderr.splitlines() if ": read as " in line]
    assert shown
    assert all("USD a year: '" in line or "refused" in line for line in shown)
    assert "female " in done.stderr
    quiet = type_in("run", "simulated", *SETS, "--limit", "30", cwd=tmp_path)
    assert ": read as " not in quiet.stderr


def test_looking_counts_and_never_says_how_much(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = pipeline.load_run(place / "results/simulated")
    looking, responses = Looking(run.audit.experiment.outcome), run.folder.latest()
    endpoint = run.audit.experiment.endpoints[0]
    for _, block in run.audit.requests(endpoint):
        for request in block:
            looking(request, responses[request.key])
    levels = run.observations.query("endpoint == @endpoint.name")["level"].astype(str).value_counts()
    assert looking.levels(endpoint.name) == ", ".join(f"{level} {n}" for level, n in sorted(levels.items()))
    assert looking.levels("nobody") == ""
    with shown_progress(levels=looking.levels) as update:
        update(Tally(endpoint.name, 10, answered=10))
    said = capsys.readouterr().err
    assert f"({looking.levels(endpoint.name)})" in said
    assert "%" not in said


def test_the_list_says_what_is_running_finished_or_incomplete(place: Path) -> None:
    audit = pipeline.load_experiment("simulated", changes={"wordings": ["terse"], "repeats": 1})
    started = pipeline.run(audit, results=place / "more", name="started", limit=10).folder
    pipeline.run(audit, results=place / "more", name="part", limit=10)

    def states() -> dict[str, str]:
        rows = json.loads(type_in("list", "--results", "more", "--json", cwd=place).stdout)
        return {row["run"]: row["state"] for row in rows}

    path = started.path / "manifest.json"
    path.write_text(path.read_text().replace('"partial"', '"started"'))
    assert states() == {"part": "incomplete (partial)", "started": "incomplete (killed)"}
    with open_log(RunFolder(started.path)):
        assert states() == {"part": "incomplete (partial)", "started": "running"}
    assert not is_running(started)
    with open_log(started), pytest.raises(RunFolderError), open_log(started):
        pass
    assert "finished" in type_in("list", cwd=place).stdout
