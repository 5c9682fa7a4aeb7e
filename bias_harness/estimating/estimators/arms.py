"""Two arms of coded cells -> the gap of every job: what the rule of the verdict is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bias_harness.estimating.estimators.forms import NOTHING, Codes, FormSpread, form_spread
from bias_harness.estimating.estimators.interval import Array


@dataclass(frozen=True)
class Arm:
    """The cells of one arm: one value (log amount, score, share) for each person, wording and form that has any.

    `person`, `wording` and `form` are codes; those of persons and wordings are shared by all arms of a comparison.
    """

    person: Codes
    wording: Codes
    form: Codes
    value: Array


def arm_of(person: Codes, wording: Codes, form: Codes, value: Array) -> Arm:
    """The cells of answers: repeats of one person, wording and form are averaged."""
    if not person.size:
        return Arm(person, wording, form, value)
    v, e = int(wording.max()) + 1, int(form.max()) + 1
    keys, cell = np.unique((person * v + wording) * e + form, return_inverse=True)
    if keys.size == person.size:
        return Arm(person, wording, form, value)
    mean = np.bincount(cell, weights=value) / np.bincount(cell)
    return Arm(keys // (v * e), keys // e % v, keys % e, mean)


@dataclass(frozen=True)
class JobGaps:
    """The gap of every job between two arms: level minus reference, wordings taken off, equal weight to each job.

    `gaps` is NaN for a job without both arms; `mean` their mean (0 without any job) and `variance` var(gaps)/J;
    `c_level`, `c_reference` are the sums of squared shares of the forms in that mean (balanced: 1/S and 1/E).
    `of_persons` are the gaps of the persons that the jobs are averaged from, `used_*` the cells that count.
    """

    gaps: Array
    mean: float
    variance: float
    jobs: int
    c_level: float
    c_reference: float
    of_persons: Array
    level: Arm
    reference: Arm
    forms: tuple[int, int]


def job_gaps(level: Arm, reference: Arm, job_of: Codes, n_jobs: int) -> JobGaps:
    """Persons -> jobs: the mean of the level's answers minus the mean of the reference's, within each person.

    First each wording's mean in the reference arm is taken off both arms; cells of the level in a wording that the
    reference lacks do not count, nor does a person without both arms.
    """
    sides = _levelled(level, reference)
    size = [np.bincount(a.person, minlength=job_of.size) for a in sides]
    both = (size[0] > 0) & (size[1] > 0)
    persons = np.where(both, _means(sides[0], size[0]) - _means(sides[1], size[1]), np.nan)
    in_job = np.bincount(job_of[both], minlength=n_jobs)
    total = np.bincount(job_of[both], weights=persons[both], minlength=n_jobs)
    gaps = np.where(in_job > 0, total / np.maximum(in_job, 1), np.nan)
    jobs = int((in_job > 0).sum())
    weight = np.where(both, 1 / np.maximum(in_job[job_of] * max(jobs, 1), 1), 0.0)
    shares = [_shares(a, weight / np.maximum(s, 1)) for a, s in zip(sides, size, strict=True)]
    there = gaps[in_job > 0]
    squares = [float((share**2).sum()) for share in shares]
    forms = int((shares[0] > 0).sum()), int((shares[1] > 0).sum())
    mean = float(there.mean()) if jobs else 0.0
    return JobGaps(gaps, mean, _variance(there), jobs, squares[0], squares[1], persons, sides[0], sides[1], forms)


def _levelled(level: Arm, reference: Arm) -> tuple[Arm, Arm]:
    """Both arms without the means of the wordings in the reference; the level's cells in its wordings only."""
    words = 1 + max(int(a.wording.max(initial=0)) for a in (level, reference))
    counts = np.bincount(reference.wording, minlength=words)
    means = np.bincount(reference.wording, weights=reference.value, minlength=words) / np.maximum(counts, 1)
    known = counts[level.wording] > 0
    if not known.all():
        level = Arm(level.person[known], level.wording[known], level.form[known], level.value[known])
    return replace(level, value=level.value - means[level.wording]), replace(
        reference, value=reference.value - means[reference.wording]
    )


def _means(arm: Arm, size: Codes) -> Array:
    return np.asarray(
        np.bincount(arm.person, weights=arm.value, minlength=size.size) / np.maximum(size, 1), dtype=float
    )


def _shares(arm: Arm, weight: Array) -> Array:
    return np.asarray(np.bincount(arm.form, weights=weight[arm.person]), dtype=float)


def _variance(gaps: Array) -> float:
    """var/J, exactly 0 where the gaps are equal but for rounding of floats."""
    if gaps.size < 2:
        return 0.0
    found = float(gaps.var(ddof=1)) / gaps.size
    return found if found > 1e-20 * max(1.0, float(np.abs(gaps).max()) ** 2) else 0.0


def reference_spread(arm: Arm) -> FormSpread:
    """The spread of the forms of a reference arm, within persons."""
    return form_spread(arm.value, arm.person, arm.wording, arm.form)


def level_spread(of: JobGaps, job_of: Codes) -> FormSpread:
    """The spread of the forms of a level: within persons where most persons were asked in several forms, else of gaps.

    An arm that is asked once a job tells its forms apart only between jobs: then each gap counts as a value (a
    person's gap within jobs that have several, else a job's), without a term for what is the same throughout.
    """
    arm = of.level
    if arm.form.size == 0 or int(arm.form.max()) == int(arm.form.min()):
        return NOTHING
    if _several(arm.person, arm.form):
        return form_spread(arm.value, arm.person, arm.wording, arm.form)
    first = np.unique(arm.person, return_index=True)[1]
    first = first[np.isfinite(of.of_persons[arm.person[first]])]
    person, wording, form = arm.person[first], arm.wording[first], arm.form[first]
    if not person.size:
        return NOTHING
    block = job_of[person] if _several(job_of[person], form) else None
    return form_spread(of.of_persons[person], block, wording, form)


def _several(block: Codes, form: Codes) -> bool:
    """Whether most blocks have several forms."""
    e = int(form.max()) + 1
    pairs = np.unique(block * e + form)
    per_block = np.bincount(pairs // e)
    return bool(2 * (per_block > 1).sum() >= (per_block > 0).sum())
