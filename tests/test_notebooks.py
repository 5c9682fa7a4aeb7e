"""The notebooks run from top to bottom, and what they show is what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
def test_the_stored_outputs_are_what_comes_out() -> None:
    """In a process of its own: kernels bring their own event loops and warnings."""
    command = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.slow
def test_one_that_fails_is_named_and_the_others_run_to_their_end(tmp_path: Path) -> None:
    for name, code in (
        ("broken", "raise ValueError('no such column')"),
        ("whole", "import time; time.sleep(2); 6 * 7"),
    ):
        cell = {"cell_type": "code", "execution_count": None, "id": name, "metadata": {}, "outputs": [], "source": code}
        (tmp_path / f"{name}.ipynb").write_text(
            json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
    script = (
        f"import notebooks, pathlib\nnotebooks.written = lambda: sorted(pathlib.Path({str(tmp_path)!r}).iterdir())\n"
    )
    command = [sys.executable, "-c", script + "raise SystemExit(notebooks.main())"]
    made = subprocess.run(command, cwd=ROOT / "tools", capture_output=True, text=True, check=False, timeout=120)
    assert made.returncode == 1, made.stderr
    assert made.stderr.startswith("broken.ipynb did not run to its end: ")
    assert "no such column" in made.stderr
    assert "whole" not in made.stderr
    (cell,) = json.loads((tmp_path / "whole.ipynb").read_text())["cells"]
    assert cell["outputs"][0]["data"]["text/plain"] in ("42", ["42"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_uses_public_names_only_and_says_what_its_numbers_are(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(c["source"]) + "\n" for c in cells if c["cell_type"] == "code")
    assert "from bias_harness import" in code
    assert "bias_harness." not in code.replace("from bias_harness import", "")
    assert any(
        word in "".join(cells[0]["source"])
        for word in ("numbers are simulated", "page is simulated", "assumed", "real, collected")
    )
    assert all(not c["outputs"] or c["outputs"][0]["output_type"] != "error" for c in cells if c["cell_type"] == "code")
