"""The second reader: how likely each amount is the advice, and what becomes of one that it does not believe."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from bias_harness.errors import InputError
from bias_harness.reading import chooser, read
from bias_harness.reading.chooser import probabilities
from bias_harness.reading.reader import looked_at

ANCHOR = "The market pays $80,000. I'd ask for $95,000 and accept $88,000."


def test_the_chances_of_a_text_are_one_together_and_the_advice_has_most():
    seen, picked = looked_at(ANCHOR, language="en", prompt=None)
    chances = probabilities(seen.text)
    assert sum(chances) == pytest.approx(1)
    assert chances.index(max(chances)) == picked[0] == 1


def test_an_answer_keeps_how_sure_the_second_reader_is():
    assert 0.5 < read(ANCHOR).probability <= 1
    assert read("$95,000").probability is None
    assert read(ANCHOR) == read(ANCHOR)


def test_what_the_second_reader_finds_unlikely_is_ambiguous_with_all_amounts(monkeypatch):
    """With weights that speak for the market, the two readers disagree."""
    chooser._weights.cache_clear()
    monkeypatch.setattr(chooser, "_weights", lambda: {"market<": 9.0})
    answer = read(ANCHOR)
    assert (answer.status, answer.reason) == ("ambiguous", "readers_disagree")
    assert [c.low for c in answer.candidates] == [80_000, 95_000, 88_000]


def test_weights_of_another_format_are_told_so(monkeypatch):
    monkeypatch.setattr(chooser, "FORMAT", 2)
    chooser._weights.cache_clear()
    with pytest.raises(InputError, match="train_chooser"):
        chooser._weights()
    chooser._weights.cache_clear()


def test_the_weights_are_rounded_and_in_order_so_that_training_again_changes_nothing():
    kept = json.loads(files("bias_harness.reading").joinpath("chooser.json").read_text(encoding="utf-8"))
    assert list(kept["weights"]) == sorted(kept["weights"])
    assert all(weight == round(weight, 4) for weight in kept["weights"].values())
