"""The declared family, and what a design is too small to say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cases import first
from command_line import type_in
from conftest import SMALL

from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import InputError

TWO = """\
experiment: two
personas: {people: us-jobs, jobs: 8}
attributes:
  - {name: gender, levels: [male, female, nonbinary]}
  - {name: combined, within: {gender: [male, female], ethnicity: [White, Black], migration: [expatriate]}}
endpoints: [{name: s, plant: {}}]
"""


def audit_of(workspace: Path, text: str = TWO, **more: object) -> Audit:
    path = workspace / "experiments" / "two.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(text) | more, sort_keys=False))
    return load_audit(path)


def test_left_out_it_is_every_level_of_what_is_no_combination(workspace: Path) -> None:
    assert audit_of(workspace).primary == (("gender", "female"), ("gender", "nonbinary"))


def test_it_names_attributes_and_levels_in_the_order_of_the_design(workspace: Path) -> None:
    audit = audit_of(workspace, primary=["combined/female+Black+expatriate", "gender/female"])
    assert audit.primary == (("gender", "female"), ("combined", "female+Black+expatriate"))
    assert len(audit_of(workspace, primary=["combined"]).primary) == 3


def test_a_combination_alone_is_its_own_family(workspace: Path) -> None:
    combined = yaml.safe_load(TWO)["attributes"][1]
    assert len(audit_of(workspace, attributes=[combined]).primary) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gendr", "'gendr' is no attribute of this experiment; did you mean 'gender'"),
        ("gender/femal", "'femal' is no level of 'gender' here; did you mean 'female'"),
        ("gender/male", "'male' is the reference level of 'gender'"),
    ],
)
def test_a_name_that_names_nothing_is_told_with_its_line(workspace: Path, name: str, expected: str) -> None:
    path = workspace / "experiments" / "two.yaml"
    path.write_text(f"{TWO}primary:\n  - gender/female\n  - {name}\n")
    with pytest.raises(InputError) as caught:
        load_audit(path)
    assert expected in str(caught.value)
    assert "two.yaml, line 9: primary" in str(caught.value)


def test_it_is_part_of_how_answers_are_judged(workspace: Path) -> None:
    one, other = audit_of(workspace), audit_of(workspace, primary=["gender/female"])
    assert {k for k in one.digests if one.digests[k] != other.digests[k]} == {"judging"}


@pytest.mark.parametrize(
    ("more", "expected"),
    first(
        3,
        [
            ({"personas": {"people": "us-jobs", "jobs": 1}}, "one job: nothing can be said beyond this very case"),
            ({"personas": {"people": "us-jobs", "jobs": 5}}, "fewer than 6: the design speaks of these cases only"),
            (
                {"personas": {"people": "us-jobs", "jobs": 39}},
                "fewer than 40: no gap is ever called practically the same",
            ),
            ({"rotation": {"edits": 2}}, "gender: the reference level is put in 2 ways, fewer than three"),
            (
                {"analysis": {"confidence": 0.8}},
                "confidence is 80 %: intervals change, and 'practically the same' stays",
            ),
            (
                {"personas": {"people": "nederland", "jobs": 6}},
                "nederland.yaml states no frame: its first 6 jobs are no",
            ),
        ],
    ),
)
def test_what_a_design_cannot_say_is_noted_and_is_no_error(workspace: Path, more: dict, expected: str) -> None:
    audit_of(workspace, **more)
    done = type_in("validate", "two", cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_a_large_design_has_nothing_to_be_told(workspace: Path) -> None:
    assert audit_of(workspace, personas={"people": "us-jobs", "jobs": 41}).remarks() == []


def test_a_full_crossing_with_one_edit_is_told_of_it(small: Path) -> None:
    small.write_text(SMALL + "placebo: {signals: false}\n")
    assert any("put in 2 ways" in remark for remark in load_audit(small).remarks())
