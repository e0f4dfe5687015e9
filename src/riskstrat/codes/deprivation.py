"""Care Need Index: counts of people by area in, points and the index against the country out.

An index of 1 is the national mean; above 1 means that more care is expected to be needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import polars as pl

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.errors.arguments import checked

CARE_NEED_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "elderly_living_alone": 6.15,
        "foreign_born": 5.72,
        "unemployed": 5.13,
        "single_parent": 4.19,
        "moved_in": 4.19,
        "low_education": 3.97,
        "under_five": 3.23,
    }
)
"""Points for each person counted: over 65 and living alone; born in Eastern Europe, Asia, Africa or South America;
unemployed or in a labour-market measure at 16-64; single parent of a child of at most 17; aged 1 or more and moved into
the area in the past year; low education (förgymnasial) at 25-64; under five."""

NATIONAL_MEAN_POINTS = 2.476
"""Points a person in the whole country, implied by Statistics Sweden's published example."""


@checked
def care_need_index(areas: pl.DataFrame, *, national_mean_points: float = NATIONAL_MEAN_POINTS) -> pl.DataFrame:
    """Compute the Care Need Index of areas.

    Parameters
    ----------
    areas
        One row an area with the counts named in `CARE_NEED_WEIGHTS` and ``population``, all persons; other columns are
        kept. A person counts in every group that they belong to.
    national_mean_points
        Points a person in the population that is to have index 1.

    Returns
    -------
    polars.DataFrame
        `areas` with ``care_need_points`` (sum over the area) and ``care_need_index``; null where a count is unknown
        or nobody lives.

    Raises
    ------
    ContractError
        If columns are missing, or counts are below 0 or above the population.

    Notes
    -----
    Sundquist's weights as Statistics Sweden applies them; its published example is reproduced.

    Examples
    --------
    >>> area = pl.DataFrame({name: [100] for name in CARE_NEED_WEIGHTS} | {"population": [1000]})
    >>> care_need_index(area).select(pl.col("care_need_points", "care_need_index").round(3)).row(0)
    (3258.0, 1.316)
    """
    ContractError.refuse(list(_missing(areas)) or list(_impossible(areas)))
    points = pl.sum_horizontal(
        [pl.col(name) * weight for name, weight in CARE_NEED_WEIGHTS.items()], ignore_nulls=False
    )
    mean = pl.when(pl.col("population") > 0).then(points / pl.col("population"))
    return areas.with_columns(care_need_points=points, care_need_index=mean / national_mean_points)


def _missing(areas: pl.DataFrame) -> Iterator[Problem]:
    for name in (*CARE_NEED_WEIGHTS, "population"):
        if name not in areas.columns:
            yield Problem("no such column", "a count", "add it", table="areas", column=name)
        elif not areas.schema[name].is_numeric():
            yield Problem(str(areas.schema[name]), "a count", "convert it", table="areas", column=name)


def _impossible(areas: pl.DataFrame) -> Iterator[Problem]:
    for name in CARE_NEED_WEIGHTS:
        outside = areas.filter((pl.col(name) < 0) | (pl.col(name) > pl.col("population"))).height
        if outside:
            yield Problem(
                f"{number_of(outside, 'area')} with a count below 0 or above the population",
                "a part of the population",
                "correct the counts",
                table="areas",
                column=name,
            )
