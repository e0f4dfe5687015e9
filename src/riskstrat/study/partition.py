"""The units of a study: areas, or several of them where one is too small to describe anybody.

In: registers, who is followed and who is planned for. Out: a `Partition`, and cohorts, names, outlines and care need by
unit instead of area. Decided before outcomes by area are seen: of outcomes only the share of everybody is used.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

import polars as pl

from riskstrat.areas import Neighbours, neighbours
from riskstrat.areas.outlines import dissolve
from riskstrat.areas.partition import PARENTS, merge_small_areas, too_small
from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.errors import MissingExtraError, Problem, UsageError, number_of
from riskstrat.records.areas import AREA, MUNICIPALITY
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.partition import Partition
from riskstrat.records.plan import CARE_NEED
from riskstrat.records.study import Source
from riskstrat.registers import Registers

People = TypeVar("People", bound=Target)


def inhabited_areas(registers: Registers, as_of: date) -> pl.DataFrame:
    """List the areas of residence: area_id, residents the day before the as-of date; where known, name and parents."""
    day = as_of - timedelta(days=1)
    present = (pl.col("start_date") <= day) & (pl.col("end_date") >= day).fill_null(value=True)
    alive = (pl.col("death_date") > day).fill_null(value=True)
    spells = registers.scan("residences").filter(pl.col("start_date") <= as_of, pl.col(AREA).is_not_null())
    deaths = registers.scan("persons").select("person_id", "death_date")
    lived_in = (
        spells.join(deaths, on="person_id", how="left")
        .group_by(AREA)
        .agg(residents=(present & alive).sum().cast(pl.Int64))
        .collect()
        .sort(AREA)
    )
    if not registers.has("areas"):
        return lived_in
    named = registers.scan("areas").select(AREA, without_marks(pl.col("name")), *PARENTS).collect()
    return lived_in.join(named, on=AREA, how="left", maintain_order="left")


def partition_of(
    areas: pl.DataFrame, cohort: Cohort, target: Target, geometry: str | None, given: Partition | None = None
) -> Partition:
    """Join the areas that are too small for this condition, or check the partition that is given."""
    rule = cohort.disclosure
    least = {"people": rule.min_people, "expected": rule.min_expected}
    if rule.is_working_material:
        least = dict.fromkeys(least, 0)
    measured = _measured(areas, cohort, target)
    if given is None:
        enough = all((measured[name] >= fewest).all() for name, fewest in least.items())
        merged = merge_small_areas(
            measured,
            min_people=int(least["people"]),
            min_expected=least["expected"],
            neighbours=None if enough else _borders(geometry, areas),  # reading borders takes time
        )
        return replace(merged, condition=cohort.condition, as_of=cohort.as_of)
    if given.condition == cohort.condition:
        # Kept for later editions: expected cases come and go, and noise protects counts.
        del least["expected"]
    UsageError.refuse(given.problems_with(areas[AREA]) or _too_small(measured, given, least))
    return given


def in_units(people: People, partition: Partition) -> People:
    """Put the unit in the place of the area of everybody."""
    return replace(people, people=people.people.with_columns(partition.unit_of(people.people[AREA])))


def with_municipality(people: People, areas: pl.DataFrame) -> People:
    """Add the municipality of everybody's area, where there are two municipalities or more; before areas are units."""
    if MUNICIPALITY not in areas.columns:
        return people
    placed = people.people.join(areas.select(AREA, MUNICIPALITY), on=AREA, how="left", maintain_order="left")
    several = placed[MUNICIPALITY].drop_nulls().n_unique() > 1
    return replace(people, people=placed) if several else people


def source_in_units(source: Source, partition: Partition) -> Source:
    """Give names and outlines of units instead of areas."""
    merged = partition.merged
    if merged.is_empty():
        return source
    called = dict(merged.select("unit", "name").iter_rows())
    names = source.area_names
    if names is not None:
        unit = partition.unit_of(names[AREA])
        names = (
            names.with_columns(unit, name=unit.replace_strict(called, default=names["name"])).unique(AREA).sort(AREA)
        )
    places = source.municipalities
    if places is not None:
        places = places.with_columns(partition.unit_of(places[AREA])).unique(AREA, keep="first", maintain_order=True)
    geometry = source.geometry
    if geometry is not None:
        units = {area: unit for unit, _, areas in merged.iter_rows() for area in areas}
        geometry = json.dumps(dissolve(json.loads(geometry), units, called))
    return replace(source, area_names=names, municipalities=places, geometry=geometry)


def care_need_in_units(
    care_need: pl.DataFrame | None, areas: pl.DataFrame, partition: Partition
) -> pl.DataFrame | None:
    """Average the Care Need Index of the areas of each unit, weighted by their residents."""
    if care_need is None:
        return None
    weighted = care_need.join(areas.select(AREA, "residents"), on=AREA, how="left", maintain_order="left").with_columns(
        partition.unit_of(care_need[AREA]), weight=pl.col("residents").fill_null(0).clip(lower_bound=1)
    )
    mean = (pl.col(CARE_NEED) * pl.col("weight")).sum() / pl.col("weight").sum()
    several = pl.when(pl.len() > 1).then(mean).otherwise(pl.col(CARE_NEED).first())
    return weighted.group_by(AREA, maintain_order=True).agg(several.alias(CARE_NEED)).sort(AREA)


def _measured(areas: pl.DataFrame, cohort: Cohort, target: Target) -> pl.DataFrame:
    """Add people of today, and the cases that would be expected of each area's index dates at the risk of everybody.

    The risk has two figures, so that no single outcome moves the partition.
    """
    counted = cohort.people.filter(cohort.is_counted & cohort.people["assessed"].to_numpy())
    risk = float(f"{(counted['event'] == 1).sum() / max(counted.height, 1):.2g}")
    people = target.people.group_by(AREA).agg(people=pl.len())
    expected = counted.group_by(AREA).agg(expected=pl.len() * risk)
    for one in (people, expected):
        areas = areas.join(one, on=AREA, how="left", maintain_order="left")
    return areas.with_columns(pl.col("people", "expected").fill_null(0))


def _too_small(measured: pl.DataFrame, given: Partition, least: dict[str, float]) -> list[Problem]:
    lived_in = measured.with_columns(unit=given.unit_of(measured[AREA])).filter(
        (pl.col("residents") > 0) | (pl.col("people") > 0)
    )
    return too_small(lived_in.group_by("unit").agg(pl.col("people", "expected").sum()), least)


def neighbours_of(geometry: str | None, *people: Target) -> Neighbours | None:
    """Find which units border on each other; None where people live in one at most."""
    units = {unit for of in people for unit in of.people[AREA].drop_nulls().unique()}
    if len(units) < 2:
        return None
    drawn = _drawn(geometry, units)
    problem = partial(
        Problem,
        expected="outlines of all areas, because smoothing='bym2' needs to know who borders on whom",
        remedy="correct the file of outlines beside the registers (geometry.geojson), or use smoothing='gamma'",
        table="geometry",
    )
    if missing := sorted(units - {one["properties"][AREA] for one in drawn}):
        which = "any area" if not drawn else f"{number_of(len(missing), 'area')}: {', '.join(missing[:5])}"
        raise UsageError(problem(found=f"no outline of {which}"))
    found = neighbours({"features": drawn})
    if not len(found.pairs):
        raise UsageError(problem(found="outlines of which no two share a border"))
    return found


def _drawn(geometry: str | None, known: Collection[str]) -> list[dict[str, Any]]:
    """Give the features of these areas that have an outline."""
    features = [] if geometry is None else json.loads(geometry)["features"]
    return [one for one in features if one["properties"].get(AREA) in known and one.get("geometry")]


def _borders(geometry: str | None, areas: pl.DataFrame) -> Neighbours | None:
    """Find the neighbours among areas that have an outline; None where there are no outlines, or none can be read."""
    drawn = _drawn(geometry, set(areas[AREA]))
    try:
        return neighbours({"features": drawn}) if drawn else None
    except MissingExtraError:
        return None
