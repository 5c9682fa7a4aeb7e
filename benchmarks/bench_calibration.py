"""Coverage, false alarms and power of the product's own functions over six designs; and how long the quickstart takes.

    python benchmarks/bench_calibration.py --runs 1500 --workers 2

Prints a table with Monte Carlo errors. Asked of it: coverage 93-97 % (profiles+wordings 93-100 %), false alarms of the
scope profiles at most 7 %, and 1,000 runs of the quickstart's design within 60 s of CPU.
"""

from __future__ import annotations

import argparse
import resource
import time

from bias_harness.planning.calibration import SPECIFIED, Calibration, Planted, Rate, calibrate, variants


def cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def shown(rate: Rate) -> str:
    return "-" if rate.share is None else f"{100 * rate.share:5.1f} % (+-{100 * rate.error:.1f})"


def show(found: Calibration) -> None:
    for result in found.results:
        print(f"\n{result.planted.name}  ({result.runs} runs, planted gap {result.planted.gap:+.3f})")
        for scope in result.scopes:
            width = "-" if scope.width is None else f"{scope.width:.4f}"
            print(
                f"  {scope.scope:18} coverage {shown(scope.coverage):18} without zero {shown(scope.alarms):18}"
                f" width {width}  bias {scope.bias:+.5f}  interval in {100 * scope.available:.0f} %"
            )
        flips, refusals = shown(result.sign_flip_alarms), shown(result.refusal_alarms)
        print(f"  sign flip p < 0.05: {flips}; refusal gap p < 0.05: {refusals}")
        print("  " + ", ".join(f"{word} {100 * share:.1f} %" for word, share in result.verdicts.items()))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=1_500)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    started = cpu_seconds()
    show(calibrate(SPECIFIED, runs=chosen.runs, workers=chosen.workers, seed=chosen.seed))
    print(f"\nsix designs x {chosen.runs} runs: {cpu_seconds() - started:.1f} s of CPU")
    started, wall = cpu_seconds(), time.perf_counter()
    quickstart = Planted("quickstart", profiles=10, wordings=3, repeats=3)
    show(calibrate(variants(quickstart, -0.05), runs=1_000, workers=chosen.workers, seed=chosen.seed))
    cpu, seconds = cpu_seconds() - started, time.perf_counter() - wall
    print(f"\nquickstart, 5 variants x 1,000 runs: {cpu:.1f} s of CPU, {seconds:.1f} s")


if __name__ == "__main__":
    main()
