"""The shipped people are a random draw of a named list, each with its code, and their words fit the questions."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest
from docs_blocks import blocks

from bias_harness.design.audit import load_audit
from bias_harness.design.edits import edited, edits_of
from bias_harness.design.experiment import PeopleChoice
from bias_harness.design.personas import People, personas_of
from bias_harness.errors import InputError
from bias_harness.handwritten import parse_shipped
from bias_harness.workspace import shipped

DRAWN = ("us-jobs", "nl-jobs")
LEVELS = ("low", "middle", "high")


def people(name: str) -> People:
    return People.model_validate(parse_shipped((shipped("personas") / f"{name}.yaml").read_text()))


def drawn(of: People) -> list[str]:
    """The order that the file's frame describes, made again from its seed."""
    assert of.frame is not None
    seed = of.frame.seed

    def rank(key: str) -> str:
        return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()

    ids = sorted(of.jobs, key=rank)
    fields = sorted(of.fields, key=rank)
    seen: Counter[tuple[str, str]] = Counter()
    turn = {}
    for one in ids:
        field, level = of.jobs[one].field, str(of.jobs[one].pay_level)
        turn[one] = (seen[field, level], (LEVELS.index(level) - fields.index(field)) % 3)
        seen[field, level] += 1
    dealt: Counter[str] = Counter()
    place = {}
    for one in sorted(ids, key=turn.__getitem__):
        field = of.jobs[one].field
        place[one] = (dealt[field], fields.index(field))
        dealt[field] += 1
    return sorted(ids, key=place.__getitem__)


@pytest.mark.parametrize("name", DRAWN)
def test_the_order_is_the_draw_that_the_file_describes(name: str) -> None:
    """Nobody has picked the first twenty: changing a level, a field or a name would change the order."""
    of = people(name)
    assert list(of.jobs) == drawn(of)
    assert len(of.jobs) >= 100
    assert of.frame is not None
    assert of.frame.codes
    assert all(re.fullmatch(r"\d\d-\d{4}|\d{4}", job.code) for job in of.jobs.values())


@pytest.mark.parametrize("name", DRAWN)
def test_every_field_can_be_spoken_of(name: str) -> None:
    of = people(name)
    assert min(Counter(job.field for job in of.jobs.values()).values()) >= 7
    first = Counter(p.field for p in personas_of(of, PeopleChoice(people=name, jobs=30)))
    assert set(first.values()) == {2}


@pytest.mark.parametrize("name", DRAWN)
def test_a_smaller_draw_is_the_beginning_of_a_larger_one(name: str) -> None:
    of = people(name)
    twenty, forty = (personas_of(of, PeopleChoice(people=name, jobs=n)) for n in (20, 40))
    assert [p.id for p in twenty] == [p.id for p in forty[:20]]
    assert len({p.job for p in twenty}) == 20


def test_jobs_are_a_number_or_names() -> None:
    of = people("us-jobs")
    named = personas_of(of, PeopleChoice(people="us-jobs", jobs=["plumber", "lawyer"]))
    assert {p.job for p in named} == {"plumber", "lawyer"}
    law = personas_of(of, PeopleChoice(people="us-jobs", fields=["law"], jobs=3))
    assert [p.field for p in law] == ["law"] * 3
    with pytest.raises(InputError, match="121 jobs are asked for, and there are 120"):
        personas_of(of, PeopleChoice(people="us-jobs", jobs=121))


@pytest.mark.parametrize(
    "name", sorted(p.stem for p in shipped("personas").glob("*.yaml") if "\npeople:" in p.read_text())
)
def test_a_stands_before_every_english_job(name: str) -> None:
    """The prompts write "as a {job}", so no phrase may begin with a vowel."""
    of = people(name)
    for persona in personas_of(of, PeopleChoice(people=name)):
        assert persona.job_phrase["en"][0].lower() not in "aeiou", persona.job_phrase["en"]


GENDERED = (
    r"\b(secretaresse|timmerman|verpleegster|lerares|docente|verkoopster|kassière|leidster|stewardess|brandweerman)\b"
)


def test_dutch_jobs_state_no_gender() -> None:
    for job in people("nl-jobs").jobs.values():
        assert not re.search(GENDERED, job.phrase["nl"]), job.phrase["nl"]


@pytest.mark.parametrize("name", ["gender", "ethnicity", "migration", "first-names", "names-us", "names-nl"])
def test_every_level_is_said_in_six_ways_or_more_and_none_twice(name: str) -> None:
    levels = parse_shipped((shipped("personas") / f"{name}.yaml").read_text())["levels"]
    for level, words in levels.items():
        ways = [*words.get("signals", []), *words.get("expressions", [])]
        assert not ways or len(ways) >= 6, level
        for language in ("en", "nl"):
            said = [way[language] for way in ways]
            assert len(set(said)) == len(said), (level, language)


def test_edits_are_the_same_in_both_languages_and_thanks_is_the_templates_own() -> None:
    found = {}
    for language in ("en", "nl"):
        file = f"edits.{language}.yaml"
        found[language] = edits_of(file, (shipped("prompts") / file).read_text())
        questions = set(shipped("prompts").glob(f"*.{language}.j2")) - {shipped("prompts") / f"confirm.{language}.j2"}
        for template in questions:  # a second turn is no question that edits go with
            own = re.search(r"block edit_thanks %}(.*?){%", template.read_text())
            assert own
            assert found[language]["thanks"] == f"{{}} {own[1]}"
    assert list(found["en"]) == list(found["nl"])
    assert len(found["en"]) == 12


def test_an_edit_keeps_every_word_of_the_question() -> None:
    message = "Hello, I have been offered a job. I am male. How much should I name?"
    for language in ("en", "nl"):
        file = f"edits.{language}.yaml"
        for edit in edits_of(file, (shipped("prompts") / file).read_text()).values():
            put = edited(edit, message)
            assert put != message
            assert message in " ".join(put.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("edits: {a: 'Thanks!'}\n", "must hold the message once"),
        ("edits: {a: '{} {lines}'}\n", "must hold the message once"),
        ("edits: {a: '{}'}\n", "leaves the message as it is"),
        ("edits: {}\n", "prompts/edits.en.yaml, line 1"),
        ("edit: {a: '{} Thanks!'}\n", "did you mean 'edits'"),
    ],
)
def test_a_wrong_edit_is_told_with_its_file(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        edits_of("edits.en.yaml", text)
    assert expected in str(caught.value)


def test_the_combination_of_expressions_reads_as_one_sentence(workspace: Path) -> None:
    path = workspace / "experiments" / "c.yaml"
    path.write_text(
        "experiment: c\npersonas: {people: us-jobs, jobs: 8}\nattributes: [{name: combined, within: "
        "{gender: [male, female]}}]\nrotation: {expressions: 6}\nendpoints: [{name: s, plant: {}}]\n"
    )
    arms = load_audit(path).design.attributes[0].arms
    said = [arm.words for arm in arms if arm.level == "female+Hispanic+refugee"]
    assert len(said) == 6
    assert said[0]["en"] == "female, Hispanic and a refugee"
    joined = "een vrouwelijk persoon, iemand van Latijns-Amerikaanse afkomst en hier als statushouder"
    assert said[2]["nl"] == joined


def test_the_files_on_the_page_about_designs_work(workspace: Path) -> None:
    """They are written where their first line says, and an experiment asks them."""
    for code in blocks("docs/design.md"):
        if code.kind == "file":
            (workspace / code.text.split(maxsplit=2)[1]).write_text(code.text)
    path = workspace / "experiments" / "page.yaml"
    path.write_text(
        "experiment: page\npersonas: {people: us-jobs, jobs: 8}\nattributes: [{name: gender-and-origin, within: "
        "{migration: [expatriate, refugee]}}]\nrotation: {edits: 4}\nendpoints: [{name: s, plant: {}}]\n"
    )
    audit = load_audit(path)
    assert {t.edit for t in audit.design.trials("s")} == {"", "thanks", "subject", "lines"}
    assert "female+refugee" in audit.design.attributes[0].levels
