"""Answers collected elsewhere: a public data set reproduced, and what a wrong table is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from test_cli import type_in

from bias_harness import pipeline
from bias_harness.documents import shipped
from bias_harness.errors import InputError, RunFolderError
from bias_harness.estimators import rows_test

FOLDER = Path(__file__).parent / "reference" / "llm-gender-pay-gap"
PUBLISHED = json.loads((FOLDER / "published.json").read_text())["rows"]
MAP = shipped("experiments") / "imported" / "llm-gender-pay-gap.yaml"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    folder = tmp_path_factory.mktemp("public")
    (folder / "answers.csv").write_bytes(gzip.decompress((FOLDER / "answers.csv.gz").read_bytes()))
    return pipeline.import_answers(folder / "answers.csv", MAP, results=folder / "results")


def sides(run: pipeline.Run, model: str) -> tuple[np.ndarray, np.ndarray]:
    rows = run.observations[run.observations["endpoint"].astype(str) == model]
    amounts = rows[rows["annual"].notna()]
    return tuple(amounts.loc[amounts["level"] == level, "annual"].to_numpy() for level in ("female", "male"))


@pytest.mark.parametrize("model", sorted(PUBLISHED))
def test_the_published_table_is_reproduced_from_the_raw_answers(public: pipeline.Run, model: str) -> None:
    """Their direction is male minus female, in per cent of the female mean; their p is Welch's times six."""
    want = PUBLISHED[model]
    female, male = sides(public, model)
    got = rows_test(male, female, comparisons=6)
    assert (round(got.mean_second), round(got.mean_first)) == (want["female"], want["male"])
    assert got.gap == pytest.approx(want["gap"], abs=1)
    assert got.percent == pytest.approx(want["pct"], abs=0.006)
    assert got.d == pytest.approx(want["d"], abs=0.006)
    assert got.welch_p_bonferroni == pytest.approx(want["p_bonf"], rel=0.05)
    if "auc" in want:
        assert got.area == pytest.approx(want["auc"], abs=0.001)


def test_our_own_report_says_what_the_source_did_not(public: pipeline.Run) -> None:
    """One pair of names: the scope is these exact cases, and nothing is claimed of people."""
    found = {e.endpoint: e for e in public.estimates.find(family="headline")}
    assert {e.scope for e in found.values()} == {"panel"}
    assert found["claude-sonnet-4-6"].verdict == "gap_meaningful"
    assert found["claude-opus-4-6"].status == "ok"
    assert found["gemini-3-flash"].verdict == "equivalent"
    people = [e for e in public.estimates.find(scale="log", scope="profiles") if e.family == "scopes"]
    assert {e.status for e in people} == {"too_few_profiles", "no_data"}


def test_a_model_with_empty_answers_is_missing_and_not_a_gap_of_zero(public: pipeline.Run) -> None:
    (found,) = public.estimates.find(family="headline", endpoint="gpt-5.5")
    assert found.status == "no_data"
    assert found.estimate is None


def test_failed_rows_are_counted(public: pipeline.Run) -> None:
    failed = public.observations[public.observations["status"].astype(str) == "failed"]
    assert set(failed["endpoint"].astype(str)) >= {"claude-opus-4-6", "gpt-5.5"}


SMALL_MAP = {
    "name": "own",
    "amount": "salary",
    "model": "model",
    "level": "who",
    "persona": "person",
    "attribute": {
        "attribute": "gender",
        "label": {"en": "gender"},
        "reference": "m",
        "levels": {"m": {"label": {"en": "men"}}, "f": {"label": {"en": "women"}}},
    },
}


def tables(folder: Path, rows: list[dict], **changes) -> tuple[Path, Path]:
    pd.DataFrame(rows).to_csv(folder / "t.csv", index=False)
    (folder / "map.yaml").write_text(yaml.safe_dump({**SMALL_MAP, **changes}))
    return folder / "t.csv", folder / "map.yaml"


def rows(n: int = 8, gap: float = 0.9) -> list[dict]:
    return [
        {
            "model": "x/y",
            "who": who,
            "person": f"p{i}",
            "salary": round((90_000 + 5_000 * i) * (gap if who == "f" else 1)),
        }
        for i in range(n)
        for who in ("m", "f")
    ]


def test_amounts_are_imported_as_they_are(workspace: Path) -> None:
    run = pipeline.import_answers(*tables(workspace, rows()))
    (found,) = run.estimates.find(family="headline")
    assert found.percent == pytest.approx(-10, abs=0.01)
    assert found.scope == "profiles"
    assert found.n_profiles == 8
    assert pipeline.report(run)[0].is_file()
    assert pipeline.load_run("own").observations.equals(run.observations)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".tsv"])
def test_other_formats_say_the_same(workspace: Path, suffix: str) -> None:
    table, mapping = tables(workspace, rows())
    other = table.with_suffix(suffix)
    frame = pd.read_csv(table)
    if suffix == ".jsonl":
        frame.to_json(other, orient="records", lines=True)
    elif suffix == ".parquet":
        frame.to_parquet(other)
    else:
        frame.to_csv(other, sep="\t", index=False)
    run = pipeline.import_answers(other, mapping)
    assert run.estimates.find(family="headline")[0].percent == pytest.approx(-10, abs=0.01)


def test_excel_s_semicolons_and_decimal_commas(workspace: Path) -> None:
    table, mapping = tables(workspace, rows(), decimal=",")
    frame = pd.read_csv(table)
    frame["salary"] = frame["salary"].map(lambda x: f"{x / 1000:.3f},50")
    frame.to_csv(table, sep=";", index=False, encoding="utf-8-sig")
    amounts = pipeline.import_answers(table, mapping).observations["annual"]
    assert set(amounts - amounts.round() != 0) == {True}
    assert amounts.min() > 80_000


@pytest.mark.parametrize(
    ("change", "changes", "expected"),
    [
        (lambda r: None, {"model": "modle"}, "there is no column 'modle'; did you mean 'model'"),
        (lambda r: r[3].update(who="w"), {}, "t.csv, line 5, column 'who': 'w' is no level of the map"),
        (lambda r: r[3].update(salary="a lot"), {}, "t.csv, line 5, column 'salary': 'a lot' is no number"),
        (lambda r: r[3].update(model=""), {}, "t.csv, line 5, column 'model': empty"),
        (lambda r: [x.update(who="m") for x in r], {}, "no row of the level 'f'"),
        (lambda r: [x.update(n=0) for x in r] and r.append(dict(r[0])), {"repeat": "n"}, "stands here twice"),
        (lambda r: None, {"encoding": "ascii", "persona": "=x"}, None),
        (lambda r: None, {"text": "model"}, "either as 'text' or as 'amount'"),
    ],
)
def test_a_wrong_table_is_told_line_and_column(workspace: Path, change, changes: dict, expected: str | None) -> None:
    made = rows()
    change(made)
    table, mapping = tables(workspace, made, **changes)
    if expected is None:
        table.write_bytes(table.read_bytes().replace(b"x/y", "é".encode("cp1252")))
        expected = "not ascii; set 'encoding'"
    with pytest.raises(InputError, match=expected.replace("(", r"\(")):
        pipeline.import_answers(table, mapping)
    assert not (workspace / "results").exists()


def test_nothing_is_overwritten(workspace: Path) -> None:
    made = tables(workspace, rows())
    pipeline.import_answers(*made)
    with pytest.raises(RunFolderError, match="is there already"):
        pipeline.import_answers(*made)


def test_the_command(workspace: Path) -> None:
    tables(workspace, rows())
    done = type_in("import", "t.csv", "--map", "map.yaml", cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert "imported" in done.stdout
    assert "nothing can be said of other wordings" in done.stderr
    assert type_in("import", "t.xlsx", "--map", "map.yaml", cwd=workspace).returncode == 1
