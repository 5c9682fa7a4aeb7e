"""What a run found, on the terminal: a table, the same as data, sentences on request; and looking while it runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
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
from bias_harness.runs import load_run

pytestmark = pytest.mark.slow

SETS = ("--set", "wordings=[terse]", "--repeats", "1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    assert type_in("run", "simulated", *SETS, "--quiet", cwd=folder).returncode == 0
    return folder


def test_nothing_unread_is_said_and_no_empty_table(tmp_path: Path) -> None:
    changes = {"wordings": ["terse"], "repeats": 1, "endpoints": [{"name": "m", "plant": {"seed": 1}}]}
    audit = pipeline.load_experiment("simulated", changes=changes)
    pipeline.run(audit, results=tmp_path / "results", limit=10)
    assert type_in("read", "simulated", "--unread", cwd=tmp_path).stdout == "Every answer has an amount.\n"


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
    by_level = ", ".join(f"{level} {n}" for level, n in sorted(levels.items()))
    assert looking.so_far(endpoint.name).startswith(f"{by_level}; of ")
    assert looking.so_far("nobody") == ""
    with shown_progress(seen=looking) as update:
        update(Tally(endpoint.name, 10, answered=10))
    said = capsys.readouterr().err
    assert f"({looking.so_far(endpoint.name)})" in said
    assert "%" not in said
    with shown_progress(seen=looking, as_json=True) as update:
        update(Tally(endpoint.name, 10, answered=10))
    data = json.loads(capsys.readouterr().err)
    assert data["levels"] == dict(sorted(levels.items()))
    assert 0 < data["refused"] <= data["read"] <= levels.sum()


def test_what_refuses_or_cannot_be_read_is_counted_while_it_runs(place: Path) -> None:
    run = pipeline.load_run(place / "results/simulated")
    looking, responses = Looking(run.audit.experiment.outcome), run.folder.latest()
    endpoint = run.audit.experiment.endpoints[0]
    requests = [request for _, block in run.audit.requests(endpoint) for request in block][:10]
    texts = ["I can't help with that.", "I would rather not say.", "Ask what you like."]
    for place_, request in enumerate(requests):
        said = texts[place_] if place_ < len(texts) else "Ask for $90,000 a year."
        looking(request, replace(responses[request.key], text=said))
    assert looking.so_far(endpoint.name).endswith("; of 10 read 2 refused, 1 unread")


def test_bars_on_a_terminal_tell_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        def facts(self, endpoint: str) -> dict[str, object]:
            return {}

        def so_far(self, endpoint: str) -> str:
            return "female 3, male 4"

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    with shown_progress(seen=Told()) as update:
        update(Tally("m", 10, answered=7))
    assert "female 3, male 4" in capsys.readouterr().err


def test_a_run_that_ends_while_it_is_listed_was_not_killed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is looked at before the manifest: the other way round, what ends in between looked like killed."""
    seen: list[str] = []
    monkeypatch.setattr("bias_harness.results.running.is_running", lambda _: seen.append("lock") or False)
    monkeypatch.setattr("bias_harness.pipeline.load_run", lambda path: seen.append("manifest") or load_run(path))
    assert "finished" in type_in("list", cwd=place).stdout
    assert seen == ["lock", "manifest"]


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
