"""An indicator by group and year from registers: cohorts of each year, counted; its slope over deprivation.

In: an indicator and registers. Out: counts and denominators by group and year, or why there are none; slopes.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas import inequality, stable_areas
from riskstrat.areas.grouping import with_age_band
from riskstrat.cohort import build_cohort
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, CountedIndicator, LocalisedText, RegisterIndicator, SlopeIndicator
from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, UsageError
from riskstrat.indicators.expecting import ASSUMPTIONS, SCHEMA
from riskstrat.indicators.rows import STRATA, Counted, schema, without_number
from riskstrat.numerics.groups import number_groups
from riskstrat.records.cohort import Cohort
from riskstrat.records.follow_up import FollowUp
from riskstrat.registers import Registers

Floats = NDArray[np.float64]

_DRAWS = 2_000
_NO_RANKING = LocalisedText(
    en="Fewer than two areas have a number and differ in deprivation.",
    sv="Färre än två områden har ett värde och skiljer sig i socioekonomi.",
)


def slope(
    indicator: SlopeIndicator,
    rows: pl.DataFrame,
    deprivation: pl.DataFrame,
    *,
    years: Sequence[int],
    to_come: Sequence[int],
    as_of: date,
    seed: int,
    noise: CellNoise | None,
) -> FollowUp:
    """Measure the slope of each year; the last is expected again."""
    parts = [_slope_of_year(indicator, rows, deprivation, year, seed=seed, noise=noise) for year in years]
    measured = pl.concat(parts, how="diagonal_relaxed")
    known = measured.drop_nulls("estimate").tail(1)
    again = [known.with_columns(year=pl.lit(year, pl.Int64)).select(*SCHEMA) for year in to_come]
    return FollowUp(
        indicator=indicator,
        as_of=as_of,
        measured=measured,
        expected=pl.concat(again) if known.height else pl.DataFrame(schema=SCHEMA),
        assumption=ASSUMPTIONS["level"],
        protected=noise is not None,
    )


def _slope_of_year(
    indicator: SlopeIndicator,
    rows: pl.DataFrame,
    ranked: pl.DataFrame,
    year: int,
    *,
    seed: int,
    noise: CellNoise | None,
) -> pl.DataFrame:
    index = next(column for column in ranked.columns if column not in ("area_id", "people"))
    areas = rows.filter(pl.col("year") == year)
    if areas["area_id"].null_count() == areas.height and areas.height:
        said = areas.row(0, named=True)
        return without_number(year, LocalisedText(en=said["missing"], sv=said["missing_sv"]))
    joined = areas.drop_nulls("estimate").join(ranked.with_columns(pl.col("area_id").cast(pl.String)), on="area_id")
    joined = joined.drop_nulls([index, "people"]).filter(pl.col("people") > 0)
    if joined[index].n_unique() < 2:
        return without_number(year, _NO_RANKING)
    draws = _draws(indicator.of, joined, seed, noise)
    columns = (joined[name].to_numpy().astype(np.float64) for name in ("people", index))
    lower_is_better = indicator.of.wanted == "lower"
    found = inequality(draws, *columns, higher_is_worse=lower_is_better, proportion=False).filter(metric="slope_index")
    estimate, lower, upper = found.select("estimate", "lower", "upper").row(0)
    return pl.DataFrame(
        {
            "year": [year], "count": [joined["count"].sum()], "denominator": [joined["denominator"].sum()],
            "estimate": [estimate], "lower": [lower], "upper": [upper], "missing": [None], "missing_sv": [None],
        },
        schema=schema(()),
    )  # fmt: skip


def _draws(indicator: CountedIndicator, areas: pl.DataFrame, seed: int, noise: CellNoise | None) -> Floats:
    """Draw each area's number from its posterior under Jeffreys' prior, (draws, areas)."""
    count, size = (areas[name].to_numpy() for name in ("count", "denominator"))
    rng, shape = np.random.default_rng(seed), (_DRAWS, areas.height)
    if noise is not None:
        count = np.clip(count + rng.normal(0, np.sqrt(noise.variance), shape), 0, size)
    if indicator.measure == "rate":
        return np.asarray(indicator.per * rng.gamma(count + 0.5, size=shape) / size)
    return np.asarray(indicator.per * rng.beta(count + 0.5, size - count + 0.5, size=shape))


GROUPS = ("area_id", "care_centre_id", "sex", "age_band", "birth_region")
FEWEST_SHARE_FOLLOWED = 0.5
"""A year of which less was followed is not told: those who were may differ from those who were not."""
_ONLY_EXACT = LocalisedText(
    en="Protected counts by sex and age are too uncertain: a standardised number takes exact ones.",
    sv="Skyddade antal efter kön och ålder är för osäkra: ett standardiserat värde kräver exakta antal.",
)


def count_years(
    indicator: RegisterIndicator,
    registers: Registers,
    years: Sequence[int],
    *,
    as_of: date,
    by: tuple[str, ...],
    lookup: pl.DataFrame | None,
    noise: CellNoise | None,
) -> dict[int, Counted]:
    """Count each year, by sex and age too if they are to be standardised for; say what registers lack.

    By sex and age protected counts are mostly noise, and what it makes of zeros adds up: there is no such number.
    """
    if indicator.standardised and noise is not None and noise.width:
        return dict.fromkeys(years, _ONLY_EXACT)
    if indicator.index is not None:
        cohorts = dict.fromkeys(years, _cohort(indicator, registers, years[0], as_of))
    else:
        cohorts = {year: _cohort(indicator, registers, year, as_of) for year in years}
    lacking = {year: each for year, each in cohorts.items() if isinstance(each, LocalisedText)}
    if len(lacking) == len(cohorts):
        return {**lacking}
    by = (*by, *(each for each in STRATA if each not in by)) if indicator.standardised else by
    recorded = _recorded_years(indicator.condition(years[0]), registers, as_of)
    counted = partial(_count, indicator, by=by, lookup=lookup, noise=noise)
    found = {year: each if isinstance(each, LocalisedText) else counted(each, year) for year, each in cohorts.items()}
    return {
        year: each if isinstance(each, LocalisedText) or year in recorded else _unrecorded(year)
        for year, each in found.items()
    }


def _recorded_years(condition: Condition, registers: Registers, as_of: date) -> Container[int]:
    """Years in which registers hold any row that the outcome asks for, whoever it is about."""
    view = RegisterView.of(condition, registers, as_of)
    dates = [view.events(rows).select(pl.col("date").dt.year()) for rows in condition.outcome.rows]
    return set(pl.concat(dates).unique().collect()["date"]) if dates else range(9_999)


def _unrecorded(year: int) -> LocalisedText:
    return LocalisedText(
        en=f"No row that the outcome asks for was recorded of anybody in {year}: none, or not recorded.",
        sv=f"Ingen rad som utfallet kräver har registrerats för någon {year}: inget har hänt, eller registrerats.",
    )


def _cohort(indicator: RegisterIndicator, registers: Registers, year: int, as_of: date) -> Cohort | LocalisedText:
    try:
        return build_cohort(indicator.condition(year), registers, as_of, min_outcomes=0)
    except (UsageError, DesignError) as lacking:
        said = "; ".join(str(problem) for problem in lacking.problems)
        return LocalisedText(
            en=f"The registers do not hold what the indicator asks for: {said}.",
            sv=f"Registren innehåller inte det som indikatorn kräver: {said}.",
        )


def _count(
    indicator: RegisterIndicator,
    cohort: Cohort,
    year: int,
    *,
    by: tuple[str, ...],
    lookup: pl.DataFrame | None,
    noise: CellNoise | None,
) -> Counted:
    people = cohort.people.filter(pl.col("index_date").dt.year() == year)
    followed = people.filter(_is_followed(indicator, cohort.horizon_days))
    if followed.height < max(1, FEWEST_SHARE_FOLLOWED * people.height):
        return LocalisedText(
            en=f"Too few of {year} were followed for {indicator.horizon} to the end of the registers.",
            sv=f"För få från {year} har följts i {indicator.horizon} till registrens slut.",
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
