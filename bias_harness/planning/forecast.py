"""What a design will be able to say, in a second: its numbers are drawn some times, without any sensitivity.

Without rounding and refusals a gap only moves the estimate, so that each draw is measured once and gives its word for
every gap (`word_of`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, median, pstdev

import numpy as np

from bias_harness.estimating.around import at_jobs, needed_of
from bias_harness.estimating.estimators.forms import Term
from bias_harness.estimating.judgement import ASSERTS_A_DIFFERENCE, Word
from bias_harness.estimating.judging import family_of
from bias_harness.estimating.measured import measured_of
from bias_harness.estimating.sides import Model
from bias_harness.estimating.words import SAME_ALPHA, Measured, Rule, word_of
from bias_harness.planning.calibration import Simulated
from bias_harness.planning.conditions import Condition
from bias_harness.planning.stopping import jobs_until_decided

DRAWS = 200
FEWEST_RUNS = 40
OFTEN = 0.8
BEYOND_DOUBT = 1e6


@dataclass(frozen=True)
class Powers:
    """How often a comparison gets each kind of word, by planted gap (as shown; -3: 3 % less)."""

    differs: Mapping[float, float]
    clear: Mapping[float, float]
    same: float


@dataclass(frozen=True)
class Forecast:
    """What a design can say of one comparison of its family. Half-widths and margins are on the scale of the gap.

    `half_width` is the median one of the family's interval (None where there is none), `powers` how often each kind of
    word is said, `clear_at` the gap that 80 of 100 runs call clear (None where they call none so). What would help: the
    half-width with twice the jobs, with twice the ways of saying everything, and of one comparison alone; the `needed`
    jobs at which the interval is no wider than the margin either way (None: no number of jobs would do); `same_margin`,
    with which 80 % of true zeros would be called practically the same. `runs` were drawn.
    `until` are the expected jobs of `run --until decided` by the gap that all comparisons have (as shown; 0 is none);
    empty where the design has too few jobs to be looked at before its end.
    """

    attribute: str
    jobs: int
    family_size: int
    half_width: float | None
    powers: Powers
    twice_the_jobs: float | None
    twice_the_forms: float | None
    alone: float | None
    clear_at: float | None
    needed: int | None
    same_margin: float | None
    margin: float
    runs: int
    until: Mapping[float, float]


def forecast(
    of: Simulated, condition: Condition, gaps: Collection[float], seed: int = 1, draws: int = DRAWS
) -> list[Forecast]:
    """Draw the design until there are some 200 (`draws`) comparisons: what it tells of each declared attribute.

    `gaps` are on the scale of the gap.
    """
    exact = replace(condition, step=0.0, refused=0.0, jumps=0.0)
    compared = max(1, of.sizes["primary"] // of.endpoints)
    runs = max(FEWEST_RUNS, math.ceil(draws / compared))
    found: dict[str, list[Measured]] = {}
    for run in range(runs):
        for attribute, measured in _measured(of, exact, np.random.default_rng([seed, run])):
            found.setdefault(attribute, []).append(measured)
    return [_forecast(of, attribute, each, gaps, runs) for attribute, each in found.items()]


def _forecast(of: Simulated, attribute: str, found: Sequence[Measured], gaps: Collection[float], runs: int) -> Forecast:
    rule = Rule(of.margin, 1 - of.analysis.confidence, of.sizes["primary"])
    told = [m for m in found if m.jobs > 1 and not m.still]
    powers = _powers(told, rule, gaps, of)
    jobs = max(m.jobs for m in found)
    if not told:
        nothing = (None, powers, None, None, None, None, None, None)
        return Forecast(attribute, jobs, rule.family_size, *nothing, rule.margin, runs, {})
    half, typical = median(m.half(rule.level) for m in told), _typical(told)
    scale = half / typical.half(rule.level)
    reach = sorted(abs(m.gap) + m.half(SAME_ALPHA) for m in told)
    return Forecast(
        attribute,
        jobs,
        rule.family_size,
        half,
        powers,
        scale * at_jobs(typical, 2 * typical.jobs).half(rule.level),
        scale * _more_forms(typical).half(rule.level),
        scale * typical.half(rule.alpha),
        _clear_at(told, rule, half),
        needed_of(typical, replace(rule, margin=rule.margin / scale)).jobs,
        reach[min(len(reach) - 1, int(OFTEN * len(reach)))],
        rule.margin,
        runs,
        dict(_until(typical, rule, gaps, of, math.ceil(len(found) / runs / of.endpoints))),
    )


def _until(
    typical: Measured, rule: Rule, gaps: Collection[float], of: Simulated, compared: int
) -> Iterator[tuple[float, float]]:
    """The expected jobs until every comparison is decided, by the gap as shown."""
    for gap in (0.0, *gaps):
        jobs = jobs_until_decided(typical, rule, gap, compared)
        if jobs is not None:
            yield round(of.outcome.measured.shown(gap), 6), jobs


def _clear_at(told: Sequence[Measured], rule: Rule, half: float) -> float | None:
    """The gap whose interval lies beyond the margin in 80 of 100 runs: margin, half-width, and 0.84 of its own spread.

    None where a gap that is beyond all doubt would get another word: with few jobs, or in too few ways.
    """
    ways = [word_of(replace(m, gap=BEYOND_DOUBT), rule)[0] for m in told]
    if ways.count("clear_gap") < OFTEN * len(ways):
        return None
    return rule.margin + half + NormalDist().inv_cdf(OFTEN) * pstdev(m.gap for m in told)


def _typical(told: Sequence[Measured]) -> Measured:
    """The means of the variances: what one run knows of its forms is too little to be cut at zero and projected."""
    several = max({len(m.terms) for m in told}, key=[len(m.terms) for m in told].count)
    alike = [m for m in told if len(m.terms) == several]
    terms = tuple(
        Term(
            fmean(t.share for t in of),
            replace(
                of[0].spread,
                forms=fmean(t.spread.forms for t in of),
                noise=fmean(t.spread.noise for t in of),
                df=fmean(t.spread.df for t in of),
            ),
        )
        for of in zip(*(m.terms for m in alike), strict=True)
    )
    return replace(alike[0], gap=0.0, variance=fmean(m.variance for m in alike), terms=terms)


def _measured(of: Simulated, condition: Condition, random: np.random.Generator) -> list[tuple[str, Measured]]:
    """The declared comparisons of one draw without a gap, with their attributes."""
    model = Model.of([c.planted(c.draw(condition, random), condition, 0.0, of.outcome) for c in of.columns])
    wide = of.analysis.scope == "profiles+wordings"
    return [
        (side.rows.attribute, measured_of(model, side, level, over_wordings=wide))
        for side in model.sides
        for level in side.rows.compared
        if family_of(side.rows, level, of.primary) == "primary"
    ]


def _powers(told: Sequence[Measured], rule: Rule, gaps: Collection[float], of: Simulated) -> Powers:
    def words(gap: float) -> list[Word]:
        return [word_of(replace(m, gap=m.gap + gap), rule)[0] for m in told]

    def share(said: list[Word], among: Collection[Word]) -> float:
        return sum(word in among for word in said) / max(1, len(said))

    said = {round(of.outcome.measured.shown(gap), 6): words(gap) for gap in gaps}
    return Powers(
        {shown: share(each, ASSERTS_A_DIFFERENCE) for shown, each in said.items()},
        {shown: share(each, {"clear_gap"}) for shown, each in said.items()},
        share(words(0.0), {"practically_the_same"}),
    )


def _more_forms(found: Measured) -> Measured:
    """The same with twice the ways of saying it: each has half the answers, the share of each is halved."""
    terms = tuple(
        Term(
            t.share / 2,
            replace(s, forms=max(s.forms - s.noise, 0.0) + 2 * s.noise, noise=2 * s.noise, df=2 * s.df + 1),
        )
        for t in found.terms
        for s in (t.spread,)
    )
    return replace(found, terms=terms)
