"""Groups larger than areas under the areas' own draws: sums of whole areas, or people that registers assign.

In: `AreaEstimates`, the target population and a group for each area or person. Out: `GroupDraws`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.classes import class_of, probability_higher
from riskstrat.areas.forecast import forecast_groups
from riskstrat.areas.partition import intersections
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, Problem
from riskstrat.numerics.groups import number_among
from riskstrat.numerics.intervals import interval_columns
from riskstrat.records.areas import AreaEstimates, Draws
from riskstrat.records.cohort import Target

Floats = NDArray[np.float64]
COUNTED = ("cases", "index_dates", "case_persons", "persons", "expected")


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupDraws:
    """Groups with their draws.

    Attributes
    ----------
    groups
        Their names, (groups,), sorted.
    people
        People now, (groups,).
    draws
        The three quantities, each (draws, groups).
    members
        People of each group and area, (groups, areas), areas in the order of the estimates.
    counted
        Sums of what was counted; None where groups are not whole areas.
    """

    groups: pl.Series
    people: NDArray[np.int64]
    draws: Draws
    members: NDArray[np.int64]
    counted: pl.DataFrame | None = None

    @property
    def weight(self) -> Floats:
        """Share of each area in each group, (groups, areas)."""
        return np.asarray(self.members / self.members.sum(axis=1, keepdims=True))

    def table(self, *, has_classes: bool) -> pl.DataFrame:
        """One row a group, as in `riskstrat.records.levels.LevelEstimates`."""
        quantities = {
            "expected_cases": self.draws.risk * self.people,
            "risk": self.draws.risk,
            "relative_risk": self.draws.relative_risk,
        }
        columns = {"group": self.groups, "areas": (self.members > 0).sum(axis=1), "target_people": self.people}
        for name, draws in quantities.items():
            columns |= interval_columns(name, draws)
        columns["probability"] = probability_higher(self.draws)
        level = class_of("probability") if has_classes else pl.lit(None, pl.String).alias("class")
        frame = pl.DataFrame(columns).with_columns(level).drop("probability")
        return frame if self.counted is None else frame.hstack(self.counted)

    def members_table(self, areas: pl.Series) -> pl.DataFrame:
        """Frame of group, area_id, people: where each group has its people."""
        group, area = np.nonzero(self.members)
        return pl.DataFrame({"group": self.groups[group], "area_id": areas[area], "people": self.members[group, area]})


def sum_areas(areas: AreaEstimates, group: pl.Series) -> GroupDraws:
    """Add up whole areas: every number is the sum of the areas' own, in every draw, so that it tells nothing new."""
    names = _names(group)
    member = np.array([(group == name).fill_null(value=False).to_numpy() for name in names], dtype=np.int64)
    people = areas.table["target_people"].to_numpy()
    cases, theta = areas.cases_draws, areas.draws.unexplained
    standard = cases / areas.draws.relative_risk
    predicted = cases / theta
    counts = areas.table.select(COUNTED).to_numpy()
    return GroupDraws(
        groups=names,
        people=member @ people,
        draws=Draws(
            risk=cases @ member.T / (member @ people),
            relative_risk=cases @ member.T / (standard @ member.T),
            unexplained=cases @ member.T / (predicted @ member.T),
        ),
        members=member * people,
        counted=pl.DataFrame(member @ counts, schema=list(COUNTED)).with_columns(pl.col(COUNTED[:-1]).cast(pl.Int64)),
    )


def spread_over(
    areas: AreaEstimates, target: Target, target_risk: Floats, column: str, *, noise: CellNoise | None
) -> tuple[GroupDraws, pl.Series]:
    """Give groups of people the draws of the areas that they live in; and the group that each person is counted in.

    Areas and such groups overlap, so that people are counted in the cells of `intersections`: what an area and a group
    have in common is at least as many people as are described, or is counted with another group of the area. A group's
    theta is the mean of its areas' thetas, weighted by the predicted risks of its people. No outcome is counted by
    group: that would be a second look at each.
    """
    rows, fewest = ProtectedRows.of(target.people, noise), areas.disclosure.min_people
    label = target.people[column] if rows.noise is None else _counted_in(target.people, column, fewest)
    names = _names(label)
    area = number_among(target.people["area_id"], areas.groups)
    group = np.where(area >= 0, number_among(label, names), -1)
    present, forecast = forecast_groups(target.people, group, len(names), target_risk, noise=noise, fewest=fewest)
    names = names.filter(present)
    renumbered = np.where(present, np.cumsum(present) - 1, -1)
    group = np.where(group >= 0, renumbered[group], -1)
    cell = np.where(group >= 0, area * len(names) + group, -1)
    shape = areas.table.height, len(names)
    cells = shape[0] * shape[1]
    lives_there = np.bincount(cell[cell >= 0], minlength=cells).reshape(shape) > 0
    sums = rows.risk_sum(target_risk, cell, cells, scale=float(target_risk.mean())).reshape(shape)
    sums = np.where(lives_there, sums, 0)
    people = rows.count(cell, cells).reshape(shape).T
    theta = areas.draws.unexplained @ sums / sums.sum(axis=0)
    found = GroupDraws(
        groups=names,
        people=forecast.people,
        draws=forecast.quantities(forecast.possible(theta, areas.level), areas.level),
        members=np.where(lives_there.T, people, 0),
    )
    return found, names.gather(pl.Series(group).replace(-1, None)).alias(column)


def _counted_in(people: pl.DataFrame, column: str, fewest: int) -> pl.Series:
    """Give everybody the group that the cell of the own area and group is counted in; null where there is none."""
    by = ("area_id", column)
    known = people.select(by).drop_nulls()
    enough = known.group_by("area_id").len().filter(pl.col("len") >= fewest)["area_id"]
    known = known.filter(pl.col("area_id").is_in(enough.implode()))
    if known.is_empty():
        return pl.Series(column, [None] * people.height, dtype=pl.String)
    cells = intersections(known, by, min_people=fewest).select(*by, "counted_in")
    return people.select(by).join(cells, on=by, how="left", maintain_order="left")["counted_in"]


def _names(group: pl.Series) -> pl.Series:
    names = group.drop_nulls().unique().sort()
    if len(names) < 2:
        raise DesignError(Problem("fewer than two groups", "two or more", "leave the level out"))
    return names
