"""The design: complete, balanced, pair-blocked, seeded, and the same in every process."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import SMALL
from shipped_audits import shipped_audit

from bias_harness import pipeline
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import InputError
from bias_harness.workspace import shipped

EXPERIMENTS = sorted(p.stem for p in shipped("experiments").glob("*.yaml"))


def audit_of(path: Path, text: str) -> Audit:
    path.write_text(text)
    return load_audit(path)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_shipped_experiment_resolves_and_leaks_nothing(name: str, workspace: Path) -> None:
    audit = shipped_audit(name)
    assert audit.experiment.experiment == name
    assert audit.check() > 0


def test_counts_agree_with_the_trials_themselves(small: Path) -> None:
    design = load_audit(small).design
    trials = list(design.trials("sim"))
    (counts,) = design.counts()
    assert counts.trials == len(trials) == len(set(trials)) == 2 * 2 * 2 * 2 * (2 * 2 + 1)
    assert counts.cells == len({(t.persona, t.wording, t.level, t.signal, t.edit) for t in trials})
    assert counts.treatment_pairs == 8 * 2
    assert counts.placebo_pairs == 8 * 3


def test_members_of_a_pair_are_asked_side_by_side(small: Path) -> None:
    """Every block is contiguous in the order of asking and holds each arm once."""
    places = defaultdict(list)
    for place, trial in enumerate(load_audit(small).design.trials("sim")):
        places[(trial.persona, trial.wording, trial.repeat)].append((place, trial.level, trial.signal, trial.edit))
    for found in places.values():
        positions = [place for place, *_ in found]
        assert max(positions) - min(positions) == len(positions) - 1
        assert len({tuple(arm) for _, *arm in found}) == len(found)


def test_order_is_seeded_and_shuffled(small: Path) -> None:
    first = list(load_audit(small).design.trials("sim"))
    assert first == list(load_audit(small).design.trials("sim"))
    other = list(audit_of(small, SMALL + "seed: 2\n").design.trials("sim"))
    assert first != other
    assert {t.block for t in first} == {t.block for t in other}
    assert [t.block for t in first] != sorted(t.block for t in first)


def test_which_arm_comes_first_is_balanced_by_chance(workspace: Path) -> None:
    design = load_audit("simulated").design
    first = Counter(b.variants[0].arm.level for b in design.blocks() if b.attribute.name == "ethnicity")
    assert len(first) == 4
    assert min(first.values()) > 20


def test_all_members_of_a_block_share_a_seed_that_no_level_decides(small: Path) -> None:
    audit = load_audit(small)
    seeds = set()
    for block, requests in audit.requests(audit.experiment.endpoints[0]):
        assert len({r.seed for r in requests}) == 1
        seeds.add((block.persona.id, block.wording, block.repeat, requests[0].seed))
    assert len({s for *_, s in seeds}) == len(seeds)


def test_shards_split_the_blocks_and_lose_none(small: Path) -> None:
    blocks = list(load_audit(small).design.blocks())
    parts = [[b.index for b in blocks if b.in_shard(i, 3)] for i in (1, 2, 3)]
    assert sorted(index for part in parts for index in part) == sorted(b.index for b in blocks)
    assert all(parts)


def test_more_repeats_keep_the_keys_of_the_first(small: Path) -> None:
    def keys(text: str) -> set[str]:
        audit = audit_of(small, text)
        return {r.key for _, rs in audit.requests(audit.experiment.endpoints[0]) for r in rs}

    assert keys(SMALL) < keys(SMALL.replace("repeats: 2", "repeats: 3"))


def test_a_resolved_experiment_makes_the_same_requests_without_any_file(small: Path) -> None:
    audit = load_audit(small)
    folder = small.parent.parent / "results" / "kept"
    folder.mkdir(parents=True)
    (folder / "experiment.yaml").write_text(audit.to_yaml())
    again = Audit.of_folder(folder)
    assert again.digest == audit.digest
    endpoint = audit.experiment.endpoints[0]
    assert [r for _, rs in again.requests(endpoint) for r in rs] == [
        r for _, rs in audit.requests(endpoint) for r in rs
    ]


def test_a_newer_format_is_refused(small: Path) -> None:
    text = load_audit(small).to_yaml()
    for format_, said in (("format: 3", "newer"), ("format: two", "a number from 1 is wanted")):
        (small.parent / "experiment.yaml").write_text(text.replace("format: 2", format_, 1))
        with pytest.raises(InputError, match=said):
            Audit.of_folder(small.parent)


def test_an_experiment_of_format_1_keeps_the_defaults_it_was_written_with(small: Path) -> None:
    """What was at its default then was left out, and two defaults have changed."""
    data = yaml.safe_load(load_audit(small).to_yaml())
    del data["experiment"]["repeats"], data["experiment"]["analysis"]
    (small.parent / "experiment.yaml").write_text(yaml.safe_dump(data | {"format": 1}))
    old = Audit.of_folder(small.parent)
    assert (old.experiment.repeats, old.experiment.analysis.smallest_gap) == (5, 0.01)
    assert all(a.rotation is None for a in old.design.attributes)


CROSSED = {
    "after-thws-2025": (
        6_900,
        "9ecc7c768d583bfcdc9aed35189c0f47993ccd652646ccd297238754e7043dea",
        "2d35b4556a6265b150d8f54e6c930169563e1402de7a9ee78729c0c1c26d40fc",
    ),
    "simulated": (
        4_600,
        "6849cb72293c80f15977e10f1296d8f472b2a56f964ed8bf01fef2ec955cc2b9",
        "aa770cddad2da7b0d5a326978c72caa6eafadc65e107406f571b287c180dca7d",
    ),
}


@pytest.mark.parametrize("name", CROSSED)
def test_crossed_designs_ask_what_they_always_asked(name: str, workspace: Path) -> None:
    """Frozen before there were rotated designs: whoever has recorded these need not ask a question again."""
    audit = load_audit(name)
    keys = sorted({r.key for _, requests in audit.requests(audit.experiment.endpoints[0]) for r in requests})
    found = hashlib.sha256("".join(keys).encode()).hexdigest()
    assert (len(keys), found, audit.digests["personas"]) == CROSSED[name]


def test_the_study_s_combinations_are_crossed_fully(workspace: Path) -> None:
    combined = load_audit("after-thws-2025").design.attributes[-1]
    assert len(combined.levels) == 24
    assert combined.reference == "male+White+expatriate"
    arm = next(a for a in combined.arms if a.level == "female+Hispanic+refugee")
    assert arm.words["en"] == "female, Hispanic and a refugee"
    assert arm.words["nl"] == "een vrouw, van Latijns-Amerikaanse afkomst en statushouder"


def test_the_digest_moves_with_a_prompt_and_names_the_part(small: Path, workspace: Path) -> None:
    before = load_audit(small)
    source = (shipped("prompts") / "salary.terse.en.j2").read_text()
    (workspace / "prompts" / "salary.terse.en.j2").write_text(source.replace("no text", "nothing else"))
    after = load_audit(small)
    assert after.digest != before.digest
    assert {k for k in before.digests if before.digests[k] != after.digests[k]} == {"prompts"}


def gap_over_people(frame: pd.DataFrame, attribute: str, level: str, scale: Callable[[Any], Any]) -> float:
    """Mean over people of what the level's answers differ from those of the reference level, however it was put."""
    own = frame[(frame["attribute"] == attribute) & frame["annual"].notna()]
    value = scale(own["annual"])
    arms = [
        value[mask].groupby(own["persona"], observed=True).mean() for mask in (own["level"] == level, own["reference"])
    ]
    return float((arms[0] - arms[1]).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_shipped_experiment_runs_against_the_simulated_advisor(name: str, workspace: Path) -> None:
    """From asking to both pages, and the planted gap comes back."""
    share = shipped_audit(name).experiment.outcome.measure == "share"
    attribute = shipped_audit(name).design.attributes[0]
    level = next(x for x in attribute.levels if x != attribute.reference)
    gaps = {a.name: {x: -0.3 for x in a.levels if x != a.reference} for a in shipped_audit(name).design.attributes}
    plant = {"base": 0.7 if share else 90_000, "gaps": gaps, "profile_sd": 0.05, "trial_sd": 0.02, "heap": 0}
    plant |= {} if share else {"job_gap_sd": 0.1}
    audit = load_audit(name, {"endpoints": [{"name": "sim", "plant": plant}], "repeats": 3 if share else 1})
    run = pipeline.run(audit, limit=240, results=workspace / "results")
    gap = gap_over_people(run.observations, attribute.name, level, np.log if not share else lambda amount: amount)
    assert gap == pytest.approx(-0.3 if share else math.log(0.7), abs=0.2 if share else 0.1)
    assert [page.name for page in pipeline.report(run)] == ["report.nl.html", "report.en.html"]
