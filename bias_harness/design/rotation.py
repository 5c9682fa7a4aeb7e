"""Which design an experiment has: rotated or crossed, in how many ways, how often.

The defaults are those that a scan of admissible designs by simulation came out with (docs/design.md, "How many ways"):
more people before more answers, several expressions of each level, and a reference level that is asked more often than
each other level where there are several of those.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bias_harness.design.experiment import AttributeChoice, Experiment, Rotation
from bias_harness.design.personas import Attribute, VariedAttribute
from bias_harness.design.varying import vary
from bias_harness.errors import InputError

FEWEST_JOBS = 6
"""From here on a design speaks of people like these; with fewer of these cases only."""
FEWEST_EDITS = 3
JOBS_FOR_THE_SAME = 40
CROSSED_REPEATS = 5

_BY_LEVELS = (
    (1, ((80, (12, 6, 12, 6)), (30, (8, 4, 8, 4)), (0, (8, 4, 4, 4)))),
    (4, ((100, (24, 6, 24, 6)), (60, (12, 6, 12, 3)), (30, (8, 4, 8, 2)), (0, (8, 4, 4, 1)))),
    (9, ((100, (24, 6, 24, 6)), (60, (12, 6, 12, 3)), (30, (12, 4, 6, 1)), (0, (8, 4, 4, 1)))),
    (None, ((100, (12, 6, 12, 3)), (30, (12, 4, 12, 1)), (0, (12, 4, 6, 1)))),
)
"""By the most levels besides the reference, then by the fewest people: edits, expressions, answers of the reference,
answers of each other level."""
STEPS_OF_PEOPLE = sorted({people for _, rows in _BY_LEVELS for people, _ in rows if people})
"""The numbers of people from which on another row of the table may hold."""


@dataclass(frozen=True)
class Room:
    """What a rotation of one attribute has to do with: how many levels, people and wordings, and how many ways."""

    levels: int
    people: int
    wordings: int
    edits: int
    expressions: int
    reference_ways: int


def with_design(experiment: Experiment, given: Collection[str], jobs: int) -> Experiment:
    """The experiment with its design decided, by the keys that its file gives and how many jobs it asks about."""
    changed: dict[str, object] = {}
    alone = experiment.rotation is None and not any(choice.rotation for choice in experiment.attributes)
    if alone and not {"repeats", "rotation"} & set(given) and jobs >= FEWEST_JOBS:
        changed["rotation"] = Rotation()
    if "repeats" not in experiment.model_fields_set:
        drawn = experiment.outcome.probabilities is None
        crossed = drawn and alone and "rotation" not in changed and jobs < FEWEST_JOBS
        changed["repeats"] = CROSSED_REPEATS if crossed else 1
    return experiment.model_copy(update=changed)


def is_rotated(experiment: Experiment) -> bool:
    """Whether any attribute's ways take turns."""
    return experiment.rotation is not None or any(choice.rotation for choice in experiment.attributes)


def with_rotations(
    experiment: Experiment, attributes: Mapping[str, Attribute], people: int, edits: Collection[str]
) -> Experiment:
    """The experiment with every rotation's numbers filled in, an attribute each. Raises `InputError`."""
    choices = [_filled(experiment, choice, attributes, people, len(edits) + 1) for choice in experiment.attributes]
    return experiment.model_copy(update={"attributes": choices})


def _filled(
    experiment: Experiment, choice: AttributeChoice, attributes: Mapping[str, Attribute], people: int, edits: int
) -> AttributeChoice:
    wanted = choice.rotation or experiment.rotation
    if wanted is None:
        return choice
    varied = vary(choice.model_copy(update={"rotation": Rotation()}), attributes)
    ways = ways_of(varied)
    others = [count for level, count in ways.items() if level != varied.reference]
    reference = ways[varied.reference]
    room = Room(len(others), people, len(experiment.wordings), reference * edits, max(others), reference)
    made = filled(wanted, room, f"attributes.{choice.name}.rotation" if choice.rotation else "rotation", choice.name)
    return choice.model_copy(update={"rotation": made})


def ways_of(varied: VariedAttribute) -> dict[str, int]:
    """How many signals each level has here."""
    return {level: sum(arm.level == level for arm in varied.arms) for level in varied.levels}


def filled(wanted: Rotation, room: Room, key: str, attribute: str) -> Rotation:
    """The rotation with every number, those left out from the table. Raises `InputError` where one cannot be."""
    edits, expressions, reference, level = _default(room)
    reference = -(-reference // room.wordings) * room.wordings
    made = Rotation(
        edits=wanted.edits or min(edits, room.edits),
        expressions=wanted.expressions or min(expressions, max(room.expressions, room.reference_ways)),
        reference_answers=wanted.reference_answers or max(reference, _up(wanted.level_answers or 0, room.wordings)),
        level_answers=wanted.level_answers or min(level, wanted.reference_answers or level),
    )
    _check(made, room, key, attribute)
    return made


def _up(answers: int, wordings: int) -> int:
    return -(-answers // wordings) * wordings


def _default(room: Room) -> tuple[int, int, int, int]:
    by_people = next(rows for most, rows in _BY_LEVELS if most is None or room.levels <= most)
    return next(numbers for fewest, numbers in by_people if room.people >= fewest)


def _check(made: Rotation, room: Room, key: str, attribute: str) -> None:
    asked, n = made.reference_answers or 0, room.wordings
    most = max(room.expressions, room.reference_ways)
    if (made.expressions or 0) > most:
        raise InputError(
            f"{key}.expressions: {made.expressions} are asked for, and the levels of {attribute!r} are said in {most} "
            "ways; add `expressions` to its levels, or ask for fewer"
        )
    if (made.edits or 0) > room.edits:
        raise InputError(
            f"{key}.edits: {made.edits} are asked for, and the reference level of {attribute!r} can be put in "
            f"{room.edits} ways (edits and expressions); add edits to prompts/edits.<language>.yaml, or ask for fewer"
        )
    if asked % n:
        raise InputError(
            f"{key}.reference_answers: {asked} answers cannot be spread evenly over {n} wordings; take {_up(asked, n)}"
        )
    if (made.level_answers or 0) > asked:
        raise InputError(
            f"{key}.level_answers: {made.level_answers} answers of a level have no answer of the reference level "
            f"beside them, which gets {asked}; ask for no more than that"
        )
