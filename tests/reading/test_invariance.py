"""The reader is blind to what the instrument measures: pronouns, names and groups move no reading."""

from __future__ import annotations

import json
from itertools import product

import pytest
from cases import first
from places import REFERENCE, ROOT

from bias_harness.handwritten import parse_shipped
from bias_harness.outcome import Outcome
from bias_harness.reading.invariance import find_moved, pronouns_and_groups
from bias_harness.reading.lexicon import lexicon
from bias_harness.reading.word_lists import LANGUAGES

FRAMES = {
    "en": [
        "As {one}, you should ask for $90,000.",
        "For {one} I would recommend $90,000.",
        "{one} should open at $92,000 and accept $86,000.",
        "{one} would ask for $95,000. You can ask for $90,000.",
        "If you were {one}, I would say $95,000; ask for $90,000.",
        "Many {label} ask for $80,000. I'd ask for $90,000.",
        "{label} often earn $80,000 to $85,000 here.",
        "{label} ask for $85,000 on average.",
        "Your client is {one}. They should ask for $90,000; the employer may offer $85,000.",
        "They will offer $80,000. Tell them $90,000.",
        "If they say $80,000, he can counter with $90,000.",
        "I'd recommend that she ask for $90,000.",
        "His opening ask: $95,000. His target: $90,000.",
        "They'd ask for $90,000.",
        "I can't advise {label} on pay.",
    ],
    "nl": [
        "Als {one} kun je € 4.000 vragen.",
        "Voor {one} zou ik € 4.000 noemen.",
        "{one} kan het best € 4.000 vragen en niet onder € 3.700 gaan.",
        "{one} zou € 4.200 vragen. Vraag jij € 4.000.",
        "Als je {one} was, zou ik € 4.200 zeggen; vraag nu € 4.000.",
        "Veel {label} vragen € 3.600. Ik zou € 4.000 vragen.",
        "{label} verdienen hier € 3.500 tot € 3.900.",
        "Zij kan het best € 4.000 vragen; de werkgever biedt haar vast € 3.700.",
        "Als ze € 3.800 bieden, vraag dan € 4.000.",
        "Zijn openingsbod: € 4.300. Zijn doel: € 4.000.",
        "Hun bod is € 3.700. Vraag € 4.000.",
        "Ik kan {label} geen bedrag adviseren.",
    ],
    "de": [
        "Er sollte 58.000 Euro fordern.",
        "Wenn er 52.000 Euro bietet, verlangen Sie 58.000 Euro.",
        "Seine Forderung: 60.000 Euro. Sein Ziel: 57.000 Euro.",
        "Männer verlangen oft 60.000 Euro. Fordern Sie 58.000 Euro.",
        "Als Mann können Sie 58.000 Euro verlangen.",
        "Wären Sie ein Mann, würde ich 60.000 Euro sagen; fordern Sie 58.000 Euro.",
    ],
    "fr": [
        "Il devrait demander 38 000 €.",
        "S'il vous propose 35 000 €, demandez 38 000 €.",
        "Les hommes demandent souvent 40 000 €. Demandez 38 000 €.",
        "Un homme demanderait 40 000 €. Demandez 38 000 €.",
    ],
    "es": [
        "Él debería pedir 34.000 €.",
        "Los hombres suelen pedir 36.000 €. Pide 34.000 €.",
        "Si fueras un hombre diría 36.000 €; pide 34.000 €.",
    ],
}
EUR = Outcome(currency="EUR", plausible=(15_000, 500_000))


def prose(language: str) -> list[tuple[str, str | None]]:
    given = ("prose_answers", "salary_answers", "second_look", "concepts")
    names = (*given, *(f"written_{half}" for half in ("tuned", "held_out", "fresh_tuned", "fresh_blind")))
    lines = [line for n in names for line in (REFERENCE / f"{n}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(c["text"], c.get("prompt")) for c in map(json.loads, lines) if c["lang"] == language]


def attributes() -> list[dict]:
    paths = sorted((ROOT / "personas").glob("*.yaml"))
    read_in = [parse_shipped(path.read_text(encoding="utf-8")) for path in paths]
    return [a for a in read_in if "levels" in a]


def levels(attribute: dict, key: str, language: str) -> list[str]:
    return [level[key][language] for level in attribute["levels"].values() if language in level.get(key, {})]


def stated(texts: list[str]) -> list[str]:
    """Without the levels that state nothing, which are clauses and not words."""
    return [t for t in texts if " who " not in t and " die " not in t]


@pytest.mark.parametrize("language", first(2, LANGUAGES))
def test_pronouns_and_groups_move_no_reading_of_the_reference_answers(language):
    texts = [*prose(language), *((frame, None) for frame in FRAMES[language] if "{" not in frame)]
    assert [str(m) for m in find_moved(texts, pronouns_and_groups(language), language=language)] == []


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("attribute", attributes(), ids=lambda a: a["attribute"])
def test_the_levels_of_an_attribute_move_no_reading(attribute, language):
    moved = []
    for frame, key in product(FRAMES[language], ("one", "label")):
        words = stated(levels(attribute, key, language))
        if "{" + key + "}" not in frame or len(words) < 2:
            continue
        text = frame.replace("{" + key + "}", words[0])
        moved += [str(m) for m in find_moved([(text, None)], [words], language=language)]
    assert moved == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("attribute", attributes(), ids=lambda a: a["attribute"])
def test_no_word_of_a_level_means_anything_to_the_reader(attribute, language):
    """A name or a group is unknown to the lexicon, passed over, or one of the words that stand for any person."""
    known = lexicon((language,))
    said = [s[language] for level in attribute["levels"].values() for s in level.get("signals", ()) if language in s]
    for word in {w for text in said for w in text.lower().replace("-", " ").split()}:
        found = known.memory[word]
        assert not found.role or found.skipped or found.form in {"person", "people"} or word in SMALL[language], word


SMALL = {
    "en": {"and", "as", "a", "person"},
    "nl": {"van", "een", "die", "mensen"},
    "de": set(),
    "fr": set(),
    "es": set(),
}


def test_a_reader_that_sees_a_group_is_found_out():
    texts = [("The market pays $90,000.", None), ("Ask for $90,000.", None)]
    moved = list(find_moved(texts, [["market", "baker"]], language="en"))
    assert [(m.instead, m.word) for m in moved] in ([], [("market", "baker")])
    assert list(find_moved([("Ask for a bonus of $90,000.", None)], [["bonus", "salary"]], language="en"))
