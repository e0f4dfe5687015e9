"""An indicator by group and year from registers: cohorts of each year, counted.

In: an indicator and registers. Out: counts and denominators by group and year, or why there are none.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date
from functools import partial

import numpy as np
import polars as pl

from riskstrat.areas import stable_areas
from riskstrat.areas.grouping import with_age_band
from riskstrat.cohort import build_cohort
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, LocalisedText, RegisterIndicator
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, UsageError
from riskstrat.indicators.rows import STRATA, Missing
from riskstrat.numerics.groups import number_groups
from riskstrat.records.cohort import Cohort
from riskstrat.registers import Registers

GROUPS = ("area_id", "care_centre_id", "sex", "age_band", "birth_region")
DAYS_PER_YEAR = 365.25
FEWEST_SHARE_FOLLOWED = 0.5
"""A year of which less was followed is not told: those who were may differ from those who were not."""


def count_years(
    indicator: RegisterIndicator,
    registers: Registers,
    years: Sequence[int],
    *,
    as_of: date,
    by: tuple[str, ...],
    lookup: pl.DataFrame | None,
    noise: CellNoise | None,
) -> dict[int, pl.DataFrame | Missing]:
    """Count each year, by sex and age too if they are to be standardised for; say what registers lack."""
    if indicator.index is not None:
        cohorts = dict.fromkeys(years, _cohort(indicator, registers, years[0], as_of))
    else:
        cohorts = {year: _cohort(indicator, registers, year, as_of) for year in years}
    lacking = {year: each for year, each in cohorts.items() if isinstance(each, Missing)}
    if len(lacking) == len(cohorts):
        return {**lacking}
    by = (*by, *(each for each in STRATA if each not in by)) if indicator.standardised else by
    recorded = _recorded_years(indicator.condition(years[0]), registers, as_of)
    counted = partial(_count, indicator, by=by, lookup=lookup, noise=noise)
    found = {year: each if isinstance(each, Missing) else counted(each, year) for year, each in cohorts.items()}
    return {
        year: each if isinstance(each, Missing) or year in recorded else _unrecorded(year)
        for year, each in found.items()
    }


def _recorded_years(condition: Condition, registers: Registers, as_of: date) -> Container[int]:
    """Years in which registers hold any row that the outcome asks for, whoever it is about."""
    view = RegisterView.of(condition, registers, as_of)
    dates = [view.events(rows).select(pl.col("date").dt.year()) for rows in condition.outcome.rows]
    return set(pl.concat(dates).unique().collect()["date"]) if dates else range(9_999)


def _unrecorded(year: int) -> Missing:
    return Missing(
        reason=LocalisedText(
            en=f"No row that the outcome asks for was recorded of anybody in {year}: none, or not recorded.",
            sv=f"Ingen rad som utfallet kräver har registrerats för någon {year}: inget har hänt, eller registrerats.",
        )
    )


def _cohort(indicator: RegisterIndicator, registers: Registers, year: int, as_of: date) -> Cohort | Missing:
    try:
        return build_cohort(indicator.condition(year), registers, as_of, min_outcomes=0)
    except (UsageError, DesignError) as lacking:
        said = "; ".join(str(problem) for problem in lacking.problems)
        return Missing(
            reason=LocalisedText(
                en=f"The registers do not hold what the indicator asks for: {said}.",
                sv=f"Registren innehåller inte det som indikatorn kräver: {said}.",
            )
        )


def _count(
    indicator: RegisterIndicator,
    cohort: Cohort,
    year: int,
    *,
    by: tuple[str, ...],
    lookup: pl.DataFrame | None,
    noise: CellNoise | None,
) -> pl.DataFrame | Missing:
    people = cohort.people.filter(pl.col("index_date").dt.year() == year)
    followed = people.filter(_is_followed(indicator, cohort.horizon_days))
    if followed.height < max(1, FEWEST_SHARE_FOLLOWED * people.height):
        return Missing(
            reason=LocalisedText(
                en=f"Too few of {year} were followed for {indicator.horizon} to the end of the registers.",
                sv=f"För få från {year} har följts i {indicator.horizon} till registrens slut.",
            )
        )
    return _cells(indicator, _grouped(followed, by, lookup), by, noise)


def _is_followed(indicator: RegisterIndicator, horizon_days: int) -> pl.Expr:
    """Whose answer is known: measured where it must be; of a proportion nobody who left before the horizon."""
    known = pl.col("horizon_covered") & pl.col("assessed")
    whole = (pl.col("event") > 0) | (pl.col("duration_days") >= horizon_days)
    return known if indicator.measure == "rate" else known & whole


def _grouped(people: pl.DataFrame, by: tuple[str, ...], lookup: pl.DataFrame | None) -> pl.DataFrame:
    """Add the age band and the stable area of each person's year; who is in no group is in none."""
    if "age_band" in by:
        people = with_age_band(people)
    if lookup is not None and "area_id" in by:
        named = stable_areas(lookup).select("area_id", "stable_id").unique("area_id")
        people = people.join(named, on="area_id", how="left", maintain_order="left").with_columns(
            area_id=pl.coalesce("stable_id", "area_id")
        )
    return people.drop_nulls(list(by)) if by else people


def _cells(
    indicator: RegisterIndicator, people: pl.DataFrame, by: tuple[str, ...], noise: CellNoise | None
) -> pl.DataFrame:
    """Count outcomes, and index dates or person-years, of each group with the noise of its cell."""
    cell, groups = number_groups(people.select(by) if by else None, people.height)
    cells = max(groups.height, 1)
    rows = ProtectedRows.of(people, noise)
    with_outcome = (people["event"] == 1).to_numpy()
    denominator = rows.count(cell, cells).astype(np.float64)
    if indicator.measure == "rate":
        years = people["duration_days"].to_numpy() / DAYS_PER_YEAR
        longest = float(years.max(initial=0.0))
        denominator *= rows.mean(years, cell, cells, name="person-years", scale=longest)
    count = rows.count(cell, cells, with_outcome).astype(np.float64)
    if indicator.measure == "proportion":
        count = np.minimum(count, denominator)
    return pl.DataFrame([*groups.get_columns(), pl.Series("count", count), pl.Series("denominator", denominator)])
