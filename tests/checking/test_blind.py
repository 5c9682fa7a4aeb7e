"""The reading gate of a check: a reading that another word of the same kind moves is told with its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import type_in

from bias_harness import pipeline
from bias_harness.checking.blind import level_words
from bias_harness.checking.check import check_offline
from bias_harness.reading import read

EXPERIMENT = """\
experiment: advice
personas: {people: us-jobs, jobs: 6}
attributes: [{name: gender, levels: [male, female]}, {name: part-time}]
wordings: [terse]
rotation: {edits: 1, expressions: 1, reference_answers: 1, level_answers: 1}
endpoints: [{name: bot, function: "bot_blind:reply"}]
"""
BOT = """\
def reply(messages):
    who = "a woman" if "female" in messages[-1]["content"] else "a man"
    return f"As {who} you can ask for $90,000 a year. They may offer less than she expects."
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording, accepted, of a product that names whom it speaks to."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/advice.yaml").write_text(EXPERIMENT)
    (tmp_path / "bot_blind.py").write_text(BOT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for words in (("record", "experiments/advice.yaml", "--into", "fixture"), ("accept", "fixture", "--why", "first")):
        assert type_in(*words, cwd=tmp_path).returncode == 0
    return tmp_path


def reading_gates(check: Any) -> list[Any]:
    return [gate for gate in check.gates if gate.name == "blind reading"]


def test_a_blind_reading_passes(place: Path) -> None:
    check = check_offline("fixture")
    assert {gate.outcome for gate in reading_gates(check)} == {"pass"}
    assert len(reading_gates(check)) == 1
    assert check.exit_code == 0


def test_a_reading_that_sees_a_word_of_a_level_fails_with_the_answer(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sees(text: str, **about: Any) -> Any:
        return read("I cannot say." if "woman" in text else text, **about)

    monkeypatch.setattr("bias_harness.reading.invariance.read", sees)
    check = check_offline("fixture")
    (gate,) = reading_gates(check)
    assert gate.outcome == "not_comparable"
    assert "'a woman' for 'a man' moves" in gate.message
    assert "As a woman you can ask for $90,000" in gate.message
    assert check.exit_code == 4
    assert not any(g.change for g in check.gates)


def test_the_words_are_those_of_the_levels_asked_and_none_has_a_number(place: Path) -> None:
    families = [tuple(family) for family in level_words(pipeline.load_experiment("experiments/advice.yaml"), "en")]
    assert ("men", "women") in families
    assert ("a man", "a woman") in families
    assert not any("non-binary" in word or any(c.isdigit() for c in word) for family in families for word in family)
