"""Is the answer right where the truth is known? Whole studies of made-up municipalities, held against their truth.

Prints, for each condition, what the design asks of a municipality of 100,000: calibration slope, slope against the
true risk, AUC beside that of the truth's own linear predictor, coverage of the areas' intervals, and gain of the plan.
Leaves with 1 where a bar is missed.

Two columns tell chance from fault. `chance_slope` is the slope of the outcomes on their own true risks: where it is low
by chance, every model learns too flat a relation and its slope against the true risk is high. `coverage_expected` is
the coverage of the same areas when their cases are drawn anew from the true risks, 100 times. With --protected studies
come from protected counts of units, as what is published does.

Run: python benchmarks/honesty_people.py [--seeds 3] [--first 1] [--condition NAME ...] [--protected]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit, logit

import riskstrat as rs
from riskstrat.areas import recalibrate, smooth
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.priorities import prioritise
from riskstrat.records.areas import INTERVAL
from riskstrat.records.study import Study
from riskstrat.synthetic import Truth, read_truth, true_risk, write_municipality
from riskstrat.validation import auc

AS_OF = date(2024, 1, 1)
BUDGET_SHARE = 0.2
REDRAWS = 100
BARS = {
    "childhood_obesity": {"slope": (0.93, 1.05), "true_slope": (0.8, 1.2), "auc_gap": 0.02},
    "early_cvd": {"slope": (0.93, 1.05), "true_slope": (0.9, 1.1), "auc_gap": 0.02},
    "frailty": {"slope": (0.93, 1.05), "true_slope": (0.9, 1.1), "auc_gap": 0.02},
}


def fractional_slope(true: np.ndarray, predicted: np.ndarray) -> float:
    """Slope of a fractional logistic regression of the true risk on the predicted logit (Papke and Wooldridge 1996)."""
    design = np.column_stack([np.ones(len(true)), logit(np.clip(predicted, 1e-9, 1 - 1e-9))])
    at = np.array([0.0, 1.0])
    for _ in range(50):
        mean = expit(design @ at)
        step = np.linalg.solve(design.T @ (design * (mean * (1 - mean))[:, None]), design.T @ (true - mean))
        at = at + step
        if np.abs(step).max() < 1e-10:
            return float(at[1])
    message = "the fractional regression did not converge"
    raise RuntimeError(message)


def recalibrated_risk(study: Study) -> np.ndarray:
    """Out-of-fold risks by person, at the level of each period."""
    cohort, risk = study.cohort.covered, study.evaluation.risk
    return recalibrate(cohort, risk, study.model.estimator.link).apply(risk, cohort.people["landmark"].to_numpy())


def held_against(study: Study, truth: Truth) -> dict[str, float]:
    """Compare one study with the truth about its people."""
    cohort = study.cohort.covered
    people = cohort.people.with_row_index("row")
    known = true_risk(truth, people.select("person_id", "index_date"), study.condition.name)
    found = people.select("row", "assessed").with_columns(known.select("risk", "linear_predictor"))
    at = found.filter(pl.col("risk").is_not_null(), pl.col("assessed"))
    rows, true = at["row"].to_numpy(), at["risk"].to_numpy().astype(float)
    horizon, y = cohort.horizon_days, cohort.outcome[rows]
    ours, theirs = study.evaluation.risk[rows], expit(at["linear_predictor"].to_numpy().astype(float))
    return {
        "matched": len(rows) / found.filter("assessed").height,
        "true_sum_over_outcomes": float(true.sum() / recalibrated_risk(study)[rows].sum()),
        "slope": study.performance.estimate("calibration_slope"),
        "true_slope": fractional_slope(true, ours),
        "chance_slope": chance_slope(study, rows, true),
        "auc": auc(y, ours, horizon),
        "auc_gap": auc(y, theirs, horizon) - auc(y, ours, horizon),
        **areas_held_against(study, rows, true),
        **plan_held_against(study, truth),
    }


def chance_slope(study: Study, rows: np.ndarray, true: np.ndarray) -> float:
    """Slope of what happened on the true risks, among those whose outcome is known: 1 but for chance."""
    people = study.cohort.covered.people[rows]
    known = people.select(
        (pl.col("event") != 0) | (pl.col("duration_days") >= study.cohort.covered.horizon_days)
    ).to_series()
    happened = people.select((pl.col("event") == 1).cast(pl.Float64)).to_series()
    return fractional_slope(happened.filter(known).to_numpy(), true[known.to_numpy()])


def areas_held_against(study: Study, rows: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Share of the areas whose 90 % interval of theta holds the sum of true risks over the sum of expected.

    Whose true risk is not known counts with the expected one.
    """
    link = study.model.estimator.link
    recalibration = recalibrate(study.cohort.covered, study.area_results.risk, link, noise=study.noise)
    agreed = recalibration.apply(study.area_results.risk, study.cohort.covered.people["landmark"].to_numpy())
    counts = observed_expected(study.cohort.covered, agreed, recalibration)
    risk = agreed.copy()
    risk[rows] = true
    label = study.cohort.covered.people["area_id"]
    names = study.areas.table["area_id"]
    group = (
        label.replace_strict(names, np.arange(len(names)), default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    )
    group = np.where(study.cohort.covered.is_counted, group, -1)
    expected = counts.by_group(group, len(names)).expected
    truth = replace(counts, risk=risk).by_group(group, len(names)).expected
    theta = truth / expected
    lower, upper = study.areas.table.select("unexplained_lower", "unexplained_upper").to_numpy().T
    return {
        "coverage": float(np.mean((lower <= theta) & (theta <= upper))),
        "coverage_expected": coverage_expected(truth, expected),
        "theta_sd": float(np.log(theta).std()),
    }


def coverage_expected(truth: np.ndarray, expected: np.ndarray) -> float:
    """Coverage over cases drawn anew from the true sums of risks; as in a study, sums are made to agree."""
    found = []
    for seed in range(REDRAWS):
        cases = np.random.default_rng(seed).poisson(truth).astype(float)
        agreed = expected * cases.sum() / expected.sum()
        lower, upper = np.quantile(smooth(cases, agreed, seed=seed).draws(), INTERVAL, axis=0)
        found.append(np.mean((lower <= truth / agreed) & (truth / agreed <= upper)))
    return float(np.mean(found))


def plan_held_against(study: Study, truth: Truth) -> dict[str, float]:
    """Gain of whole areas: (plan - random) / (oracle - random) in true expected cases reached."""
    people = study.target.people
    known = true_risk(truth, people.select("person_id", "index_date"), study.condition.name)["risk"]
    cases = (
        people.select("area_id", risk=known.fill_null(known.mean()))
        .drop_nulls("area_id")
        .group_by("area_id")
        .agg(pl.col("risk").sum(), people=pl.len())
    )
    budget = BUDGET_SHARE * study.plan.full_cost_sek
    plan = prioritise(study.areas, study.condition.programmes[0], budget, seed=study.settings.seed)
    offered = plan.units.select("area_id", "share", "people").join(cases.select("area_id", "risk"), on="area_id")
    size, risk = offered["people"].to_numpy().astype(float), offered["risk"].to_numpy()
    reached = float(offered["share"].to_numpy() @ risk)
    best = float(best_shares(risk / size, size, BUDGET_SHARE * size.sum()) @ risk)
    at_random = BUDGET_SHARE * float(risk.sum())
    return {"gain": (reached - at_random) / (best - at_random)}


def best_shares(rate: np.ndarray, size: np.ndarray, budget: float) -> np.ndarray:
    """Reach the highest true rates first, the last area in part."""
    order = np.argsort(-rate)
    before = np.concatenate([[0.0], np.cumsum(size[order])[:-1]])
    share = np.empty(len(rate))
    share[order] = np.clip((budget - before) / size[order], 0, 1)
    return share


def measure(seed: int, people: int, names: Sequence[str], settings: rs.Settings) -> pl.DataFrame:
    """Make one municipality and hold the conditions against its truth."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "municipality"
        write_municipality(people=people, seed=seed, out=out)
        registers, truth = rs.open_registers(out), read_truth(out)
        rows = []
        for name in names:
            study = rs.run(rs.conditions.load(name), registers, AS_OF, settings)
            rows.append(
                {"condition": name, "seed": seed, "model": study.model.candidate.label, **held_against(study, truth)}
            )
            print(rows[-1], file=sys.stderr, flush=True)
    return pl.DataFrame(rows)


def missed(found: pl.DataFrame) -> list[str]:
    """Say which bars are missed."""
    problems = []
    for name in found["condition"].unique().sort():
        bars, rows = BARS[name], found.filter(condition=name)
        low, high = bars["slope"]
        if not low <= rows["slope"].mean() <= high:
            problems.append(f"{name}: mean calibration slope {rows['slope'].mean():.3f}")
        low, high = bars["true_slope"]
        if not rows["true_slope"].is_between(low, high).all():
            problems.append(f"{name}: slopes against the true risk {rows['true_slope'].to_list()}")
        if rows["auc_gap"].mean() > bars["auc_gap"]:
            problems.append(f"{name}: AUC below that of the truth by {rows['auc_gap'].mean():.3f}")
    return problems


def main() -> None:
    """Measure some seeds, print the table and the bars that are missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--people", type=int, default=100_000)
    arguments.add_argument("--condition", nargs="+", choices=list(BARS), default=list(BARS))
    arguments.add_argument("--protected", action="store_true", help="from protected counts")
    chosen = arguments.parse_args()
    settings = rs.Settings(bootstrap_draws=50, protection="noise" if chosen.protected else "none")
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    found = pl.concat([measure(seed, chosen.people, chosen.condition, settings) for seed in seeds])
    numbers = pl.exclude("condition", "seed", "model")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=250, float_precision=3):
        print(found.sort("condition", "seed"))
        for told in (numbers.mean(), numbers.std() / pl.len().sqrt()) if chosen.seeds > 1 else ():
            print(found.group_by("condition").agg(told).sort("condition"))
    problems = missed(found)
    print("\n".join(problems) or "all bars are met")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
