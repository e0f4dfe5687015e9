"""Levels above the areas, and what the people of each group are like.

In: `StudyData`, the areas' estimates and the explained risks. Out: `LevelEstimates`, and a frame of means by group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.levels import spread_over, sum_areas
from riskstrat.declare.levels import REGISTER_LEVELS, Level
from riskstrat.disclosure import ProtectedRows
from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.explanation.fold_models import ExplainedRisk, area_means, group_means
from riskstrat.numerics.groups import number_among
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.areas import AREA, AreaEstimates
from riskstrat.records.levels import LevelEstimates
from riskstrat.records.omission import Omission, too_few_people
from riskstrat.study.data import StudyData

Refits = Sequence[NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Levels:
    """The levels of a study, and frame of level, group, feature, people, mean, everybody, is_share: `profile`.

    Of levels that registers tell, but whose groups are too small, `omissions` say so.
    """

    levels: tuple[LevelEstimates, ...]
    profile: pl.DataFrame
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Explained:
    """Areas with the explained risks of the people, from which every level follows."""

    areas: AreaEstimates
    why: ExplainedRisk
    refits: Refits
    rows: ProtectedRows

    @cached_property
    def names(self) -> pl.Series:
        return self.areas.groups.to_series()


def estimate_levels(data: StudyData, areas: AreaEstimates, why: ExplainedRisk, refits: Refits) -> Levels:
    """Estimate every level of the settings, or all that the registers tell."""
    wanted = data.settings.levels
    levels = [each for each in REGISTER_LEVELS if _is_recorded(data, each)] if wanted is None else list(wanted)
    UsageError.refuse([problem for each in levels for problem in _problems(data, each)])
    people = data.target.target.people
    explained = _Explained(areas=areas, why=why, refits=refits, rows=ProtectedRows.of(people, data.noise))
    found, omitted, labels = [], [], {AREA: (people[AREA], explained.names)}
    for level in levels:
        try:
            one, label = _estimate(data, level, explained)
        except DesignError:
            if wanted is not None:
                raise
            omitted.append(too_few_people(f"level_{level.name}", level.title))
            continue
        found.append(one)
        labels[level.name] = (label, one.table["group"])
    profiles = [_profile(data, name, *named, explained.rows) for name, named in labels.items()]
    return Levels(levels=tuple(found), profile=pl.concat(profiles), omissions=tuple(omitted))


def _estimate(data: StudyData, level: Level, of: _Explained) -> tuple[LevelEstimates, pl.Series]:
    """Estimate a level; and give the group of each person of the target population."""
    group, target = _group_of_units(data, level), data.target.target
    if group is None:
        found, label = spread_over(of.areas, target, of.why.risk, level.name, noise=data.noise)
        parts = group_means(label, found.groups, of.why, of.rows, of.refits)[0]
    else:
        lookup = dict(group.select("unit", "group").iter_rows())
        found = sum_areas(of.areas, of.names.replace_strict(lookup, default=None, return_dtype=pl.String))
        label = target.people[AREA].replace_strict(lookup, default=None, return_dtype=pl.String)
        parts = area_means(of.areas, target.people[AREA], of.why, of.rows, of.refits).summed(found.weight)
    estimates = LevelEstimates(
        level=level,
        table=found.table(has_classes=of.areas.unmeasured is None),
        members=found.members_table(of.names),
        reasons=parts.split(found.draws.risk, found.people, found.groups.to_list(), PUBLISHED_LEVEL),
    )
    return estimates, label


def _group_of_units(data: StudyData, level: Level) -> pl.DataFrame | None:
    """Frame of unit and group: of a unit with areas of several groups that of most of its residents; or None."""
    areas = data.areas
    if level.areas:
        given = pl.DataFrame(level.areas, schema=["area_id", "group"], orient="row")
    elif level.name in areas.columns:
        given = areas.select("area_id", group=level.name).drop_nulls()
    else:
        return None
    weighed = given.join(areas.select("area_id", "residents"), on="area_id").with_columns(
        unit=data.partition.unit_of(pl.Series(given["area_id"]))
    )
    shares = weighed.group_by("unit", "group").agg(pl.col("residents").sum()).sort("residents", "group")
    return shares.group_by("unit").agg(pl.col("group").last())


def _is_recorded(data: StudyData, level: Level) -> bool:
    """Whether registers tell at least two groups of the level."""
    for frame in (data.areas, data.target.target.people):
        if level.name in frame.columns:
            return frame[level.name].drop_nulls().n_unique() > 1
    return False


def _problems(data: StudyData, level: Level) -> Iterator[Problem]:
    if not level.areas:
        if not _is_recorded(data, level):
            told = ", ".join(each.name for each in REGISTER_LEVELS if _is_recorded(data, each)) or "no level"
            remedy = "use one of these, or give the group of every area (Level.areas)"
            yield Problem(f"level {level.name}", f"what the registers tell: {told}", remedy)
        return
    lived_in, known = set(data.areas.filter(pl.col("residents") > 0)["area_id"]), set(data.areas["area_id"])
    given = {code for code, _ in level.areas}
    for found, codes in (("areas without a group", lived_in - given), ("unknown areas", given - known)):
        if codes:
            listed = ", ".join(sorted(codes)[:10]) + (" and others" if len(codes) > 10 else "")
            expected = "every area of the registers once"
            yield Problem(f"{found}: {listed}", expected, "correct the table", table=level.name)


def _profile(data: StudyData, level: str, label: pl.Series, groups: pl.Series, rows: ProtectedRows) -> pl.DataFrame:
    """Means of the labelled features among the people of each group of whom they are known, beside everybody's."""
    cell = number_among(label, groups)
    names = dict.fromkeys(each.column for each in data.condition.features if each.label is not None)
    found = [_means(data, data.target.X[name], cell, groups, rows) for name in names if name in data.target.X.columns]
    return pl.concat(found).select(pl.lit(level).alias("level"), pl.all())


def _means(
    data: StudyData, values: pl.Series, cell: NDArray[np.intp], groups: pl.Series, rows: ProtectedRows
) -> pl.DataFrame:
    known, rule, count = values.is_not_null().to_numpy(), data.settings.disclosure, len(groups)
    column = values.fill_null(0.0).to_numpy()[:, None].astype(np.float64)
    inside = np.where(known, cell, -1)
    people, is_share = rows.count(inside, count), set(values.drop_nulls().unique()) <= {0.0, 1.0}
    of_groups, of_all = (
        rows.means(column, of, n, name=f"profile {values.name}")[0][:, 0]
        for of, n in ((inside, count), (np.where(known, 0, -1), 1))
    )
    if is_share:
        of_groups, of_all = np.clip(of_groups, 0, 1), np.clip(of_all, 0, 1)
    # Who is in a group of which nearly all have something is told to have it.
    tells = is_share & (of_all[0] <= 0.5) & (of_groups > rule.max_share)
    shown = rows.describes(people, rule.min_people) & ~tells
    return pl.DataFrame(
        {
            "group": groups,
            "feature": [values.name] * count,
            "people": people,
            "mean": pl.Series(np.where(shown, of_groups, np.nan)).fill_nan(None),
            "everybody": [float(of_all[0])] * count,
            "is_share": [is_share] * count,
        }
    )
