"""The interval of a comparison in which jobs and ways of saying it are both random: two half-widths in quadrature.

A *form* is one way of putting a text: of the reference arm a neutral edit or another expression (or name), of a level
an expression (or name). What all forms of a level share is its effect; what differs between them is words. The spread
of the forms is the negative control that every comparison carries: how far *some* change of words moves the answers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bias_harness.estimating.estimators.interval import Array, t_quantile
from bias_harness.estimating.estimators.roots import root

Codes = NDArray[np.int64]
SPLIT_AT = 0.20
"""The forms of the levels and those of the reference are pooled unless an F test tells them apart at this level."""

_RANK = 1e-9
_LEAST_P = 1e-15


@dataclass(frozen=True, slots=True)
class FormSpread:
    """How far the forms of one arm (or several, pooled) lie apart, on the scale of the answers, as mean squares.

    `forms` (v) is the variance of the mean of a form, its noise included; `noise` (r) what noise alone would give
    there, 0 where it cannot be told; `df` the degrees of freedom of v, 0 where there is nothing to tell forms by.
    """

    forms: float
    noise: float
    df: float
    noise_df: float = 0.0

    def at_least(self, floor: float) -> FormSpread:
        """The same with v not below `floor`: rounding hides what is smaller than half a step."""
        return FormSpread(max(self.forms, floor), self.noise, self.df, self.noise_df)

    def beyond_noise(self, level: float) -> bool:
        """Whether the forms lie apart by more than their noise, by an F test; so too where the noise is not known."""
        if self.df == 0 or self.forms == 0:
            return False
        if self.noise == 0 or self.noise_df == 0:
            return True
        return float(special.fdtrc(self.df, self.noise_df, self.forms / self.noise)) < level


NOTHING = FormSpread(0.0, 0.0, 0.0)


def form_spread(values: Array, block: Codes | None, wording: Codes, form: Codes) -> FormSpread:
    """The spread of the forms of one arm by least squares: value = block (job, person) + wording + form.

    With Q the sum of squares of forms after block and wording on f df, W the residual sum of squares on w df, X the
    indicators of the forms and M the projector off block and wording: kappa = trace(X'MX)/f, v = Q/(f kappa),
    r = W/(w kappa). Balanced and complete, kappa is the number of answers of a form and v the variance of the form
    means. Missing cells are harmless. `block` is None for an arm that is asked once a job: its values are gaps then.
    """
    n = values.size
    if n < 2 or int(form.max()) == int(form.min()):
        return NOTHING
    blocks = np.zeros(n, dtype=np.int64) if block is None else block
    y = values - values.mean()
    gram, right, rest, n_blocks = _without_blocks(y, blocks, wording, form)
    words = int(wording.max()) + 1
    inverse, rank = _inverse(gram[:words, :words])
    across = gram[words:, :words] @ inverse
    of_forms = gram[words:, words:] - across @ gram[:words, words:]
    of_right = right[words:] - across @ right[:words]
    rest -= float(right[:words] @ inverse @ right[:words])
    inverse, f = _inverse(of_forms)
    if f == 0:
        return NOTHING
    q = max(float(of_right @ inverse @ of_right), 0.0)
    kappa = float(np.trace(of_forms)) / f
    w = n - n_blocks - rank - f
    tiny = 1e-18 * max(1.0, float(y @ y))
    noise = max(rest - q, 0.0) / (w * kappa) if w > 0 and rest - q > tiny else 0.0
    return FormSpread(q / (f * kappa) if q > tiny else 0.0, noise, float(f), float(max(w, 0)))


def _without_blocks(y: Array, block: Codes, wording: Codes, form: Codes) -> tuple[Array, Array, float, int]:
    """Gram matrix of wordings and forms, their products with y and y'y, all after the means of blocks."""
    b, v, e = int(block.max()) + 1, int(wording.max()) + 1, int(form.max()) + 1
    count = np.bincount(block, minlength=b).astype(float)
    size = np.maximum(count, 1.0)
    words = np.bincount(block * v + wording, minlength=b * v).reshape(b, v)
    forms = np.bincount(block * e + form, minlength=b * e).reshape(b, e)
    both = np.bincount(wording * e + form, minlength=v * e).reshape(v, e)
    z = np.hstack([words, forms]).astype(float)
    gram = np.diag(z.sum(axis=0))
    gram[:v, v:], gram[v:, :v] = both, both.T
    gram -= z.T @ (z / size[:, None])
    sums = np.bincount(block, weights=y, minlength=b)
    right = np.concatenate([np.bincount(wording, y, v), np.bincount(form, y, e)]) - z.T @ (sums / size)
    return gram, right, float(y @ y - (sums**2 / size).sum()), int((count > 0).sum())


def _inverse(gram: Array) -> tuple[Array, int]:
    """The pseudo-inverse of a Gram matrix, and its rank."""
    if gram.shape[0] == 1:
        alone = float(gram[0, 0])
        return (np.array([[1 / alone]]), 1) if alone > _RANK else (np.zeros((1, 1)), 0)
    return _inverse_of(gram.tobytes(), gram.shape[0])


@lru_cache(maxsize=64)
def _inverse_of(gram: bytes, size: int) -> tuple[Array, int]:
    """Remembered: a design that is drawn again has the same matrix, whatever its answers."""
    values, vectors = np.linalg.eigh(np.frombuffer(gram).reshape(size, size))
    kept = values > _RANK * max(1.0, float(values[-1]))
    chosen = vectors[:, kept]
    return (chosen / values[kept]) @ chosen.T, int(kept.sum())


def pooled(spreads: Iterable[FormSpread]) -> FormSpread:
    """One spread of several arms of one model, weighted by their degrees of freedom. Never pool over models."""
    known = [s for s in spreads if s.df > 0]
    df = sum(s.df for s in known)
    if not df:
        return NOTHING
    v, r = (sum(s.df * x for s, x in zip(known, xs, strict=True)) / df for xs in _columns(known))
    return FormSpread(v, r, df, sum(s.noise_df for s in known))


def _columns(spreads: Sequence[FormSpread]) -> tuple[list[float], list[float]]:
    return [s.forms for s in spreads], [s.noise for s in spreads]


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the variance that forms bring: `share` (sum of squared shares of the forms in the gap) times v."""

    share: float
    spread: FormSpread


def form_terms(level: FormSpread, reference: FormSpread, c_level: float, c_reference: float) -> tuple[Term, ...]:
    """The terms of a comparison: one with the pooled spread, or one of each side where their spreads differ.

    `level` is pooled over the levels that are said in like ways, `reference` over the reference arms. They are kept
    apart where the F test of v, noise taken into account, is below `SPLIT_AT` either way: names can vary far more
    than neutral edits, and pooling would hide it.
    """
    together = pooled([level, reference])
    if level.df == 0 or reference.df == 0 or not _apart(level, reference):
        return (Term(c_level + c_reference, together),) if together.df else ()
    return Term(c_level, level), Term(c_reference, reference)


def _apart(level: FormSpread, reference: FormSpread) -> bool:
    """Whether the two spreads differ by more than chance, once each has its own noise."""
    expected = max(reference.forms - reference.noise, 0.0) + level.noise
    larger = level.forms / expected if expected > 0 else (math.inf if level.forms > 0 else 1.0)
    return float(special.fdtrc(level.df, reference.df, larger)) < SPLIT_AT / 2 or (
        float(special.fdtr(level.df, reference.df, larger)) < SPLIT_AT / 2
    )


def half_width(alpha: float, job_variance: float, jobs: float, terms: Sequence[Term]) -> float:
    """The half-width of the interval at the two-sided level `alpha`, on the scale of the gap.

    h^2 = max( t(J-1)^2 max(A - sum c r, 0) + sum t(D)^2 c v , t(J-1)^2 A ), each t the 1 - alpha/2 quantile. `A`
    (`job_variance`) is var(d_j)/J: it holds job gaps and noise; c v holds forms and noise; c r takes away the noise
    that was counted twice. No degrees of freedom are made up. Needs two jobs; they are a fraction where two unpaired
    means have Welch's degrees of freedom, J - 1 as ever.
    """
    by_jobs = t_quantile(1 - alpha / 2, jobs - 1) ** 2
    noise = sum(term.share * term.spread.noise for term in terms)
    by_forms = sum(t_quantile(1 - alpha / 2, t.spread.df) ** 2 * t.share * t.spread.forms for t in terms)
    return math.sqrt(max(by_jobs * max(job_variance - noise, 0.0) + by_forms, by_jobs * job_variance))


def form_p(gap: float, job_variance: float, jobs: float, terms: Sequence[Term]) -> float:
    """The two-sided p of a gap: the level at which `half_width`, which falls in it, just reaches it. Never 0."""
    size = abs(gap)
    if size == 0:
        return 1.0
    if half_width(_LEAST_P, job_variance, jobs, terms) <= size:
        return _LEAST_P

    def short(log_p: float) -> float:
        return half_width(math.exp(log_p), job_variance, jobs, terms) - size

    return math.exp(root(short, math.log(_LEAST_P), 0.0, 1e-9))
