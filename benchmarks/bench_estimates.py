"""How long the statistics take: a complete `estimate`, and bootstrap intervals beside scipy's and pingouin's.

    python benchmarks/bench_estimates.py [--rows 100000 1000000] [--skip-peers]

Seconds are of CPU, all threads together. Asked of it: 100,000 observations of five models within 5 s after loading,
1,000,000 within 60 s and 3 GB, growing linearly; for the same bootstrap intervals 7 times less than scipy and 30 times
less than pingouin (which is left out where it is not installed).
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd

from bias_harness.estimating.estimates import estimate
from bias_harness.estimating.estimators import bootstrap_means
from bias_harness.outcome import Analysis, Outcome

FIELDS = ["business", "engineering", "law", "medicine", "social"]
CELLS, PAIRS, RESAMPLES = 25, 2_000, 9_999


def observations(rows: int, seed: int = 0) -> pd.DataFrame:
    """Five models, gender and migration (three levels, two signals), 50 people, 4 wordings, 2 languages, an edit."""
    random = np.random.default_rng(seed)
    arms = [("gender", g, s) for g in ("male", "female", "nonbinary") for s in (0, 1)]
    arms += [("migration", g, s) for g in ("expatriate", "migrant", "refugee") for s in (0, 1)]
    settings = 5 * 50 * 4 * 2 * len(arms)
    repeats = max(1, round(rows / settings))
    axes = [range(5), range(50), range(4), range(2), range(len(arms)), range(repeats)]
    index = pd.MultiIndex.from_product(axes, names=["endpoint", "persona", "wording", "language", "arm", "repeat"])
    frame = index.to_frame(index=False)
    n = len(frame)
    for name, column in (("attribute", 0), ("level", 1), ("signal", 2)):
        frame[name] = np.array([arm[column] for arm in arms])[frame["arm"]]
    persona = frame["persona"].to_numpy()
    frame["reference"] = frame["level"].isin(["male", "expatriate"])
    frame["field"], frame["seniority"] = np.array(FIELDS)[persona % 5], np.array(["junior", "senior"])[persona // 5 % 2]
    gap = np.where(frame["reference"], 0.0, -0.03 + random.normal(0, 0.03, 50)[persona])
    logs = np.log(90_000) + random.normal(0, 0.25, 50)[persona] + gap + random.normal(0, 0.06, n)
    refused = random.random(n) < 0.02
    frame["annual"] = np.where(refused, np.nan, np.round(np.exp(logs) / 1_000) * 1_000)
    ranged = random.random(n) < 0.1
    frame["annual_low"] = np.where(ranged, frame["annual"] * 0.95, frame["annual"])
    frame["annual_high"] = np.where(ranged, frame["annual"] * 1.05, frame["annual"])
    frame["status"] = np.where(refused, "refused", "ok")
    frame["kind"] = np.where(refused, "refusal", np.where(ranged, "range", "point"))
    frame["edit"] = np.where((frame["signal"] == 1) & frame["reference"] & (persona % 2 == 0), "polite", "")
    frame["implausible"], frame["currency"] = False, "USD"
    for name in ("endpoint", "persona", "wording", "language", "attribute", "level", "field", "seniority"):
        frame[name] = frame[name].astype(str).astype("category")
    for name in ("status", "kind", "edit", "currency"):
        frame[name] = frame[name].astype("category")
    return frame.drop(columns="arm").sample(frac=1, random_state=seed).reset_index(drop=True)


def cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def whole_estimate(rows: int) -> None:
    frame = observations(rows)
    estimate(frame.head(2_000), analysis=Analysis(resamples=99), outcome=Outcome())
    before = peak_gigabytes()
    found = []
    seconds = cpu(lambda: found.append(estimate(frame, analysis=Analysis(), outcome=Outcome())))
    print(
        f"estimate of {len(frame):,} observations, {len(found[0].items):,} estimates: {seconds:.2f} s of CPU,"
        f" peak {peak_gigabytes():.2f} GB (before {before:.2f})"
    )


def bootstraps() -> None:
    """BCa intervals of the mean of 25 cells of 2,000 paired differences each, 9,999 resamples."""
    table = np.random.default_rng(1).normal(-0.04, 0.06, (PAIRS, CELLS))
    ours = cpu(lambda: bootstrap_means(table, RESAMPLES, 7))
    print(f"bootstrap of {CELLS} cells x {PAIRS:,} pairs, {RESAMPLES:,} resamples: ours {ours:.2f} s of CPU")
    theirs = cpu(lambda: [_scipy(table[:, j]) for j in range(CELLS)])
    print(f"  scipy BCa {theirs:.2f} s: {theirs / ours:.1f} times as much")
    _differences(table)
    if find_spec("pingouin") is None:
        print("  pingouin is not installed: left out")
        return
    import pingouin

    one = cpu(lambda: [_pingouin(pingouin, table[:, j]) for j in range(CELLS)])
    print(f"  pingouin BCa {one:.2f} s: {one / ours:.1f} times as much")


def _scipy(column: np.ndarray) -> object:
    from scipy import stats

    random = np.random.default_rng(7)
    return stats.bootstrap((column,), np.mean, n_resamples=RESAMPLES, method="BCa", batch=500, rng=random)


def _pingouin(module: object, column: np.ndarray) -> object:
    return module.compute_bootci(column, func="mean", method="bca", n_boot=RESAMPLES, seed=7)


def _differences(table: np.ndarray) -> None:
    ours = bootstrap_means(table[:, :3], RESAMPLES, 7)
    for j, one in enumerate(ours):
        ends = _scipy(table[:, j]).confidence_interval
        width = ends.high - ends.low
        assert one is not None
        assert max(abs(one.conf_low - ends.low), abs(one.conf_high - ends.high)) < 0.05 * width
    print("  the intervals are the same within 5 % of their width (Monte Carlo)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000])
    options.add_argument("--skip-peers", action="store_true")
    chosen = options.parse_args()
    for rows in chosen.rows:
        whole_estimate(rows)
    if not chosen.skip_peers:
        bootstraps()


if __name__ == "__main__":
    main()
