"""Tables of who was followed: the flow, how many were measured, and what is expected of everybody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import CASES, CellNoise, ProtectedRows, Sum, Table, person_keys
from riskstrat.records.cohort import Cohort, Target

_COUNTED = ("people", "rows")
"""Persons and their index dates. Only these add up: a person may be left out at one date and included at another."""

_PARTS = (("start", ("left_out", "included")), ("included", ("covered", "not_covered")), ("included", ("end",)))
_OUTCOME = 1


def flow_table(flow: pl.DataFrame, keys: pl.DataFrame) -> Table:
    """Account for everybody: who was there, who was left out and why, and how the time at risk ended."""
    return Table(
        flow.hstack(keys),
        dimensions=[name for name in flow.columns if name not in _COUNTED],
        counts=_COUNTED,
        persons={"rows": "people"},
        sums=[Sum(count="rows", parts={"part": parts}, total={"part": (total,)}) for total, parts in _PARTS],
        keys={name.removesuffix("_key"): name for name in keys.columns},
    )


def assessed(cohort: Cohort) -> Table | None:
    """Count index dates and persons, and those measured at the horizon; None where outcomes need not be measured."""
    if not cohort.must_be_assessed:
        return None
    was = pl.col("assessed")
    return Table(
        cohort.people.select(
            pl.lit("all").alias("scope"),
            **cell("index_dates", "persons", pl.col("person_id").is_not_null()),
            **cell("assessed", "assessed_persons", was),
        ),
        dimensions=("scope",),
        counts=("assessed", "assessed_persons"),
        denominators={"assessed": "index_dates", "assessed_persons": "persons"},
        persons={"index_dates": "persons", "assessed": "assessed_persons"},
        keys=keys_of("index_dates", "persons", "assessed", "assessed_persons"),
    )


def cell(rows: str, persons: str, inside: pl.Expr, of: str = "person_id") -> dict[str, pl.Expr]:
    """Count the rows of a cell and their distinct persons, and give the keys of both."""
    person = pl.col(of).filter(inside)
    key = person.map_batches(lambda found: pl.Series(person_keys(found)), return_dtype=pl.UInt64)
    return {
        rows: inside.sum().cast(pl.Int64),
        persons: person.n_unique().cast(pl.Int64),
        f"{rows}_key": key.sum(),
        f"{persons}_key": key.unique().sum(),
    }


def keys_of(*counts: str) -> dict[str, str]:
    """Name the columns of keys that `cell` gives."""
    return {count: f"{count}_key" for count in counts}


def total(target: Target, risk: npt.NDArray[np.float64], cohort: Cohort, noise: CellNoise | None) -> Table:
    """Say of everybody, where there are no areas: people and expected cases by recalibrated risk, without an interval.

    The outcomes of the cohort, of which only index dates that are counted are given, are behind the risks. With noise
    the sum of risks hides any one person as in `riskstrat.areas`.
    """
    rows, everywhere = ProtectedRows.of(target.people, noise), np.zeros(len(risk), dtype=np.intp)
    expected = rows.risk_sum(risk, everywhere, 1, scale=float(risk.mean()))
    everybody, had = pl.col("person_id").is_not_null(), pl.col("event") == _OUTCOME
    behind = cohort.people.select(**cell("index_dates", "persons", everybody), **cell("cases", "case_persons", had))
    unknown = ("lower", "upper", "count_lower", "count_upper")
    frame = target.people.select(
        pl.lit("all").alias("scope"),
        **cell("people", "residents", everybody),
        expected_cases=pl.lit(float(expected[0])),
        **dict.fromkeys(unknown, pl.lit(None, pl.Float64)),
    ).hstack(behind)
    counts = ("people", "cases", "case_persons", "persons")
    return Table(
        frame.drop("residents", "residents_key"),
        dimensions=("scope",),
        counts=counts,
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys(("expected_cases", *unknown), ("people", "cases")),
        persons={"cases": "case_persons", "index_dates": "persons"},
        keys=keys_of(*counts, "index_dates"),
        digits={"expected_cases": CASES},
    )
