"""What it costs in accuracy that `Boosting` leaves rows without the outcome out, and what it saves.

Run: python benchmarks/thinning.py [--rows 200000] [--share 0.01] [--seeds 3]. Made-up people with a known risk (curved,
with interactions) and 40 features, a fifth of them with gaps. Each seed is fitted twice to the same people, and tested
on as many others: AUC, Brier score in per cent of that without a model, calibration slope, and CPU seconds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from riskstrat.estimators import Boosting, boosting
from riskstrat.incidence import outcome_array
from riskstrat.numerics.logistic import logistic_recalibration
from riskstrat.validation import auc

HORIZON, FEATURES = 365.0, 40


def people(rows: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, a third each normal, skewed and counted, and who had the outcome."""
    rng = np.random.default_rng(seed)
    kinds = (rng.standard_normal, rng.standard_exponential, lambda size: rng.poisson(0.3, size))
    values = np.stack([kinds[number % 3](rows) for number in range(FEATURES)], axis=1)
    linear = values[:, :12] @ np.linspace(0.6, 0.05, 12) + 0.4 * np.abs(values[:, 0]) * values[:, 1]
    linear += 0.8 * (values[:, 3] > 1) * (values[:, 2] > 0) - 0.3 * values[:, 6] ** 2
    low, high = -30.0, 10.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-linear - middle))).mean() < share else (low, middle)
    had = rng.random(rows) < 1 / (1 + np.exp(-linear - low))
    values[rng.random(values.shape) < 0.1 * (np.arange(FEATURES) % 5 == 0)] = np.nan
    return values.astype(np.float32), had


def measured(rows: int, share: float, seed: int, per_outcome: float) -> tuple[float, ...]:
    """Rows kept, AUC, Brier score in per cent of that without a model, slope, CPU seconds of the fit."""
    values, had = people(2 * rows, share, seed)
    boosting.PER_OUTCOME = per_outcome
    kept = {} if per_outcome < rows else {"most_rows": rows}
    start = time.process_time()
    model = Boosting(horizon_days=HORIZON, **kept).fit(values[:rows], outcome_array(had[:rows], np.full(rows, HORIZON)))
    spent, risk, test = time.process_time() - start, model.predict_risk(values[rows:]), had[rows:]
    slope = logistic_recalibration(np.log(risk / (1 - risk)), test, np.ones(rows)).slope
    brier = 100 * ((test - risk) ** 2).mean() / (test.mean() * (1 - test.mean()))
    return sum(model.rows_[0]), auc(outcome_array(test, np.full(rows, HORIZON)), risk, HORIZON), brier, slope, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    usual = boosting.PER_OUTCOME
    for seed in range(asked.seeds):
        for name, per_outcome in (("as it is", usual), ("all rows", 10**9)):
            rows, *found = measured(asked.rows, asked.share, seed, per_outcome)
            print(f"seed {seed}, {name}: {rows:,.0f} rows, AUC {found[0]:.4f}, Brier {found[1]:.3f} %, ", end="")
            print(f"slope {found[2]:.3f}, {found[3]:.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
