"""Observations -> judgements: for every comparison its numbers, its sensitivities and the word they have earned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd

from bias_harness.estimating.alternatives import Case, Varied
from bias_harness.estimating.around import control_of, money_of, needed_of, pairs_of
from bias_harness.estimating.cases import cases_alone
from bias_harness.estimating.imbalance import imbalances_of
from bias_harness.estimating.judgement import (
    UNEVEN,
    Because,
    Family,
    Imbalance,
    Judgement,
    Judgements,
    Sensitivity,
    Word,
)
from bias_harness.estimating.looks import WHOLE, Look
from bias_harness.estimating.measured import gap_of, measured_of
from bias_harness.estimating.rows import Rows, rows_of
from bias_harness.estimating.sides import Model, Side
from bias_harness.estimating.words import SAME_ALPHA, Measured, Rule, word_of
from bias_harness.outcome import Analysis, Outcome

EXACT_SIGN = 60


def judge(
    observations: pd.DataFrame,
    *,
    analysis: Analysis,
    outcome: Outcome,
    primary: Collection[str] | None = None,
    look: Look = WHOLE,
) -> Judgements:
    """The judgement of every comparison in a table of observations (long, one row a trial).

    `primary` are the declared comparisons (`attribute` or `attribute/level`), for every endpoint; by default
    every level of a single attribute against its reference (levels of a combination hold a plus sign and are
    explored). `look` is the look at growing data that these are, which says how wide an interval has to be. Raises
    `InputError` where the table lacks a column that cannot be done without.
    """
    all_rows = list(rows_of(observations, linear=not outcome.measured.relative))
    return judge_rows(all_rows, analysis=analysis, outcome=outcome, primary=primary, look=look)


def judge_rows(
    all_rows: Sequence[Rows],
    *,
    analysis: Analysis,
    outcome: Outcome,
    primary: Collection[str] | None = None,
    look: Look = WHOLE,
) -> Judgements:
    """The same from coded rows, one for each endpoint and attribute, in their order."""
    sizes = family_sizes(all_rows, primary)
    made = [
        judge_model(list(attributes), analysis=analysis, outcome=outcome, primary=primary, sizes=sizes, look=look)
        for _, attributes in groupby(all_rows, key=lambda rows: rows.endpoint)
    ]
    return Judgements(
        tuple(item for of in made for item in of.items), tuple(found for of in made for found in of.imbalances)
    )


def judge_model(
    attributes: Sequence[Rows],
    *,
    analysis: Analysis,
    outcome: Outcome,
    primary: Collection[str] | None,
    sizes: dict[Family, int],
    look: Look = WHOLE,
) -> Judgements:
    """The judgements of one model, the rows of its attributes, within families of these sizes."""
    context = Context(Model.of(attributes), analysis, outcome, primary, sizes, look)
    uneven = imbalances_of(context.model.sides, len(UNEVEN) * sum(sizes.values()))
    return Judgements(tuple(context.judgements(uneven)), tuple(uneven))


def family_of(rows: Rows, level: int, primary: Collection[str] | None) -> Family:
    """Whether a comparison was declared; by default every level of a single attribute is."""
    if primary is not None:
        named = {rows.attribute, f"{rows.attribute}/{rows.levels[level]}"}
        return "primary" if named.intersection(primary) else "explored"
    return "explored" if "+" in rows.levels[level] else "primary"


def family_sizes(all_rows: Sequence[Rows], primary: Collection[str] | None) -> dict[Family, int]:
    """How many comparisons of these rows were declared, and how many are explored."""
    sizes: dict[Family, int] = {"primary": 0, "explored": 0}
    for rows in all_rows:
        for level in rows.compared:
            sizes[family_of(rows, level, primary)] += 1
    return sizes


@dataclass(frozen=True)
class Context:
    """One model under one analysis, and the sizes of the run's families."""

    model: Model
    analysis: Analysis
    outcome: Outcome
    primary: Collection[str] | None
    sizes: dict[Family, int]
    look: Look = WHOLE

    def judgements(self, uneven: Sequence[Imbalance]) -> Iterator[Judgement]:
        """One judgement for every level of every attribute."""
        silent = {(i.attribute, i.level): i for i in uneven if i.what == "silence"}
        varied = Varied(self.model)
        for side in self.model.sides:
            for level in side.rows.compared:
                silence = silent[side.rows.attribute, side.rows.levels[level]]
                yield self.one(side, level, varied, silence)

    def rule(self, side: Side, level: int) -> Rule:
        """What the word of a comparison is held to."""
        family = family_of(side.rows, level, self.primary)
        bound = self.outcome.measured.margin(self.analysis).bound
        return Rule(bound, 1 - self.analysis.confidence, self.sizes[family], self.look)

    def blank(self, side: Side, level: int, rule: Rule) -> Judgement:
        """The judgement with what it is about and its counts, without numbers or word."""
        rows, of = side.rows, side.gaps[level]
        counts = answers_counted(side, level)
        beyond = [int((side_ > rule.margin).sum()) for side_ in (-of.gaps, of.gaps)]
        codes, names = side.jobs
        asked = np.unique(codes[np.unique(rows.profile[rows.level == level])]).size
        return Judgement(
            rows.endpoint,
            rows.attribute,
            rows.levels[level],
            rows.levels[rows.reference or 0],
            self.outcome.measured.name,
            self.outcome.measured.scale,
            None if side.linear else self.outcome.currency,
            rule.margin,
            self.analysis.confidence,
            family_of(rows, level, self.primary),
            rule.family_size,
            None,
            jobs=of.jobs,
            jobs_asked=asked,
            job_is_person=rows.job_is_person or self.analysis.unit == "person",
            persons=int(np.isfinite(of.of_persons).sum()),
            forms_level=of.forms[0],
            forms_reference=of.forms[1],
            wordings=len(rows.wordings),
            wordings_fixed=self.analysis.scope != "profiles+wordings",
            jobs_lower=beyond[0],
            jobs_higher=beyond[1],
            n_level=counts[0],
            n_reference=counts[1],
            n_dropped=counts[2],
            pairs=pairs_of(of),
            control=control_of(of, self.model.references, codes),
            job_gaps={n: float(g) for n, g in zip(names, of.gaps, strict=True) if np.isfinite(g)},
            **money_of(side, level),
        )

    def one(self, side: Side, level: int, varied: Varied, silence: Imbalance) -> Judgement:
        """One comparison with its numbers, its word, and what the sensitivities leave of it."""
        of, rule = side.gaps[level], self.rule(side, level)
        blank = self.blank(side, level, rule)
        if of.jobs == 0:
            return _spoken(replace(blank, status="no_data"), "cannot_tell", ("no_data",))
        if self.analysis.scope == "panel" or of.jobs == 1:
            return _declared(cases_alone(side, level, rule, blank))
        wide = self.analysis.scope == "profiles+wordings"
        found = measured_of(self.model, side, level, over_wordings=wide)
        word, because = word_of(found, rule)
        if wide and not found.still and side.wordings_term(level) is None:
            word, because = "cannot_tell", ("few_wordings",)
        base = _still(blank, found, rule) if found.still else _numbers(blank, found, rule, word)
        around = varied.of(Case(side, level, rule, base, word, wide), silence)
        return _spoken(replace(base, sensitivities=around), *_after(word, because, around), found, rule)


def answers_counted(side: Side, level: int) -> tuple[int, int, int]:
    """Answers that count of the level and of the reference, and those of either whose person has one side only."""
    there = np.isfinite(side.gaps[level].of_persons)
    rows = side.rows
    b, a = (there[rows.profile[side.at(g)]] for g in (level, rows.reference or 0))
    return int(b.sum()), int(a.sum()), int((~b).sum() + (~a).sum())


def _numbers(blank: Judgement, found: Measured, rule: Rule, word: Word) -> Judgement:
    """The numbers as the word uses them: the family's interval, but for sameness, which is shown alone."""
    alone = found.half(rule.same)
    half = alone if word == "practically_the_same" else found.half(rule.level)
    p = rule.look.p(found.p_value)
    return replace(
        blank,
        gap=gap_of(found.gap, half, blank),
        alone=gap_of(found.gap, alone, blank),
        p_value=p,
        p_adjusted=rule.adjusted(p),
        equivalent_se=found.half(SAME_ALPHA) / 1.959963984540054,
        form_df=found.form_df,
    )


def _still(blank: Judgement, found: Measured, rule: Rule) -> Judgement:
    """Nothing varies: the gap without an interval, the exact sign flip over jobs, and the rule of three."""
    p = 1.0 if found.gap == 0 else max(2.0 ** (1 - min(found.jobs, EXACT_SIGN)), 1e-15)
    return replace(
        blank,
        status="no_variance",
        gap=gap_of(found.gap, None, blank),
        alone=gap_of(found.gap, None, blank),
        p_value=p,
        p_adjusted=rule.adjusted(p),
        form_df=found.form_df,
        could_differ=min(1.0, 3 / found.jobs),
    )


def _after(word: Word, because: tuple[Because, ...], around: Sequence[Sensitivity]) -> tuple[Word, tuple[Because, ...]]:
    """The word after the sensitivities, which can only take away."""
    code: dict[str, Because] = {
        "without_flagged": "flagged_amounts",
        "low_ends": "ranges",
        "high_ends": "ranges",
        "bounds": "silence",
    }
    broken = tuple(dict.fromkeys(code[s.variation] for s in around if not s.holds))
    return ("depends", broken) if broken else (word, because)


def _declared(made: Judgement) -> Judgement:
    return made if made.family == "primary" else replace(made, word=None)


def _spoken(
    base: Judgement, word: Word, because: tuple[Because, ...], found: Measured | None = None, rule: Rule | None = None
) -> Judgement:
    """The judgement with its word; what is explored gets none."""
    needed = needed_of(found, rule) if word == "cannot_tell" and found is not None and rule is not None else None
    return _declared(replace(base, word=word, because=because, needed=needed))
