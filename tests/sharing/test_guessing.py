"""A map guessed from a table: which column says what, and that it imports once it was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import type_in
from places import REFERENCE

from bias_harness.errors import InputError
from bias_harness.sharing.guessing import guess

LONG = (
    "Datum;Model;Beroep;Geslacht;Salaris\n"
    '2026-05-01;gpt;verpleger;vrouw;"3.200,50"\n'
    '2026-05-01;gpt;verpleger;man;"3.400,00"\n'
    '2026-05-02;gpt;loodgieter;man;"3.100,00"\n'
    '2026-05-02;gpt;loodgieter;vrouw;"3.000,00"\n'
)
TEXTS = (
    "run,prompt_name,llm,candidate_group,completion\n"
    "0,terse,a,control,You could ask for €52000 a year I think.\n"
    "1,terse,a,treatment,You could ask for €50000 a year I think.\n"
    "0,plain,a,control,You could ask for €53000 a year I think.\n"
    "1,plain,a,treatment,I would go for €51000 a year in this case.\n"
)
WIDE = "job,round,man,woman\nnurse,0,52000,50000\nnurse,1,53000,50500\npilot,0,90000,90000\n"


def guessed(folder: Path, table: str, name: str = "answers.csv") -> dict[str, Any]:
    (folder / name).write_text(table, encoding="utf-8")
    made: dict[str, Any] = yaml.safe_load(guess(folder / name, folder / "map.yaml"))
    return made


def test_a_table_with_a_row_an_answer(tmp_path: Path) -> None:
    made = guessed(tmp_path, LONG)
    wanted = {"amount": "Salaris", "decimal": ",", "level": "Geslacht", "model": "Model", "job": "Beroep"}
    assert {key: made[key] for key in wanted} == wanted
    assert (made["asked_at"], made["attribute"]["reference"]) == ("Datum", "man")
    assert made["outcome"]["currency"] == "XXX"  # none was seen, and none is made up


def test_a_table_with_raw_answers(tmp_path: Path) -> None:
    made = guessed(tmp_path, TEXTS)
    wanted = {
        "text": "completion",
        "level": "candidate_group",
        "wording": "prompt_name",
        "model": "llm",
        "repeat": "run",
    }
    assert {key: made[key] for key in wanted} == wanted
    assert (made["outcome"]["currency"], made["persona"], made["attribute"]["reference"]) == (
        *("EUR", "=one person", "control"),
    )


def test_a_table_with_a_column_a_group(tmp_path: Path) -> None:
    made = guessed(tmp_path, WIDE)
    assert made["amounts"] == {"man": "man", "woman": "woman"}
    assert (made["job"], made["repeat"], made["model"]) == ("job", "round", "=unknown")
    assert "level" not in made


def test_the_public_table_is_understood() -> None:
    made = yaml.safe_load(guess(REFERENCE / "llm-gender-pay-gap" / "answers.csv.gz", Path("map.yaml")))
    wanted = {"text": "raw_response", "model": "model", "level": "resume_gender", "wording": "prompt_name"}
    assert {key: made[key] for key in wanted} == wanted
    assert (made["outcome"]["currency"], made["asked_at"]) == ("USD", "timestamp")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("a,b\n", "has no rows"),
        ("x,y\n1,1\n1,1\n", "no column looks like the answers; there is x, y"),
        ("who,completion\nme,I would ask for about 50000 euros.\n", "no column looks like the group"),
    ],
)
def test_what_cannot_be_guessed_is_said(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        guessed(tmp_path, table)


@pytest.mark.parametrize("hostile", ["a: b # c", "{x}", "'quoted'", '"', "- item", "\u202edlo", "yes", "*a"])
def test_whatever_a_column_is_called_the_map_can_be_read(tmp_path: Path, hostile: str) -> None:
    quoted = '"' + hostile.replace('"', '""') + '"'
    column = f'{quoted[:-1]} gender"' if quoted.endswith('"') else quoted
    made = guessed(tmp_path, f"{column},salary,model\n{quoted},50000,m\nman,51000,m\n")
    assert made["level"] == f"{hostile} gender"
    assert set(made["levels"]) == {hostile, "man"}


def test_two_ways_of_writing_a_level_are_one(tmp_path: Path) -> None:
    made = guessed(tmp_path, "gender,salary,model\nMan,50000,m\nman,51000,m\nwoman,49000,m\n")
    assert made["levels"] == {"Man": "man", "man": "man", "woman": "woman"}
    assert list(made["attribute"]["levels"]) == ["man", "woman"]


def test_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(LONG, encoding="utf-8")
    done = type_in("import", "answers.csv", "--guess", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Nothing was imported" in done.stderr
    assert not (tmp_path / "results").exists()
    again = type_in("import", "answers.csv", "--guess", cwd=tmp_path)
    assert "is not overwritten" in again.stderr
    path = tmp_path / "answers.map.yaml"
    path.write_text(path.read_text().replace("XXX", "EUR").replace("[0,", "[1000,"))
    made = type_in("import", "answers.csv", "--map", "answers.map.yaml", "--judgements", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    without = type_in("import", "answers.csv", cwd=tmp_path)
    assert (without.returncode, "--guess writes one" in without.stderr) == (2, True)
