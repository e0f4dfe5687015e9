"""Counts by year as one series: on areas that are the same in all years, and pooled over years.

In: counts by area and year, and which area became which. Out: counts by stable area, or by periods of years.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskstrat.areas.grouping import as_columns, check_columns
from riskstrat.areas.standardisation import known_total, table_problems
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.records.areas import AREA


@checked
def on_stable_areas(counts: pl.DataFrame, stable: pl.DataFrame, *, changed: int) -> pl.DataFrame:
    """Add up counts by areas that both versions of the boundaries have, so that years before and after are one series.

    Parameters
    ----------
    counts
        One row an area, year and anything else: ``area_id`` as coded in that year, ``year``, ``cases``, ``people``.
    stable
        What `stable_areas` gives: version, area_id, stable_id.
    changed
        First year that is coded by the new areas: 2025 for DeSO.

    Returns
    -------
    polars.DataFrame
        The same columns, ``area_id`` being the stable one; sorted.

    Raises
    ------
    UsageError
        If a column is missing, a code is not in its version, or rows cannot be counted; all problems at once.

    Examples
    --------
    >>> stable = {"version": ["old", "new", "new"], "area_id": ["A", "A1", "A2"], "stable_id": ["A1+A2"] * 3}
    >>> rows = {"area_id": ["A", "A1", "A2"], "year": [2024, 2025, 2025], "cases": [9, 4, 6], "people": [90, 40, 50]}
    >>> on_stable_areas(pl.DataFrame(rows), pl.DataFrame(stable), changed=2025).rows()
    [('A1+A2', 2024, 9, 90), ('A1+A2', 2025, 10, 90)]
    """
    others = [name for name in counts.columns if name not in (AREA, "cases", "people")]
    keys = (AREA, "year", *(name for name in others if name != "year"))
    missing = check_columns(("version", AREA, "stable_id"), stable=stable)
    UsageError.refuse([*missing, *table_problems("counts", counts, keys, "rate")])
    version = pl.when(pl.col("year") < changed).then(pl.lit("old")).otherwise(pl.lit("new")).alias("version")
    joined = counts.with_columns(version).join(stable, on=["version", AREA], how="left", maintain_order="left")
    lost = joined.filter(pl.col("stable_id").is_null()).select("version", AREA).unique().sort("version", AREA)
    if lost.height:
        named = ", ".join(f"{area} ({which})" for which, area in lost.head(5).rows())
        found = f"{number_of(lost.height, 'code')} outside the version: {named}"
        expected = f"old codes before {changed}, new ones from then on"
        remedy = "check the year of the change and the key of codes"
        UsageError.refuse([Problem(found, expected, remedy, table="counts", column=AREA)])
    summed = joined.group_by("stable_id", *keys[1:]).agg(pl.col("cases", "people").sum())
    return summed.rename({"stable_id": AREA}).select(counts.columns).sort(keys)


@checked
def pool_years(counts: pl.DataFrame, by: str | Sequence[str], *, years: int = 3) -> pl.DataFrame:
    """Add up each group's counts over periods of years, the last period first to be filled.

    Parameters
    ----------
    counts
        One row a group and year: the columns of `by`, ``year``, ``cases``, ``people`` (person-years).
    by
        Grouping columns.
    years
        In a period, at least 2.

    Returns
    -------
    polars.DataFrame
        Grouping columns, ``first_year``, ``last_year``, ``cases``, ``people``; periods follow each other and end in the
        last year; years that fill no period are left out. A sum with a null count is null.

    Raises
    ------
    UsageError
        If a column is missing, counts cannot be, groups lack years, or there are fewer years than in a period.

    Examples
    --------
    >>> rows = {"area": ["a"] * 5, "year": range(2020, 2025), "cases": [1, 2, 3, 4, 5], "people": [10] * 5}
    >>> pool_years(pl.DataFrame(rows), "area", years=2).rows()
    [('a', 2021, 2022, 5, 20), ('a', 2023, 2024, 9, 20)]
    """
    groups = as_columns(by)
    UsageError.refuse(table_problems("counts", counts, (*groups, "year"), "rate"))
    UsageError.refuse(_pool_problems(counts, groups, years))
    last = int(counts["year"].max())  # type: ignore[arg-type]
    back = (last - pl.col("year")) // years
    whole = (last - int(counts["year"].min()) + 1) // years  # type: ignore[arg-type]
    numbered = counts.with_columns(back.alias("__back")).filter(pl.col("__back") < whole)

    pooled = numbered.group_by(*groups, "__back").agg(
        first_year=pl.col("year").min(),
        last_year=pl.col("year").max(),
        cases=known_total("cases"),
        people=known_total("people"),
    )
    return pooled.drop("__back").sort(*groups, "first_year")


def _pool_problems(counts: pl.DataFrame, groups: Sequence[str], years: int) -> list[Problem]:
    if not counts["year"].dtype.is_integer():
        return [Problem("years that are no whole numbers", "2024, say", "convert", column="year")]
    if counts.is_empty():
        return [Problem("no counts", "a row a group and year", "check the table", table="counts")]
    span = int(counts["year"].max()) - int(counts["year"].min()) + 1  # type: ignore[arg-type]
    lacking = counts.group_by(groups).len().filter(pl.col("len") < span).height
    complaints = (
        (years < 2, f"periods of {years}", "2 years or more"),
        (
            lacking > 0,
            f"{number_of(lacking, 'group')} without a row for each of the {span} years",
            "one each, with 0 cases where none",
        ),
        (span < years, number_of(span, "year"), f"at least {years}, one period"),
    )
    remedy = "add the rows, or choose other periods"
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]
