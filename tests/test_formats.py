"""Every file that is written and read again names its format; one to come, or none, is refused in a sentence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from places import FIXTURES

from bias_harness.checking.gates import Policy
from bias_harness.checking.live import check
from bias_harness.errors import BiasHarnessError
from bias_harness.estimating.estimates import Estimates
from bias_harness.runs import load_run

KEPT = ("experiment.yaml", "manifest.json", "baseline.json", "recording.json")


@pytest.fixture
def fixture(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "simulated-regression", tmp_path / "fixture"))


def with_format(path: Path, value: str | None) -> None:
    """The file with another format, or without one; it is there in every file as it was made."""
    pattern = r"format: 1\n" if path.suffix == ".yaml" else r'"format": ?1,?'
    text = path.read_text()
    assert len(re.findall(pattern, text)) == 1
    new = "" if value is None else f"format: {value}\n" if path.suffix == ".yaml" else f'"format": {value},'
    path.write_text(re.sub(pattern, new, text))


def read_whole(fixture: Path) -> None:
    """All that a check reads, and the manifest, which it does without."""
    check(fixture, policy=Policy(), offline=True)
    assert load_run(fixture).manifest


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize(
    ("value", "said"),
    [("99", "format 99 is newer than this version knows"), ('"two"', "'two'"), (None, "'format' is None")],
)
def test_a_format_to_come_or_none_is_refused_with_the_file_s_name(
    fixture: Path, name: str, value: str | None, said: str
) -> None:
    with_format(fixture / name, value)
    with pytest.raises(BiasHarnessError) as caught:
        read_whole(fixture)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_estimates_of_a_format_to_come_are_refused(fixture: Path) -> None:
    data = json.loads(json.dumps(load_run(fixture).estimates.to_dict()))
    assert Estimates.from_dict(data).to_dict() == data
    with pytest.raises(BiasHarnessError, match="the estimates: format 99 is newer"):
        Estimates.from_dict({**data, "format": 99})
