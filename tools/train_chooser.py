"""Train the second reader: `python tools/train_chooser.py [--write]`.

A conditional logit with a ridge, fitted by scipy on the project's own labelled answers (tests/reference). It prints
what five folds say of it, by the grammar alone, by the chooser alone, and by the two together, on all of them and on
the answers that were written after the grammar, whose likelihoods calibrate it. `--write` fits it on all of them and
writes bias_harness/reading/chooser.json. The same answers give the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from bias_harness.reading.chooser import FORMAT, Stand
from bias_harness.reading.features import Name, describe
from bias_harness.reading.reader import LEAST, Seen, looked_at
from bias_harness.reading.scan import Mention
from bias_harness.vocabulary import Answer

ROOT = Path(__file__).parents[1]
SETS = ("prose_answers", "salary_answers", "second_look", "concepts")
LATER = ("written_tuned", "written_held_out", "written_fresh_tuned")
"""Answers that were written when the grammar was there: what it makes of them is what it makes of others."""
WEIGHTS = ROOT / "bias_harness" / "reading" / "chooser.json"
RIDGE, CALIBRATION_RIDGE, FOLDS, RARE = 0.4, 0.02, 5, 3
SUREST = 1e-6
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
BINS = (0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


@dataclass(frozen=True)
class Case:
    """A labelled answer: what is said of each choice, which are right (the last is none), what the grammar picks."""

    seen: Seen
    grammar: Mention | Answer
    named: list[list[Name]]
    right: list[bool]
    advises: bool

    @property
    def picked(self) -> list[int]:
        """The amounts that the grammar picks, all of which say the same."""
        return [] if isinstance(self.grammar, Answer) else self.seen.same(self.grammar)

    def weighed(self, chances: np.ndarray) -> tuple[int, Stand, float]:
        """The choice in question, how the grammar stands to it, and its likelihood, as the reader weighs them."""
        amount, stand, likely = self.seen.weighed_by(chances, self.grammar)
        return next(i for i, m in enumerate(self.seen.text.amounts) if m is amount), stand, float(likely)


def read_cases(name: str) -> list[Case]:
    """All labelled answers of a set in which there is anything to choose."""
    path = ROOT / "tests" / "reference" / f"{name}.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [case for row in rows if (case := _case(row))]


def _case(row: dict) -> Case | None:
    looked = looked_at(row["text"], language=row["lang"], prompt=row.get("prompt"))
    if looked is None or not looked[0].text.amounts:
        return None
    seen, grammar = looked
    wanted = {row.get("amount"), row.get("annual"), *(a[0] for a in row.get("accept", ()))} - {None}
    amounts = seen.text.amounts
    right = [any(abs((m.low + m.high) / 2 - w) < 0.01 for w in wanted) for m in amounts]
    picked = [] if isinstance(grammar, Answer) else seen.same(grammar)
    if isinstance(grammar, Mention) and not picked:
        return None
    if any(right[at] for at in picked):  # the same amount in another period is as right
        right = [is_right or at in picked for at, is_right in enumerate(right)]
    if "annual" in row and not any(right):
        return None
    return Case(seen, grammar, describe(seen.text), [*right, not any(right)], bool(wanted))


def fit(cases: list[Case]) -> dict[Name, float]:
    """The weights that make the right choices likely, against a ridge."""
    often = Counter(name for case in cases for named in case.named for name in set(named))
    names = sorted(name for name, count in often.items() if count >= RARE)
    index = {name: i for i, name in enumerate(names)}
    rows, columns, groups, right = [], [], [], []
    for number, case in enumerate(cases):
        for named, is_right in zip(case.named, case.right, strict=True):
            known = [index[n] for n in named if n in index]
            rows += [len(groups)] * len(known)
            columns += known
            groups.append(number)
            right.append(is_right)
    shape = (len(groups), len(names))
    x, group, y = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape), np.array(groups), np.array(right)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        score = x @ w
        top = np.full(len(cases), -np.inf)
        np.maximum.at(top, group, score)
        odds = np.exp(score - top[group])
        whole, good = np.bincount(group, odds), np.bincount(group, odds * y)
        p, q = odds / whole[group], odds * y / good[group]
        return float(-np.log(good / whole).sum() + RIDGE * w @ w), x.T @ (p - q) + 2 * RIDGE * w

    solved = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return {name: round(float(w), 4) for name, w in zip(names, solved.x, strict=True) if abs(w) >= 0.0005}


def chances(case: Case, weights: dict[Name, float]) -> np.ndarray:
    """The probability of each choice."""
    score = np.array([sum(weights.get(n, 0.0) for n in named) for named in case.named])
    odds = np.exp(score - score.max())
    return odds / odds.sum()


def calibrate(seen: list[tuple[Case, np.ndarray]]) -> dict[str, float]:
    """The slope and the intercept of each stand that make the likelihoods true (Platt 1999)."""
    stands = get_args(Stand)
    weighed = [(case, *case.weighed(p)) for case, p in seen]
    weighed = [row for row in weighed if row[-1] > 0]
    logit = np.array([_logit(likely) for *_, likely in weighed])
    at = np.array([stands.index(stand) for _, _, stand, _ in weighed])
    right = np.array([case.right[choice] for case, choice, *_ in weighed], dtype=float)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        p = 1 / (1 + np.exp(-(w[-1] * logit + w[at])))
        gradient = np.append(np.bincount(at, p - right, len(stands)), (p - right) @ logit)
        pull = np.append(w[:-1], 0.0)
        inside = np.clip(p, SUREST, 1 - SUREST)
        value = -(right * np.log(inside) + (1 - right) * np.log(1 - inside)).sum() + CALIBRATION_RIDGE * pull @ pull
        return float(value), gradient + 2 * CALIBRATION_RIDGE * pull

    start = np.append(np.zeros(len(stands)), 1.0)
    solved = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return {name: round(float(w), 4) for name, w in zip((*stands, "slope"), solved, strict=True)}


def sure(case: Case, p: np.ndarray, calibration: dict[str, float]) -> tuple[int, float]:
    """The choice in question and how likely it is right."""
    choice, stand, likely = case.weighed(p)
    return choice, 1 / (1 + np.exp(-(calibration[stand] + calibration["slope"] * _logit(likely))))


def _logit(likely: float) -> float:
    inside = min(max(likely, SUREST), 1 - SUREST)
    return float(np.log(inside / (1 - inside)))


def folds(cases: list[Case], beside: list[Case]) -> list[tuple[Case, np.ndarray]]:
    """Each case with its chances by weights that were fitted without its fold, and with all `beside`."""
    order = np.random.default_rng(1).permutation(len(cases))
    seen: list[tuple[Case, np.ndarray]] = []
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS].tolist())
        weights = fit([*beside, *(c for i, c in enumerate(cases) if i not in out)])
        seen += [(cases[i], chances(cases[i], weights)) for i in sorted(out)]
    return seen


def main() -> None:
    """Print the folds; write the weights where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    cases = [case for name in SETS for case in read_cases(name)]
    held = [case for name in LATER for case in read_cases(name)]
    unseen = folds(held, cases)
    calibration = calibrate(unseen)
    _print(
        f"{len(cases)} answers with amounts that the grammar was made on, five folds", folds(cases, held), calibration
    )
    _print(f"{len(held)} answers with amounts written after the grammar, five folds", unseen, calibration)
    _reliability(unseen)
    if write:
        weights = fit([*cases, *held])
        kept: dict[str, dict[str, float]] = {}
        for (kind, what), weight in sorted(weights.items()):
            kept.setdefault(kind, {})[what] = weight
        whole = {
            "format": FORMAT,
            "trained_on": len(cases) + len(held),
            "calibrated_on": len(held),
            "calibration": calibration,
        }
        text = json.dumps({**whole, "weights": kept}, indent=1, ensure_ascii=False)
        WEIGHTS.write_text(text + "\n", encoding="utf-8")
        _write(f"{WEIGHTS.relative_to(ROOT)}: {len(weights)} weights")


def _print(title: str, seen: list[tuple[Case, np.ndarray]], calibration: dict[str, float]) -> None:
    _write(f"{title}; {sum(c.advises for c, _ in seen)} of them advise an amount")
    _line("grammar alone", [c.picked[0] if c.picked else None for c, _ in seen], seen)
    _line("chooser alone", [_most_likely(c, p) for c, p in seen], seen)
    both = [(c.picked[0] if c.picked else None, _most_likely(c, p), c) for c, p in seen]
    _line("both pick it", [g if g is not None and b in c.picked else None for g, b, c in both], seen)
    chosen = [sure(c, p, calibration) for c, p in seen]
    for least in THRESHOLDS:
        _line(f"both, at least {least}", [choice if s >= least else None for choice, s in chosen], seen)
    _line(f"as shipped: {LEAST}", [choice if s >= LEAST else None for choice, s in chosen], seen)


def _most_likely(case: Case, p: np.ndarray) -> int | None:
    best = int(p[:-1].argmax())
    return best if p[case.seen.same(case.seen.text.amounts[best])].sum() > p[-1] else None


def _line(name: str, chosen: list[int | None], seen: list[tuple[Case, np.ndarray]]) -> None:
    right = sum(i is not None and c.right[i] for i, (c, _) in zip(chosen, seen, strict=True))
    wrong = sum(i is not None and not c.right[i] for i, (c, _) in zip(chosen, seen, strict=True))
    advice = sum(c.advises for c, _ in seen)
    _write(f"  {name:32} right {right / advice:6.1%} of those that advise, wrong or invented {wrong / len(seen):5.1%}")


def _reliability(seen: list[tuple[Case, np.ndarray]]) -> None:
    """How often an amount is right beside how likely it is said to be, each by a calibration on the other folds."""
    order = np.random.default_rng(1).permutation(len(seen))
    said, true = np.zeros(len(seen)), np.zeros(len(seen))
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        kept = calibrate([seen[i] for i in set(range(len(seen))) - set(out.tolist())])
        for i in out:
            choice, said[i] = sure(*seen[i], kept)
            true[i] = seen[i][0].right[choice]
    _write(f"  Brier score {np.mean((said - true) ** 2):.3f}; calibrated in five folds:")
    for low, high in pairwise(BINS):
        at = (said >= low) & (said < high)
        if at.any():
            _write(f"  {at.sum():4} with {said[at].mean():.2f} on average: {true[at].mean():.2f} right")


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
