"""Answers collected elsewhere: a public data set reproduced, and what a wrong table is told."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from command_line import type_in
from conftest import SMALL_MAP
from places import REFERENCE

import bias_harness
from bias_harness import pipeline
from bias_harness.errors import InputError, RunFolderError
from bias_harness.estimating.estimators import rows_test
from bias_harness.workspace import shipped

FOLDER = REFERENCE / "llm-gender-pay-gap"
PUBLISHED = json.loads((FOLDER / "published.json").read_text())["rows"]
MAP = shipped("experiments") / "imported" / "llm-gender-pay-gap.yaml"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    folder = tmp_path_factory.mktemp("public")
    (folder / "answers.csv").write_bytes(gzip.decompress((FOLDER / "answers.csv.gz").read_bytes()))
    return bias_harness.import_answers(folder / "answers.csv", MAP, results=folder / "results")


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
    words = {j.endpoint: (j.basis, j.word) for j in public.judgements.items}
    assert words["claude-sonnet-4-6"] == ("cases", "difference_in_these_cases")
    assert words["gemini-3-flash"][1] in ("cannot_tell", "difference_in_these_cases")
    assert found["claude-opus-4-6"].status == "ok"
    people = [e for e in public.estimates.find(scale="log", scope="profiles") if e.family == "scopes"]
    assert {e.status for e in people} == {"too_few_profiles", "no_data"}


def test_a_model_with_empty_answers_is_missing_and_not_a_gap_of_zero(public: pipeline.Run) -> None:
    (found,) = public.estimates.find(family="headline", endpoint="gpt-5.5")
    assert found.status == "no_data"
    assert found.estimate is None


def test_failed_rows_are_counted(public: pipeline.Run) -> None:
    failed = public.observations[public.observations["status"].astype(str) == "failed"]
    assert set(failed["endpoint"].astype(str)) >= {"claude-opus-4-6", "gpt-5.5"}


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
    run = bias_harness.import_answers(*tables(workspace, rows()))
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
    run = bias_harness.import_answers(other, mapping)
    assert run.estimates.find(family="headline")[0].percent == pytest.approx(-10, abs=0.01)


def test_excel_s_semicolons_and_decimal_commas(workspace: Path) -> None:
    table, mapping = tables(workspace, rows(), decimal=",")
    frame = pd.read_csv(table)
    frame["salary"] = frame["salary"].map(lambda x: f"{x / 1000:.3f},50")
    frame.to_csv(table, sep=";", index=False, encoding="utf-8-sig")
    amounts = bias_harness.import_answers(table, mapping).observations["annual"]
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
        bias_harness.import_answers(table, mapping)
    assert not (workspace / "results").exists()


def test_nothing_is_overwritten(workspace: Path) -> None:
    made = tables(workspace, rows())
    bias_harness.import_answers(*made)
    with pytest.raises(RunFolderError, match="is there already"):
        bias_harness.import_answers(*made)


def test_the_command(workspace: Path) -> None:
    tables(workspace, rows())
    done = type_in("import", "t.csv", "--map", "map.yaml", cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert "imported" in done.stdout
    assert "nothing can be said of other wordings" in done.stderr
    assert type_in("import", "t.xlsx", "--map", "map.yaml", cwd=workspace).returncode == 1


def test_two_words_never_become_one_name(workspace: Path) -> None:
    made = [{**row, "person": {"p0": "Zoë", "p1": "Zo\u00fc"}.get(row["person"], row["person"])} for row in rows()]
    run = bias_harness.import_answers(*tables(workspace, made))
    assert run.estimates.find(family="headline")[0].n_profiles == 8
    assert {j.label["en"] for j in run.audit.resolved.people.jobs.values()} >= {"Zoë", "Zo\u00fc"}


def test_half_pairs_and_copies_are_told_and_a_table_of_halves_is_refused(workspace: Path) -> None:
    made = [{**row, "when": "2026-01-02T03:04:05"} for row in rows()]
    table, mapping = tables(workspace, [*made[:-1], made[0]], asked_at="when")
    run = bias_harness.import_answers(table, mapping)
    told = " ".join(run.manifest.missing)
    assert "1 of 8 pairs have answers for one level only (the first at line 16)" in told
    assert "1 rows are copies of earlier ones, time and answer included (the first at line 17)" in told
    assert run.estimates.find(family="headline")[0].n_profiles == 7
    halves = [row for i, row in enumerate(rows()) if (i // 2 + i) % 2]
    with pytest.raises(InputError, match="no two rows make a pair"):
        bias_harness.import_answers(*tables(workspace, halves, name="halves"))
    assert not (workspace / "results" / "halves").exists()


def test_a_persona_has_one_field(workspace: Path) -> None:
    made = [{**row, "area": f"f{i % 2}"} for i, row in enumerate(rows())]
    with pytest.raises(InputError, match="line 3, column 'area': 'f1'; 'p0' had another field before"):
        bias_harness.import_answers(*tables(workspace, made, field="area"))


def test_times_are_read_or_refused_and_never_made_up(workspace: Path) -> None:
    made = [{**row, "when": "yesterday"} for row in rows()]
    with pytest.raises(InputError, match="line 2, column 'when': 'yesterday' is no time"):
        bias_harness.import_answers(*tables(workspace, made, asked_at="when"))
    run = bias_harness.import_answers(*tables(workspace, rows()))
    assert run.observations["asked_at"].isna().all()
    assert all(row.gap.estimate is None for row in run.estimates.drift)
    assert pipeline.report(run)


def test_currencies_stay_apart(workspace: Path) -> None:
    """A pair in two currencies is left out and told; nothing is converted."""
    made = [{**row, "money": "EUR" if row["person"] == "p0" and row["who"] == "f" else "usd"} for row in rows()]
    run = bias_harness.import_answers(*tables(workspace, made, currency="money"))
    assert any(w.startswith("mixed_currencies") for w in run.estimates.warnings)
    assert run.estimates.find(family="headline")[0].n_profiles == 7
    made[3]["money"] = "euro"
    with pytest.raises(InputError, match="column 'money': 'EURO' is no currency"):
        bias_harness.import_answers(*tables(workspace, made, currency="money", name="other"))


RATE = {
    "outcome": {
        "measure": "score",
        "label": {"en": "the acceptance rate"},
        "unit": {"en": "points"},
        "plausible": [0, 1],
    },
    "analysis": {"smallest_difference": 0.01},
}


def test_a_rate_is_imported_to_its_last_decimal(workspace: Path) -> None:
    made = [{**row, "salary": 0.6125 - (0.0375 if row["who"] == "f" else 0)} for row in rows()]
    made[0]["salary"] = 0
    run = bias_harness.import_answers(*tables(workspace, made, **RATE))
    (found,) = run.estimates.find(family="headline")
    assert found.scale == "difference"
    assert found.estimate == pytest.approx((7 * -0.0375 + 0.575) / 8, abs=1e-12)
    assert "acceptance rate" in pipeline.report(run, ["en"])[0].read_text()


def test_ones_and_noughts_are_a_share(workspace: Path) -> None:
    share = {"measure": "share", "label": {"en": "the share accepted"}, "ones": ["accepted"], "zeros": ["rejected"]}
    made = [{**row, "salary": int(row["who"] == "m" or i % 4 == 1)} for i, row in enumerate(rows())]
    run = bias_harness.import_answers(*tables(workspace, made, outcome=share))
    assert run.estimates.find(family="headline")[0].estimate == -0.5
    made[3]["salary"] = 0.5
    with pytest.raises(InputError, match=r"line 5, column 'salary': '0\.5' is neither 1 nor 0"):
        bias_harness.import_answers(*tables(workspace, made, outcome=share, name="half"))


INSPECT = {
    "text": "output.completion",
    "amount": None,
    "model": "eval.model",
    "level": "metadata.gender",
    "persona": "=one persona",
    "job": "metadata.job",
    "repeat": "epoch",
    "asked_at": "completed_at",
}


def samples() -> list[dict]:
    """Samples as inspect_ai 0.3 writes them, without the parts that nothing here reads."""
    return [
        {
            "id": f"{job}-{who}",
            "epoch": epoch,
            "input": "What should I ask for?",
            "metadata": {"gender": who, "job": job},
            "output": {"model": "mockllm/model", "choices": [], "completion": f"${90 - 9 * (who == 'f')},000"},
            "completed_at": "2026-11-23T18:25:13.384405+00:00",
        }
        for job in ("nurse", "lawyer", "teacher")
        for who in ("m", "f")
        for epoch in (1, 2)
    ]


def zstandard(archive: Path, files: dict[str, bytes]) -> None:
    """A zip archive compressed with Zstandard (method 93), as inspect_ai writes it."""
    with zipfile.ZipFile(archive, "w") as made:
        for name, content in files.items():
            made.writestr(name, pa.compress(content, codec="zstd", asbytes=True))
    raw = archive.read_bytes()
    for name, content in files.items():
        for mark, method, size in ((b"PK\x03\x04", 8, 22), (b"PK\x01\x02", 10, 24)):
            at = next(i for i in range(len(raw)) if raw[i : i + 4] == mark and named(raw, i, mark) == name.encode())
            raw = raw[: at + method] + b"\x5d\x00" + raw[at + method + 2 :]
            raw = raw[: at + size] + len(content).to_bytes(4, "little") + raw[at + size + 4 :]
    archive.write_bytes(raw)


def named(raw: bytes, at: int, mark: bytes) -> bytes:
    length, head = (26, 30) if mark == b"PK\x03\x04" else (28, 46)
    return raw[at + head : at + head + int.from_bytes(raw[at + length : at + length + 2], "little")]


@pytest.mark.parametrize("kind", ["json", "eval"])
def test_a_log_of_inspect_ai(workspace: Path, kind: str) -> None:
    about = {"model": "mockllm/model", "task": "salary"}
    log = workspace / f"log.{kind}"
    if kind == "json":
        log.write_text(json.dumps({"version": 2, "status": "success", "eval": about, "samples": samples()}))
    else:
        files = {f"samples/{s['id']}_epoch_{s['epoch']}.json": json.dumps(s).encode() for s in samples()}
        zstandard(log, {**files, "header.json": json.dumps({"version": 2, "eval": about}).encode()})
    _, mapping = tables(workspace, rows(), **INSPECT)
    run = bias_harness.import_answers(log, mapping)
    (found,) = run.estimates.find(family="headline")
    assert (found.n_profiles, found.n_answers) == (3, 12)
    assert found.percent == pytest.approx(-10)
    assert run.audit.experiment.endpoints[0].model == "mockllm/model"
    assert run.audit.experiment.repeats == 2


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_results_of_promptfoo(workspace: Path, suffix: str) -> None:
    results = [
        {
            "provider": {"id": "openai:gpt-4o-mini", "label": ""},
            "prompt": {"raw": "...", "label": "plain"},
            "vars": {"gender": who, "job": f"j{i}"},
            "response": {"output": f"I would ask for ${100 - 10 * (who == 'f')},000."},
        }
        for i in range(3)
        for who in ("m", "f")
    ]
    results[5]["response"] = {"error": "timeout"}
    path = workspace / f"out.{suffix}"
    whole = {"evalId": "e", "results": {"version": 3, "results": results}}
    path.write_text(json.dumps(whole) if suffix == "json" else "\n".join(map(json.dumps, results)))
    columns = {
        "model": "provider.id",
        "level": "vars.gender",
        "persona": "=one persona",
        "job": "vars.job",
        "wording": "prompt.label",
    }
    _, mapping = tables(workspace, rows(), text="response.output", amount=None, **columns)
    run = bias_harness.import_answers(path, mapping)
    (found,) = run.estimates.find(family="headline")
    assert (found.n_profiles, found.percent) == (2, pytest.approx(-10))
    assert run.manifest.endpoints["openai-gpt-4o-mini"].failed == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.json", b'{"a": 1}', "neither a list of objects, nor results of promptfoo"),
        ("t.json", b"[1]", "line 1: an object is wanted"),
        ("t.json", b'[{"a": 1', "not JSON"),
        ("t.eval", b"PK\x03\x04 torn", "not a log of inspect_ai"),
        ("t.jsonl", b'{"model": {"id": "x"}}', "there is no column 'person'"),
        ("t.jsonl", b"\xff\xfe", "line 1: not JSON"),
    ],
)
def test_a_broken_log_is_told_and_leaves_nothing(workspace: Path, name: str, content: bytes, said: str) -> None:
    _, mapping = tables(workspace, rows())
    (workspace / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        bias_harness.import_answers(workspace / name, mapping)
    assert not (workspace / "results").exists()


def test_several_tables_and_compressed_ones_are_read_as_one(workspace: Path) -> None:
    frame = pd.DataFrame(rows())
    _, mapping = tables(workspace, rows())
    parts = [workspace / "a.csv", workspace / "b.csv.gz"]
    for part, own in zip(parts, (frame[:8], frame[8:]), strict=True):
        own.to_csv(part, index=False)
    run = bias_harness.import_answers(parts, mapping)
    assert run.estimates.find(family="headline")[0].n_profiles == 8
    parts[1].write_bytes(parts[1].read_bytes()[:-20])
    with pytest.raises(InputError, match=r"b\.csv\.gz: cannot be unpacked"):
        bias_harness.import_answers(parts, mapping, name="torn")
