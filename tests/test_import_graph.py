"""The house holds: arrows go down, and no module is imported by nobody."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from places import ROOT


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("import_graph", ROOT / "tools" / "import_graph.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tool: ModuleType) -> dict[str, set[str]]:
    """What each module imports, found once."""
    found: dict[str, set[str]] = tool.graph()
    return found


def test_no_module_is_imported_by_nobody(tool: ModuleType, made: dict[str, set[str]]) -> None:
    """Entry points and providers, which are found by name, aside."""
    assert len(made) > 150
    assert tool.unused(made) == []
    without = {name: targets - {"bias_harness.reporting.sentences"} for name, targets in made.items()}
    assert tool.unused(without) == ["bias_harness.reporting.sentences"]


def test_no_arrow_goes_back_up(tool: ModuleType, made: dict[str, set[str]]) -> None:
    found = tool.arrows(made)
    assert tool.back_up(found) == []
    assert tool.back_up({*found, ("reading", "runs")}) == [("reading", "runs")]


def test_imports_that_run_are_told_from_those_of_the_type_checker(tool: ModuleType, tmp_path: Path) -> None:
    late = "if TYPE_CHECKING:\n    import a.c\ndef f():\n    import a.d\n"
    (tmp_path / "x.py").write_text(f"from a import b\nfrom typing import TYPE_CHECKING\n{late}")
    assert tool.imported(tmp_path / "x.py", {"a", "a.b", "a.c", "a.d"}) == {"a.b", "a.d"}
    (tmp_path / "x.py").write_text("from a.c import name, d")
    assert tool.imported(tmp_path / "x.py", {"a", "a.c", "a.c.d"}) == {"a.c", "a.c.d"}
