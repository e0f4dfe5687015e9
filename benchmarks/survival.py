"""What a Cox pair costs beside lifelines: processor seconds and peak memory, each in a process of its own.

    python benchmarks/survival.py --rows 200000 --columns 30

Rows have two causes, ties (whole days), censoring and a horizon of five years. Ours fits both causes and predicts the
cumulative incidence at the horizon for every row; lifelines fits one cause (``CoxPHFitter``, Efron ties). Prints a line
for each with the largest difference between the coefficients of the outcome.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

HORIZON = 1826


def rows(n: int, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate features, events and durations."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p), dtype=np.float32)
    X[:, ::3] = X[:, ::3] > 1
    effect = np.linspace(-0.3, 0.3, p)
    outcome = np.ceil(rng.exponential(20_000 * np.exp(-(X @ effect))))
    death = np.ceil(rng.exponential(30_000 * np.exp(-(X @ effect[::-1]))))
    end = np.minimum(HORIZON, np.ceil(rng.uniform(0, 4 * HORIZON, n)))
    duration = np.minimum(np.minimum(outcome, death), end)
    return X, np.where(duration == outcome, 1, np.where(duration == death, 2, 0)), duration


def ours(n: int, p: int) -> list[float]:
    """Fit both causes, and predict."""
    from riskstrat.estimators import Cox
    from riskstrat.incidence import outcome_array

    X, event, duration = rows(n, p)
    with measured("fit, both causes"):
        model = Cox(horizon_days=HORIZON).fit(X, outcome_array(event, duration))
    with measured("predict"):
        model.predict_risk(X)
    with measured("contributions, 100,000 rows"):
        model.contributions(X[: min(n, 100_000)])
    return model.coefficients_.filter(event=1)["coefficient"].to_list()


def lifelines(n: int, p: int) -> list[float]:
    """Fit the outcome alone."""
    import pandas as pd
    from lifelines import CoxPHFitter

    X, event, duration = rows(n, p)
    with measured("fit, one cause"):
        frame = pd.DataFrame(X).assign(duration=duration, event=event == 1)
        model = CoxPHFitter().fit(frame, "duration", "event")
    return list(model.params_)


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print processor seconds, and the peak of the process's memory before and after."""
    start, before = time.process_time(), _peak()
    yield
    seconds = time.process_time() - start
    print(f"  {what}: {seconds:.1f} CPU s, peak {_peak():.2f} GiB ({before:.2f} before)", file=sys.stderr)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Run both in processes of their own, so that one's memory is not the other's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--only", choices=["ours", "lifelines"])
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps({"ours": ours, "lifelines": lifelines}[asked.only](asked.rows, asked.columns)))
        return
    found = {}
    for name in ("ours", "lifelines"):
        print(name, file=sys.stderr)
        command = [sys.executable, __file__, "--only", name, "--rows", str(asked.rows), "--columns", str(asked.columns)]
        found[name] = np.array(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
    print(f"largest difference of coefficients: {np.abs(found['ours'] - found['lifelines']).max():.2g}")


if __name__ == "__main__":
    main()
