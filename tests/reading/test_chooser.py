"""The second reader: how likely each amount is the advice, and what becomes of one that it does not believe."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import get_args

import pytest

from bias_harness.errors import InputError
from bias_harness.reading import chooser, read
from bias_harness.reading.chooser import Stand, calibrated, probabilities
from bias_harness.reading.lexicon import lexicon
from bias_harness.reading.reader import looked_at
from bias_harness.reading.word_lists import LANGUAGES

ANCHOR = "The market pays $80,000. I'd ask for $95,000 and accept $88,000."


def test_the_chances_of_a_text_are_one_together_and_the_advice_has_most():
    seen, picked = looked_at(ANCHOR, language="en", prompt=None)
    chances = probabilities(seen.text)
    assert sum(chances) == pytest.approx(1)
    assert chances.index(max(chances)) == 1
    assert seen.text.amounts[1] is picked


def test_the_second_reader_picks_where_the_grammar_picks_none():
    """No word of advice stands there, and nothing but the market is said of the others."""
    text = "Analysts earn $65,000 to $90,000 on average in Chicago. You could easily live with $88,000."
    seen, picked = looked_at(text, language="en", prompt=None)
    amount, stand, likely = seen.weighed(picked)
    assert (amount.low, 0 < likely < 1) == (88_000, True)
    assert stand in get_args(Stand)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("They will offer $99,000.", "What salary should I ask for?"),
        ("$88,000 is on the table, and that's that.", "They offered me $88,000. What should I ask for?"),
        ("If you make $80,000, that's $96,000.", None),
        ("$78,000 to $92,000 is what hospitals there pay.", None),
    ],
)
def test_what_others_offer_or_pay_or_the_prompt_named_is_never_picked_by_the_second_reader_alone(text, prompt):
    assert read(text, prompt=prompt).amount is None


def test_a_likelihood_is_turned_into_how_often_it_is_right():
    assert (
        calibrated(0.0, "advised")
        < calibrated(0.5, "advised")
        < calibrated(0.9, "advised")
        < calibrated(1.0, "advised")
    )
    assert calibrated(0.7, "advised") > calibrated(0.7, "silent") > calibrated(0.7, "refused")
    assert calibrated(0.9, "advised") > 0.95


def test_an_answer_keeps_how_sure_the_second_reader_is():
    assert 0.5 < read(ANCHOR).probability <= 1
    assert read("$95,000").probability is None
    assert read(ANCHOR) == read(ANCHOR)


def test_what_the_second_reader_finds_unlikely_is_ambiguous_with_all_amounts(monkeypatch):
    """With weights that speak for the market, the two readers disagree."""
    chooser._weights.cache_clear()
    monkeypatch.setattr(chooser, "_weights", lambda: {("<", "market"): 9.0})
    answer = read(ANCHOR)
    assert (answer.status, answer.reason) == ("ambiguous", "readers_disagree")
    assert [c.low for c in answer.candidates] == [80_000, 95_000, 88_000]


def test_weights_of_another_format_are_told_so(monkeypatch):
    monkeypatch.setattr(chooser, "FORMAT", 1)
    chooser._weights.cache_clear()
    with pytest.raises(InputError, match="train_chooser"):
        chooser._weights()
    chooser._weights.cache_clear()


def test_the_weights_are_rounded_and_in_order_so_that_training_again_changes_nothing():
    kept = json.loads(files("bias_harness.reading").joinpath("chooser.json").read_text(encoding="utf-8"))
    names = [(kind, what) for kind, named in kept["weights"].items() for what in named]
    assert names == sorted(names)
    assert all(weight == round(weight, 4) for named in kept["weights"].values() for weight in named.values())


def test_no_word_for_a_group_has_a_weight():
    """What the second reader learnt is about words; none of them tells who somebody is."""
    kept = json.loads(files("bias_harness.reading").joinpath("chooser.json").read_text(encoding="utf-8"))
    learnt = {what for kind in ("before", "behind", "opening 1", "opening 2") for what in kept["weights"][kind]}
    for language in LANGUAGES:
        known = lexicon((language,))
        assert not learnt & (known.passed | known.qualified), language
