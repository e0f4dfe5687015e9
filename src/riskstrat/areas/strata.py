"""Finer units for a plan: the people of each group split by age, sex or anything else, under the group's own draws.

In: `AreaEstimates` and the target population that it was made from. Out: `Units` of at least so many people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import as_columns, check_columns, overlap_problems, with_band_if_needed
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.checks import risk_problems
from riskstrat.numerics.groups import AGE_BAND, common_groups, number_among
from riskstrat.records.areas import AreaEstimates, Units, unit_label
from riskstrat.records.cohort import Target

REST = "other"
SMALLEST = 50
"""People in a stratum, if nothing else is asked for."""
# Risks that are those of the areas sum to the areas' but for rounding.
AGREEMENT = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Strata:
    """What groups are divided into, before anything is estimated.

    Attributes
    ----------
    labels, size, group, kept
        One each a stratum: its labels, how many people it has, the number of its group, and whether it is large enough.
    of_person
        The number of each person's stratum, (n,), -1 where there is none.
    """

    labels: pl.DataFrame
    size: NDArray[np.int64]
    group: pl.Series
    kept: NDArray[np.bool_]
    of_person: NDArray[np.intp]

    @property
    def units(self) -> pl.DataFrame:
        """Those that a plan may choose among: unit, the labels, people."""
        named = self.labels.select(unit_label(self.labels.columns), pl.all())
        return named.with_columns(pl.Series("people", self.size)).filter(self.kept)


def divide_groups(
    groups: pl.DataFrame, people: pl.DataFrame, columns: Sequence[str], rows: ProtectedRows, min_people: int
) -> Strata:
    """Divide groups by those of the columns that are not theirs; small strata are joined as `estimate_strata` says."""
    by = groups.columns
    finer = tuple(column for column in columns if column not in by)
    joined = _join_small(people.select(columns), by, finer, min_people, rows)
    labels, (of_person,) = common_groups(columns, joined)
    size = rows.count(of_person, labels.height)
    group = labels.join(groups.with_row_index("group"), on=by, how="left", maintain_order="left")["group"]
    kept = (size >= min_people) & group.is_not_null().to_numpy()
    _check_kept(kept, min_people)
    return Strata(labels=labels, size=size, group=group, kept=kept, of_person=of_person)


@checked
def estimate_strata(
    areas: AreaEstimates,
    target: Target,
    target_risk: NDArray[np.float64],
    by: Sequence[str] = ("area_id", "sex", AGE_BAND),
    min_people: int = SMALLEST,
    *,
    noise: CellNoise | None = None,
) -> Units:
    """Split groups into strata and carry the same draws over to them.

    Expected cases of a stratum = level x theta of its group x the predicted risks of its people, draw by draw, so that
    the strata of a group add up to the group; only where that would be more cases than people is it cut at the people.
    Strata that are too small are joined within their group as ``other``; if that is still too small, they are left out
    and counted. With `noise` people and sums of risks carry the noise of each stratum, whose sizes are the protected
    ones, and parts need not add up to the group.

    Parameters
    ----------
    areas
        Estimates of the groups.
    target
        As given to `estimate_areas`.
    target_risk
        Predicted risks of the same people after recalibration, (m,).
    by
        The columns of the groups and those that split them. ``age_band`` is made if the people do not have it.
    min_people
        People in a unit, at least 1.
    noise
        That of the estimates of the groups.

    Returns
    -------
    Units
        Units sorted by label; label columns are text where strata were joined. ``observed_cases`` and
        ``observed_index_dates`` are those of the whole group, because every stratum's draws follow from them.

    Raises
    ------
    UsageError
        If an argument cannot be used, all problems at once; or if risks do not sum to those of the groups.
    DesignError
        If no unit is large enough.

    Examples
    --------
    >>> estimate_strata(areas, target, risk, by=("area_id", "sex")).units.select("unit", "people").rows()
    [('a / female', 50), ('b / male', 50)]
    """
    columns, risk = as_columns(by), np.asarray(target_risk, dtype=np.float64)
    people = with_band_if_needed(target.people, columns)
    UsageError.refuse(
        [
            *_check(areas, columns, min_people, noise),
            *check_columns(columns, target=people),
            *overlap_problems((*areas.by, *columns), noise),
            *risk_problems("target_risk", risk, people.height),
        ]
    )
    rows = ProtectedRows.of(people, noise)
    UsageError.refuse(_check_sums(areas, people, risk, rows))
    strata = divide_groups(areas.groups, people, columns, rows, min_people)
    size, kept = strata.size, strata.kept
    theta = areas.draws.unexplained[:, strata.group.filter(kept).to_numpy()] * areas.level[:, None]
    risk_sum = rows.risk_sum(risk, strata.of_person, len(size), scale=_mean_risk(areas, people, risk))
    return Units(
        units=strata.units.join(areas.counted, on=areas.by, how="left", maintain_order="left"),
        cases_draws=np.minimum(theta * risk_sum[kept], size[kept]),
        left_out=_left_out(rows, strata.of_person, size, kept, min_people),
        protected=areas.protected,
        disclosure=areas.disclosure,
    )


@checked
def estimate_groups(
    areas: AreaEstimates,
    target: Target,
    target_risk: NDArray[np.float64],
    by: str | Sequence[str] = ("sex", AGE_BAND),
    *,
    noise: CellNoise | None = None,
) -> Units:
    """Add up the people of all areas by group: groups of the whole municipality under the areas' own draws.

    Parameters
    ----------
    areas, target, target_risk
        As for `estimate_strata`.
    by
        The columns of the groups, none of them a column of the areas. ``age_band`` is made where people do not have it.
    noise
        That of the estimates of the areas: people and sums of risks then carry the noise of each group of each area.

    Returns
    -------
    Units
        Groups sorted by label. ``observed_cases`` and ``observed_index_dates`` are those of all areas, because every
        group's draws follow from them.

    Raises
    ------
    UsageError
        As `estimate_strata`.

    Examples
    --------
    >>> groups = estimate_groups(areas, target, risk, by=("sex",))
    >>> groups.units.select("unit", "people").rows()
    [('female', 50), ('male', 50)]
    >>> bool(np.allclose(groups.cases_draws.sum(axis=1), areas.cases_draws.sum(axis=1)))
    True
    """
    columns, risk = as_columns(by), np.asarray(target_risk, dtype=np.float64)
    people = with_band_if_needed(target.people, columns)
    wrong = [*check_columns(columns, target=people), *overlap_problems((*areas.by, *columns), noise)]
    UsageError.refuse([*wrong, *risk_problems("target_risk", risk, people.height), *_noise_problems(areas, noise)])
    rows = ProtectedRows.of(people, noise)
    UsageError.refuse(_check_sums(areas, people, risk, rows))
    labels, (group,) = common_groups(columns, people)
    area = number_among(people.select(areas.by), areas.groups)
    inside = (group >= 0) & (area >= 0)
    size = rows.count(np.where(inside, group, -1), labels.height)
    shape = (areas.table.height, labels.height)
    cell = np.where(inside, area * labels.height + group, -1)
    risk_sums = rows.risk_sum(risk, cell, shape[0] * shape[1], scale=_mean_risk(areas, people, risk)).reshape(shape)
    counted = areas.counted.drop(areas.by).sum()
    fewest = areas.disclosure.min_people
    kept = rows.describes(size, fewest)
    _check_kept(kept, fewest)
    units = labels.select(unit_label(columns), *columns).with_columns(pl.Series("people", size)).filter(kept)
    return Units(
        units=units.join(counted, how="cross"),
        cases_draws=np.minimum(areas.draws.unexplained * areas.level[:, None] @ risk_sums[:, kept], size[kept]),
        left_out=_left_out(rows, np.where(inside, group, -1), size, kept, fewest),
        protected=areas.protected,
        disclosure=areas.disclosure,
    )


def _join_small(
    people: pl.DataFrame, group: Sequence[str], finer: Sequence[str], min_people: int, rows: ProtectedRows
) -> pl.DataFrame:
    """Rename the finer labels of strata that are too small, so that those of one group become one stratum."""
    if not finer:
        return people
    labels, (cell,) = common_groups([*group, *finer], people)
    small = pl.Series((cell >= 0) & (rows.count(cell, labels.height)[cell] < min_people))
    complete = pl.all_horizontal(pl.col(column).is_not_null() for column in finer)
    return people.with_columns(
        pl.when(small & complete).then(pl.lit(REST)).otherwise(pl.col(column).cast(pl.String)).alias(column)
        for column in finer
    )


def _left_out(
    rows: ProtectedRows,
    unit: NDArray[np.intp],
    size: NDArray[np.number],
    kept: NDArray[np.bool_],
    min_people: int,
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reason": ["no group", f"fewer than {min_people} people, also when joined"],
            "units": [0, int((~kept).sum())],
            "people": [int(rows.count(np.where(unit < 0, 0, -1), 1)[0]), int(size[~kept].sum())],
        }
    )


def _mean_risk(areas: AreaEstimates, people: pl.DataFrame, risk: NDArray[np.float64]) -> float:
    """Mean risk of the people who are in a group."""
    return float(risk[common_groups(areas.by, people)[1][0] >= 0].mean())


def _noise_problems(areas: AreaEstimates, noise: CellNoise | None) -> list[Problem]:
    if areas.protected == (noise is not None and noise.width > 0):
        return []
    found, expected = ("exact counts", "protected ones") if areas.protected else ("noise", "exact counts")
    remedy = "give the noise that the estimates were made with"
    return [Problem(found, f"{expected}, as in the estimates of the groups", remedy)]


def _check(areas: AreaEstimates, columns: Sequence[str], min_people: int, noise: CellNoise | None) -> list[Problem]:
    problems = _noise_problems(areas, noise)
    missing = [column for column in areas.by if column not in columns]
    if missing:
        problems.append(
            Problem(
                f"by without {', '.join(missing)}",
                f"the columns of the groups ({', '.join(areas.by)}) and those that split them",
                "add them",
            )
        )
    if min_people < 1:
        problems.append(Problem(f"min_people of {min_people}", "at least 1", "use 50"))
    return problems


def _check_sums(
    areas: AreaEstimates, people: pl.DataFrame, risk: NDArray[np.float64], rows: ProtectedRows
) -> list[Problem]:
    """Compare the sum of risks of each group with the one behind its draws."""
    expected = areas.cases_draws[0] / (areas.level[0] * areas.draws.unexplained[0])
    scale = _mean_risk(areas, people, risk)
    found = rows.risk_sum(risk, number_among(people.select(areas.by), areas.groups), areas.table.height, scale=scale)
    if np.allclose(found, expected, rtol=AGREEMENT, atol=0):
        return []
    return [
        Problem(
            "risks that do not sum to those of the groups",
            "the recalibrated risks of the people for whom the groups were estimated",
            "apply the recalibration to target_risk first, as for estimate_areas",
        )
    ]


def _check_kept(kept: NDArray[np.bool_], min_people: int) -> None:
    if not kept.any():
        raise DesignError(
            Problem(f"no stratum of {min_people} people", "at least one", "split by fewer columns or lower min_people")
        )
