"""Numbers of one comparison -> the word they have earned. The one place where a word is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bias_harness.estimating.estimators.forms import Term, form_p, half_width
from bias_harness.estimating.judgement import ASSERTS_A_DIFFERENCE, Because, Word
from bias_harness.estimating.looks import WHOLE, Look

FEWEST_JOBS = 6
FEWEST_JOBS_SAME = 40
FEWEST_EDITS = 3
SAME_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """What a word is made of: the gap, its job variance, jobs, terms of forms, and the ways the reference was put.

    `job_df` are the degrees of freedom of the job variance, where they are others than those of `jobs`.
    """

    gap: float
    variance: float
    jobs: int
    terms: tuple[Term, ...]
    forms_reference: int
    tried: bool
    job_df: float | None = None

    @property
    def form_df(self) -> float:
        """The fewest degrees of freedom among the terms; 0 where no change of words was tried."""
        return min((t.spread.df for t in self.terms), default=0.0) if self.tried else 0.0

    @property
    def still(self) -> bool:
        """Whether nothing varies: neither over jobs nor over forms."""
        return self.variance == 0 and not any(t.spread.forms for t in self.terms)

    def half(self, alpha: float) -> float:
        """The half-width at a two-sided level."""
        return half_width(alpha, self.variance, self._of, self.terms)

    @property
    def p_value(self) -> float:
        """The p at which the interval just reaches zero."""
        return form_p(self.gap, self.variance, self._of, self.terms)

    def half_by_jobs(self, alpha: float) -> float:
        """The half-width as if no change of words moved anything."""
        return half_width(alpha, self.variance, self._of, ())

    @property
    def _of(self) -> float:
        return self.jobs if self.job_df is None else self.job_df + 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What a word is held to: the margin, the level of a difference alone, the size of the family, and the look."""

    margin: float
    alpha: float
    family_size: int
    look: Look = WHOLE

    @property
    def level(self) -> float:
        """The two-sided level of each comparison of the family (Bonferroni), as it is spent at this look."""
        return self.look.level(self.alpha / max(1, self.family_size))

    @property
    def alone(self) -> float:
        """The two-sided level of a difference without a family, as it is spent at this look."""
        return self.look.level(self.alpha)

    @property
    def same(self) -> float:
        """The two-sided level of the interval that shows sameness, as it is spent at this look."""
        return self.look.level(SAME_ALPHA)

    def adjusted(self, p_value: float) -> float:
        """A p over all looks as it counts in the family."""
        return min(1.0, p_value * self.family_size)


Spoken = tuple[Word, tuple[Because, ...]]


def word_of(found: Measured, rule: Rule) -> Spoken:
    """The word and why no stronger one, before sensitivities. Needs two jobs."""
    if found.still:
        return "every_job_the_same", ("no_variance",)
    wide = found.half(rule.level)
    apart = abs(found.gap) > wide
    if found.jobs < FEWEST_JOBS or not found.form_df:
        return _limited(found, rule, apart=apart)
    few: tuple[Because, ...] = ("few_edits",) if found.forms_reference < FEWEST_EDITS else ()
    if apart:
        return _difference(found, rule, wide, few)
    if abs(found.gap) + found.half(rule.same) < rule.margin:
        too_few: tuple[Because, ...] = ("fewer_than_40_jobs",) if found.jobs < FEWEST_JOBS_SAME else ()
        held = too_few + few
        return ("cannot_tell", held) if held else ("practically_the_same", ())
    return "cannot_tell", _held_back(found, rule)


def _limited(found: Measured, rule: Rule, *, apart: bool) -> Spoken:
    """Few jobs, or one way of saying it: what is said is about these cases, or these words."""
    why: tuple[Because, ...] = (
        *(("few_jobs",) if found.jobs < FEWEST_JOBS else ()),
        *(("one_form",) if not found.form_df else ()),
    )
    if not apart:
        return "cannot_tell", (*why, *_held_back(found, rule))
    return ("difference_in_these_cases" if found.jobs < FEWEST_JOBS else "difference_in_these_words"), why


def _difference(found: Measured, rule: Rule, wide: float, few: tuple[Because, ...]) -> Spoken:
    size = abs(found.gap)
    if size - wide > rule.margin:
        return ("difference_of_unclear_size", few) if few else ("clear_gap", ())
    if size + wide < rule.margin:
        held = (*(("fewer_than_40_jobs",) if found.jobs < FEWEST_JOBS_SAME else ()), *few)
        return ("difference_of_unclear_size", held) if held else ("difference_too_small_to_matter", ())
    return "difference_of_unclear_size", ("size_unclear",)


def _held_back(found: Measured, rule: Rule) -> tuple[Because, ...]:
    """Which rule kept a gap from being called a difference: the family, or the words; the width alone has no code."""
    why: list[Because] = []
    if abs(found.gap) > found.half(rule.alone):
        why.append("family")
    if found.terms and abs(found.gap) > found.half_by_jobs(rule.level):
        why.append("words_move_it_too")
    return tuple(why)


def bears_out(word: Word, gap: float, other: Word, other_gap: float) -> bool:
    """Whether another choice's word says at least what a word asserts: a sensitivity can only take away."""
    if word == "cannot_tell" or (word == other and _same_way(word, gap, other_gap)):
        return True
    stronger: dict[Word, Sequence[Word]] = {
        "difference_of_unclear_size": ("clear_gap", "difference_too_small_to_matter"),
        "practically_the_same": ("difference_too_small_to_matter", "every_job_the_same"),
    }
    return other in stronger.get(word, ()) and _same_way(word, gap, other_gap)


def _same_way(word: Word, gap: float, other: float) -> bool:
    return word not in ASSERTS_A_DIFFERENCE or (gap < 0) == (other < 0)
