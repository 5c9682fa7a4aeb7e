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
