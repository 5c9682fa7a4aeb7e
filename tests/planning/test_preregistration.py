"""A preregistration: what it holds, that an edit and a late date show, and what the report says of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cases import first
from command_line import type_in

from bias_harness import pipeline
from bias_harness.design.audit import Audit
from bias_harness.errors import InputError, RunFolderError
from bias_harness.planning.preregistration import preregister
from bias_harness.reporting.material import View, spoken
from bias_harness.reporting.registered import registered
from bias_harness.results import Looks
from bias_harness.results.registration import read_registration
from bias_harness.runs import material

SMALL = {
    "endpoints": [{"name": "sim", "plant": {"gaps": {"gender": {"female": -0.1}}, "seed": 3}}],
    "repeats": 1,
    "wordings": ["terse"],
    "attributes": [{"name": "gender", "levels": ["male", "female", "nonbinary"]}],
    "primary": ["gender/female"],
    "budget": 7.5,
    "analysis": {"smallest_gap": "3%"},
}
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def audit(**changes: object) -> Audit:
    return pipeline.load_experiment("simulated", changes={**SMALL, **changes})


@cache
def planned() -> tuple[Audit, pipeline.Plan]:
    """The audit with its plan, made once: they depend on no working folder."""
    made = audit()
    return made, pipeline.plan(made)


def written(path: Path, moment: datetime = NOW, of: Audit | None = None) -> Path:
    made, plan = planned() if of is None else (of, pipeline.plan(of))
    return preregister(made, plan, path, moment, path.parent / "results")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pipeline.run(audit(), results=tmp_path_factory.mktemp("asked")).folder.path


@pytest.fixture
def run(asked: Path, tmp_path: Path) -> pipeline.Run:
    """A run of one's own, asked once for all."""
    return pipeline.load_run(shutil.copytree(asked, tmp_path / "results" / asked.name))


def said(run: pipeline.Run, language: str = "en") -> str:
    made = material(run)
    return registered(View(made, spoken(made, language)))


def test_it_holds_what_was_decided(tmp_path: Path) -> None:
    text = written(tmp_path / "plan.md").read_text()
    for stated in (
        *("women against men", "explored, without any conclusion: gender/nonbinary", "**3.0%**", "us$ 7.50 are spent"),
        *(
            "15,000 to 1,500,000",
            "1 march 2026",
            "no. the results folder held no answer",
            "corrected (bonferroni) for the 1 ",
        ),
        *("{{ person.", "- female: female; a woman\n", audit().digest),
    ):
        assert stated.lower() in text.lower(), stated
    assert "a woman (she/her)" not in text  # an expression that a crossed design does not ask
    read = read_registration(tmp_path / "plan.md")
    assert (read.intact, read.written_at, read.digest) == (True, NOW, audit().digest)


def test_answers_that_were_there_before_are_said(run: pipeline.Run, tmp_path: Path) -> None:
    text = written(tmp_path / "late.md", datetime.now(UTC)).read_text()
    assert f"**Yes: {len(run.observations)} answers to this experiment were there already**" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [("gender: women", "gender: persons"), ("2026-03-01T09", "2026-02-01T09"), ("sha256: ", "sha256: 0")],
)
def test_an_edit_shows(tmp_path: Path, old: str, new: str) -> None:
    path = written(tmp_path / "plan.md")
    path.write_text(path.read_text().replace(old, new, 1))
    assert not read_registration(path).intact
    path.write_bytes(written(tmp_path / "again.md").read_text().replace("\n", "\r\n").encode())
    assert read_registration(path).intact, "how a system writes its newlines is no edit"


def test_without_its_last_line_it_is_edited_and_another_file_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "plan.md")
    path.write_text(path.read_text().rpartition("\n---\n")[0])
    assert not read_registration(path).intact
    path.write_text("# a plan of mine\n")
    with pytest.raises(InputError, match="is no preregistration; write one with"):
        read_registration(path)


@pytest.mark.parametrize(("value", "said"), [("99", "format 99 is newer"), ("0", "'format' is 0"), ("x", "format")])
def test_a_format_to_come_or_none_is_refused(tmp_path: Path, value: str, said: str) -> None:
    path = written(tmp_path / "plan.md")
    path.write_text(path.read_text().replace("format: 1\n", f"format: {value}\n", 1))
    with pytest.raises(InputError, match=said):
        read_registration(path)


def test_the_report_says_how_the_two_stand(run: pipeline.Run, tmp_path: Path) -> None:
    assert said(run).startswith("Not preregistered")
    first = datetime.fromisoformat(material(run).asked[0])
    run.register(written(tmp_path / "before.md", first - timedelta(days=1)))
    assert "the first answer came after that" in said(run)
    assert said(run) in " ".join(run.headlines)
    pipeline.report(run, ["en"])
    assert run.registration.sha256[:12] in (run.folder.path / "research.en.html").read_text()
    assert "het eerste antwoord kwam daarna" in said(run, "nl")


@pytest.mark.parametrize(
    ("days", "changes", "edit", "stated"),
    first(
        2,
        [
            (1, {}, False, "the first answer was there before"),
            (-1, {}, True, "edited after its hash"),
            (-1, {"analysis": {"smallest_gap": "5%"}}, False, "how answers are judged"),
            (-1, {"seed": 8}, False, "the models, their settings, the repeats or the order"),
        ],
    ),
)
def test_what_is_no_preregistration_of_a_run_is_said(
    run: pipeline.Run, tmp_path: Path, days: int, changes: dict[str, object], edit: bool, stated: str
) -> None:
    moment = datetime.fromisoformat(material(run).asked[0]) + timedelta(days=days)
    path = written(tmp_path / "plan.md", moment, audit(**changes))
    if edit:
        path.write_text(path.read_text().replace("women", "Women", 1))
    run.register(path)
    assert stated in said(run)
    assert "Preregistered on" not in said(run)


MANY = {"personas": {"people": "us-jobs", "jobs": 40}, "rotation": {"edits": 4, "expressions": 3}}


def looked(path: Path, **changes: object) -> Path:
    made = audit(**MANY, **changes)
    return preregister(made, pipeline.plan(made), path, NOW, path.parent / "results", until="decided")


def test_looks_are_registered_with_their_bounds_and_the_rule_that_ends_asking(tmp_path: Path) -> None:
    text = looked(tmp_path / "plan.md").read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ") and line.count("|") == 4]
    levels = {int(n): float(level) for n, level in rows if n.strip().isdecimal()}
    assert levels == pytest.approx({24: 0.0076, 32: 0.0241, 40: 0.0428}, abs=0.002)
    assert "asking ends when every declared comparison is decided" in text
    assert "all 40 jobs at the latest" in text
    assert "It allows for all looks of section 7" in text
    assert "no gap is looked at while asking" not in text
    assert "--preregistered FILE --until decided" in text
    assert read_registration(tmp_path / "plan.md").looks == (24, 32, 40)
    whole = written(tmp_path / "whole.md", of=audit(**MANY)).read_text()
    assert "no gap is looked at while asking, and none ends it" in whole
    assert "allows for all looks" not in whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planned", "until", "stated"),
    [
        (True, "decided", "As registered, it was looked at after 24"),
        (True, None, "No such look was held: that is not what was registered"),
        (False, "decided", "Registered was to ask everything without looking"),
        (False, None, ""),
    ],
)
def test_the_report_says_whether_the_run_kept_to_the_stopping(
    tmp_path: Path, planned: bool, until: str | None, stated: str
) -> None:
    made = looked(tmp_path / "plan.md") if planned else written(tmp_path / "plan.md", of=audit(**MANY))
    run = pipeline.run(audit(**MANY), results=tmp_path / "results", until=until)
    run.register(made)
    assert (stated in said(run)) if stated else said(run).endswith("a registry's is worth more.")
    assert "Preregistered on" in said(run)
    assert ("Zoals geregistreerd" in said(run, "nl")) == (planned and until is not None)


def test_other_looks_and_asking_cut_short_are_told(tmp_path: Path) -> None:
    registered_ = read_registration(looked(tmp_path / "plan.md"))
    assert registered_.stopping(Looks(40, (24,), "decided")) == "kept"
    assert registered_.stopping(Looks(40, (24,))) == "open"
    assert registered_.stopping(Looks(40, (20, 24), "decided")) == "other_looks"
    assert registered_.stopping(Looks(60, (24,), "decided")) == "other_looks"


def test_a_run_has_one(run: pipeline.Run, tmp_path: Path) -> None:
    run.register(written(tmp_path / "one.md"))
    run.register(tmp_path / "one.md")
    with pytest.raises(RunFolderError, match="holds another preregistration"):
        run.register(written(tmp_path / "two.md", NOW + timedelta(hours=1)))


@pytest.mark.slow
def test_on_the_command_line(tmp_path: Path) -> None:
    type_in("init", "work", cwd=tmp_path)
    here, few = tmp_path / "work", ["--set", "endpoints.0.plant.seed=1", "--set", "wordings=[terse]", "--repeats", "1"]
    made = type_in("plan", "simulated", *few, "--preregister", "plan.md", cwd=here)
    assert made.returncode == 0
    assert "run simulated --preregistered plan.md" in made.stderr
    again = type_in("plan", "simulated", *few, "--preregister", "plan.md", cwd=here)
    assert "is never overwritten" in again.stderr
    done = type_in("run", "simulated", *few, "--limit", "20", "--preregistered", "plan.md", "--quiet", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "Preregistered on" in done.stdout
    assert (here / "results/simulated/preregistration.md").read_text() == (here / "plan.md").read_text()
    alone = type_in("plan", "simulated", *few, "--until", "decided", cwd=here)
    assert "--until goes with --preregister" in alone.stderr
    looks = type_in("plan", "simulated", *few, "--until", "decided", "--preregister", "looks.md", cwd=here)
    assert "run simulated --preregistered looks.md --until decided" in looks.stderr
    wrong = type_in("run", "simulated", "--preregistered", "experiments/simulated.yaml", "--name", "x", cwd=here)
    assert "is no preregistration" in wrong.stderr
    assert not (here / "results/x").exists()
