"""Ways of saying it in turns: balanced over wordings, alike for both arms, and stable when the design grows."""

from __future__ import annotations

import tracemalloc
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path

import pytest
import yaml
from cases import first

from bias_harness import pipeline
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.blocks import Design
from bias_harness.design.experiment import Rotation
from bias_harness.design.layouts import Rotated, Size, reference_forms
from bias_harness.design.personas import Arm, VariedAttribute
from bias_harness.errors import InputError
from bias_harness.vocabulary import Trial

TURNS = """\
experiment: turns
personas: {people: us-jobs, jobs: 16}
attributes: [{name: gender, levels: [male, female, nonbinary]}]
wordings: [terse, plain]
endpoints: [{name: sim, plant: {}}]
"""


def audit_of(workspace: Path, text: str = TURNS, **more: object) -> Audit:
    path = workspace / "experiments" / "turns.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(text) | more))
    return load_audit(path)


def trials(audit: Audit, attribute: str = "gender") -> list[Trial]:
    return [t for t in audit.design.trials("sim") if t.attribute == attribute]


def layout(levels: int, often: tuple[int, int, int, int], people: int, wordings: int, repeats: int = 1) -> Rotated:
    edits, expressions, reference, level = often
    names = ["ref", *(f"level{i}" for i in range(levels))]
    arms = tuple(Arm("a", name, signal, {"en": "x"}) for name in names for signal in range(expressions))
    varied = VariedAttribute("a", {}, "ref", dict.fromkeys(names), {}, arms, {})  # type: ignore[arg-type]
    rotation = Rotation(edits=edits, expressions=expressions, reference_answers=reference, level_answers=level)
    size = Size(people, wordings, 1, repeats)
    return Rotated(varied, tuple(f"edit{i}" for i in range(12)), size, rotation)


DESIGNS = [
    (1, (8, 4, 4, 4), 16, 2),
    (1, (8, 4, 8, 4), 48, 2),
    (5, (12, 4, 6, 1), 48, 2),
    (3, (8, 4, 8, 2), 32, 2),
    (1, (12, 6, 12, 6), 72, 3),
    (5, (12, 6, 12, 3), 72, 3),
    (23, (12, 4, 12, 1), 48, 2),
    (5, (24, 6, 24, 6), 120, 3),
    (2, (8, 6, 4, 3), 48, 2),
]


@pytest.mark.parametrize(("levels", "often", "people", "wordings"), DESIGNS)
def test_every_way_meets_every_wording_equally(
    levels: int, often: tuple[int, int, int, int], people: int, wordings: int
) -> None:
    """Where the numbers of people allow it exactly; every person gets as many answers as was said."""
    made = layout(levels, often, people, wordings)
    met: dict[str, Counter[tuple[int, str, int]]] = defaultdict(Counter)
    asked: Counter[tuple[int, str]] = Counter()
    for index in range(len(made)):
        place, variants = made.block(index)
        for v in variants:
            met[v.arm.level][v.arm.signal, v.edit, place.wording] += 1
            asked[place.person, v.arm.level] += 1
    for level, counts in met.items():
        assert len(counts) == (often[0] if level == "ref" else often[1]) * wordings
        assert len(set(counts.values())) == 1, (level, counts)
    for person, level in product(range(people), made.forms):
        assert asked[person, level] == (often[2] if level == "ref" else often[3])


@pytest.mark.parametrize(("levels", "often", "people", "wordings"), DESIGNS)
def test_with_any_number_of_people_wordings_differ_by_little(
    levels: int, often: tuple[int, int, int, int], people: int, wordings: int
) -> None:
    made = layout(levels, often, people - 5, wordings)
    met: dict[str, Counter[int]] = defaultdict(Counter)
    for index in range(len(made)):
        place, variants = made.block(index)
        for v in variants:
            met[v.arm.level][place.wording] += 1
    for counts in met.values():
        assert max(counts.values()) - min(counts.values()) <= often[1]


@pytest.mark.parametrize(("levels", "often", "people", "wordings"), DESIGNS)
def test_counts_are_those_of_the_blocks(
    levels: int, often: tuple[int, int, int, int], people: int, wordings: int
) -> None:
    made = layout(levels, often, people, wordings, repeats=2)
    blocks = [made.block(index) for index in range(len(made))]
    counts = made.counts()
    assert counts.trials == sum(len(variants) for _, variants in blocks)
    cells = {(p.person, p.wording, v.arm.level, v.arm.signal, v.edit) for p, variants in blocks for v in variants}
    assert counts.cells == len(cells)
    assert counts.treatment_pairs == sum(len(variants) - 1 for _, variants in blocks)
    identities = Counter((p.person, p.wording, p.repeat, v.arm.level) for p, variants in blocks for v in variants)
    assert set(identities.values()) == {1}
    assert counts.reference_forms == often[0]


def test_a_level_is_asked_beside_the_reference_with_the_same_seed(workspace: Path) -> None:
    audit = audit_of(workspace)
    seeds: dict[tuple[str, str, int], set[int | None]] = defaultdict(set)
    for block, requests in audit.requests(audit.experiment.endpoints[0]):
        assert Counter(v.arm.level for v in block.variants)["male"] == 1
        for r in requests:
            assert r.trial is not None
            seeds[r.trial.persona, r.trial.wording, r.trial.repeat].add(r.seed)
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set.union(*seeds.values())) == len(seeds)


def test_no_two_requests_of_an_attribute_are_the_same(workspace: Path) -> None:
    """A level that is not stated has one way of being said: its answers are told apart by their repeat."""
    gender = {"name": "gender", "levels": ["male", "not_stated"]}
    audit = audit_of(workspace, attributes=[gender], rotation={"reference_answers": 8, "level_answers": 8})
    keys = [r.key for _, requests in audit.requests(audit.experiment.endpoints[0]) for r in requests]
    assert len(keys) == len(set(keys)) == 16 * 16


def test_what_two_attributes_have_in_common_is_asked_once(workspace: Path) -> None:
    gender = {"name": "gender", "levels": ["not_stated", "female"], "reference": "not_stated"}
    migration = {"name": "migration", "levels": ["none", "refugee"], "reference": "none"}
    audit = audit_of(workspace, attributes=[gender, migration])
    keys = {
        name: {
            r.key for b, rs in audit.requests(audit.experiment.endpoints[0]) for r in rs if r.trial.attribute == name
        }
        for name in ("gender", "migration")
    }
    assert len(keys["gender"] & keys["migration"]) == 16 * 4


@pytest.mark.parametrize(
    "more",
    [
        {"personas": {"people": "us-jobs", "jobs": 30}},
        {"repeats": 3, "rotation": {}},
        {"rotation": {"reference_answers": 8, "level_answers": 2}},
    ],
)
def test_a_design_that_grows_keeps_what_was_asked(workspace: Path, more: dict) -> None:
    often = {"edits": 8, "expressions": 4, "reference_answers": 4, "level_answers": 2}

    def keys(**changes: dict) -> set[str]:
        audit = audit_of(workspace, **{"rotation": often} | changes)
        return {r.key for _, rs in audit.requests(audit.experiment.endpoints[0]) for r in rs}

    grown = more | ({"rotation": often | more["rotation"]} if "rotation" in more else {})
    assert keys() < keys(**grown)


def test_edited_reference_arms_are_part_of_the_comparison_and_levels_have_none(workspace: Path) -> None:
    found = trials(audit_of(workspace))
    assert len({(t.signal, t.edit) for t in found if t.level == "male"}) == 8
    assert {t.edit for t in found if t.level == "male"} >= {"", "thanks", "subject"}
    assert {t.edit for t in found if t.level != "male"} == {""}
    assert {t.signal for t in found if t.level == "female"} == {0, 1, 2, 3}


def test_reference_forms_are_all_different_and_begin_with_the_plain_one() -> None:
    arms = [Arm("a", "ref", i, {}) for i in range(4)]
    edits = [f"e{i}" for i in range(12)]
    made = [(v.arm.signal, v.edit) for v in reference_forms(arms, edits, 52)]
    assert made[0] == (0, "")
    assert len(set(made)) == 52


@pytest.mark.parametrize(
    ("people", "levels", "expected"),
    first(
        2,
        [
            (18, ["male", "female"], (8, 4, 4, 4)),
            (41, ["male", "female"], (8, 4, 8, 4)),
            (100, ["male", "female"], (12, 6, 12, 6)),
            (41, ["male", "female", "nonbinary"], (8, 4, 8, 2)),
            (16, ["male", "female", "nonbinary"], (8, 4, 4, 1)),
            (100, ["male", "female", "nonbinary"], (24, 6, 24, 6)),
        ],
    ),
)
def test_what_is_left_out_follows_from_levels_and_people(
    workspace: Path, people: int, levels: list[str], expected: tuple[int, ...]
) -> None:
    audit = audit_of(
        workspace, personas={"people": "us-jobs", "jobs": people}, attributes=[{"name": "gender", "levels": levels}]
    )
    made = audit.experiment.attributes[0].rotation
    assert made is not None
    assert (made.edits, made.expressions, made.reference_answers, made.level_answers) == expected


def test_the_decided_numbers_are_kept_with_the_run(workspace: Path) -> None:
    """A later version with other defaults asks the same again."""
    audit = audit_of(workspace)
    assert "reference_answers: 4" in audit.to_yaml()
    (workspace / "experiment.yaml").write_text(audit.to_yaml())
    again = Audit.of_folder(workspace)
    assert list(again.design.trials("sim")) == list(audit.design.trials("sim"))
    assert again.digest == audit.digest


@pytest.mark.parametrize(
    ("more", "repeats", "rotated"),
    [
        ({}, 1, True),
        ({"personas": {"people": "us-jobs", "jobs": 6}}, 1, True),
        ({"personas": {"people": "us-jobs", "jobs": 5}}, 5, False),
        ({"personas": {"people": "us-jobs", "jobs": 5}, "rotation": {}}, 1, True),
        ({"repeats": 2}, 2, False),
        ({"repeats": 2, "rotation": {}}, 2, True),
    ],
)
def test_who_decides_between_turns_and_a_full_crossing(
    workspace: Path, more: dict, repeats: int, rotated: bool
) -> None:
    audit = audit_of(workspace, **more)
    assert audit.experiment.repeats == repeats
    assert (audit.design.attributes[0].rotation is not None) == rotated


def test_more_repeats_from_outside_change_no_design(workspace: Path) -> None:
    audit_of(workspace)
    more = pipeline.load_experiment("turns", repeats=2)
    assert more.design.attributes[0].rotation is not None
    assert len(trials(more)) == 2 * len(trials(load_audit("turns")))


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ({"expressions": 9}, "rotation.expressions: 9 are asked for, and the levels of 'gender' are said in 6 ways"),
        ({"edits": 99}, "rotation.edits: 99 are asked for"),
        ({"reference_answers": 5}, "5 answers cannot be spread evenly over 2 wordings; take 6"),
        ({"reference_answers": 2, "level_answers": 4}, "ask for no more than that"),
        ({"expresions": 4}, "did you mean 'expressions'"),
        ({"edits": 0}, "rotation.edits"),
    ],
)
def test_a_rotation_that_cannot_be_is_told_so(workspace: Path, rotation: dict, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        audit_of(workspace, rotation=rotation)
    assert expected in str(caught.value)


def test_a_single_attribute_can_turn_while_another_is_crossed(workspace: Path) -> None:
    attributes = [
        {"name": "gender", "levels": ["male", "female"], "rotation": {}},
        {"name": "migration", "levels": ["expatriate", "refugee"]},
    ]
    audit = audit_of(workspace, attributes=attributes)
    one, two = audit.design.counts()
    assert (one.trials, two.trials) == (16 * 8, 16 * 2 * 5)
    blocks = [audit.design.block(index) for index in range(len(audit.design))]
    assert [b.attribute.name for b in blocks] == ["gender"] * 64 + ["migration"] * 32
    assert sum(len(b.variants) for b in blocks) == one.trials + two.trials


def test_the_leak_check_reads_every_prompt_that_takes_its_turn(workspace: Path) -> None:
    """A template that gives one of the expressions away in one job only is caught."""
    from bias_harness.workspace import shipped

    source = (shipped("prompts") / "salary.terse.en.j2").read_text()
    leak = "{{ person.self }}{% if 'plumber' in person.job and 'she' in person.words %} Be modest.{% endif %}"
    (workspace / "prompts" / "salary.terse.en.j2").write_text(source.replace("{{ person.self }}", leak, 1))
    with pytest.raises(InputError, match=r"salary\.terse\.en\.j2 leaks"):
        audit_of(
            workspace, personas={"people": "us-jobs", "jobs": 40}, wordings=["terse"], rotation={"level_answers": 4}
        )


def test_a_design_of_millions_is_laid_out_without_being_held() -> None:
    """Ten million requests: any block is made by its number alone, and the counts are not counted."""
    made = layout(23, (12, 4, 12, 4), 100_000, 3)
    assert made.counts().trials == 100_000 * (12 + 23 * 4)
    tracemalloc.start()
    place, variants = made.block(len(made) - 1)
    assert (place.person, len(variants)) == (99_999, 1)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_turns_are_asked_in_whole_blocks_and_shards(workspace: Path) -> None:
    audit = audit_of(workspace)
    run = pipeline.run(audit, limit=30)
    assert len(run.observations) <= 30
    sizes = run.observations.groupby("block").size()
    design: Design = audit.design
    assert all(sizes[index] == len(design.block(index).variants) for index in sizes.index)
    parts = [[b.index for b in design.blocks() if b.in_shard(i, 3)] for i in (1, 2, 3)]
    assert sorted(i for part in parts for i in part) == list(range(len(design)))
