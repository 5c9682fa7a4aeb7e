"""A run taken elsewhere: exported tables, the archive, and the proof that the archive is what it says."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import first
from command_line import type_in

import bias_harness
from bias_harness import pipeline
from bias_harness.errors import BiasHarnessError, InputError, UsageError
from bias_harness.sharing.bundle import SUMS
from bias_harness.sharing.export import TABLES, codebook, package, table_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    """Simulated, with refusals and faults of reading."""
    plant = {"gaps": {"gender": {"female": -0.1}}, "refusal_rate": 0.1, "seed": 3}
    changes = {"endpoints": [{"name": "sim", "plant": plant}], "repeats": 2, "attributes": ["gender"]}
    audit = pipeline.load_experiment("simulated", changes=changes)
    return pipeline.run(audit, results=tmp_path_factory.mktemp("shared") / "results")


@pytest.fixture(scope="module")
def archive(run: pipeline.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bias_harness.bundle(run, tmp_path_factory.mktemp("bundle") / "simulated.zip")


@pytest.mark.parametrize("name", first(1, TABLES))
def test_every_column_is_explained_and_of_the_type_it_says(run: pipeline.Run, name: str) -> None:
    """The table's own columns, not those that the codebook happens to list."""
    described = codebook()[name]["columns"]
    own = {"observations": run.observations, "estimates": run.estimates.to_frame()}.get(name)
    if own is not None:
        more = {"question", "answer"} if name == "observations" else set()
        labels = {column for column in described if column.endswith("_label")}
        assert set(own.columns) | {"nature"} | more | labels == set(described)
    resource = next(r for r in json.loads(package(run)["datapackage.json"])["resources"] if r["name"] == name)
    table = pd.read_csv(io.BytesIO(package(run)[resource["path"]]), dtype=str, keep_default_na=False)
    assert list(table.columns) == [f["name"] for f in resource["schema"]["fields"]]
    fits = {
        "integer": lambda x: x.lstrip("-").isdigit(),
        "number": lambda x: np.isfinite(float(x)),
        "boolean": lambda x: x in ("True", "False"),
        "datetime": lambda x: pd.Timestamp(x).tzinfo is not None,
        "string": lambda x: True,
    }
    for field in resource["schema"]["fields"]:
        values = [x for x in table[field["name"]] if x != ""]
        assert all(map(fits[field["type"]], values)), field["name"]


def test_the_mean_of_the_pairs_is_the_headline(run: pipeline.Run) -> None:
    """Where every repeat has its partner; here cells are averaged first, so only complete cells are compared."""
    pairs = table_of(run, "pairs")
    counted = pairs[pairs["counted"]]
    assert 0 < len(counted) < len(pairs)
    assert counted["gap"].notna().all()
    assert pairs.loc[~pairs["counted"], "gap"].isna().all()
    first = counted.iloc[0]
    assert first["gap"] == first["level_annual"] - first["reference_annual"]
    assert set(pairs["nature"]) == {"simulation"}
    cells = ["persona", "wording", "language", "signal"]
    complete = pairs.groupby(cells)["counted"].transform("all") & (pairs["level"] == "female")
    by_profile = pairs[complete].groupby(["persona", "wording"])["log_gap"].mean().groupby("persona").mean()
    headline = run.estimates.headline("sim", "gender", "female")
    assert headline is not None
    assert headline.details["profile_gaps"].keys() == set(by_profile.index)
    assert by_profile.mean() == pytest.approx(headline.estimate, abs=0.02)


def test_what_was_asked_and_answered_is_in_the_table(run: pipeline.Run) -> None:
    table = table_of(run, "observations")
    read_back = pd.read_csv(io.BytesIO(package(run)["observations.csv"]), keep_default_na=False)
    assert list(read_back["question"]) == list(table["question"])
    asked = {key: (question, answer) for key, question, answer in run.questions()}
    for row in table.sample(20, random_state=1).itertuples():
        assert (row.question, row.answer) == asked[row.key]
        assert row.kind != "point" or f"{row.amount:,.0f}" in row.answer
    labels = table[["level", "level_label", "job", "job_label"]].astype(str).drop_duplicates("level")
    assert dict(zip(labels["level"], labels["level_label"], strict=True))["female"] == "women"
    assert (table["job_label"] != table["job"].astype(str)).any()


def test_a_files_name_says_what_it_is(run: pipeline.Run, tmp_path: Path) -> None:
    names = ["my-pairs.parquet", "estimates.json", "observations.csv"]
    made = bias_harness.export(run, [tmp_path / name for name in names], tmp_path / "all")
    assert {p.name for p in made} >= {*names, "datapackage.json", "codebook.md", "pairs.csv"}
    assert len(pd.read_parquet(tmp_path / "my-pairs.parquet")) == len(table_of(run, "pairs"))
    assert json.loads((tmp_path / "estimates.json").read_text())[0]["nature"] == "simulation"
    assert "sim (simulation)" in (tmp_path / "all" / "codebook.md").read_text()
    for wrong in ("pears.csv", "pairs.xlsx"):
        with pytest.raises(UsageError):
            bias_harness.export(run, [tmp_path / wrong])


def test_the_same_run_gives_the_same_archive_and_it_verifies(run: pipeline.Run, archive: Path, tmp_path: Path) -> None:
    assert bias_harness.bundle(run, tmp_path / "another-name.zip").read_bytes() == archive.read_bytes()
    found = bias_harness.verify(archive)
    assert found.troubles == ()
    assert any("simulation" in note for note in found.notes)


def altered(archive: Path, target: Path, **changes: bytes | None) -> Path:
    """The archive with files replaced, added, or taken out (None); the checksums stay."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if changes.get(name, b"") is not None:
                new.writestr(name, changes.get(name) or old.read(name))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name] or b"")
    return target


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("run/responses.jsonl", b"{}", "run/responses.jsonl was altered"),
        ("data/pairs.csv", None, "data/pairs.csv is missing"),
        ("run/more.txt", b"x", "run/more.txt is no file of a bundle"),
        ("run/responses.2.jsonl", b"x", "run/responses.2.jsonl is not among the checksums"),
        ("../out.txt", b"x", "would be unpacked outside"),
    ],
)
def test_what_was_altered_is_told(archive: Path, tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    found = bias_harness.verify(altered(archive, tmp_path / "a.zip", **{name: content}))
    assert any(said in trouble for trouble in found.troubles), found
    assert not (tmp_path.parent / "out.txt").exists()


def forged(archive: Path, target: Path, name: str, content: bytes) -> Path:
    """The archive with one file replaced and its checksum put right."""
    with zipfile.ZipFile(archive) as packed:
        sums, old = packed.read(SUMS).decode(), hashlib.sha256(packed.read(name)).hexdigest()
    sums = sums.replace(old, hashlib.sha256(content).hexdigest())
    return altered(archive, target, **{name: content, SUMS: sums.encode()})


def test_numbers_that_the_answers_do_not_give_are_found_whatever_the_sums(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        estimates = json.loads(packed.read("run/estimates.json"))
    estimates["items"][0]["estimate"] *= 0.5
    target = forged(archive, tmp_path / "a.zip", "run/estimates.json", json.dumps(estimates).encode())
    found = bias_harness.verify(target)
    assert len(found.troubles) == 1
    assert "items[0].estimate is" in found.troubles[0]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    first(
        2,
        [
            pytest.param("data/estimates.csv", b"headline", b"scopes", marks=pytest.mark.slow),
            ("data/pairs.csv", b"simulation", b"model"),
            pytest.param("data/codebook.md", b"simulation", b"model", marks=pytest.mark.slow),
            pytest.param("data/datapackage.json", b"simulation", b"model", marks=pytest.mark.slow),
            ("prompts/salary.terse.en.j2", b"salary", b"wage"),
        ],
    ),
)
def test_every_file_that_can_be_made_anew_is(archive: Path, tmp_path: Path, name: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(archive) as packed:
        content = packed.read(name)
    assert old in content
    found = bias_harness.verify(forged(archive, tmp_path / "a.zip", name, content.replace(old, new)))
    assert found.troubles == (f"{name} is not what the experiment and its answers give",)


def test_a_forged_parquet_file_is_found(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        table = pd.read_parquet(io.BytesIO(packed.read("data/estimates.parquet")))
    table.loc[0, "estimate"] *= 1.001
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    found = bias_harness.verify(forged(archive, tmp_path / "a.zip", "data/estimates.parquet", buffer.getvalue()))
    assert found.troubles == ("data/estimates.parquet is not what the experiment and its answers give",)


def test_a_flipped_byte_is_a_sentence(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        info = packed.getinfo("run/responses.jsonl")
    raw = bytearray(archive.read_bytes())
    raw[info.header_offset + 200] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(raw)
    found = bias_harness.verify(tmp_path / "a.zip")
    assert found.troubles == ("run/responses.jsonl was altered: its checksum is another",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "bundle.json cannot be read"),
        (b"[]", "bundle.json cannot be read"),
        (b'{"format": 9}', "format 9 is newer"),
    ],
)
def test_a_bundle_of_another_time_or_kind_is_told_first(
    archive: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        bias_harness.verify(altered(archive, tmp_path / "a.zip", **{"bundle.json": content}))


def test_other_versions_are_told(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        about = json.loads(packed.read("bundle.json"))
    about["python"], about["versions"]["pandas"] = "2.7.18", "0.1"
    found = bias_harness.verify(forged(archive, tmp_path / "a.zip", "bundle.json", json.dumps(about).encode()))
    assert found.troubles == ()
    assert any("pandas 0.1 (here" in note and "Python 2.7.18 (here" in note for note in found.notes)


def test_what_is_no_bundle_is_said(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive.read_bytes()[:500])
    for path, said in ((tmp_path / "a.zip", "no archive"), (tmp_path / "b.zip", "does not exist")):
        with pytest.raises(InputError, match=said):
            bias_harness.verify(path)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as other:
        other.writestr("x", "y")
    with pytest.raises(InputError, match="no bundle"):
        bias_harness.verify(tmp_path / "c.zip")


def test_a_key_in_the_folder_stays_out_of_an_archive(run: pipeline.Run, tmp_path: Path) -> None:
    copy = tmp_path / "results" / "leaky"
    shutil.copytree(run.folder.path, copy)
    (copy / "notes.txt").write_text("sk-" + "a1" * 20)
    with pytest.raises(BiasHarnessError, match=r"looks like a key, in notes\.txt"):
        bias_harness.bundle(pipeline.load_run(copy), tmp_path / "leaky.zip")
    assert not (tmp_path / "leaky.zip").exists()


@pytest.mark.slow
def test_the_archives_own_words_rerun_it(archive: Path, tmp_path: Path) -> None:
    """Unpacked in an empty folder: the page without asking, and everything asked again gives the same answers."""
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(archive), str(tmp_path)], check=True)
    assert type_in("report", "run", cwd=tmp_path).returncode == 0
    assert (tmp_path / "run" / "report.nl.html").is_file()
    again = type_in("run", "run/experiment.yaml", "--name", "again", "--quiet", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    texts = [
        sorted(json.loads(line)["text"] for line in path.read_text().splitlines())
        for path in (tmp_path / "run" / "responses.jsonl", tmp_path / "results" / "again" / "responses.jsonl")
    ]
    assert texts[0] == texts[1]


def test_the_commands(run: pipeline.Run, tmp_path: Path) -> None:
    folder = run.folder.path.parent.parent
    assert type_in("export", "simulated", cwd=folder).returncode == 2
    done = type_in("export", "simulated", "--into", str(tmp_path / "out"), cwd=folder)
    assert "codebook.md" in done.stdout
    assert type_in("bundle", "simulated", "-o", str(tmp_path / "s.zip"), cwd=folder).returncode == 0
    verified = type_in("verify", str(tmp_path / "s.zip"), cwd=tmp_path)
    assert verified.returncode == 0
    assert "every checksum fits" in verified.stdout
    altered(tmp_path / "s.zip", tmp_path / "t.zip", **{"README.md": b"other"})
    assert type_in("verify", str(tmp_path / "t.zip"), cwd=tmp_path).returncode == 1
