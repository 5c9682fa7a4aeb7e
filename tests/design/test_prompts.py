"""The treatment is the words of the prompt: nothing else may differ, and nothing may be guessed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import type_in
from conftest import SMALL

from bias_harness.design.asked import request_key
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import InputError
from bias_harness.vocabulary import Message
from bias_harness.workspace import shipped

TERSE = (shipped("prompts") / "salary.terse.en.j2").read_text()


def said(audit: Audit, level: str, *, wording: str = "terse", edit: str = "", signal: int = 0) -> str:
    for block in audit.design.blocks():
        for variant in block.variants:
            if (block.wording, variant.arm.level, variant.arm.signal, variant.edit) == (wording, level, signal, edit):
                return "\n".join(f"{m.role}: {m.content}" for m in audit.prompter.messages(block, variant))
    raise AssertionError("no such arm")


def test_a_pair_differs_in_its_words_only(small: Path) -> None:
    audit = load_audit(small)
    assert (
        said(audit, "male").replace("I am male.", "I am female.").split(" in ")[0]
        == said(audit, "female").split(" in ")[0]
    )


def test_an_edit_adds_one_neutral_sentence(small: Path) -> None:
    audit = load_audit(small)
    assert said(audit, "male", edit="thanks") == said(audit, "male") + " Thank you in advance."


def test_not_stated_leaves_no_trace(small: Path) -> None:
    small.write_text(SMALL.replace("[male, female]", "[male, not_stated]").replace("female: -0.1", "male: 0"))
    assert said(load_audit(small), "not_stated").endswith(", 40 hours a week.")


def test_the_persona_can_stand_in_the_system_message(small: Path) -> None:
    small.write_text(SMALL + "persona_in: system\n")
    text = said(load_audit(small), "female")
    assert text.startswith("system: The user works as a ")
    assert "40 hours a week. The user is female.\n" in text
    assert "\nuser: What gross yearly salary" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            (
                "{{ person.self }}",
                "{% if person.words == 'female' %}I am female and ask little. {% else %}{{ person.self }}{% endif %}",
            ),
            "leaks",
        ),
        (("{{ person.self }}", "{{ person.self }}{% if 'fe' in person.words %}Be modest. {% endif %}"), "'Be modest.'"),
        (("{{ person.self }}", "{{ person.self }}{{ 'x' * (person.words | length) }} "), "leaks"),
    ],
)
def test_a_template_that_decides_by_the_words_is_caught(
    small: Path, workspace: Path, change: tuple[str, str], expected: str
) -> None:
    (workspace / "prompts" / "salary.terse.en.j2").write_text(TERSE.replace(*change))
    with pytest.raises(InputError, match=r"prompts/salary\.terse\.en\.j2 leaks") as caught:
        load_audit(small)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{{ person.job }}", "{{ person.jbo }}", "jbo"),
        ("{{ currency }}", "{{ curency }}", "curency"),
        ("{{ person.self }}", "{{ person.self.upper() + 1 }}", "salary.terse.en.j2"),
        ("{% block question %}", "{% block qestion %}", "the block 'question' is missing"),
        ("{% endblock %}", "", "line"),
        ("{% block edit_thanks %}", "{% block edit_hello %}", "every wording needs the same"),
    ],
)
def test_a_broken_template_is_named(small: Path, workspace: Path, old: str, new: str, expected: str) -> None:
    (workspace / "prompts" / "salary.terse.en.j2").write_text(TERSE.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_audit(small)
    assert "prompts/salary.terse.en.j2" in str(caught.value)
    assert expected in str(caught.value)


def test_the_key_is_a_published_canonical_form() -> None:
    """A key must never change: recordings are found by it."""
    key = request_key("sim", "m", [Message("user", "Hé?")], {"temperature": 1.0}, 3)
    text = (
        '{"endpoint":"sim","messages":[{"content":"Hé?","role":"user"}],'
        '"model":"m","repeat":3,"sampling":{"temperature":1.0}}'
    )
    assert key == hashlib.sha256(text.encode()).hexdigest()


def test_every_request_has_the_key_of_what_it_sends(workspace: Path) -> None:
    """What repeats and endpoints share is digested once, and never another's."""
    audit = load_audit("simulated", {"repeats": 3})
    endpoint = audit.experiment.endpoints[0]
    lanes = [endpoint, endpoint.model_copy(update={"model": "another"}), endpoint, *audit.experiment.endpoints[1:]]
    block = next(block for block in audit.design.blocks() if block.repeat == 2)
    for lane in lanes:
        requests, asked = audit.prompter.requests(block, lane), audit.prompter.asked(block, lane)
        assert [r.key for r in requests] == [a.keys.of_repeat(2) for a in asked]
        assert [r.trial for r in requests] == [replace(a.trial, repeat=2, block=block.index) for a in asked]
        for r in requests:
            said = [{"content": m.content, "role": m.role} for m in r.messages]
            whole = {"endpoint": lane.name, "messages": said, "model": lane.model, "repeat": 2, "sampling": r.sampling}
            text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert r.key == hashlib.sha256(text.encode()).hexdigest()


def test_currency_is_named_in_the_language_of_the_prompt(workspace: Path) -> None:
    assert "per jaar in euro" in said(load_audit("nederland"), "male")
    assert "in US dollars" in said(load_audit("quickstart"), "male")


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("wording", ["terse", "plain", "conversational", "adviser"])
def test_every_wording_is_there_in_both_languages(language: str, wording: str) -> None:
    assert (shipped("prompts") / f"salary.{wording}.{language}.j2").is_file()


def test_a_working_folder_of_init_asks_what_is_shipped(workspace: Path) -> None:
    """So that a fixture recorded here is checked there: where an editor finds a schema is no part of a prompt."""
    shipped_audit = load_audit(shipped("experiments") / "quickstart.yaml")
    assert type_in("init", "own", cwd=workspace).returncode == 0
    made = load_audit(workspace / "own" / "experiments" / "quickstart.yaml")
    assert made.workspace.root == workspace / "own"
    assert made.digests == shipped_audit.digests
