"""What a user's typing mistake says back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import SMALL

from bias_harness.design.audit import load_audit
from bias_harness.errors import InputError
from bias_harness.handwritten import parse_yaml
from bias_harness.workspace import shipped


def says(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_audit(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("repeats: 2", "repeat: 2", 5, "'repeat' is not a key here; did you mean 'repeats'?"),
        ("name: sim", "nam: sim", 7, "did you mean 'name'?"),
        ("repeats: 2", "repeats: -2", 5, "repeats"),
        ("repeats: 2", "repeats: two", 5, "must be a whole number"),
        ("wordings: [terse, plain]", "wordings: []", 4, "must not be empty"),
        ("wordings: [terse, plain]", "wordings: [terse, terse]", 1, "named twice"),
        ("fields: [law, medicine]", "feilds: [law]", 2, "did you mean 'fields'?"),
        ("levels: [male, female]", "levels: []", 3, "must not be empty"),
        ("  - {name: sim,", "  - {name: sim, base_url: 'https://u:p@h/v1',", 7, "credentials"),
        ("  - {name: sim,", "  - {name: sim, base_url: 'h/v1',", 7, "not a URL"),
    ],
)
def test_names_the_line_and_the_remedy(small: Path, old: str, new: str, line: int, expected: str) -> None:
    assert old in SMALL
    message = says(small, SMALL.replace(old, new))
    assert expected in message
    assert f"small.yaml, line {line}" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: gender", "name: gendre", "did you mean 'gender'?"),
        ("[male, female]", "[male, femal]", "did you mean 'female'?"),
        ("[male, female]", "[female, nonbinary]", "the reference level 'male' must be among them"),
        ("[male, female]", "[male]", "a gap needs a level besides the reference"),
        ("people: denver", "people: devner", "did you mean 'denver'?"),
        ("[law, medicine]", "[law, medicin]", "did you mean 'medicine'?"),
        ("wordings: [terse, plain]", "wordings: [tersse]", "salary.terse.en.j2"),
        ("gender: {female", "gender: {femal", "did you mean 'female'?"),
        ("gaps: {gender", "gaps: {gendr", "did you mean 'gender'?"),
    ],
)
def test_unknown_names_are_matched_to_what_there_is(small: Path, old: str, new: str, expected: str) -> None:
    message = says(small, SMALL.replace(old, new))
    assert expected in message
    assert "small.yaml" in message


def test_a_key_written_twice_is_an_error_and_not_the_last_one(small: Path) -> None:
    assert "line 9: the key 'repeats' stands here twice" in says(small, SMALL + "\nrepeats: 3\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1}\nc: *x\nd: [*x, 1.5, ~, yes, 0x1f, 2026-01-01, 2026-01-01 10:00:00, '1', .inf]",
        "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\ne: *x",
        "b: {<<: [{a: 1}, {c: 2}]}",
        "a: !!set {x, y}\nb: !!omap [x: 1]\nc: !!pairs [x: 1, x: 2]\nd: !!binary aGk=\ne: !!str 12\nf: !!float 3",
        "- [x]\n- {}",
        "one word",
    ],
)
def test_the_data_are_those_that_yaml_makes(text: str) -> None:
    made, wanted = parse_yaml(text, "a.yaml").data, yaml.safe_load(text)
    assert (made, repr(made)) == (wanted, repr(wanted))


@pytest.mark.parametrize("text", ["a: !!seq {b: 1}", "a: !!map [1]", "a: !own {b: 1}", "a: !own 1", "a: ="])
def test_a_tag_that_does_not_fit_is_no_yaml(text: str) -> None:
    with pytest.raises(InputError, match="not valid YAML"):
        parse_yaml(text, "a.yaml")


def test_people_that_were_changed_are_read_again(small: Path) -> None:
    people, text = small.parents[1] / "personas" / "denver.yaml", (shipped("personas") / "denver.yaml").read_text()
    for hours in (32, 36):
        people.write_text(text.replace("hours: 40", f"hours: {hours}"))
        assert load_audit(small).resolved.people.hours == hours


def test_broken_yaml_names_its_line(small: Path) -> None:
    assert "line 2: this is not valid YAML" in says(small, "experiment: [\n]]")


def test_a_list_is_not_an_experiment(small: Path) -> None:
    assert "mapping" in says(small, "- a\n- b\n")


def test_an_empty_file_says_what_is_missing(small: Path) -> None:
    assert "experiment: is missing" in says(small, "")


def test_a_missing_file_offers_its_neighbours(small: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; did you mean 'small\.yaml'"):
        load_audit(small.with_name("smal.yaml"))


def test_bytes_that_are_no_text(small: Path) -> None:
    small.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load_audit(small)


@pytest.mark.parametrize("number", [".nan", "-.inf", "1.0e+999"])
@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("base_url: 'http://h/v1', extra_body: {top: [1, {k: NUMBER}]}", "extra_body: top.1.k is"),
        ("http: {url: 'http://h', body: {q: '{question}', heat: NUMBER}}", "http.body: heat is"),
    ],
)
def test_what_no_json_can_hold_is_refused_wherever_it_is_nested(small: Path, key: str, place: str, number: str) -> None:
    start = SMALL.index("  - {name: sim,")
    message = says(small, f"{SMALL[:start]}  - {{name: sim, {key.replace('NUMBER', number)}}}\n")
    assert place in message
    assert "small.yaml, line 7: endpoints.0." in message
    assert "write a finite number" in message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "key",
    ["budget", "endpoints.0.timeout_seconds", "endpoints.0.price.input_per_million", "outcome.plausible.1"],
)
def test_a_number_that_is_not_finite_is_refused(key: str, number: float) -> None:
    """Such a price cannot be printed as JSON, and such a wait never ends."""
    changes = {"endpoints.0.price": {"input_per_million": 1, "output_per_million": 1}, key: number}
    if key.startswith("outcome"):
        changes = {"outcome.plausible": [1, number]}
    with pytest.raises(InputError, match=r"simulated\.yaml, --set [a-z0-9_.]+: .*finite"):
        load_audit("simulated", changes)
