"""personas/*.yaml -> people and attributes -> profiles. The only room that opens `personas/`.

A file of people crosses jobs, seniorities and places into personas. A file of an attribute names its levels,
the signals that carry them, and the sentence that a signal is put into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from bias_harness.design.experiment import Name, PeopleChoice, Rotation, Strict
from bias_harness.errors import InputError, did_you_mean
from bias_harness.files import read_text
from bias_harness.handwritten import Document, check, parse_yaml

Words = dict[str, str]
Label = Annotated[dict[str, str], Field(min_length=1)]
VOICES = ("self", "client", "user", "candidate")


class Labelled(Strict):
    """Something with a label per language; `phrase` is how a prompt says it."""

    label: Label
    phrase: Words = {}


class Job(Labelled):
    """A job in a field. Its phrase follows the seniority's: `senior {job}`.

    `code` is its code in the classification of the file's frame, `pay_level` where its pay lies there.
    """

    field: str
    code: str = ""
    pay_level: Literal["low", "middle", "high"] | None = None


class Frame(Strict):
    """The list that the jobs of a file stand for, and how their order was drawn.

    `label` names the list, `codes` the classification that the jobs' codes are of, `source` and `licence` where it is
    from; `draw` says how the order came about from the `seed`.
    """

    label: Label
    codes: str
    source: str
    licence: str = ""
    draw: str
    seed: int


class People(Strict):
    """One file of people: every job x seniority x place is a persona.

    With a `frame` the order of the jobs is a random draw, and the first N of them stand for it.
    """

    people: Name
    label: Label
    source: str = ""
    frame: Frame | None = None
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

    `signals` are the words that carry it, each in every language: a full crossing asks all of them. `expressions` are
    further ways of saying the same, equal in meaning, for a rotated design. A level without signals is *not stated*.
    """

    label: Label
    tag: Words = {}
    one: Words = {}
    signals: list[Label] = []
    expressions: list[Words] = []

    @property
    def ways(self) -> list[Words]:
        """Signals and expressions."""
        return [*self.signals, *self.expressions]


class Attribute(Strict):
    """What is varied. Either `levels` of its own, or `combine`: the attributes it crosses.

    `introduction` is the sentence around a signal, per language and voice (self, client, user, candidate);
    `{}` is its place.
    """

    attribute: Name
    label: Label
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
        for what in ("signals", "expressions"):
            counts = {len(getattr(level, what)) for level in self.levels.values() if level.signals}
            if len(counts) > 1:
                raise ValueError(
                    f"every level needs the same number of {what}, for one is paired with the other in turn"
                )
        if any(level.expressions and not level.signals for level in self.levels.values()):
            raise ValueError("a level with expressions needs signals too: the words that carry it in every design")
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
    label: Label
    reference: str
    levels: Mapping[str, Level]
    introduction: Mapping[str, Mapping[str, str]]
    arms: tuple[Arm, ...]
    caution: Words
    rotation: Rotation | None = None


def read_people(folders: Iterable[Path], name: str) -> People:
    """The people file `<name>.yaml` from the first folder that has it."""
    path = _find(folders, name, "people")
    return _people(name, read_text(path), str(path))


def read_attributes(folders: Iterable[Path], names: Iterable[str]) -> dict[str, Attribute]:
    """The attribute files by name, with those that a combination needs."""
    folders = list(folders)
    found: dict[str, Attribute] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            path = _find(folders, name, "attribute")
            found[name] = _attribute(name, read_text(path), str(path))
            waiting += found[name].combine
    return found


@lru_cache(maxsize=16)
def _people(name: str, text: str, source: str) -> People:
    """Remembered by their text: a list of jobs takes longer to read than the rest of an experiment."""
    return check(People, _called(name, "people", parse_yaml(text, source)))


@lru_cache(maxsize=64)
def _attribute(name: str, text: str, source: str) -> Attribute:
    return check(Attribute, _called(name, "attribute", parse_yaml(text, source)))


def _called(name: str, kind: str, document: Document) -> Document:
    """The document. Raises `InputError` where it says another name than its file's."""
    if isinstance(document.data, dict) and document.data.get(kind) not in (None, name):
        raise InputError(
            f"{document.where((kind,))}: {kind}: {document.data[kind]!r} must be the file's own name, {name!r}"
        )
    return document


def _find(folders: Iterable[Path], name: str, kind: str) -> Path:
    paths = [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
    found = next((path for path in paths if path.stem == name), None)
    if found is None:
        known = {path.stem for path in paths if _holds(path, kind)}
        raise InputError(f"there is no {kind} file 'personas/{name}.yaml'{did_you_mean(name, known)}")
    return found


def _holds(path: Path, kind: str) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return any(line.startswith(f"{kind}:") for line in lines)


def personas_of(people: People, choice: PeopleChoice) -> tuple[Persona, ...]:
    """The personas that the experiment chose, in the order of the file. Raises `InputError`."""
    jobs = {j: job for j, job in people.jobs.items() if choice.fields is None or job.field in choice.fields}
    known_names("personas.fields", choice.fields, people.fields)
    chosen_jobs = _jobs(choice.jobs, jobs)
    seniorities = chosen_names("personas.seniorities", choice.seniorities, people.seniorities)
    places = chosen_names("personas.places", choice.places, people.places)
    return tuple(_persona(people, *ids) for ids in product(chosen_jobs, seniorities, places))


def _jobs(wanted: int | list[str] | None, known: Iterable[str]) -> list[str]:
    """The jobs by name, or the first so many."""
    if not isinstance(wanted, int):
        return chosen_names("personas.jobs", wanted, known)
    found = list(known)
    if wanted > len(found):
        raise InputError(f"personas.jobs: {wanted} jobs are asked for, and there are {len(found)}; ask for fewer")
    return found[:wanted]


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


def chosen_names(key: str, wanted: list[str] | None, known: Iterable[str]) -> list[str]:
    """The wanted of the known names, in the order of these; all where none are wanted by name."""
    known = list(known)
    known_names(key, wanted, known)
    return [name for name in known if wanted is None or name in wanted]


def known_names(key: str, wanted: Iterable[str] | None, known: Iterable[str]) -> None:
    """Raise `InputError` that names the key where a wanted name is not known."""
    known = list(known)
    for name in wanted or ():
        if name not in known:
            raise InputError(f"{key}: {name!r} is not known{did_you_mean(name, known)}")
