"""What a study's predictions are compared with: published scores, other outcomes of the same people, use of care.

In: a condition, a cohort, its features and registers. Out: arrays and cohorts with rows in the same order.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.cohort.building import follow_outcomes
from riskstrat.declare import Condition, expanded
from riskstrat.features import build_features
from riskstrat.records.cohort import Cohort, Target
from riskstrat.registers import Registers


def benchmark_scores(
    condition: Condition, X: pl.DataFrame, cohort: Cohort, registers: Registers
) -> dict[str, NDArray[np.float64]]:
    """Score the rows of X by each benchmark of a condition: (n,), NaN where an input is not known.

    Inputs that the model does not read are built here; those of a register that is not there are not known.
    """
    inputs = {one.column: one for score in condition.benchmarks for one in expanded(score.inputs)}
    absent = [column for column, one in inputs.items() if column not in X.columns and not _is_there(one, registers)]
    wanted = [one for column, one in inputs.items() if column not in (*X.columns, *absent)]
    more = build_features(wanted, cohort, registers).select(one.column for one in wanted) if wanted else pl.DataFrame()
    known = X.hstack(more).with_columns(pl.lit(None, dtype=pl.Float32).alias(column) for column in absent)
    return {
        score.name: known.select(score.value().cast(pl.Float64).fill_null(np.nan)).to_series().to_numpy()
        for score in condition.benchmarks
    }


def other_outcomes(condition: Condition, cohort: Cohort, registers: Registers) -> dict[str, Cohort]:
    """Follow the rows of a cohort to each outcome that its condition's predictions are tested on."""
    checks = condition.outcome_checks
    followed = follow_outcomes(condition, registers, cohort, [check.outcome for check in checks])
    return {check.name: found for check, found in zip(checks, followed, strict=True)}


def care_use(condition: Condition, target: Target, registers: Registers) -> NDArray[np.float64] | None:
    """Say how often each person of the target population sought care, (n,), NaN where not known; None where nothing is.

    It is what `Condition.care_use` declares.
    """
    counted = condition.care_use
    if counted is None or not _is_there(counted, registers):
        return None
    return build_features([counted], target, registers)[counted.column].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _is_there(feature: object, registers: Registers) -> bool:
    register = getattr(feature, "register", None)
    return register is None or registers.has(register)
