"""Ten million answers to 24,000 cells: the estimators' own arrays beside a group-by of pandas, and of DuckDB.

    python benchmarks/bench_cells.py [--rows 10000000]

Seconds are of CPU, all threads together. Cells are profile x wording x level x signal; of each, counts, means and
variances of the amounts and of their logarithms. The estimators get codes, the others category columns (what a run's
observations are) or strings in dictionaries (what a Parquet file gives). DuckDB is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pyarrow as pa

from bias_harness.estimating.estimators.cells import cells_of

SHAPE = {"profile": 500, "wording": 8, "level": 3, "signal": 2}


def cpu(work: Callable[[], object]) -> tuple[float, object]:
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def by_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby(list(SHAPE), observed=False, sort=True)[["amount", "log"]].agg(["count", "mean", "var"])


def by_duckdb(table: pa.Table) -> pd.DataFrame:
    import duckdb

    keys = ", ".join(SHAPE)
    told = "count(amount) AS n, avg(amount) AS mean, var_samp(amount), avg(ln(amount)), var_samp(ln(amount))"
    with duckdb.connect() as base:
        base.register("answers", table)
        return base.sql(f"SELECT {keys}, {told} FROM answers GROUP BY {keys} ORDER BY {keys}").df()


def main(rows: int) -> None:
    random = np.random.default_rng(1)
    codes = {name: random.integers(0, size, rows) for name, size in SHAPE.items()}
    amounts = np.round(np.exp(random.normal(np.log(90_000), 0.25, rows)) / 1_000) * 1_000
    ours, cells = cpu(lambda: cells_of(tuple(codes.values()), amounts, tuple(SHAPE.values())))  # type: ignore[arg-type]
    print(f"the estimators' arrays: {ours:.2f} s")
    names = {name: pd.Index([f"{name}-{n:03d}" for n in range(size)]) for name, size in SHAPE.items()}
    frame = pd.DataFrame({n: pd.Categorical.from_codes(codes[n], categories=names[n]) for n in SHAPE})
    frame["amount"] = amounts
    taken, found = cpu(lambda: by_pandas(frame.assign(log=np.log(amounts))))
    assert np.allclose(found["amount", "mean"].to_numpy(), cells.mean.ravel(), rtol=1e-12, equal_nan=True)  # type: ignore[index, attr-defined]
    print(f"pandas: {taken:.2f} s")
    if find_spec("duckdb"):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        del frame
        taken, told = cpu(lambda: by_duckdb(table))
        assert np.allclose(told["mean"].to_numpy(), cells.mean.ravel(), rtol=1e-12)  # type: ignore[index, attr-defined]
        print(f"DuckDB: {taken:.2f} s")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=10_000_000)
    main(options.parse_args().rows)
