"""The public names: exactly the intended ones, typed, short to look at, and each stays what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from docs_blocks import blocks, pages
from places import ROOT

import bias_harness

LIBRARIES = ("bias_harness.estimating.estimators", "bias_harness.pytest_plugin")
"""Public modules beside the package itself."""


def test_no_public_name_is_also_the_name_of_a_module() -> None:
    """Importing a module sets an attribute of its package, so that a module `report` would replace the function."""
    modules = {module.name for module in pkgutil.iter_modules(bias_harness.__path__)}
    assert modules
    assert not modules & set(bias_harness.__all__)


def test_every_public_name_says_what_it_gives() -> None:
    for name in bias_harness.__all__:
        thing = getattr(bias_harness, name)
        assert get_args(thing) or inspect.getdoc(thing), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(importlib.import_module("bias_harness"), "no_such_name")


def test_a_type_checker_sees_the_names_that_are_there() -> None:
    """The imports for the checker, the table of late imports and `__all__` say the same."""
    tree = ast.parse(Path(bias_harness.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (statement.module.removeprefix("bias_harness."), alias.name)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }
    assert seen == {(module, name) for name, module in bias_harness._MODULES.items()}
    assert sorted(bias_harness._MODULES) == sorted(bias_harness.__all__)


@pytest.mark.slow
def test_the_public_names_are_typed() -> None:
    """`tests/typing/face.py` has right uses and wrong ones; strict mypy has to tell them apart."""
    command = [sys.executable, "-m", "mypy", "tests/typing"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert checked.returncode == 0, checked.stdout


def code_of_documents() -> list[tuple[str, str]]:
    """Where, and what: the Python of README, docs/ and the notebooks."""
    found = [(code.where, code.text) for page in pages() for code in blocks(page) if "bias_harness" in code.text]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found += [(path.name, "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    return found


@pytest.mark.parametrize(("where", "text"), code_of_documents(), ids=lambda value: value[:40])
def test_documents_use_public_names_only(where: str, text: str) -> None:
    for module, names in re.findall(r"from (bias_harness[\w.]*) import ([\w, ]+)", text):
        assert module in ("bias_harness", *LIBRARIES), where
        if module == "bias_harness":
            assert set(re.findall(r"\w+", names)) <= set(bias_harness.__all__), where


def test_what_is_shown_in_a_notebook_is_short_and_escaped(small: Path) -> None:
    small.write_text("title: {en: '<b>small</b>'}\n" + small.read_text())
    audit = bias_harness.load_experiment(small)
    run = bias_harness.run(audit)
    for thing in (audit, bias_harness.plan(audit), run, run.estimates):
        assert len(repr(thing)) < 200, repr(thing)
        assert type(thing).__name__ in repr(thing)
        assert len(thing._repr_html_()) < 5_000
        assert "<b>small" not in thing._repr_html_()
    assert "sim" in run.estimates._repr_html_()


def test_pairs_and_profile_gaps_are_those_of_the_headline(small: Path) -> None:
    run = bias_harness.run(bias_harness.load_experiment(small))
    (one,) = [e for e in run.estimates.find(family="headline") if e.level == "female"]
    gaps = run.profile_gaps()
    assert len(gaps) == one.n_profiles
    assert gaps.groupby("job")["gap"].mean().mean() == pytest.approx(one.estimate)
    pairs = run.pairs[run.pairs["counted"]]
    assert set(pairs["nature"]) == {"simulation"}
    assert (pairs["gap"] == pairs["level_annual"] - pairs["reference_annual"]).all()
    assert run.responses().num_rows == len(set(run.observations["key"]))
