"""`run --until decided`: asked from look to look, stopped when it is clear, the same looks however it is cut short."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command_line import type_in

from bias_harness import pipeline
from bias_harness.design.portion import jobs_in_order

EXPERIMENT = """\
experiment: advice
personas: {people: us-jobs, jobs: 50}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse]
rotation: {edits: 4, expressions: 4, reference_answers: 4, level_answers: 4}
endpoints:
"""
CLEAR = '  - {name: clear, function: "bot_until:clear"}\n'
CLOSE = '  - {name: close, function: "bot_until:close"}\n'
BOT = """\
import re, zlib
from pathlib import Path

def _said(text, less):
    with Path("asked.txt").open("a") as file:
        file.write(text.replace("\\n", " ") + "\\n")
    noise = (zlib.crc32(text.encode()) % 1000 - 500) / 10_000
    woman = re.search(r"\\b(woman|female|she|her)\\b", text.lower())
    return f"Ask for ${90_000 * (1 + noise) * (1 - less if woman else 1):,.0f} a year."

def clear(messages):
    return _said(messages[-1]["content"], 0.12)

def close(messages):
    return _said(messages[-1]["content"], 0.03)
"""
UNTIL = ("run", "experiments/advice.yaml", "--until", "decided", "--quiet")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a product whose gap is clear; it notes every question it gets."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/advice.yaml").write_text(EXPERIMENT + CLEAR)
    (tmp_path / "bot_until.py").write_text(BOT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def manifest(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "results/advice/manifest.json").read_text())
    return found


def test_it_stops_at_the_look_that_decides_and_says_so(place: Path) -> None:
    done = type_in(*UNTIL, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "was looked at while it was asked, after 20 of 50 planned jobs, and then ended early" in done.stdout
    assert "a clear difference" in done.stdout
    kept = manifest(place)
    assert kept["looks"] == {"planned": 50, "after": [20], "ended": "decided"}
    assert (kept["status"], kept["format"]) == ("success", 4)
    assert len((place / "asked.txt").read_text().splitlines()) == 20 * 8
    for language, said in (("en", "planned jobs, and then ended early"), ("nl", "geplande banen, en toen is gestopt")):
        assert said in (place / f"results/advice/report.{language}.html").read_text()
    run = pipeline.load_run("advice")
    assert set(run.observations["job"].astype(str)) == set(jobs_in_order(run.audit)[:20])
    again = type_in(*UNTIL, "--json", cwd=place)
    assert json.loads(again.stdout)["results"]["comparisons"][0]["decided_after"] == 20
    assert len((place / "asked.txt").read_text().splitlines()) == 20 * 8


@pytest.mark.slow
def test_an_endpoint_that_is_decided_is_asked_no_more_and_stays_as_it_was(place: Path) -> None:
    (place / "experiments/advice.yaml").write_text(EXPERIMENT + CLEAR + CLOSE)
    done = type_in(*UNTIL, cwd=place)
    assert done.returncode == 0, done.stderr
    clear, close = pipeline.load_run("advice").judgements.items
    assert (clear.endpoint, clear.decided_after, clear.jobs) == ("clear", 20, 20)
    assert close.jobs > 20
    counts = {name: end["in_all"]["answered"] for name, end in manifest(place)["endpoints"].items()}
    assert counts == {"clear": 20 * 8, "close": close.jobs * 8}
    assert {name: end["planned"] for name, end in manifest(place)["endpoints"].items()} == counts


@pytest.mark.slow
def test_cut_short_and_gone_on_with_it_holds_the_same_looks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "experiments/advice.yaml").write_text(EXPERIMENT + CLOSE)
    assert type_in(*UNTIL, "--name", "straight", cwd=place).returncode == 0

    class FullError(Exception):
        """The process ends here."""

    for limit in (100, 60, 75):
        seen = Counter[str]()

        def see(*_: object, seen: Counter[str] = seen, limit: int = limit) -> None:
            seen["answers"] += 1
            if seen["answers"] > limit:
                raise FullError

        with pytest.raises(FullError):
            pipeline.run(pipeline.load_experiment("experiments/advice.yaml"), until="decided", see=see)
    assert type_in(*UNTIL, cwd=place).returncode == 0
    straight, cut = pipeline.load_run("straight"), pipeline.load_run("advice")
    assert cut.manifest.looks == straight.manifest.looks
    assert len(cut.manifest.looks.after) > 1
    assert cut.judgements == straight.judgements


def test_a_run_that_ends_before_its_first_look_tells_nothing(place: Path) -> None:
    class FullError(Exception):
        """The process ends here."""

    def see(*_: object) -> None:
        raise FullError

    with pytest.raises(FullError):
        pipeline.run(pipeline.load_experiment("experiments/advice.yaml"), until="decided", see=see)
    (judgement,) = pipeline.load_run("advice").judgements.items
    assert (judgement.word, judgement.because) in (("cannot_tell", ("no_look",)), ("cannot_tell", ("no_data",)))
    report = type_in("report", "advice", cwd=place)
    assert (
        "for the first time after 20 of 50 planned jobs"
        in report.stdout + (place / "results/advice/report.en.html").read_text()
    )


@pytest.mark.parametrize("words", [("--limit", "9"), ("--shard", "1/2"), ("--retry", "failed")])
def test_no_part_of_it_is_asked(place: Path, words: tuple[str, ...]) -> None:
    done = type_in(*UNTIL, *words, cwd=place)
    assert done.returncode == 2
    assert "plans its jobs beforehand" in done.stderr
    assert not (place / "asked.txt").exists()


@pytest.mark.slow
def test_it_is_gone_on_with_as_it_was_begun(place: Path) -> None:
    assert type_in("run", "experiments/advice.yaml", "--quiet", "--limit", "8", cwd=place).returncode == 0
    refused = type_in(*UNTIL, cwd=place)
    assert refused.returncode
    assert "was begun without --until decided" in refused.stderr
    assert type_in(*UNTIL, "--name", "other", cwd=place).returncode == 0
    plain = type_in("run", "experiments/advice.yaml", "--quiet", "--name", "other", cwd=place)
    assert plain.returncode
    assert "go on with it with --until decided" in plain.stderr
    more = type_in(*UNTIL, "--name", "other", "--set", "personas.jobs=60", cwd=place)
    assert more.returncode
    assert "begun with another experiment" in more.stderr


def test_the_order_is_the_file_s_where_it_was_drawn_and_else_the_seed_s(place: Path) -> None:
    drawn = pipeline.load_experiment("experiments/advice.yaml")
    assert list(jobs_in_order(drawn)) == [p.job for p in drawn.design.personas]
    typed = pipeline.load_experiment("experiments/advice.yaml", changes={"personas": {"people": "denver"}})
    jobs = list(dict.fromkeys(p.job for p in typed.design.personas))
    assert list(jobs_in_order(typed)) != jobs
    assert sorted(jobs_in_order(typed)) == sorted(jobs)


def test_the_plan_says_when_it_would_be_looked_at(place: Path) -> None:
    said = pipeline.plan(pipeline.load_experiment("experiments/advice.yaml")).remarks
    assert any("looks after 20, 30, 40 and 50 jobs" in remark for remark in said)
    few = pipeline.load_experiment("experiments/advice.yaml", changes={"personas.jobs": 20})
    assert not any("--until" in remark for remark in pipeline.plan(few).remarks)
