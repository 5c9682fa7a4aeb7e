"""What a team's own tests can say: the plugin, used as they would use it."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from recordings import AUDIT, MANY_JOBS, recorded

TEST = """
from bias_harness.pytest_plugin import assert_no_gap

def test_advice(bias_harness_run):
    assert_no_gap(bias_harness_run("{folder}/fixture"), attribute="{attribute}", margin={margin})
"""
THEIRS = {
    "equal": (MANY_JOBS, 0.0, "gender", 0.02),
    "unequal": (MANY_JOBS, -0.08, "gender", 0.01),
    "few": (AUDIT, 0.0, "gender", 0.02),
    "misspelt": (AUDIT, 0.0, "gendr", 0.02),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each of a team's tests failed with, nothing where it passed; they are run by one process."""
    root = tmp_path_factory.mktemp("theirs")
    for name, (text, gap, attribute, margin) in THEIRS.items():
        (root / name).mkdir()
        recorded(root / name, text=text, gap=gap)
        test = TEST.format(folder=name, attribute=attribute, margin=margin)
        (root / f"test_{name}.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(root), "--junitxml", str(root / "told.xml")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "3 failed, 1 passed" in done.stdout, done.stdout
    cases = ET.parse(root / "told.xml").getroot().iter("testcase")
    return {
        str(case.get("classname")).removeprefix("test_"): "".join(
            str(failed.get("message")) + str(failed.text) for failed in case
        )
        for case in cases
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("equal", ""),
        ("unequal", "a clear difference: -8."),
        ("few", "There are too few jobs."),
        ("misspelt", "no gap of 'gendr' was measured here; there is gender"),
    ],
)
def test_the_assertion_passes_fails_and_teaches(told: dict[str, str], name: str, expected: str) -> None:
    assert expected in told[name]
    assert bool(expected) == bool(told[name])
