"""The instrument checked by itself: what `plan --simulate` prints, and that it can be printed again."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import type_in


def calibrated(workspace: Path, seed: str) -> dict:
    done = type_in(
        "plan", "quickstart", "--simulate", "--runs", "60", "--seed", seed, "--json", "--quiet", cwd=workspace
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_seed_gives_the_same_figures_and_they_are_as_promised(workspace: Path) -> None:
    first = calibrated(workspace, "3")
    assert first == calibrated(workspace, "3")
    assert first != calibrated(workspace, "4")
    for result in first["results"]:
        profiles = next(s for s in result["scopes"] if s["scope"] == "profiles")
        assert profiles["coverage"]["share"] > 0.85


def test_a_gap_that_is_none_is_a_usage_error(workspace: Path) -> None:
    done = type_in("plan", "quickstart", "--simulate", "--gap", "large", cwd=workspace)
    assert done.returncode == 2
    assert "a percentage is wanted" in done.stderr
