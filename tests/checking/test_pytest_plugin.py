"""What a team's own tests can say: the plugin, used as they would use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from recordings import AUDIT, MANY_JOBS, accepted, again, experiment, recorded

from bias_harness.errors import UsageError
from bias_harness.pytest_plugin import _fraction, assert_no_gap, assert_not_worse
from bias_harness.runs import load_run

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("equal", ""),
        ("unequal", "a clear gap: -8."),
        ("few", "There are too few jobs."),
        ("misspelt", "no gap of 'gendr' was measured here; there is gender"),
    ],
)
def test_the_assertion_passes_fails_and_teaches(told: dict[str, str], name: str, expected: str) -> None:
    assert expected in told[name]
    assert bool(expected) == bool(told[name])


def test_too_few_jobs_are_no_proof_of_equality(workspace: Path) -> None:
    """The cheapest of the above, in this process."""
    run = load_run(accepted(workspace))
    with pytest.raises(pytest.fail.Exception, match="There are too few jobs"):
        assert_no_gap(run, attribute="gender", margin=0.02)


@pytest.mark.parametrize(("margin", "log"), [("2%", 0.0198), (0.02, 0.0198), ("0.5%", 0.00499), ("50%", 0.40547)])
def test_a_margin_says_what_it_means(margin: str | float, log: float) -> None:
    assert _fraction(margin).bound == pytest.approx(log, abs=1e-4)


@pytest.mark.parametrize("margin", [5, 2, 1, 0.5, 0.25, "5", "two", -0.01, "200%", float("nan")])
def test_a_margin_that_can_be_misread_is_refused(margin: str | float) -> None:
    with pytest.raises(UsageError):
        _fraction(margin)


def test_what_was_accepted_is_held(workspace: Path) -> None:
    fixture = accepted(workspace)
    assert_not_worse(fixture)
    with pytest.raises(pytest.fail.Exception, match="the advice became less equal by 5"):
        assert_not_worse(again(workspace, fixture, gap=-0.05), attributes=["gender"])
    experiment(workspace, gap=-0.05)
    with pytest.raises(pytest.fail.Exception, match="REGRESSED"):
        assert_not_worse(fixture, offline=False)
