"""What group contributions of a million rows and 300 features cost: CPU seconds and peak memory, beside their bars.

Run: python benchmarks/contributions.py [--rows 1000000] [--columns 300] [--kind linear|trees]. The model is fitted to
20,000 rows; the features are Float32 with values not observed. Each kind runs in a fresh process, trees in two workers,
whose time and memory are counted.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl
from joblib.externals.loky import get_reusable_executor

from peak import peak_gib
from riskstrat.estimators import Boosting, Logistic
from riskstrat.explanation import explain_groups
from riskstrat.incidence import outcome_array

BARS = {"linear": "3 CPU s, 2 GiB", "trees": "2 GiB"}
WORKERS = {"linear": 1, "trees": 2}
FITTED, GROUPS = 20_000, 100


def features(rows: int, columns: int) -> pl.DataFrame:
    """Give a third each of normal, skewed and yes/no columns; every tenth is not observed in a fifth of the rows."""
    rng = np.random.default_rng(0)
    made = {}
    for number in range(columns):
        kinds = (rng.standard_normal, rng.standard_exponential, lambda n: (rng.random(n) < 0.2).astype(np.float32))
        values = pl.Series(kinds[number % 3](rows).astype(np.float32))
        made[f"x{number}"] = values if number % 10 else values.set(pl.Series(rng.random(rows) < 0.2), None)
    return pl.DataFrame(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=300)
    parser.add_argument("--kind", choices=tuple(BARS))
    asked = parser.parse_args()
    if asked.kind is None:
        for kind in BARS:
            subprocess.run([sys.executable, *sys.argv, "--kind", kind], check=True)
        return
    X = features(asked.rows, asked.columns)
    train = X.head(FITTED)
    risk = 1 / (1 + np.exp(2 - train["x1"].to_numpy()))
    y = outcome_array(np.random.default_rng(1).random(FITTED) < risk, np.full(FITTED, 365.0))
    kinds = {"linear": Logistic(horizon_days=365), "trees": Boosting(horizon_days=365, max_iter=50, folds=0)}
    model = kinds[asked.kind].fit(train, y)
    families = {name: f"family {number % 5}" for number, name in enumerate(X.columns)}
    area = pl.Series("area", np.arange(X.height) % GROUPS).cast(pl.String)
    clock, cpu = time.perf_counter(), time.process_time()
    explain_groups(model, X, area, families, workers=WORKERS[asked.kind])
    own, passed = time.process_time() - cpu, time.perf_counter() - clock
    get_reusable_executor().shutdown()  # so that the workers' time is counted
    worker = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (
        f"{own + worker.ru_utime + worker.ru_stime:.1f} CPU s, {passed:.1f} s, peak {peak_gib():.2f} GiB and "
        f"{worker.ru_maxrss / 2**20:.2f} GiB in a worker"
    )
    size = f"{X.height:,} x {X.width}, X itself {X.estimated_size('gb'):.2f} GiB"
    print(f"{asked.kind}: {spent} (bar: {BARS[asked.kind]}; {size})")


if __name__ == "__main__":
    main()
