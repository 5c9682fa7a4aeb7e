"""The judgement: everything that may be said of one comparison, made in one place and read by everybody.

`judge` (in `judging`) makes one `Judgement` for each endpoint, attribute and level. Sentences, first screen, cells,
figures, JSON, `check` and Python read it, and none of them asserts more than its `word`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from bias_harness.vocabulary import Scale

if TYPE_CHECKING:
    import pandas as pd

Word = Literal[
    "clear_gap",
    "difference_too_small_to_matter",
    "difference_of_unclear_size",
    "practically_the_same",
    "cannot_tell",
    "depends",
    "difference_in_these_cases",
    "difference_in_these_words",
    "every_job_the_same",
]
Because = Literal[
    "no_data",
    "one_job",
    "few_jobs",
    "fewer_than_40_jobs",
    "one_form",
    "few_edits",
    "few_wordings",
    "no_look",
    "family",
    "words_move_it_too",
    "no_variance",
    "size_unclear",
    "flagged_amounts",
    "ranges",
    "silence",
]
Status = Literal["ok", "no_data", "one_job", "no_variance"]
Family = Literal["primary", "explored"]
Basis = Literal["jobs", "cases"]
Variation = Literal["without_flagged", "low_ends", "high_ends", "bounds"]
Uneven = Literal["silence", "flags", "unclear"]
UNEVEN: tuple[Uneven, ...] = get_args(Uneven)
WORDS: tuple[Word, ...] = get_args(Word)
BECAUSE: tuple[Because, ...] = get_args(Because)
ASSERTS_A_DIFFERENCE: frozenset[Word] = frozenset(
    (
        "clear_gap",
        "difference_too_small_to_matter",
        "difference_of_unclear_size",
        "difference_in_these_cases",
        "difference_in_these_words",
    )
)
ASSERTS_SAMENESS: frozenset[Word] = frozenset(("practically_the_same", "difference_too_small_to_matter"))


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap, level minus reference (negative = the level is advised less), with its interval, on every scale it has.

    `estimate`, `low`, `high` are in log units of pay (scale `log`) or in the unit of a score or share (`difference`);
    `percent*` is 100 expm1 of them and `money*` that share of the reference's mean amount, in the judgement's currency
    a year: both None on the scale `difference`. The ends are None where there is no interval.
    """

    estimate: float
    low: float | None = None
    high: float | None = None
    percent: float | None = None
    percent_low: float | None = None
    percent_high: float | None = None
    money: float | None = None
    money_low: float | None = None
    money_high: float | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of answers to the same person in the same wording: in how many the level got less, the same, more."""

    lower: int
    equal: int
    higher: int

    @property
    def of(self) -> int:
        """All pairs."""
        return self.lower + self.equal + self.higher


@dataclass(frozen=True, slots=True)
class Control:
    """The negative control: what a change of words alone does, on the scale of the gap.

    `spread` is the standard deviation of a form's mean over the neutral forms of the reference arm, noise included,
    and `noise` what noise alone would give there. `pair_size` is the root mean square of the difference between two
    neutral answers about one person; `above_floor` how far the answers about level and reference lie apart
    beyond what such differences bring: the root of a difference of mean squares, with the ends of its interval over
    jobs (0 where the mean square is below the floor). None where the reference has one answer a person only.
    """

    spread: float | None
    noise: float | None
    pair_size: float | None
    above_floor: float | None
    above_floor_low: float | None
    above_floor_high: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The same comparison under another choice, by the same formula and the same size of family.

    `without_flagged`: far-off amounts left out; `low_ends`, `high_ends`: ranges read at an end; `bounds`: the worst and
    the best that the unequal silence of the two sides can hide (Lee). `share` is the share of answers that the choice
    touches, `gap` carries the interval as used, `word` what it would say; `holds` whether that bears the judgement out.
    """

    variation: Variation
    share: float
    gap: Gap
    word: Word
    holds: bool


@dataclass(frozen=True, slots=True)
class Needed:
    """What it would take to tell: the interval no wider than the smallest gap that matters on either side.

    `jobs` are jobs in all (None where no number of jobs would do), `more_forms` says that the words are what is in the
    way: the level and the reference must be said in more ways.
    """

    jobs: int | None
    more_forms: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """One comparison of a level with its reference by one endpoint, and the word that it has earned.

    `word` is None exactly for what is explored (`family` "explored": not declared as primary); `because` says which
    rules held it back or made it, the first one first. `gap` carries the interval **as used**: Bonferroni over the
    `family_size` comparisons of the family, but for `practically_the_same`, which each comparison earns alone; `alone`
    is the 95 % interval of this comparison alone. Word and interval agree by construction. `margin` is the smallest
    gap that matters, on the scale of the gap. `basis` is "jobs" (other jobs and other ways of saying it, in these
    wordings) or "cases" (exactly these cases; noise of asking only).

    `jobs` have both arms, of `jobs_asked`; `job_is_person` where no column of jobs told them apart. `forms_level` and
    `forms_reference` count the ways in which each side was put, `form_df` the degrees of freedom of their spread, and
    `wordings` the wordings: the sentence is about these alone where `wordings_fixed`, else about others like them too.
    `jobs_lower`, `jobs_higher` are jobs whose own gap lies beyond the margin. `n_level`, `n_reference` are the answers
    that count, `n_dropped` believable ones whose person lacks the other side. `p_value` is that of `alone`,
    `p_adjusted` that of the family (for `no_variance` the exact sign flip); `equivalent_se` is the half-width of a 95 %
    interval at one look over 1.96. `mean_level`, `mean_reference` are mean amounts over jobs and `mean_difference`
    theirs; `averages_agree` is False where that and `gap` point in different ways. `could_differ` bounds the share of
    jobs that may differ after all where every job is the same (rule of three). `job_gaps` are the gaps by job. `needed`
    is there where the word is "cannot tell". In a run that was looked at while it was asked, every interval and p is
    over all looks, and `decided_after` says after how many jobs asked it was decided; None where it was not, or there
    was one look.
    """

    endpoint: str
    attribute: str
    level: str
    reference: str
    outcome: str
    scale: Scale
    currency: str | None
    margin: float
    confidence: float
    family: Family
    family_size: int
    word: Word | None
    because: tuple[Because, ...] = ()
    status: Status = "ok"
    basis: Basis = "jobs"
    gap: Gap | None = None
    alone: Gap | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    equivalent_se: float | None = None
    jobs: int = 0
    jobs_asked: int = 0
    job_is_person: bool = False
    persons: int = 0
    forms_level: int = 0
    forms_reference: int = 0
    form_df: float = 0.0
    wordings: int = 0
    wordings_fixed: bool = True
    jobs_lower: int = 0
    jobs_higher: int = 0
    n_level: int = 0
    n_reference: int = 0
    n_dropped: int = 0
    mean_level: float | None = None
    mean_reference: float | None = None
    mean_difference: float | None = None
    averages_agree: bool = True
    could_differ: float | None = None
    pairs: Pairs | None = None
    control: Control | None = None
    sensitivities: tuple[Sensitivity, ...] = ()
    needed: Needed | None = None
    decided_after: int | None = None
    job_gaps: Mapping[str, float] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether the word asserts a difference of any kind."""
        return self.word in ASSERTS_A_DIFFERENCE

    @property
    def same(self) -> bool:
        """Whether the word asserts that whatever difference there is lies within the margin."""
        return self.word in ASSERTS_SAMENESS


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Whether something befell the answers about a level and its reference unequally often: a finding of its own.

    `silence`: no amount at all (refused, empty, unread); `flags`: an amount that is not believable or far off;
    `unclear`: a text in which no one amount could be told for certain (the readers disagree, thinking that never ends),
    the part of the silence that only the reader makes. Shares of what was asked and answered; `difference` is level
    minus reference. `p_value` is the larger of the closed form's (on shares by job) and the exact one within jobs;
    `found` where p times `family_size` is below 1 %: at most one run in a hundred without any difference has such a
    finding anywhere.
    """

    endpoint: str
    attribute: str
    level: str
    reference: str
    what: Uneven
    share_level: float | None
    share_reference: float | None
    difference: float | None
    p_value: float | None
    family_size: int
    found: bool


@dataclass(frozen=True)
class Judgements:
    """All judgements of a run, in the order of endpoint, attribute and level, and what fell unequally."""

    items: tuple[Judgement, ...] = ()
    imbalances: tuple[Imbalance, ...] = ()

    def of(self, endpoint: str, attribute: str, level: str) -> Judgement | None:
        """The judgement of one comparison; None where it was not asked."""
        about = (endpoint, attribute, level)
        return next((j for j in self.items if (j.endpoint, j.attribute, j.level) == about), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a judgement, as the codebook explains it; job gaps and sensitivities are in `to_dict` alone."""
        from bias_harness.estimating.judgement_table import table_of

        return table_of(self.items)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Judgements:
        """The inverse of `to_dict`."""
        return cls(tuple(_judgement(d) for d in data["items"]), tuple(Imbalance(**d) for d in data["imbalances"]))


def _judgement(data: Mapping[str, Any]) -> Judgement:
    parts: dict[str, Any] = dict(data)
    for name, kind in (("gap", Gap), ("alone", Gap), ("pairs", Pairs), ("control", Control), ("needed", Needed)):
        parts[name] = None if data[name] is None else kind(**data[name])
    found = [{**s, "gap": Gap(**s["gap"])} for s in data["sensitivities"]]
    parts["sensitivities"] = tuple(Sensitivity(**s) for s in found)
    parts["because"] = tuple(data["because"])
    return Judgement(**parts)
