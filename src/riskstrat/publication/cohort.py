"""Tables of who was followed: the flow, how many were measured, and what is expected of everybody.

In: a cohort or a target population. Out: tables with the role of every column, not yet released.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import Sum, Table
from riskstrat.records.cohort import Cohort, Target

_COUNTED = ("people", "rows")
"""Persons and their index dates. Only these add up: a person may be left out at one date and included at another."""

_PARTS = (("start", ("left_out", "included")), ("included", ("covered", "not_covered")), ("included", ("end",)))
_OUTCOME = 1


def flow(target: Target) -> Table:
    """Account for everybody: who was there, who was left out and why, and how the time at risk ended."""
    return Table(
        target.flow,
        dimensions=[name for name in target.flow.columns if name not in _COUNTED],
        counts=_COUNTED,
        persons={"rows": "people"},
        sums=[Sum(count="rows", parts={"part": parts}, total={"part": (total,)}) for total, parts in _PARTS],
    )


def assessed(cohort: Cohort) -> Table | None:
    """Count how many of those followed were measured; None where the outcome need not be measured."""
    if not cohort.must_be_assessed:
        return None
    frame = pl.DataFrame(
        {"scope": ["all"], "people": [cohort.people.height], "assessed": [int(cohort.people["assessed"].sum())]}
    )
    return Table(frame, dimensions=("scope",), counts=("assessed",), denominators={"assessed": "people"})


def outcomes(cohort: Cohort) -> int:
    """Count the outcomes that were observed in a cohort."""
    return int((cohort.people["event"] == _OUTCOME).sum())


def total(target: Target, risk: npt.NDArray[np.float64], cases: int) -> Table:
    """Say of everybody, where there are no areas: people and expected cases, without an interval.

    Parameters
    ----------
    target
        The people on whom planning decides.
    risk
        Their recalibrated risks, (n,).
    cases
        Observed outcomes behind the risks.
    """
    frame = pl.DataFrame(
        {"scope": ["all"], "people": [target.people.height], "expected_cases": [float(risk.sum())], "cases": [cases]}
    ).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("lower", "upper", "count_lower", "count_upper"))
    derived = ("expected_cases", "lower", "upper", "count_lower", "count_upper")
    return Table(
        frame, dimensions=("scope",), counts=("people", "cases"), derived=dict.fromkeys(derived, ("people", "cases"))
    )
