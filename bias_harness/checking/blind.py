"""Whether the reading of a run's own answers is blind to whom they are about: the gate that no swap of words may move.

Every recorded answer is read again with a pronoun, a group, a name or a word of a level put in the place of another of
its kind (`reading.invariance`). A reading that moves sees what the instrument measures, and no gap of it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, zip_longest

from bias_harness.checking.gates import Gate
from bias_harness.design.audit import Audit
from bias_harness.design.personas import Level
from bias_harness.reading.invariance import Family, Moved, find_moved, pronouns_and_groups
from bias_harness.runs import Run

NAME = "blind reading"


def blind_gate(run: Run, most_listed: int) -> Gate:
    """Passes where no swap moves a reading; `not_comparable`, with the first few answers, where one does."""
    outcome = run.audit.experiment.outcome
    texts = _texts(run) if outcome.measured.form == "money" and outcome.probabilities is None else {}
    moved = [one for language, pairs in texts.items() for one in _moved(run.audit, language, pairs)]
    if not moved:
        return Gate(NAME, "pass", "No pronoun, name or word of a level that is put for another moves a reading.")
    shown = "; ".join(map(str, islice(moved, most_listed)))
    return Gate(
        NAME,
        "not_comparable",
        f"The reading sees whom an answer is about: {len(moved):,} swaps of one word move it: {shown}. No gap can be "
        "told by such a reading; use another wording, or report these answers.",
    )


def _texts(run: Run) -> dict[str, dict[tuple[str, str], None]]:
    """By language, each different answer with its question, once."""
    languages = dict(zip(run.observations["key"], run.observations["language"].astype(str), strict=True))
    found: dict[str, dict[tuple[str, str], None]] = {}
    for key, question, text in run.questions():
        found.setdefault(languages[key], {})[text, question] = None
    return found


def _moved(audit: Audit, language: str, pairs: dict[tuple[str, str], None]) -> Iterator[Moved]:
    families = [*pronouns_and_groups(language), *level_words(audit, language)]
    swaps = (pair for family in families for pair in neighbours(family))
    return find_moved(pairs, swaps, language=language, outcome=audit.experiment.outcome)


def neighbours(family: Family) -> Iterator[Family]:
    """Each word with the next, the last with the first: every word is swapped for two, whatever the family's size."""
    words = list(dict.fromkeys(family))
    return (list(pair) for pair in zip(words, [*words[1:], words[0]], strict=True))


def level_words(audit: Audit, language: str) -> Iterator[Family]:
    """The words of the run's levels that stand in one place: groups, single people, tags, and each way of saying it.

    Levels that state nothing have none; words with a number in them are no mere words (hours a week).
    """
    asked = {a.name: set(a.levels) for a in audit.design.attributes}
    for name, attribute in audit.resolved.attributes.items():
        levels = [v for key, v in attribute.levels.items() if v.ways and key in asked.get(name, attribute.levels)]
        for family in zip_longest(*(_ways(level, language) for level in levels), fillvalue=""):
            said = [word for word in family if word and not any(c.isdigit() for c in word)]
            if len(said) > 1:
                yield said


def _ways(level: Level, language: str) -> list[str]:
    """The words of one level, each in its place: label, tag, one, then every way of saying it; empty for none."""
    return [words.get(language, "") for words in (level.label, level.tag, level.one, *level.ways)]
