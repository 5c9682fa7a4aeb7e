"""What is declared before anything is asked, and what a design is too small for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bias_harness.design.blocks import Design
from bias_harness.design.digests import Resolved
from bias_harness.design.experiment import Experiment
from bias_harness.design.personas import Attribute, VariedAttribute
from bias_harness.design.rotation import FEWEST_EDITS, FEWEST_JOBS, JOBS_FOR_THE_SAME
from bias_harness.errors import InputError, did_you_mean


def primary_of(
    experiment: Experiment, varied: Sequence[VariedAttribute], attributes: Mapping[str, Attribute]
) -> tuple[tuple[str, str], ...]:
    """The declared family as (attribute, level), in the order of the design.

    Left out: every level of every attribute that is no combination, or of all where every one is. Raises `InputError`
    where a name names nothing.
    """
    every = {a.name: [(a.name, level) for level in a.levels if level != a.reference] for a in varied}
    if experiment.primary is None:
        single = [name for name in every if not attributes[name].combine]
        return tuple(pair for name in single or every for pair in every[name])
    wanted = {pair for name in experiment.primary for pair in _named(name, varied, every)}
    return tuple(pair for pairs in every.values() for pair in pairs if pair in wanted)


def _named(
    name: str, varied: Sequence[VariedAttribute], every: Mapping[str, Sequence[tuple[str, str]]]
) -> Sequence[tuple[str, str]]:
    attribute, slash, level = name.partition("/")
    if attribute not in every:
        raise InputError(f"primary: {attribute!r} is no attribute of this experiment{did_you_mean(attribute, every)}")
    if not slash:
        return every[attribute]
    levels = [one for _, one in every[attribute]]
    if level == next(a.reference for a in varied if a.name == attribute):
        raise InputError(
            f"primary: {level!r} is the reference level of {attribute!r}; name one that is compared with it"
        )
    if level not in levels:
        raise InputError(f"primary: {level!r} is no level of {attribute!r} here{did_you_mean(level, levels)}")
    return [(attribute, level)]


def remarks(resolved: Resolved, design: Design) -> Iterator[str]:
    """What can never be said with this design, a sentence each. Nothing is wrong: it is told before it is paid for."""
    jobs = len({p.job for p in design.personas})
    yield from _of_jobs(jobs)
    choice = resolved.experiment.personas
    if isinstance(choice.jobs, int) and resolved.people.frame is None:
        yield (
            f"personas/{choice.people}.yaml states no frame: its first {choice.jobs} jobs are no random draw, "
            "and stand for themselves"
        )
    for counts in design.counts():
        ways = counts.reference_forms
        if ways < FEWEST_EDITS:
            yield (
                f"{counts.attribute}: the reference level is put in {ways} way{'s' * (ways > 1)}, fewer than three: "
                "what any change of words does is not known, so no gap is called clear and none is called the same"
            )
    if resolved.experiment.analysis.confidence != 0.95:
        shown = f"{100 * resolved.experiment.analysis.confidence:g} %"
        yield f"confidence is {shown}: intervals change, and 'practically the same' stays at an error of 5 %"


def _of_jobs(jobs: int) -> Iterator[str]:
    if jobs == 1:
        yield "one job: nothing can be said beyond this very case, and no interval speaks of other jobs"
    elif jobs < FEWEST_JOBS:
        yield f"{jobs} jobs, fewer than {FEWEST_JOBS}: the design speaks of these cases only"
    elif jobs < JOBS_FOR_THE_SAME:
        yield f"{jobs} jobs, fewer than {JOBS_FOR_THE_SAME}: no gap is ever called practically the same"
