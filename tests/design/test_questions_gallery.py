"""The gallery: every experiment in it is there, is checked, and finds a gap that is planted in it."""

from __future__ import annotations

import re

import pytest
from cases import first
from places import ROOT
from shipped_audits import shipped_audit

from bias_harness import pipeline
from bias_harness.design.personas import Attribute
from bias_harness.workspace import shipped

PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)
OWN = ["age", "disability", "accent", "parenthood", "religion", "part-time"]


def test_the_page_lists_what_there_is() -> None:
    there = {path.stem for path in shipped("experiments").glob("*.yaml")}
    assert set(OWN) | {"knowledge", "grading"} <= set(LISTED) <= there


@pytest.mark.parametrize("name", first(3, LISTED))
def test_it_is_checked_as_it_stands(name: str) -> None:
    audit = shipped_audit(name)
    assert audit.check() > 0
    assert audit.experiment.title.keys() >= {"en", "nl"}


@pytest.mark.parametrize("name", OWN)
def test_every_word_is_there_in_both_languages_and_asked_in_its_own(name: str) -> None:
    attribute = shipped_audit(name).resolved.attributes[name]
    assert isinstance(attribute, Attribute)
    for level in attribute.levels.values():
        ways = level.ways
        assert len(ways) == 6
        for language in ("en", "nl"):
            words = [way[language] for way in ways]
            assert len(words) == len(ways)
            assert all(words)
        assert len({way["en"] for way in ways}) == 6
    dutch = {"languages": ["nl"], "personas": {"people": "nl-jobs", "jobs": 8}, "outcome": {"currency": "EUR"}}
    assert pipeline.load_experiment(name, changes=dutch).check() > 0


def test_right_answers_are_told_from_wrong_ones(tmp_path: object) -> None:
    """The first measure of the study: the right answer is the second one in every question, and is read as such."""
    plant = {"base": 0.6, "gaps": {"gender": {"female": -0.25}}, "trial_sd": 0.0, "profile_sd": 0.0, "seed": 4}
    audit = pipeline.load_experiment("knowledge", changes={"endpoints": [{"name": "sim", "plant": plant}]})
    run = pipeline.run(audit, results=str(tmp_path))
    j = run.gap("gender", "female")
    assert j.gap is not None
    assert j.gap.estimate == pytest.approx(-0.25, abs=0.1)
    assert j.differs
    for name, text in audit.resolved.prompts.items():
        if name.endswith(".j2"):
            assert re.search(r"First: .*\. Second: .*\. Third: .*\. Fourth: .*\. Which answer is right\?", text), name
