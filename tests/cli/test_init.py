"""`init` with options: an experiment that can be planned and run as it is, or one sentence and an empty place."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import first
from command_line import type_in

from bias_harness.design.experiment import Endpoint
from bias_harness.design.starting import endpoint_of
from bias_harness.pipeline import load_experiment

JOBS = "job;field;pay_level\nverpleegkundige;Zorg;middle\nglazenwasser;Schoonmaak;low\n\nhoofd bibliotheek;Cultuur;\n"
NAMES = "level,name\nDutch,Sanne\nDutch,Jeroen\nPolish,Agnieszka\nPolish,Piotr\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "jobs.csv").write_text(JOBS, encoding="utf-8")
    (tmp_path / "names.csv").write_text(NAMES, encoding="utf-8")
    return tmp_path


def test_a_few_options_make_an_experiment_that_runs(place: Path) -> None:
    words = ["--country", "nl", "--jobs", "8", "--attribute", "gender=male,female", "--budget", "3"]
    done = type_in("init", "My Audit", *words, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "experiments/my-audit.yaml" in done.stdout
    audit = load_experiment(place / "My Audit/experiments/my-audit.yaml")
    e = audit.experiment
    assert (e.languages, e.outcome.currency, e.budget, len(audit.design.personas)) == (["nl"], "EUR", 3, 8)
    assert list(audit.design.attributes[0].levels) == ["male", "female"]
    ran = type_in("run", "my-audit", "--limit", "40", "--quiet", cwd=place / "My Audit")
    assert ran.returncode == 0, ran.stderr


def test_jobs_and_names_of_ones_own(place: Path) -> None:
    done = type_in("init", "own", "--country", "nl", "--jobs", "jobs.csv", "--names", "names.csv", cwd=place)
    assert done.returncode == 0, done.stderr
    audit = load_experiment(place / "own/experiments/own.yaml")
    assert [p.job_phrase["nl"] for p in audit.design.personas] == [
        "verpleegkundige",
        "glazenwasser",
        "hoofd bibliotheek",
    ]
    jobs = audit.resolved.people.jobs
    assert (jobs["verpleegkundige"].field, jobs["glazenwasser"].pay_level) == ("zorg", "low")
    asked = {m.content for _, block in audit.requests(audit.experiment.endpoints[0]) for r in block for m in r.messages}
    assert any("glazenwasser" in text and "Agnieszka" in text for text in asked)
    (attribute,) = audit.design.attributes
    assert (attribute.reference, list(attribute.levels)) == ("dutch", ["dutch", "polish"])


def test_without_options_nothing_is_added(place: Path) -> None:
    type_in("init", "plain", cwd=place, BIAS_HARNESS_BUDGET="5")
    assert not (place / "plain/experiments/plain.yaml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    first(
        4,
        [
            (["--country", "fr"], "--country fr: there is nl, us"),
            (["--jobs", "many"], "a number of jobs is wanted, or a .csv file"),
            (["--jobs", "1000"], "1000 jobs are asked for, and there are 120"),
            (["--jobs", "no.csv"], "no.csv does not exist"),
            (["--attribute", "gendr"], "did you mean 'gender'"),
            (["--attribute", "gender=male"], "two levels or more are wanted"),
            (["--attribute", "gender=male,femal"], "did you mean 'female'"),
            (["--model", "nobody-7b"], "its vendor cannot be told from the name"),
            (["--model", "x@ftp://here"], "is not a URL"),
            (["--names", "jobs.csv"], "there is no column 'level'"),
        ],
    ),
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(place: Path, words: list[str], said: str) -> None:
    done = type_in("init", "new", *words, cwd=place)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (place / "new").exists()


@pytest.mark.parametrize(
    ("table", "said"),
    first(
        3,
        [
            ("", "is empty; its first line names the columns"),
            ("job\n", "has no rows"),
            ("function\nnurse\n", "there is no column 'job'"),
            ("job,feild\nnurse,care\n", "the column 'feild' is not known; did you mean 'field'"),
            ("job,field\nnurse,care\nNurse,care\n", "line 3: the job 'Nurse' stands there twice"),
            ("job,field\n,care\n", "line 2, column 'job': empty"),
            ("job,field\nnurse,care,more\n", "line 2: more values than columns"),
            ("job,pay_level\nnurse,medium\n", "line 2, column 'pay_level': 'medium' is none of low, middle, high"),
        ],
    ),
)
def test_a_table_of_jobs_that_cannot_be_used_names_the_line(place: Path, table: str, said: str) -> None:
    (place / "bad.csv").write_text(table)
    done = type_in("init", "new", "--jobs", "bad.csv", cwd=place)
    assert said in done.stderr
    assert not (place / "new").exists()


@pytest.mark.parametrize(
    ("word", "provider", "key"),
    [
        ("gpt-4o-mini", "openai_compatible", "OPENAI_API_KEY"),
        ("claude-3-5-haiku-20241022", "anthropic", "ANTHROPIC_API_KEY"),
        ("llama-3@https://api.together.xyz/v1", "openai_compatible", "TOGETHER_API_KEY"),
        ("llama-3@http://localhost:11434/v1", "openai_compatible", None),
        ("small-one", "embedded", None),
        ("simulated", "simulated", None),
    ],
)
def test_an_endpoint_by_its_models_name(word: str, provider: str, key: str | None) -> None:
    made = Endpoint.model_validate(endpoint_of(word, ["small-one"]))
    assert (made.provider, made.api_key_env) == (provider, key)
