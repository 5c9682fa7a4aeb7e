"""The documentation cannot drift: its blocks run, its keys exist, its made pages are what the code gives."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import SMALL, SMALL_MAP
from docs_blocks import ROOT, Code, blocks, commands, pages, simulate

from bias_harness import pipeline
from bias_harness.checking.gates import Policy
from bias_harness.cli import main
from bias_harness.design.audit import load_audit
from bias_harness.design.experiment import Experiment
from bias_harness.sharing.map import Map

PAGES = pages()
ALL = [code for page in PAGES for code in blocks(page)]
# What keeps a command short, by the command; the words that are typed stay as they are printed.
FEW = {"BIAS_HARNESS_LIMIT": "40"}
BOUNDS = {"run": FEW, "record": FEW, "plan": {"BIAS_HARNESS_RUNS": "50"}}


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_made_pages_are_what_the_code_gives() -> None:
    assert tool("reference").stale() == [], "run: python tools/reference.py"


def known_command(words: list[str]) -> None:
    """Raise what the command line itself would say to these words, without doing anything."""
    command: Any = main.command()
    while words and (inner := getattr(command, "commands", {}).get(words[0])):
        command, words = inner, words[1:]
    context = command.context_class(command, info_name=command.name, resilient_parsing=False)
    given, rest, _ = command.make_parser(context).parse_args(args=list(words))
    assert not getattr(command, "commands", None) or {"--help", "--version"} & set(words) or given, words
    assert not rest, f"{command.name} takes no {rest}"
    for one in command.params:
        assert not one.required or given.get(one.name), f"{command.name} needs {one.name}"


@pytest.mark.parametrize("code", [c for c in ALL if c.kind == "shell"], ids=lambda c: c.where)
def test_every_command_exists_with_its_options(code: Code) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for words in commands(code):
        if words[0] == "bias-harness":
            known_command(words[1:])
        if words[0] == "make":
            assert words[1] in targets


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which every experiment is simulated and one has been run; pages get a copy."""
    folder = tmp_path_factory.mktemp("docs")
    for kind in ("experiments", "personas", "prompts"):
        shutil.copytree(ROOT / kind, folder / kind)
    simulate(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        pipeline.estimate(pipeline.run(pipeline.load_experiment("simulated"), limit=200))
    shutil.copytree(ROOT / "tests" / "fixtures", folder / "tests" / "fixtures")
    shutil.copytree(ROOT / "tests" / "reference", folder / "tests" / "reference")
    study = (folder / "experiments" / "quickstart.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(study.replace("experiment: quickstart", "experiment: study"), encoding="utf-8")
    (folder / "map.yaml").write_text(yaml.safe_dump(SMALL_MAP))
    rows = [
        {"model": "x", "who": w, "person": p, "salary": 90_000 + 7_000 * p - (w == "f") * 400 * p}
        for p in range(8)
        for w in "mf"
    ]
    pd.DataFrame(rows).to_csv(folder / "answers.csv", index=False)
    return folder


def expanded(word: str) -> list[str]:
    """What the shell makes of a pattern."""
    found = sorted(str(path) for path in Path().glob(word)) if "*" in word else []
    return found or [word]


def run_shell(code: Code, patch: pytest.MonkeyPatch) -> None:
    for words in commands(code):
        if words[0] == "cd":
            patch.chdir(words[1])
            continue
        assert words[0] == "bias-harness", f"{code.where}: {words[0]} cannot be run here; mark the block"
        patch.setattr(sys, "argv", [found for word in words for found in expanded(word)])
        with pytest.MonkeyPatch.context() as bounded:
            for name, value in BOUNDS.get(words[1], {}).items():
                bounded.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main.main()
        assert left.value.code in (0, None), f"{code.where}: {' '.join(words)}"
        if words[1] == "init":
            simulate(Path(words[2]))
            for brought in ("answers.csv", "map.yaml"):
                shutil.copy(brought, words[2])


def run_python(code: Code, names: dict[str, Any]) -> None:
    """One namespace a page, as a reader types on; what a block defines stays."""
    exec(compile(code.text, code.where, "exec"), names)


# Drawing takes most of the time: on other pages the commands run, and their report is left out.
WITH_REPORTS = ("README.md", "docs/tutorial.md", "docs/report.md")
RUNNABLE = sorted({c.page for c in ALL if c.kind in ("shell", "python") and c.why is None})


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE)
def test_every_block_runs(page: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(prepared, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    if page not in WITH_REPORTS:
        monkeypatch.setattr("bias_harness.reporting.report.pages", lambda *_, **__: {})
    names: dict[str, Any] = {"__name__": "docs"}
    for code in blocks(page):
        if code.why is None and code.kind == "shell":
            run_shell(code, monkeypatch)
        if code.why is None and code.kind == "python":
            run_python(code, names)


def as_experiment(data: Mapping[str, Any], folder: Path) -> None:
    (folder / "experiments" / "doc.yaml").write_text(yaml.safe_dump({**yaml.safe_load(SMALL), **data}))
    load_audit(folder / "experiments" / "doc.yaml")


def as_map(data: Mapping[str, Any]) -> None:
    """Answers are given as text or as amounts, never as both."""
    base = {key: value for key, value in SMALL_MAP.items() if not (key == "amount" and "text" in data)}
    Map.model_validate(base | dict(data))


KINDS: list[tuple[set[str], Callable[[Mapping[str, Any], Path], object]]] = [
    (set(Experiment.model_fields), as_experiment),
    (set(Policy.model_fields), lambda data, _: Policy.model_validate(data)),
    (set(Map.model_fields), lambda data, _: as_map(data)),
]


@pytest.mark.parametrize("code", [c for c in ALL if c.kind == "yaml"], ids=lambda c: c.where)
def test_every_yaml_block_is_valid(code: Code, workspace: Path) -> None:
    """A fragment is put into a whole file of its kind and read as the tool reads that."""
    data = yaml.safe_load(code.text)
    if code.why is not None:
        return
    fitting = [reads for keys, reads in KINDS if set(data) <= keys]
    assert fitting, f"{code.where} is no part of an experiment, a policy or a map"
    fitting[0](data, workspace)


@pytest.mark.parametrize("code", [c for c in ALL if c.kind == "python"], ids=lambda c: c.where)
def test_every_python_block_compiles(code: Code) -> None:
    compile(code.text, code.where, "exec")


@pytest.mark.slow
def test_the_site_is_built_strictly_and_asks_nothing_of_other_hosts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stderr
    assert {"index.html", "tutorial.html", "coaches.nl.html"} <= {p.name for p in (tmp_path / "site").iterdir()}
    loads = re.compile(r"<(?:link|script|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]+")
    for page in (tmp_path / "site").rglob("*.html"):
        foreign = [tag for tag in loads.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not foreign, page
