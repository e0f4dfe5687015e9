"""Tables of who was followed: the flow, how many were measured, and what is expected of everybody."""

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
    """Count index dates and persons, and those measured at the horizon; None where outcomes need not be measured."""
    if not cohort.must_be_assessed:
        return None
    was, person = pl.col("assessed"), pl.col("person_id")
    frame = cohort.people.select(
        pl.lit("all").alias("scope"),
        index_dates=pl.len().cast(pl.Int64),
        assessed=was.sum().cast(pl.Int64),
        persons=person.n_unique().cast(pl.Int64),
        assessed_persons=person.filter(was).n_unique().cast(pl.Int64),
    )
    return Table(
        frame,
        dimensions=("scope",),
        counts=("assessed", "assessed_persons"),
        denominators={"assessed": "index_dates", "assessed_persons": "persons"},
        persons={"index_dates": "persons", "assessed": "assessed_persons"},
    )


def outcome_persons(cohort: Cohort) -> int:
    """Count the persons in whom an outcome was observed: they are behind every risk."""
    return cohort.people.filter(pl.col("event") == _OUTCOME)["person_id"].n_unique()


def total(target: Target, risk: npt.NDArray[np.float64], cohort: Cohort) -> Table:
    """Say of everybody, where there are no areas: people and expected cases by recalibrated risk, without an interval.

    The outcomes of the cohort, of which only index dates that are counted are given, are behind the risks.
    """
    frame = pl.DataFrame(
        {
            "scope": ["all"],
            "people": [target.people.height],
            "expected_cases": [float(risk.sum())],
            "cases": [int((cohort.people["event"] == _OUTCOME).sum())],
            "case_persons": [outcome_persons(cohort)],
            "index_dates": [cohort.people.height],
            "persons": [cohort.people["person_id"].n_unique()],
        }
    ).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("lower", "upper", "count_lower", "count_upper"))
    derived = ("expected_cases", "lower", "upper", "count_lower", "count_upper")
    return Table(
        frame,
        dimensions=("scope",),
        counts=("people", "cases", "case_persons", "persons"),
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys(derived, ("people", "cases")),
        persons={"cases": "case_persons", "index_dates": "persons"},
    )
