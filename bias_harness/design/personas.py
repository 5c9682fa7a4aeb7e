"""personas/*.yaml -> people and attributes -> profiles. The only room that opens `personas/`.

A file of people crosses jobs, seniorities and places into personas. A file of an attribute names its levels,
the signals that carry them, and the sentence that a signal is put into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Self

from pydantic import Field, PositiveInt, model_validator

from bias_harness.design.experiment import AttributeChoice, Name, PeopleChoice, Strict
from bias_harness.errors import InputError, did_you_mean
from bias_harness.handwritten import Document, check, read_yaml

Words = dict[str, str]
VOICES = ("self", "client", "user", "candidate")
JOIN = "+"


class Labelled(Strict):
    """Something with a label per language; `phrase` is how a prompt says it."""

    label: Words
    phrase: Words = {}


class Job(Labelled):
    """A job in a field. Its phrase follows the seniority's: `senior {job}`."""

    field: str


class People(Strict):
    """One file of people: every job x seniority x place is a persona."""

    people: Name
    label: Words
    source: str = ""
    hours: PositiveInt = 40
    fields: dict[str, Labelled] = Field(min_length=1)
    jobs: dict[Name, Job] = Field(min_length=1)
    seniorities: dict[Name, Labelled] = Field(min_length=1)
    places: dict[Name, Labelled] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        for name, job in self.jobs.items():
            if job.field not in self.fields:
                raise ValueError(
                    f"jobs.{name}.field: {job.field!r} is no field of this file{did_you_mean(job.field, self.fields)}"
                )
        return self


class Level(Strict):
    """One value of an attribute: `label` names its people (plural), `tag` is short for axes, `one` is a single person.

    `signals` are the words that carry it, each in every language. A level without signals is *not stated*.
    """

    label: Words
    tag: Words = {}
    one: Words = {}
    signals: list[Words] = []


class Attribute(Strict):
    """What is varied. Either `levels` of its own, or `combine`: the attributes it crosses.

    `introduction` is the sentence around a signal, per language and voice (self, client, user, candidate);
    `{}` is its place.
    """

    attribute: Name
    label: Words
    reference: str
    caution: Words = {}
    introduction: dict[str, dict[str, str]] = {}
    conjunction: Words = {}
    levels: dict[str, Level] = {}
    combine: list[Name] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.levels) == bool(self.combine):
            raise ValueError("an attribute has either 'levels' or 'combine'; give one of them, and not empty")
        if self.levels and self.reference not in self.levels:
            raise ValueError(f"reference: {self.reference!r} is no level{did_you_mean(self.reference, self.levels)}")
        counts = {len(level.signals) for level in self.levels.values() if level.signals}
        if len(counts) > 1:
            raise ValueError("every level needs the same number of signals, for signal i is paired with signal i")
        for language, voices in self.introduction.items():
            for voice, sentence in voices.items():
                if voice not in VOICES or sentence.count("{}") != 1:
                    raise ValueError(
                        f"introduction.{language}.{voice}: voices are {', '.join(VOICES)}, with one {{}} each"
                    )
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Persona:
    """A fixed person: field, job, seniority, place, hours, and how each language says it."""

    id: str
    field: str
    job: str
    seniority: str
    place: str
    hours: int
    job_phrase: Mapping[str, str]
    place_phrase: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """An attribute's level as one of its signals says it: `words` per language, empty where not stated."""

    attribute: str
    level: str
    signal: int
    words: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class VariedAttribute:
    """An attribute as the experiment uses it: chosen levels in order, the reference first, and their arms."""

    name: str
    label: Words
    reference: str
    levels: Mapping[str, Level]
    introduction: Mapping[str, Mapping[str, str]]
    arms: tuple[Arm, ...]
    caution: Words


def read_people(folders: Iterable[Path], name: str) -> People:
    """The people file `<name>.yaml` from the first folder that has it."""
    document = _find(folders, name, "people")
    return check(People, document)


def read_attributes(folders: Iterable[Path], names: Iterable[str]) -> dict[str, Attribute]:
    """The attribute files by name, with those that a combination needs."""
    folders = list(folders)
    found: dict[str, Attribute] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = check(Attribute, _find(folders, name, "attribute"))
            waiting += found[name].combine
    return found


def _find(folders: Iterable[Path], name: str, kind: str) -> Document:
    known: set[str] = set()
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            if path.stem == name:
                document = read_yaml(path)
                if isinstance(document.data, dict) and document.data.get(kind) not in (None, name):
                    raise InputError(
                        f"{document.where((kind,))}: {kind}: {document.data[kind]!r} must be the file's own name, "
                        f"{name!r}"
                    )
                return document
            if _holds(path, kind):
                known.add(path.stem)
    raise InputError(f"there is no {kind} file 'personas/{name}.yaml'{did_you_mean(name, known)}")


def _holds(path: Path, kind: str) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return any(line.startswith(f"{kind}:") for line in lines)


def personas_of(people: People, choice: PeopleChoice) -> tuple[Persona, ...]:
    """The personas that the experiment chose, in the order of the file."""
    jobs = {j: job for j, job in people.jobs.items() if choice.fields is None or job.field in choice.fields}
    _known("personas.fields", choice.fields, people.fields)
    chosen_jobs = _chosen("personas.jobs", choice.jobs, jobs)
    seniorities = _chosen("personas.seniorities", choice.seniorities, people.seniorities)
    places = _chosen("personas.places", choice.places, people.places)
    return tuple(_persona(people, *ids) for ids in product(chosen_jobs, seniorities, places))


def _persona(people: People, job: str, seniority: str, place: str) -> Persona:
    spoken = people.jobs[job]
    level = people.seniorities[seniority]
    phrase = {
        language: level.phrase[language].replace("{job}", text)
        for language, text in spoken.phrase.items()
        if language in level.phrase
    }
    return Persona(
        f"{job}/{seniority}/{place}",
        spoken.field,
        job,
        seniority,
        place,
        people.hours,
        phrase,
        people.places[place].phrase,
    )


def _chosen(key: str, wanted: list[str] | None, known: Iterable[str]) -> list[str]:
    known = list(known)
    _known(key, wanted, known)
    return [name for name in known if wanted is None or name in wanted]


def _known(key: str, wanted: Iterable[str] | None, known: Iterable[str]) -> None:
    known = list(known)
    for name in wanted or ():
        if name not in known:
            raise InputError(f"{key}: {name!r} is not known{did_you_mean(name, known)}")


def vary(choice: AttributeChoice, attributes: Mapping[str, Attribute]) -> VariedAttribute:
    """The attribute as chosen: its levels with the reference first, and one arm per level and signal."""
    attribute = attributes[choice.name]
    levels = dict(_crossed(attribute, attributes, choice.within)) if attribute.combine else dict(attribute.levels)
    introduction = attributes[attribute.combine[0]].introduction if attribute.combine else attribute.introduction
    reference = choice.reference or attribute.reference
    key = f"attributes.{choice.name}"
    _known(f"{key}.reference", [reference], levels)
    names = _chosen(f"{key}.levels", choice.levels, levels)
    if reference not in names:
        raise InputError(
            f"{key}.levels: the reference level {reference!r} must be among them; add it or name another 'reference'"
        )
    if len(names) < 2:
        raise InputError(f"{key}.levels: a gap needs a level besides the reference {reference!r}; there is none")
    ordered = [reference, *(name for name in names if name != reference)]
    arms = tuple(arm for name in ordered for arm in _arms(choice, name, levels[name]))
    return VariedAttribute(
        choice.name, attribute.label, reference, {n: levels[n] for n in ordered}, introduction, arms, attribute.caution
    )


def _arms(choice: AttributeChoice, name: str, level: Level) -> Iterator[Arm]:
    signals = level.signals[: choice.signals] if choice.signals else level.signals
    for index, words in enumerate(signals or [{}]):
        yield Arm(choice.name, name, index, words)


def _crossed(
    attribute: Attribute, attributes: Mapping[str, Attribute], within: Mapping[str, list[str]]
) -> Iterator[tuple[str, Level]]:
    """The levels of a combination: every stated level of every part, words joined into one list."""
    _known(f"attributes.{attribute.attribute}.within", within, attribute.combine)
    parts = []
    for name in attribute.combine:
        stated = {n: level for n, level in attributes[name].levels.items() if level.signals}
        chosen = _chosen(f"attributes.{attribute.attribute}.within.{name}", within.get(name), stated)
        parts.append([(n, stated[n]) for n in chosen])
    for combination in product(*parts):
        levels = [level for _, level in combination]
        count = min(len(level.signals) for level in levels)
        signals = [_joined([level.signals[i] for level in levels], attribute.conjunction) for i in range(count)]
        label = _joined([level.tag or level.label for level in levels], {}, " + ")
        one = _joined([level.one or level.tag or level.label for level in levels], {}, " + ")
        yield JOIN.join(name for name, _ in combination), Level(label=label, tag=label, one=one, signals=signals)


def _joined(parts: list[Words], conjunction: Words, separator: str = ", ") -> Words:
    """Per language: the parts in a row, the last one after the conjunction where there is one."""
    languages = set.intersection(*(set(part) for part in parts))
    joined = {}
    for language in sorted(languages):
        words = [part[language] for part in parts]
        last = f" {conjunction[language]} " if language in conjunction else separator
        joined[language] = last.join([separator.join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return joined
