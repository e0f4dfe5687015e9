"""Finer units for a plan: the people of each group split by age, sex or anything else, under the group's own draws.

In: `AreaEstimates` and the target population that it was made from. Out: `Units` of at least so many people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskstrat.areas.counts import shifted
from riskstrat.areas.grouping import (
    AGE_BAND,
    as_columns,
    check_columns,
    check_risk,
    number_groups,
    raise_if,
    sums,
    with_age_band,
)
from riskstrat.errors import DesignError, Problem
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.cohort import Target

REST = "other"


def estimate_strata(
    areas: AreaEstimates,
    target: Target,
    target_risk: np.ndarray,
    by: Sequence[str] = ("area_id", "sex", AGE_BAND),
    min_people: int = 50,
) -> Units:
    """Split groups into strata and carry the same draws over to them.

    Expected cases of a stratum = level x theta of its group x the predicted risks of its people, draw by draw, so that
    the strata of a group add up to the group. Strata that are too small are joined within their group as ``other``; if
    that is still too small, they are left out and counted.

    Parameters
    ----------
    areas
        Estimates of the groups.
    target, target_risk
        As given to `estimate_areas`: predicted risks before recalibration.
    by
        The columns of the groups and those that split them. ``age_band`` is made if the people do not have it.
    min_people
        People in a unit, at least 1.

    Returns
    -------
    Units
        Units sorted by label; label columns are text where strata were joined.

    Raises
    ------
    UsageError
        If an argument cannot be used; all problems at once.
    DesignError
        If no unit is large enough.
    """
    columns, risk = as_columns(by), np.asarray(target_risk, dtype=float)
    people = with_age_band(target.people) if AGE_BAND in columns else target.people
    raise_if(
        [
            *_check(areas, columns, min_people),
            *check_columns(columns, target=people),
            *check_risk("target_risk", risk, people.height),
        ]
    )
    finer = tuple(column for column in columns if column not in areas.by)
    people = _join_small(people.select(columns), areas.by, finer, min_people)
    labels, (unit,) = number_groups(columns, people)
    size = sums(unit, None, labels.height)
    group = labels.join(areas.groups.with_row_index("group"), on=areas.by, how="left", maintain_order="left")["group"]
    kept = (size >= min_people) & group.is_not_null().to_numpy()
    _check_kept(kept, min_people)
    cases = sums(unit, shifted(risk, areas.target_shift), labels.height)[kept]
    theta = areas.draws.unexplained[:, group.filter(kept).to_numpy()] * areas.level[:, None]
    units = labels.with_columns(pl.Series("people", size)).filter(kept)
    name = pl.concat_str([pl.col(column).cast(pl.String) for column in columns], separator=" / ").alias("unit")
    return Units(
        units=units.select(name, *columns, "people"),
        cases_draws=theta * cases,
        left_out=_left_out(unit, size, kept, min_people),
        disclosure=areas.disclosure,
    )


def _join_small(people: pl.DataFrame, group: Sequence[str], finer: Sequence[str], min_people: int) -> pl.DataFrame:
    """Rename the finer labels of strata that are too small, so that those of one group become one stratum."""
    if not finer:
        return people
    small = pl.len().over([*group, *finer]) < min_people
    complete = pl.all_horizontal(pl.col(column).is_not_null() for column in finer)
    return people.with_columns(
        pl.when(small & complete).then(pl.lit(REST)).otherwise(pl.col(column).cast(pl.String)).alias(column)
        for column in finer
    )


def _left_out(unit: np.ndarray, size: np.ndarray, kept: np.ndarray, min_people: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reason": ["no group", f"fewer than {min_people} people, also when joined"],
            "units": [0, int((~kept).sum())],
            "people": [int((unit < 0).sum()), int(size[~kept].sum())],
        }
    )


def _check(areas: AreaEstimates, columns: Sequence[str], min_people: int) -> list[Problem]:
    problems = []
    missing = [column for column in areas.by if column not in columns]
    if missing:
        problems.append(
            Problem(
                found=f"by without {', '.join(missing)}",
                expected=f"the columns of the groups ({', '.join(areas.by)}) and those that split them",
                remedy="add them",
            )
        )
    if min_people < 1:
        problems.append(Problem(found=f"min_people of {min_people}", expected="at least 1", remedy="use 50"))
    return problems


def _check_kept(kept: np.ndarray, min_people: int) -> None:
    if not kept.any():
        raise DesignError(
            Problem(
                found=f"no stratum of {min_people} people",
                expected="at least one",
                remedy="split by fewer columns or lower min_people",
            )
        )
