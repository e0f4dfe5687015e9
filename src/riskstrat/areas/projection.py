"""From today's risks by age and sex and a forecast of the population to the cases of the years to come.

In: estimates of areas, units by age and sex on the same draws, a `PopulationForecast`, a plan. Out: a `Projection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import with_age_band
from riskstrat.areas.population_forecast import PopulationForecast
from riskstrat.areas.standards import OLDEST
from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import AGE_BAND
from riskstrat.numerics.intervals import interval_columns
from riskstrat.records.areas import AREA, AreaEstimates, Units
from riskstrat.records.plan import Plan
from riskstrat.records.projection import Projection

Floats = NDArray[np.float64]

_RESIDENTS = ((0, 19), (20, 64), (65, 79))
_OLDEST = ("80+", 80, OLDEST)
"""Ages whose growth is told: the young, those of working age, the old and the very old."""


@checked
def project(
    areas: AreaEstimates, groups: Units, forecast: PopulationForecast, *, plan: Plan | None = None
) -> Projection:
    """Look ahead: the cases, people reached and staff to expect as the population changes.

    With C_dg the cases to come among the people of age and sex g in all areas (draw d), N_gpt the forecast residents of
    location p in year t and 0 the base year, one resident of g brings C_dg / sum over p of N_gp0 cases, and

        cases_dat = cases_da x (sum over g of C_dg / N_g0 x N_gpt) / (sum over g of C_dg / N_g0 x N_gp0)

    for area a in location p: risks by age and sex, the share of residents whom the condition concerns, and how the area
    differs from the others stay what they are today (indirect standardisation). People are looked ahead to alike; a
    plan reaches the same share of them in the same areas. Intervals carry what is uncertain of today's risks, not what
    is uncertain of the forecast.

    Parameters
    ----------
    areas
        Estimates by area.
    groups
        The same people by age and sex across all areas, as `estimate_groups` makes them: ``sex``, ``age_band`` or both.
    forecast
        What `read_forecast` returned.
    plan
        A plan by the same areas.

    Returns
    -------
    Projection

    Raises
    ------
    UsageError
        If estimates are not by area, groups are not by age or sex, or they have other draws.
    DesignError
        If the forecast has nobody in the base year of an age and sex, or in an area, where there are people today.

    Examples
    --------
    >>> from riskstrat.areas import estimate_groups, read_forecast
    >>> groups = estimate_groups(areas, target, risk, by=("sex",))
    >>> rows = pl.DataFrame({"municipality": "m", "sex": ["female", "male"] * 2, "age_years": 70})
    >>> forecast = rows.with_columns(year=pl.Series([2023, 2023, 2024, 2024]), people=pl.Series([50, 50, 60, 60]))
    >>> ahead = project(areas, groups, read_forecast(forecast, areas.groups, base_year=2023, ages=(70, 70)))
    >>> ahead.total["people"].to_list()
    [100.0, 120.0]
    """
    of = [column for column in ("sex", AGE_BAND) if column in groups.units.columns]
    UsageError.refuse(_problems(areas, groups, of))
    growth = _growth_of(areas, groups, forecast, of)
    allocated = _allocated(plan, areas)
    years = range(forecast.base_year, forecast.last_year + 1)
    by_year = [_year(areas, growth, year, allocated) for year in years]
    return Projection(
        by=areas.by,
        base_year=forecast.base_year,
        last_year=forecast.last_year,
        by_area=forecast.by_area,
        areas=pl.concat([each for each, _ in by_year]).sort(*areas.by, "year"),
        total=pl.concat([total for _, total in by_year]),
        growth=_residents(forecast),
        protected=areas.protected,
        disclosure=areas.disclosure,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Growth:
    """Residents of each location by group and year, and what one of them brings.

    ``residents`` is (years, groups, locations), ``cases`` (draws, groups) and ``people`` (groups,) per resident of the
    base year; ``location`` is the location of each area.
    """

    base_year: int
    residents: Floats
    cases: Floats
    people: Floats
    location: NDArray[np.intp]

    def cases_factor(self, year: int) -> Floats:
        """By how much each area's cases change, (draws, areas)."""
        now, then = (self.cases @ self.residents[n] for n in (0, year - self.base_year))
        return np.asarray((then / now)[:, self.location])

    def people_factor(self, year: int) -> Floats:
        """By how much the people whom the condition concerns change, (areas,)."""
        now, then = (self.people @ self.residents[n] for n in (0, year - self.base_year))
        return np.asarray((then / now)[self.location])


def _growth_of(areas: AreaEstimates, groups: Units, forecast: PopulationForecast, of: Sequence[str]) -> _Growth:
    concerned = forecast.people.filter(pl.col("age_years").is_between(*forecast.ages))
    named = with_age_band(concerned).group_by([*of, "location", "year"]).agg(pl.col("people").sum())
    locations = sorted(set(forecast.location_of.values()))
    years = pl.DataFrame({"year": range(forecast.base_year, forecast.last_year + 1)})
    cells = (
        years.with_row_index("y")
        .join(groups.units.select(pl.col(of).cast(pl.String)).with_row_index("g"), how="cross")
        .join(pl.DataFrame({"location": locations}).with_row_index("p"), how="cross")
        .join(named.with_columns(pl.col(of).cast(pl.String)), on=[*of, "location", "year"], how="left")
        .sort("y", "g", "p")
    )
    shape = (years.height, groups.units.height, len(locations))
    residents = cells["people"].fill_null(0.0).to_numpy().reshape(shape)
    area = areas.groups[AREA].cast(pl.String).to_list()
    location = np.array([locations.index(forecast.location_of[name]) for name in area], dtype=np.intp)
    _refuse_nobody(residents[0], groups, np.array(area), location)
    in_all = residents[0].sum(axis=1)
    return _Growth(
        base_year=forecast.base_year,
        residents=residents,
        cases=groups.cases_draws / in_all,
        people=groups.units["people"].to_numpy() / in_all,
        location=location,
    )


def _refuse_nobody(now: Floats, groups: Units, area: NDArray[np.str_], location: NDArray[np.intp]) -> None:
    empty_groups = groups.units["unit"].filter(now.sum(axis=1) <= 0).to_list()
    empty_areas = area[now.sum(axis=0)[location] <= 0].tolist()
    DesignError.refuse(
        Problem(
            f"nobody in the base year among {', '.join(map(str, names[:5]))}",
            "residents wherever the study has people today",
            "give a forecast of the same areas and ages",
            table="forecast",
            column=column,
        )
        for column, names in (("age_years", empty_groups), (AREA, empty_areas))
        if names
    )


def _year(
    areas: AreaEstimates, growth: _Growth, year: int, allocated: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One year by area, and for all areas together."""
    draws, more = areas.cases_draws * growth.cases_factor(year), pl.Series(growth.people_factor(year))
    by_area = areas.groups.with_columns(
        pl.lit(year, pl.Int64).alias("year"),
        (areas.table["target_people"] * more).alias("people"),
        **interval_columns("cases", draws),
    )
    if allocated.width:
        hours = allocated["fixed_hours"] + allocated["hours"] * more
        by_area = by_area.with_columns((allocated["reached"] * more).alias("reached"), hours.alias("staff_hours"))
    in_all = interval_columns("cases", draws.sum(axis=1, keepdims=True))
    total = by_area.select("year", pl.all().exclude(*areas.by, "year", *in_all).sum()).head(1)
    return by_area, total.with_columns(**in_all).select(by_area.drop(areas.by).columns)


def _allocated(plan: Plan | None, areas: AreaEstimates) -> pl.DataFrame:
    """Sum by area the people reached today and the hours of staff that they and the start take; none without a plan."""
    if plan is None:
        return pl.DataFrame()
    hours = pl.DataFrame(
        [(each.name, each.unit_staff_hours, each.person_staff_hours) for each in plan.programmes],
        schema=["programme", "by_unit", "by_person"],
        orient="row",
    )
    by_area = (
        plan.allocated.join(hours, on="programme")
        .group_by(areas.by)
        .agg(
            pl.col("reached").sum(),
            fixed_hours=(pl.col("share") * pl.col("by_unit")).sum(),
            hours=(pl.col("reached") * pl.col("by_person")).sum(),
        )
    )
    return areas.groups.join(by_area, on=areas.by, how="left", maintain_order="left").fill_null(0.0)


def _residents(forecast: PopulationForecast) -> pl.DataFrame:
    """Residents of all locations by age in the first year and in the last."""
    ages = forecast.people["age_years"].to_numpy()
    youngest, oldest = int(ages.min()), int(ages.max())
    groups = [("all", youngest, oldest), *((f"{low}-{high}", low, high) for low, high in _RESIDENTS), _OLDEST]
    told = pl.DataFrame(groups, schema=["ages", "low", "high"], orient="row").filter(
        pl.col("low") >= youngest, pl.col("low") <= oldest
    )
    inside = pl.col("age_years").is_between(pl.col("low"), pl.col("high"))
    people = pl.col("people").filter(inside & (pl.col("year") == forecast.base_year)).sum().alias("residents")
    later = pl.col("people").filter(inside & (pl.col("year") == forecast.last_year)).sum().alias("later_residents")
    sums = told.join(forecast.people, how="cross").group_by("ages", maintain_order=True).agg(people, later)
    return sums.filter(pl.col("residents") > 0).with_columns(change=pl.col("later_residents") / pl.col("residents") - 1)


def _problems(areas: AreaEstimates, groups: Units, of: Sequence[str]) -> Iterator[Problem]:
    if areas.by != (AREA,):
        yield Problem(f"estimates by {' and '.join(areas.by)}", f"estimates by {AREA}", "look ahead by area")
    if not of:
        yield Problem("groups by neither age nor sex", f"sex, {AGE_BAND} or both", "make them with estimate_groups")
    if len(groups.cases_draws) != len(areas.level):
        found, expected = (
            f"{number_of(len(groups.cases_draws), 'draw')} of groups",
            f"{len(areas.level)}, those of the areas",
        )
        yield Problem(found, expected, "use groups of the same estimates")
