"""How often the check cries wolf, and how often it finds a worsening: simulated re-recordings at the default policy.

Two models of ten people each; the gap of a person moves between two recordings by noise of the given size.
"""

from __future__ import annotations

import numpy as np

from bias_harness.checking.drift import Policy, Side, Snapshot, compare

RUNS, MODELS = 500, 2
WIDTHS = (10, 12, 9, 9)


def snapshot(random: np.random.Generator, gap: float, people: int, noise: float) -> Snapshot:
    """One recording."""

    def side(model: int) -> Side:
        gaps = {str(p): float(g) for p, g in enumerate(random.normal(gap, noise, people))}
        return Side(f"model-{model}", "gender", "female", "male", gaps, {}, None, None)

    return Snapshot("bench", {}, "reader", tuple(side(m) for m in range(MODELS)), {})


def main() -> None:
    """Print the table."""
    random = np.random.default_rng(2026)
    print(f"{RUNS} re-recordings each, {MODELS} models, margin {Policy().margin:.0%}: the share that ends in")
    print("'regressed', and where nothing changed ('unchanged') in 'inconclusive' ('cannot tell')")
    print(f"{'people':>7} {'noise':>6} {'unchanged':>10} {'cannot tell':>12} {'3% worse':>9} {'5% worse':>9}")
    for people in (10, 30, 100):
        for noise in (0.01, 0.02):
            shares = []
            for worse in (0.0, -0.03, -0.05):
                outcomes = [
                    compare(
                        snapshot(random, worse, people, noise), snapshot(random, 0.0, people, noise), Policy()
                    ).outcome
                    for _ in range(RUNS)
                ]
                shares.append(outcomes.count("regressed") / RUNS)
                if not worse:
                    shares.append(outcomes.count("inconclusive") / RUNS)
            print(f"{people:>7} {noise:>6.0%} " + " ".join(f"{s:>{w}.1%}" for s, w in zip(shares, WIDTHS, strict=True)))


if __name__ == "__main__":
    main()
