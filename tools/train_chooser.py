"""Train the second reader: `python tools/train_chooser.py [--write]`.

A conditional logit with a ridge, fitted by scipy on the project's own labelled answers (tests/reference). It prints
what five folds say of it, by the grammar alone, by the chooser alone, and by the two together; `--write` fits it on
all and writes bias_harness/reading/chooser.json. The same answers give the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from bias_harness.reading.chooser import FORMAT, describe
from bias_harness.reading.reader import looked_at

ROOT = Path(__file__).parents[1]
SETS = ("prose_answers", "salary_answers", "second_look", "concepts")
WEIGHTS = ROOT / "bias_harness" / "reading" / "chooser.json"
RIDGE, FOLDS, RARE = 0.5, 5, 2
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Case:
    """A labelled answer: what is said of each choice, which are right (the last is none), what the grammar chose."""

    named: list[list[str]]
    right: list[bool]
    grammar: list[int]


def read_cases() -> list[Case]:
    """All labelled answers in which there is anything to choose."""
    found = []
    for name in SETS:
        for line in (ROOT / "tests" / "reference" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            case = _case(json.loads(line))
            if case:
                found.append(case)
    return found


def _case(row: dict) -> Case | None:
    seen = looked_at(row["text"], language=row["lang"], prompt=row.get("prompt"))
    if seen is None or not seen[0].amounts:
        return None
    amounts = seen[0].amounts
    wanted = {row.get("amount"), row.get("annual"), *(a[0] for a in row.get("accept", ()))} - {None}
    right = [any(abs((m.low + m.high) / 2 - w) < 0.01 for w in wanted) for m in amounts]
    if "annual" in row and not any(right):
        return None
    grammar = seen[1] or [len(amounts)]
    if any(right[at] for at in seen[1]):  # the same amount in another period is as right
        right = [is_right or at in seen[1] for at, is_right in enumerate(right)]
    return Case(describe(seen[0].text), [*right, not any(right)], grammar)


def fit(cases: list[Case]) -> dict[str, float]:
    """The weights that make the right choices likely, against a ridge."""
    often = Counter(name for case in cases for named in case.named for name in set(named))
    names = sorted(name for name, count in often.items() if count >= RARE)
    index = {name: i for i, name in enumerate(names)}
    rows, groups, right = [], [], []
    for number, case in enumerate(cases):
        for named, is_right in zip(case.named, case.right, strict=True):
            row = np.zeros(len(names))
            row[[index[n] for n in named if n in index]] = 1
            rows.append(row)
            groups.append(number)
            right.append(is_right)
    x, group, y = np.array(rows), np.array(groups), np.array(right)

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


def chances(case: Case, weights: dict[str, float]) -> np.ndarray:
    """The probability of each choice."""
    score = np.array([sum(weights.get(n, 0.0) for n in named) for named in case.named])
    odds = np.exp(score - score.max())
    return odds / odds.sum()


def main() -> None:
    """Print the folds; write the weights where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    cases = read_cases()
    order = np.random.default_rng(1).permutation(len(cases))
    seen: list[tuple[Case, np.ndarray]] = []
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS].tolist())
        weights = fit([c for i, c in enumerate(cases) if i not in out])
        seen += [(cases[i], chances(cases[i], weights)) for i in sorted(out)]
    _print(seen)
    if write:
        weights = fit(cases)
        kept = {"format": FORMAT, "trained_on": len(cases), "weights": dict(sorted(weights.items()))}
        WEIGHTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _write(f"{WEIGHTS.relative_to(ROOT)}: {len(weights)} weights")


def _print(seen: list[tuple[Case, np.ndarray]]) -> None:
    advice = [(c, p) for c, p in seen if not c.right[-1]]
    _write(f"{len(seen)} answers with amounts, {len(advice)} of them advise one; five folds")
    none = [[len(c.right) - 1] for c, _ in seen]
    alone = [[int(p.argmax())] for _, p in seen]
    _line("grammar alone", [c.grammar for c, _ in seen], seen)
    _line("chooser alone", alone, seen)
    for least in THRESHOLDS:
        kept = [c.grammar if p[c.grammar].sum() >= least else no for (c, p), no in zip(seen, none, strict=True)]
        _line(f"chooser gives it {least}", kept, seen)
    read_in = [(c, float(p[c.grammar].sum())) for c, p in seen if c.grammar[0] < len(c.right) - 1]
    said, true = np.array([p for _, p in read_in]), np.array([c.right[c.grammar[0]] for c, _ in read_in])
    for low, high in pairwise((0, 0.5, 0.8, 0.95, 1.01)):
        at = (said >= low) & (said < high)
        if at.any():
            _write(f"  {at.sum():4} read with {said[at].mean():.3f} on average: {true[at].mean():.3f} right")


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _line(name: str, chosen: list[list[int]], seen: list[tuple[Case, np.ndarray]]) -> None:
    right = sum(c.right[i[0]] and not c.right[-1] for i, (c, _) in zip(chosen, seen, strict=True))
    wrong = sum(not c.right[i[0]] and i[0] < len(c.right) - 1 for i, (c, _) in zip(chosen, seen, strict=True))
    advice = sum(not c.right[-1] for c, _ in seen)
    _write(f"{name:26} right {right / advice:6.1%} of those that advise, wrong or invented {wrong / len(seen):5.1%}")


if __name__ == "__main__":
    main()
