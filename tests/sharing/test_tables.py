"""Tables as people have them: from Excel, with failed rows, one column a group; whole or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import SMALL_MAP

import bias_harness
from bias_harness.errors import InputError, UsageError
from bias_harness.sharing.importing import import_answers

HEAD = "model;who;person;salary"
LINES = [f"bot;{who};p{i};{61000 + 700 * i - 2000 * (who == 'f')},50" for i in range(6) for who in "mf"]
BY_WHO = {"m": {"label": {"en": "men"}}, "f": {"label": {"en": "women"}}}


def imported(folder: Path, content: str | bytes, file: str = "t.csv", **changes: Any):
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / file).write_bytes(raw)
    wanted = {key: value for key, value in {**SMALL_MAP, **changes}.items() if value is not None}
    (folder / "map.yaml").write_text(yaml.safe_dump(wanted))
    return import_answers(folder / file, folder / "map.yaml")


def refused(folder: Path, content: str | bytes, said: str, file: str = "t.csv", **changes: Any) -> None:
    with pytest.raises(InputError, match=said):
        imported(folder, content, file, **changes)
    assert not (folder / "results").exists()


def amounts(run) -> list[float]:
    return sorted(run.observations["annual"].dropna().tolist())


WANTED = sorted(61000.5 + 700 * i - 2000 * f for i in range(6) for f in (0, 1))


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(["sep=;", HEAD, *LINES, ""]).encode(),
        "\r\n".join([HEAD, *LINES, ";;;", ";;;", ""]).encode(),
        "\r".join([HEAD, *LINES, ""]).encode(),
        "\n".join([HEAD, *LINES, ""]).replace(";", "\t").encode("utf-16"),
        "\n".join([HEAD, *LINES, ""]).encode("utf-8-sig"),
    ],
    ids=["sep", "empty rows", "lone CR", "UTF-16", "mark"],
)
def test_a_sheet_of_excel_is_read(workspace: Path, content: bytes) -> None:
    assert amounts(imported(workspace, content, decimal=",")) == WANTED


def test_a_workbook_is_read_with_its_numbers_and_dates(workspace: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["model", "who", "person", "salary"])
    for line in LINES:
        model, who, person, salary = line.split(";")
        book.active.append([model, who, person, float(salary.replace(",", "."))])
    book.active.append([None] * 4)
    book.save(workspace / "w.xlsx")
    raw = (workspace / "w.xlsx").read_bytes()
    assert amounts(imported(workspace, raw, "t.xlsx", decimal=",")) == WANTED
    book.create_sheet("notes")
    book.save(workspace / "w.xlsx")
    with pytest.raises(InputError, match="has the sheets Sheet, notes; name one as 'sheet'"):
        imported(workspace, (workspace / "w.xlsx").read_bytes(), "u.xlsx", name="other")
    with pytest.raises(InputError, match="no workbook"):
        imported(workspace, raw[: len(raw) // 2], "v.xlsx", name="third")


@pytest.mark.parametrize(
    ("lines", "changes", "said"),
    [
        (LINES, {}, r"line 2, column 'salary': '61000,50' is a number only with the decimal mark ','"),
        ([*LINES[:3], "bot;f;p9;-99999"], {"decimal": ","}, r"line 5, column 'salary': '-99999' is negative"),
        ([*LINES, "bot;f;p9"], {"decimal": ","}, r"line 14: it ends before the column 'salary'"),
        ([*LINES, "bot;f;p9;1;2"], {"decimal": ","}, r"line 14: more values than columns"),
        ([*LINES, "total;;;731000"], {"decimal": ","}, r"line 14, column 'person': empty"),
        (["bot;m;p1;1\0"], {"decimal": ","}, "a NUL stands here"),
        (LINES, {"decimal": ",", "language": "=Dutch"}, r"line 2, column '=Dutch': 'Dutch' is no language"),
        (LINES, {"decimal": ",", "encoding": "klingon"}, "'klingon' is no encoding"),
        (LINES, {"decimal": ",", "repeat": "salary"}, "is no whole number"),
    ],
)
def test_a_row_that_could_be_misread_is_refused(workspace: Path, lines: list[str], changes: dict, said: str) -> None:
    refused(workspace, "\n".join([HEAD, *lines, ""]), said, **changes)


def test_a_column_that_stands_there_twice_is_refused_by_name(workspace: Path) -> None:
    table = "\n".join([HEAD + ";salary", *(f"{line};1" for line in LINES), ""])
    refused(workspace, table, "the column 'salary' stands there twice", decimal=",")
    double = "\n".join(
        json.dumps({"model": "b", "who": w, "person": "p"})[:-1] + ', "salary": 1, "salary": 2}' for w in "mf"
    )
    refused(workspace, double, "line 1: not JSON: the key 'salary' stands there twice", "t.jsonl")


def test_a_table_without_a_last_line_end_is_told(workspace: Path) -> None:
    run = imported(workspace, "\n".join([HEAD, *LINES]), decimal=",")
    assert "ends in the middle of a line" in " ".join(run.folder.manifest().missing)


WIDE = "job,round,man,woman\n" + "".join(
    f"j{i},{n},{52000.0 + 900 * i + n},{50440.0 + (870 + 9 * (i % 2)) * i + n}\n" for i in range(6) for n in (1, 2)
)
GROUPS = {
    "attribute": "gender",
    "label": {"en": "gender"},
    "reference": "man",
    "levels": {"man": {"label": {"en": "men"}}, "woman": {"label": {"en": "women"}}},
}
WIDE_MAP = {"model": "=bot", "persona": None, "job": "job", "repeat": "round", "attribute": GROUPS}


def test_one_column_a_group(workspace: Path) -> None:
    wide = {**WIDE_MAP, "level": None, "amount": None, "amounts": {"man": "man", "woman": "woman"}}
    run = imported(workspace, WIDE, **wide)
    (found,) = run.estimates.find(family="headline")
    assert (found.n_profiles, found.n_answers) == (6, 24)
    assert found.percent == pytest.approx(-3, abs=0.1)
    long = {**WIDE_MAP, "level": "gender", "amount": "man", "name": "long"}
    with pytest.raises(InputError, match=r"'amounts' or 'texts' instead of 'level': \{'man': man, 'woman': woman\}"):
        imported(workspace, WIDE, **long)


def test_columns_of_lists_are_turned_into_rows(workspace: Path) -> None:
    said_by = {who: [f"${60 + i - less},000" for i in range(4)] for who, less in (("man_said", 0), ("woman_said", 1))}
    lists = {"data": said_by}
    changes = {"model": "=bot", "persona": None, "level": None, "amount": None, "attribute": GROUPS}
    said = {"man_said": "man", "woman_said": "woman"}
    run = imported(workspace, json.dumps(lists), "t.json", texts=said, **changes)
    assert amounts(run) == [59000, 60000, 60000, 61000, 61000, 62000, 62000, 63000]
    lists["data"]["woman_said"].pop()
    with pytest.raises(InputError, match="one row an answer"):
        imported(workspace, json.dumps(lists), "t.json", texts=said, **{**changes, "name": "torn"})


def logged(*failed: int) -> list[dict]:
    """Answers of a batch: where one failed there is nothing but the error."""
    rows = []
    for number, (person, who) in enumerate((p, w) for p in range(4) for w in "mf"):
        answer = {"body": {"model": "bot-1", "said": [{"text": f"${70 + person - 2 * (who == 'f')},000"}]}}
        gone = number in failed
        rows.append({"person": f"p{person}", "who": who, "response": None if gone else answer, "score": float("nan")})
    return rows


@pytest.mark.parametrize("failed", [(0,), (3,), (0, 1, 7)])
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_failed_row_is_counted_wherever_it_stands(workspace: Path, failed: tuple[int, ...], suffix: str) -> None:
    rows = logged(*failed)
    text = json.dumps(rows) if suffix == "json" else "\n".join(map(json.dumps, rows))
    assert "NaN" in text
    columns = {"text": "response.body.said.0.text", "amount": None, "model": "response.body.model"}
    run = imported(workspace, text, f"t.{suffix}", **columns)
    assert run.folder.manifest().endpoints["bot-1"].failed == len(failed)
    assert len(run.observations) == 8


def test_a_failed_row_of_one_of_two_models_is_nobody_s(workspace: Path) -> None:
    rows = logged(2) + [
        {**row, "response": {"body": {**row["response"]["body"], "model": "bot-2"}}} for row in logged()
    ]
    columns = {"text": "response.body.said.0.text", "amount": None, "model": "response.body.model"}
    run = imported(workspace, json.dumps(rows), "t.json", **columns)
    assert "1 failed rows do not say which of the models failed" in " ".join(run.folder.manifest().missing)


@pytest.mark.parametrize(
    ("language", "text"), [("nl", "Vraag om € 61.000 per jaar."), ("de", "Verlangen Sie 61.000 € pro Jahr.")]
)
def test_dutch_and_german_answers(workspace: Path, language: str, text: str) -> None:
    lines = "\n".join(
        f"bot;{who};p{i};{text.replace('61', str(61 + i - (who == 'f')))}" for i in range(6) for who in "mf"
    )
    prompts = {"one wording": "Wat zal ik vragen? {% endraw %}{{ 7*7 }}{%- endraw -%}"}
    run = imported(
        workspace, f"model;who;person;said\n{lines}\n", text="said", amount=None, language=f"={language}",
        outcome={"currency": "EUR"}, prompts=prompts,
    )  # fmt: skip
    assert len(amounts(run)) == 12
    _, asked, _ = next(iter(run.questions()))
    assert "{% endraw %}{{ 7*7 }}{%- endraw -%}" in asked
    assert bias_harness.report(run)


def test_rows_are_chosen_and_the_others_counted(workspace: Path) -> None:
    table = "\n".join(["kind;" + HEAD, *(f"real;{x}" for x in LINES), "pilot;bot;x;y;z", ""])
    run = imported(workspace, table, decimal=",", where={"kind": "real"})
    assert amounts(run) == WANTED
    assert "1 rows were left out by 'where'" in " ".join(run.folder.manifest().missing)


def test_a_declared_date(workspace: Path) -> None:
    table = "\n".join([HEAD + ";when", *(f"{x};03-02-2026 1{i % 10}:00" for i, x in enumerate(LINES)), ""])
    refused(workspace, table, "line 2, column 'when': '03-02-2026 10:00' is no time", decimal=",", asked_at="when")
    run = imported(workspace, table, decimal=",", asked_at="when", asked_at_format="%d-%m-%Y %H:%M")
    assert set(run.observations["asked_at"].dt.strftime("%Y-%m-%d")) == {"2026-02-03"}
    with pytest.raises(InputError, match="say where day, month and year stand"):
        imported(workspace, table, name="x", asked_at="when", asked_at_format="%H")


ORIGIN = {
    "attribute": "origin",
    "label": {"en": "origin"},
    "reference": "nl",
    "levels": {"nl": {"label": {"en": "Dutch"}}, "tr": {"label": {"en": "Turkish"}}},
}


def test_several_attributes_each_with_the_others_held(workspace: Path) -> None:
    """Women 10 % less and Turkish names 20 % less, crossed: each gap is found by itself."""
    rows = [
        {"person": f"p{i}", "who": who, "from": origin, "model": "bot",
         "salary": round((60000 + 1000 * i) * (0.9 if who == "f" else 1) * (0.8 if origin == "tr" else 1))}
        for i in range(6) for who in "mf" for origin in ("nl", "tr")
    ]  # fmt: skip
    several = [{"level": "who", "attribute": SMALL_MAP["attribute"]}, {"level": "from", "attribute": ORIGIN}]
    run = imported(
        workspace, pd.DataFrame(rows).to_csv(index=False), level=None, attribute=None, attributes=several,
    )  # fmt: skip
    found = {e.attribute: e for e in run.estimates.find(family="headline")}
    assert found["gender"].percent == pytest.approx(-10, abs=0.01)
    assert found["origin"].percent == pytest.approx(-20, abs=0.01)
    assert found["gender"].n_profiles == 12
    assert {(j.jobs, j.job_is_person) for j in run.judgements.items} == {(6, True)}  # crossing makes no more cases
    assert run.folder.manifest().endpoints["bot"].answered == 24
    assert bias_harness.report(run)


def test_people_of_one_job_are_no_jobs(workspace: Path) -> None:
    """Twelve people in three jobs: the result is about three jobs; without the column about people."""
    rows = [
        {"person": f"p{i}", "job": f"j{i % 3}", "who": who, "model": "bot",
         "salary": round((60000 + 1000 * i) * (0.9 if who == "f" else 1))}
        for i in range(12) for who in "mf"
    ]  # fmt: skip
    table = pd.DataFrame(rows).to_csv(index=False)
    (told,) = imported(workspace, table, name="told", job="job").judgements.items
    (untold,) = imported(workspace, table, name="untold").judgements.items
    assert (told.jobs, told.persons, told.job_is_person) == (3, 12, False)
    assert (untold.jobs, untold.persons, untold.job_is_person) == (12, 12, True)


def test_a_column_of_edits_makes_placebo_pairs(workspace: Path) -> None:
    table = "\n".join([HEAD + ";extra", *(f"{x};" for x in LINES), *(f"{x};thanks!" for x in LINES if ";m;" in x), ""])
    run = imported(workspace, table, decimal=",", edit="extra")
    assert set(run.observations["edit"].astype(str)) == {"", "thanks"}
    assert run.estimates.find(family="placebo")
    assert bias_harness.report(run)


def test_a_name_that_no_system_takes_is_refused(workspace: Path) -> None:
    (workspace / "t.csv").write_text("\n".join([HEAD, *LINES]))
    (workspace / "map.yaml").write_text(yaml.safe_dump({**SMALL_MAP, "decimal": ","}))
    for name in ("../x", "a:b", "con", "nul.txt", "a/b"):
        with pytest.raises(UsageError, match="fits every system"):
            import_answers(workspace / "t.csv", workspace / "map.yaml", name=name)
    assert not (workspace / "results").exists()


def test_an_import_that_fails_late_leaves_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bias_harness.sharing.importing.resolved_of", lambda made: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        imported(workspace, "\n".join([HEAD, *LINES]), decimal=",")
    assert not (workspace / "results").exists()
