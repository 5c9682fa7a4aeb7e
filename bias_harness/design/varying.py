"""An attribute's file and what the experiment chose of it -> the attribute as it is varied: levels and arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from bias_harness.design.experiment import AttributeChoice
from bias_harness.design.personas import Arm, Attribute, Level, VariedAttribute, Words, chosen_names, known_names
from bias_harness.errors import InputError

JOIN = "+"


def vary(choice: AttributeChoice, attributes: Mapping[str, Attribute]) -> VariedAttribute:
    """The attribute as chosen: its levels with the reference first, and one arm per level and signal."""
    attribute = attributes[choice.name]
    levels = dict(_crossed(attribute, attributes, choice.within)) if attribute.combine else dict(attribute.levels)
    introduction = attributes[attribute.combine[0]].introduction if attribute.combine else attribute.introduction
    reference = choice.reference or attribute.reference
    key = f"attributes.{choice.name}"
    known_names(f"{key}.reference", [reference], levels)
    names = chosen_names(f"{key}.levels", choice.levels, levels)
    if reference not in names:
        raise InputError(
            f"{key}.levels: the reference level {reference!r} must be among them; add it or name another 'reference'"
        )
    if len(names) < 2:
        raise InputError(f"{key}.levels: a gap needs a level besides the reference {reference!r}; there is none")
    ordered = [reference, *(name for name in names if name != reference)]
    arms = tuple(arm for name in ordered for arm in _arms(choice, name, levels[name]))
    return VariedAttribute(
        choice.name,
        attribute.label,
        reference,
        {n: levels[n] for n in ordered},
        introduction,
        arms,
        attribute.caution,
        choice.rotation,
    )


def _arms(choice: AttributeChoice, name: str, level: Level) -> Iterator[Arm]:
    signals = level.ways if choice.rotation else level.signals
    most = [n for n in (choice.signals, choice.rotation and choice.rotation.expressions) if n]
    signals = signals[: min(most)] if most else signals
    for index, words in enumerate(signals or [{}]):
        yield Arm(choice.name, name, index, words)


def _crossed(
    attribute: Attribute, attributes: Mapping[str, Attribute], within: Mapping[str, list[str]]
) -> Iterator[tuple[str, Level]]:
    """The levels of a combination: every stated level of every part, words joined into one list."""
    known_names(f"attributes.{attribute.attribute}.within", within, attribute.combine)
    parts = []
    for name in attribute.combine:
        stated = {n: level for n, level in attributes[name].levels.items() if level.signals}
        chosen = chosen_names(f"attributes.{attribute.attribute}.within.{name}", within.get(name), stated)
        parts.append([(n, stated[n]) for n in chosen])
    for combination in product(*parts):
        levels = [level for _, level in combination]
        ways = [
            _joined(list(parts), attribute.conjunction)
            for parts in zip(*(level.ways for level in levels), strict=False)
        ]
        signals = min(len(level.signals) for level in levels)
        label = _joined([level.tag or level.label for level in levels], {}, " + ")
        one = _one(levels)
        yield (
            JOIN.join(name for name, _ in combination),
            Level(label=label, tag=label, one=one, signals=ways[:signals], expressions=ways[signals:]),
        )


def _one(levels: list[Level]) -> Words:
    """One person of a combination: of the first level, what else is stated in brackets."""
    first, others = (
        levels[0].one or levels[0].tag or levels[0].label,
        [level.tag or level.label for level in levels[1:]],
    )
    if not others:
        return first
    more = _joined(others, {})
    return {language: f"{first[language]} ({more[language]})" for language in first if language in more}


def _joined(parts: list[Words], conjunction: Words, separator: str = ", ") -> Words:
    """Per language: the parts in a row, the last one after the conjunction where there is one."""
    languages = set.intersection(*(set(part) for part in parts))
    joined = {}
    for language in sorted(languages):
        words = [part[language] for part in parts]
        last = f" {conjunction[language]} " if language in conjunction else separator
        joined[language] = last.join([separator.join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return joined
