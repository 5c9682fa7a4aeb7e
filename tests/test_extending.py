"""What docs/extending.md says: its files are taken from the page and used as a reader would."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from command_line import in_a_process
from docs_blocks import NAMED
from places import ROOT

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "extending.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's files in a working folder, and its package as it looks when it is installed."""
    packages = tmp_path / "packages"
    for kind, text in BLOCKS:
        first = NAMED.match(text.splitlines()[0])
        if first:
            target = (packages if first[1] in ("my_plugins.py", "it.toml") else tmp_path) / first[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif kind == "toml":
            entry_points = text.replace('[project.entry-points."', "[").replace('"]', "]").replace('"', "")
    installed = packages / "my_plugins-1.2.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plugins\nVersion: 1.2\n")
    (installed / "entry_points.txt").write_text(entry_points)
    return tmp_path


def type_in(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: what a package adds is found once a process."""
    return in_a_process(*words, cwd=folder, PYTHONPATH=str(folder / "packages"))


def test_data_alone_makes_a_new_audit(folder: Path) -> None:
    """An attribute, two jobs, a city, a wording, a language: the planted gap is found in both languages."""
    checked = type_in(folder, "validate", "lyon")
    assert checked.returncode == 0, checked.stderr
    done = type_in(folder, "run", "lyon", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    items = json.loads(done.stdout)["estimates"]["items"]
    (headline,) = [e for e in items if e["family"] == "headline"]
    assert headline["percent"] == pytest.approx(-10, abs=4)
    assert {e["slice"].get("language") for e in items if e["family"] == "cells"} >= {"en", "fr"}


@pytest.mark.slow
def test_what_a_package_adds_is_used_and_labelled(folder: Path) -> None:
    listed = json.loads(type_in(folder, "doctor", "--json").stdout)
    assert {(f["what"], f["state"], f["said"]) for f in listed if f["what"].startswith("plug-in")} == {
        ("plug-in parrot (providers)", "ok", "my-plugins 1.2, my_plugins:create"),
        ("plug-in median-gap (estimators)", "ok", "my-plugins 1.2, my_plugins:median_gap"),
        ("plug-in longest (sections)", "ok", "my-plugins 1.2, my_plugins:longest_answers"),
        ("plug-in it (lexicons)", "ok", "my-plugins 1.2, my_plugins:ITALIAN"),
    }
    experiment = folder / "experiments" / "lyon.yaml"
    kept = experiment.read_text().split("endpoints:")[0]
    experiment.write_text(kept + "endpoints:\n  - {name: polly, provider: parrot}\n")
    done = type_in(folder, "run", "lyon", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (added,) = [e for e in told["estimates"]["items"] if e["family"] == "plug-in"]
    assert added["estimator"] == "median-gap (my-plugins 1.2)"
    assert (added["estimate"], added["verdict"]) == (0.0, None)
    assert told["estimates"]["settings"]["plugins"] == {"median-gap": "my-plugins 1.2"}
    assert told["manifest"]["endpoints"]["polly"]["provider"] == "parrot"
    page = (folder / "results" / "lyon" / "research.en.html").read_text()
    assert "Added by the plug-in longest (my-plugins 1.2)" in page
    assert "median-gap (my-plugins 1.2)" in page


def test_a_language_that_a_package_adds_is_read(folder: Path) -> None:
    read = json.loads(type_in(folder, "read", "Je vous propose 45 000 euros par mois, brut.", "--json").stdout)
    assert (read["amount"], read["currency"], read["period"]) == (45_000, "EUR", "month")


WRONG = {
    "from pathlib": ("import nothing_like_it\nfrom pathlib", "of my-plugins 1.2 cannot be loaded"),
    'yield Estimate("median gap", ': ("yield dict(", "gave dict, no Estimate"),
    '"level": level, "reference"': ('"level": "nobody", "reference"', "speaks of sim, parenthood, nobody: not in this"),
    'return {"heading"': ('return {"title"', "the section 'longest' of my-plugins 1.2 has to give a mapping"),
}


@pytest.mark.parametrize("old", WRONG)
def test_a_plug_in_that_is_wrong_is_told_with_its_package(folder: Path, old: str) -> None:
    module, (new, said) = folder / "packages" / "my_plugins.py", WRONG[old]
    assert old in module.read_text()
    module.write_text(module.read_text().replace(old, new, 1))
    done = type_in(folder, "run", "lyon", "--quiet")
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if "cannot be loaded" in said:
        examined = type_in(folder, "doctor", "--json")
        assert examined.returncode == 1
        missing = [f for f in json.loads(examined.stdout) if f["state"] == "missing"]
        assert len(missing) == 4
        assert all(said in f["said"] for f in missing)
