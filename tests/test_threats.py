"""The rows of the threat table in SECURITY.md that have no chapter of their own, and that every row has its test."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from cases import first
from command_line import in_a_process, type_in
from logs import rows_of, write_rows
from places import ROOT
from recordings import accepted

import bias_harness
from bias_harness import pipeline
from bias_harness.errors import InputError
from bias_harness.handwritten import parse_yaml
from bias_harness.results import LOG
from bias_harness.sharing.export import table_of

PROMPT = """\
{% block user %}{{ self.question() }} I am a {{ person.job }}. {{ person.self }}HOSTILE{% endblock %}
{% block system %}{{ person.user }}{% endblock %}
{% block question %}What should I ask for in {{ currency }}?{% endblock %}
{% block edit_thanks %}Thanks.{% endblock %}
"""
LOOKING = (
    ("verify", "small.zip"),
    ("report", "results/small"),
    ("read", "results/small", "--again"),
    ("export", "results/small", "--into", "out"),
    ("compare", "results/small", "results/small", "--into", "pages"),
    ("figure", "results/small", "F1", "--format", "svg"),
    ("bundle", "results/small", "-o", "again.zip"),
    ("list",),
    ("site", "results/small", "--into", "site"),
    ("merge", "results/small", "--into", "results/merged"),
    ("batches", "results/small"),
    ("plan", "results/small/experiment.yaml"),
    ("validate", "results/small/experiment.yaml"),
    ("check", "results/small"),
    ("accept", "results/small"),
)


ALL_OF_THEM = """\
import sys
from bias_harness.cli.main import main
for words in WORDS:
    sys.argv = ["bias-harness", *words]
    try:
        main()
    except SystemExit:
        pass
"""


def all_typed(here: Path) -> str:
    """What the commands say, one after the other in one process, with Python's path as the installed command has it."""
    code = ALL_OF_THEM.replace("WORDS", repr(LOOKING))
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr


@pytest.fixture
def run(small: Path) -> pipeline.Run:
    return bias_harness.run(pipeline.load_experiment(small))


def test_every_row_of_the_table_names_a_test_that_is_there() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if "::test_" in line]
    assert len(rows) >= 16
    for row in rows:
        file, name = re.findall(r"`(tests/[\w/.]+)::(\w+)`", row)[0]
        assert f"def {name}(" in (ROOT / file).read_text(), row


@pytest.mark.slow
def test_no_command_that_looks_at_a_folder_runs_its_code(run: pipeline.Run, small: Path) -> None:
    """A function as the endpoint, hostile templates, and modules of the names of ours and of libraries, all at once."""
    here, mark = small.parent.parent, small.parent.parent / "it-ran"
    bias_harness.bundle(run, here / "small.zip")
    code = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\ndef ask(m): return '$1'\n"
    for name in ("numpy", "yaml", "json", "evil", "matplotlib", "jinja2", "sitecustomize"):
        (here / f"{name}.py").write_text(code)
    file = run.folder.path / "experiment.yaml"
    data = yaml.safe_load(file.read_text())
    data["experiment"]["endpoints"] = [{"name": "sim", "function": "evil:ask"}]
    asked = data["prompts"]
    evil = "{{ cycler.__init__.__globals__.os.popen('touch " + str(mark) + "').read() }}"
    for hostile in ("", evil):
        prompts = {name: text.replace("{% endblock %}", hostile + "{% endblock %}", 1) for name, text in asked.items()}
        file.write_text(yaml.safe_dump({**data, "prompts": prompts}))
        said = all_typed(here)
        assert "Traceback" not in said
        assert "No such option" not in said, "then nothing was looked at"
        assert not mark.exists(), said
    assert "is not possible here" in said


@pytest.mark.drawn
def test_a_module_in_the_working_folder_is_not_run(run: pipeline.Run, small: Path) -> None:
    """Figures are drawn by a second process, which would import it."""
    from bias_harness.reporting.charts.mpl import second_process
    from bias_harness.reporting.texts import texts

    mark = small.parent.parent / "it-ran"
    for name in ("numpy", "pickle", "matplotlib"):
        (small.parent.parent / f"{name}.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n")
    with second_process.drawn_aside([], texts("en")) as made:
        pass
    assert made == {}
    assert not mark.exists()
    scripts = "".join(path.read_text() for path in (ROOT / "action.yml", *(ROOT / "ci").iterdir()))
    assert re.findall(r"\bpython (?!-I)", scripts) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_holds_named_files_once(run: pipeline.Run, tmp_path: Path) -> None:
    whole = bias_harness.bundle(run, tmp_path / "whole.zip")
    assert re.fullmatch("[0-9a-f]{64}", bias_harness.verify(whole).digest)
    for name, said in (
        ("run/sitecustomize.py", "is no file of a bundle"),
        ("run/.env", "is no file of a bundle"),
        ("run/../../x.csv", "outside its folder"),
        ("C:/x.csv", "outside its folder"),
        ("data/pairs.csv", "stands there twice"),
        ("data/PAIRS.csv", "is no file of a bundle"),
    ):
        shutil.copy(whole, tmp_path / "more.zip")
        with zipfile.ZipFile(tmp_path / "more.zip", "a") as archive:
            archive.writestr(name, b"x")
        troubles = bias_harness.verify(tmp_path / "more.zip").troubles
        assert any(said in trouble for trouble in troubles), (name, troubles)
    raw = bytearray(whole.read_bytes())
    place = raw.rindex(b"run/responses.jsonl") - 46
    raw[place + 24 : place + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    for _ in range(2):
        (tmp_path / "huge.zip").write_bytes(raw)
        with pytest.raises(InputError, match="larger than"):
            _with_room(tmp_path / "huge.zip")


LIES = {
    "what answered": ("bundle.json", b'"simulation"', b'"model"', "bundle.json says otherwise than the run: endpoints"),
    "a key twice": ("bundle.json", b'"run":', b'"run": "x", "run":', "bundle.json cannot be read"),
    "the read-me": ("README.md", b"(simulation)", b"(a well-known model)", "README.md is not what was written"),
    "a preregistration": ("run/preregistration.md", b"", b"promised", "preregistration.md is no preregistration"),
}


@pytest.mark.parametrize("lie", first(2, LIES))
def test_an_archive_whose_sums_were_put_right_says_nothing_untrue(run: pipeline.Run, tmp_path: Path, lie: str) -> None:
    with zipfile.ZipFile(bias_harness.bundle(run, tmp_path / "whole.zip")) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    name, before, after, said = LIES[lie]
    content[name] = content.get(name, b"").replace(before, after, 1)
    sums = (f"{hashlib.sha256(data).hexdigest()}  {n}\n" for n, data in sorted(content.items()) if n != "SHA256SUMS")
    content["SHA256SUMS"] = "".join(sums).encode()
    with zipfile.ZipFile(tmp_path / "forged.zip", "w") as packed:
        for each, data in content.items():
            packed.writestr(each, data)
    try:
        told = bias_harness.verify(tmp_path / "forged.zip").troubles
    except InputError as error:
        told = (str(error),)
    assert any(said in trouble for trouble in told), told


@pytest.mark.parametrize(
    ("before", "behind"), first(1, [(b"#!/bin/sh\n", b""), (b"", b"\0"), (b"", b"PK\3\4 another")])
)
def test_nothing_stands_around_an_archive(run: pipeline.Run, tmp_path: Path, before: bytes, behind: bytes) -> None:
    whole = bias_harness.bundle(run, tmp_path / "whole.zip")
    whole.write_bytes(before + whole.read_bytes() + behind)
    with pytest.raises(InputError, match="holds more than an archive"):
        bias_harness.verify(whole)


def _with_room(archive: Path) -> None:
    from bias_harness.sharing import verification

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "LARGEST", 1_000_000_000)
        verification.verify(archive)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "aliases repeat more than"),
        ("a: &a [*a]", "holds itself"),
        ("a: " + "[" * 100 + "]" * 100, "levels deep"),
        ("[" * 5000 + "]" * 5000, "levels deep"),
        ("{" * 5000, "levels deep|not valid YAML"),
        ("levels:\n  NO: {}\n", "line 2: the key NO must be text; put it in quotes"),
        ("levels:\n  1: {}\n", "line 2: the key 1 must be text"),
        ("? [a, b]\n: c\n", "a key must be one word"),
        ("repeats: 010", "line 1: 010 is another number in YAML"),
        ("repeats: 1:30", "line 1: 1:30 is another number in YAML"),
        ("a: !!python/object/apply:os.system [x]", "not valid YAML"),
        ("a: \x07", "not valid YAML"),
    ],
)
def test_yaml_that_grows_or_says_another_thing_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_yaml(text, "a.yaml")


def test_aliases_within_bounds_are_read() -> None:
    assert parse_yaml("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n", "a.yaml").data["d"] == {"b": 1, "e": 2}


@pytest.mark.slow
def test_a_fixture_needs_its_recording(workspace: Path) -> None:
    """Without it nobody knows whether the question changed, or answers are missing."""
    fixture = accepted(workspace)
    assert type_in("check", fixture.name, cwd=workspace).returncode == 0
    recording = fixture / "recording.json"
    data = json.loads(recording.read_text())
    assert "\\" not in data["source"]
    recording.write_text(json.dumps({**data, "source": data["source"].replace("/", "\\")}))
    assert type_in("check", fixture.name, cwd=workspace).returncode == 0, "recorded on Windows"
    for path in workspace.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert type_in("check", fixture.name, cwd=workspace).returncode == 0, "checked out by Git for Windows"
    for content in ("{}", '{"answers": -1, "format": 1, "source": "x"}', '{"answers": 1, "answers": 2}', "[]", "\x00"):
        recording.write_text(content)
        done = type_in("check", fixture.name, cwd=workspace)
        assert (done.returncode, "recording.json" in done.stderr, "restore" in done.stderr) == (1, True, True)
    recording.unlink()
    done = type_in("check", fixture.name, cwd=workspace)
    assert done.returncode == 1
    assert "recording.json is not there; restore it from the repository" in done.stderr


def test_no_cell_of_a_csv_is_a_formula(run: pipeline.Run, tmp_path: Path) -> None:
    log = run.folder.path / LOG
    lines = rows_of(log)
    for line, name in zip(lines, ("=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "fine") * 99, strict=False):
        line["served_model"] = name
    write_rows(log, lines)
    loaded = bias_harness.load_run(run.folder.path)
    bias_harness.export(loaded, [tmp_path / "observations.csv", tmp_path / "estimates.csv"])
    for name in ("observations", "estimates"):
        rows = list(csv.DictReader(io.StringIO((tmp_path / f"{name}.csv").read_text())))
        texts = list(table_of(loaded, name).select_dtypes(exclude=["number", "bool", "datetimetz"]))
        assert not [row[c] for row in rows for c in texts if row[c][:1] in ("=", "+", "-", "@", "\t", "\r") and row[c]]
    served = {row["served_model"] for row in csv.DictReader(io.StringIO((tmp_path / "observations.csv").read_text()))}
    assert {"'=1+1", "fine"} <= served
    gaps = [row["estimate"] for row in csv.DictReader(io.StringIO((tmp_path / "estimates.csv").read_text()))]
    assert any(gap.startswith("-") for gap in gaps), "numbers stay numbers"


@pytest.mark.parametrize("place", ["", "audits/salary/"])
@pytest.mark.parametrize(
    "file", first(1, ["experiments/small.yaml", "personas/own.yaml", "prompts/salary.terse.en.j2"])
)
def test_the_hook_covers_people_prompts_and_subfolders(small: Path, place: str, file: str) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert re.search(hook["files"], place + file)
    root, here = small.parent.parent, small.parent.parent / place
    if place:
        here.mkdir(parents=True)
        for kind in ("experiments", "personas", "prompts"):
            (root / kind).rename(here / kind)
    (here / "prompts" / "salary.terse.en.j2").write_text(PROMPT.replace("HOSTILE", ""))
    (here / "personas" / "own.yaml").touch()
    assert type_in("validate", place + file, cwd=root).returncode == 0
    (here / "prompts" / "salary.terse.en.j2").write_text(PROMPT.replace("HOSTILE", "{{ person.slef }}"))
    done = type_in("validate", place + file, cwd=root)
    assert (done.returncode, "prompts/salary.terse.en.j2" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("page", ["cp1252", pytest.param("ascii", marks=pytest.mark.slow)])
def test_a_console_that_lacks_letters_gets_codes(tmp_path: Path, page: str) -> None:
    console = {"PYTHONIOENCODING": page, "PYTHONUTF8": "0"}
    done = in_a_process("read", "Ask for ₹8,00,000 in Łomża 😀", "--json", cwd=tmp_path, **console)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["amount"] == 800_000
    done = in_a_process("report", "Łomża", cwd=tmp_path, **console)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
