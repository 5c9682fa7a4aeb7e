"""People and attributes are data: what an edited file may say, and what it is told when it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import SMALL

from bias_harness.design.audit import load_audit
from bias_harness.errors import InputError
from bias_harness.handwritten import parse_shipped
from bias_harness.workspace import shipped

GENDER = parse_shipped((shipped("personas") / "gender.yaml").read_text())


def with_attribute(workspace: Path, name: str, data: dict) -> Path:
    (workspace / "personas" / f"{name}.yaml").write_text(yaml.safe_dump(data, allow_unicode=True))
    path = workspace / "experiments" / "own.yaml"
    path.write_text(
        f"experiment: own\npersonas: {{people: denver}}\nattributes: [{name}]\nendpoints: [{{name: s, plant: {{}}}}]\n"
    )
    return path


def test_a_new_attribute_is_a_file_and_nothing_else(workspace: Path) -> None:
    disability = {
        "attribute": "disability",
        "label": {"en": "disability", "nl": "beperking"},
        "reference": "none",
        "introduction": {"en": {"self": "I am {}.", "client": "My client is {}."}},
        "levels": {
            "none": {"label": {"en": "people who mention none"}},
            "wheelchair": {"label": {"en": "wheelchair users"}, "signals": [{"en": "a wheelchair user"}]},
        },
    }
    audit = load_audit(with_attribute(workspace, "disability", disability))
    assert [arm.level for arm in audit.design.attributes[0].arms] == ["none", "wheelchair"]


def test_a_file_of_ones_own_comes_before_the_shipped_one(workspace: Path) -> None:
    own = {**GENDER, "levels": {k: GENDER["levels"][k] for k in ("male", "female")}}
    audit = load_audit(with_attribute(workspace, "gender", own))
    assert list(audit.design.attributes[0].levels) == ["male", "female"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reference": "mael"}, "did you mean 'male'?"),
        ({"levels": {}}, "either 'levels' or 'combine'"),
        ({"introduction": {"en": {"self": "I am."}}}, "with one {} each"),
        ({"introduction": {"en": {"me": "I am {}."}}}, "voices are self, client, user, candidate"),
        ({"attribute": "sex"}, "must be the file's own name, 'gender'"),
        ({"refrence": "male"}, "did you mean 'reference'?"),
        ({"introduction": {"nl": GENDER["introduction"]["nl"]}}, "no introduction in the voice"),
    ],
)
def test_a_wrong_attribute_file_is_told_so(workspace: Path, change: dict, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_audit(with_attribute(workspace, "gender", {**GENDER, **change}))
    assert expected in str(caught.value)


def test_unequal_signals_cannot_be_paired(workspace: Path) -> None:
    levels = {
        **GENDER["levels"],
        "female": {**GENDER["levels"]["female"], "signals": [{"en": "female", "nl": "vrouw"}]},
    }
    with pytest.raises(InputError, match="the same number of signals"):
        load_audit(with_attribute(workspace, "gender", {**GENDER, "levels": levels}))


def test_a_signal_without_words_in_the_language_is_named(workspace: Path) -> None:
    levels = {
        **GENDER["levels"],
        "female": {**GENDER["levels"]["female"], "signals": [{"nl": "vrouw"}, {"nl": "dame"}]},
    }
    with pytest.raises(InputError, match="level 'female': signal 1 has no words in 'en'"):
        load_audit(with_attribute(workspace, "gender", {**GENDER, "levels": levels}))


def test_a_job_in_an_unknown_field_is_named(workspace: Path) -> None:
    people = parse_shipped((shipped("personas") / "denver.yaml").read_text())
    people["jobs"]["law-specialist"]["field"] = "laww"
    (workspace / "personas" / "denver.yaml").write_text(yaml.safe_dump(people))
    path = workspace / "experiments" / "small.yaml"
    path.write_text(SMALL)
    with pytest.raises(InputError, match="'laww' is no field of this file; did you mean 'law'"):
        load_audit(path)


@pytest.mark.parametrize("path", sorted(shipped("personas").glob("*.yaml")), ids=lambda p: p.stem)
def test_labels_and_signals_are_there_in_english_and_dutch(path: Path) -> None:
    """Whatever has words in one of the two languages has them in the other."""

    def walk(node: object, at: str) -> None:
        if isinstance(node, dict):
            if {"en", "nl"} & set(node):
                assert {"en", "nl"} <= set(node), at
            for key, value in node.items():
                walk(value, f"{at}.{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{at}[{index}]")

    walk(parse_shipped(path.read_text()), path.stem)


@pytest.mark.parametrize(("kind", "key"), [("attribute", "attributes: [gendr]"), ("people", "people: denvr")])
def test_a_missing_file_is_told_in_a_sentence(workspace: Path, kind: str, key: str) -> None:
    path = workspace / "experiments" / "own.yaml"
    people, attributes = ("denver", key) if kind == "attribute" else ("denvr", "attributes: [gender]")
    path.write_text(
        f"experiment: own\npersonas: {{people: {people}}}\n{attributes}\nendpoints: [{{name: sim, plant: {{}}}}]\n"
    )
    with pytest.raises(InputError, match=rf"there is no {kind} file 'personas/\w+\.yaml'; did you mean"):
        load_audit(path)
