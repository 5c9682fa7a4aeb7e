"""What a team's own tests can say: the plugin, used as they would use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from recordings import recorded

TEST = """
from bias_harness.pytest_plugin import assert_no_gap

def test_advice(bias_harness_run):
    assert_no_gap(bias_harness_run("fixture"), attribute="{attribute}", margin={margin})
"""


def outcome(workspace: Path, attribute: str = "gender", margin: float = 0.01) -> str:
    (workspace / "test_theirs.py").write_text(TEST.format(attribute=attribute, margin=margin))
    command = [sys.executable, "-m", "pytest", "-q", "test_theirs.py"]
    return subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    ("gap", "margin", "expected"),
    [
        (0.0, 0.02, "1 passed"),
        (-0.08, 0.01, "advised differently by -8."),
        (-0.01, 0.01, "cannot tell. The gap is"),
    ],
)
def test_the_assertion_passes_fails_and_teaches(workspace: Path, gap: float, margin: float, expected: str) -> None:
    recorded(workspace, gap=gap)
    assert expected in outcome(workspace, margin=margin)


def test_an_attribute_that_was_not_measured_is_named(workspace: Path) -> None:
    recorded(workspace)
    assert "no gap of 'gendr' was measured here; there is gender" in outcome(workspace, attribute="gendr")
