"""Tables of what is to be expected in the years to come, by area, for all areas, and how the population grows."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import DIGITS, ByInterval, Figures, Table
from riskstrat.records.plan import OBSERVED_CASE_PERSONS, OBSERVED_CASES
from riskstrat.records.projection import Projection

_CASES = ("cases", "cases_lower", "cases_upper")


def projection_tables(projection: Projection, counted: pl.DataFrame) -> dict[str, Table]:
    """Give ``areas``, ``total`` and ``growth``; `counted` holds the observed cases of each area, which rules read."""
    known = [name for name in (OBSERVED_CASES, OBSERVED_CASE_PERSONS) if name in counted.columns]
    by_area = projection.areas.join(
        counted.select(*projection.by, *known), on=projection.by, how="left", maintain_order="left"
    )
    in_all = projection.total.with_columns(pl.lit(int(counted[name].sum())).alias(name) for name in known)
    growth = projection.growth
    return {
        "areas": _table(by_area, (*projection.by, "year")),
        "total": _table(in_all, ("year",)),
        "growth": Table(
            growth,
            dimensions=("ages",),
            public=("residents", "later_residents", "change"),
            digits=dict.fromkeys(("residents", "later_residents"), Figures(DIGITS)) | {"change": Figures(2)},
        ),
    }


def _table(frame: pl.DataFrame, dimensions: tuple[str, ...]) -> Table:
    """People as the rule says; what follows of a plan with few figures, as in its summary."""
    of_plan = [name for name in ("reached", "staff_hours") if name in frame.columns]
    return Table(
        frame.with_columns(pl.col("people").round().cast(pl.Int64)),
        dimensions=dimensions,
        counts=("people",),
        unshown=(OBSERVED_CASES,),
        derived=dict.fromkeys([*_CASES, *of_plan], ("people", OBSERVED_CASES)),
        persons={OBSERVED_CASES: OBSERVED_CASE_PERSONS} if OBSERVED_CASE_PERSONS in frame.columns else {},
        digits={"cases": ByInterval("cases_lower", "cases_upper"), **dict.fromkeys(of_plan, Figures(DIGITS))},
    )
