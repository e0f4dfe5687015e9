"""How unequally a risk is spread over deprivation.

In: one value a group (or posterior draws of it), people and deprivation. Out: measures that are
positive (ratios: above 1) when the deprived do worse.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import check_columns
from riskstrat.areas.inequality_measures import Measurement, arrays, value_problems
from riskstrat.areas.rates import check_level
from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.areas import AreaEstimates

Floats = NDArray[np.float64]


@checked
def inequality(
    value: npt.ArrayLike,
    people: npt.ArrayLike,
    deprivation: npt.ArrayLike,
    *,
    higher_is_worse: bool = True,
    proportion: bool = True,
    higher_is_deprived: bool = True,
    scale: str = "identity",
    level: float = PUBLISHED_LEVEL,
) -> pl.DataFrame:
    """Measure how a value differs between the least and the most deprived.

    Parameters
    ----------
    value
        One value a group, (n,), or posterior draws, (draws, n): then intervals come from them.
    people
        Population of each group, (n,), above 0.
    deprivation
        What groups are ranked by, (n,); two levels at least.
    higher_is_worse
        True for risks, false for such as life expectancy.
    proportion
        Whether the value lies in [0, 1]: Erreygers' index is only for those, and null otherwise.
    higher_is_deprived
        True for a Care Need Index, false for income or education.
    scale
        On which the line behind the slope and relative index is straight: ``identity``, ``log`` (values above 0) or
        ``logit`` (within 0 and 1); its ends are compared as values all the same.
    level
        Of the intervals.

    Returns
    -------
    polars.DataFrame
        metric, estimate, lower, upper (null without draws): ``slope_index``, ``relative_index``, ``gap`` and ``ratio``
        between the most and the least deprived quintile of the population, ``concentration_index``,
        ``erreygers_index``, ``attributable_fraction`` (the share of the cases that would not be had everybody the value
        of the least deprived quintile; null where higher is not worse). Positive, and above 1 for ratios, when the
        deprived do worse. Ratios are null where a draw has nothing, or the line falls to nothing, to divide by.

    Raises
    ------
    UsageError
        If the arguments do not fit together; all problems at once.

    References
    ----------
    Mackenbach and Kunst, Social Science and Medicine 1997;44:757. Erreygers, Journal of Health Economics 2009;28:504.

    Examples
    --------
    >>> inequality([0.10, 0.20], [100, 100], [1, 2]).filter(metric="slope_index")["estimate"].round(6).item()
    0.2
    """
    measurement = Measurement(
        higher_is_worse=higher_is_worse,
        proportion=proportion,
        higher_is_deprived=higher_is_deprived,
        scale=scale,
        level=level,
    )
    return measurement.summary(measurement.measures(value, people, deprivation), drawn=np.ndim(value) == 2)


@checked
def inequality_change(
    values: Mapping[int, npt.ArrayLike],
    people: npt.ArrayLike,
    deprivation: npt.ArrayLike,
    *,
    higher_is_worse: bool = True,
    proportion: bool = True,
    higher_is_deprived: bool = True,
    scale: str = "identity",
    level: float = PUBLISHED_LEVEL,
) -> pl.DataFrame:
    """Measure inequality year by year, and how far it has changed since the first.

    Parameters
    ----------
    values
        By year what `inequality` takes as value; draws of different years belong together row by row.
    people, deprivation, higher_is_worse, proportion, higher_is_deprived, scale, level
        As for `inequality`, the same for all years: groups are compared, not re-ranked.

    Returns
    -------
    polars.DataFrame
        year, metric, estimate, lower, upper, and ``change``, ``change_lower``, ``change_upper``: the difference from
        the first year (of the estimate; for ratios too), null in the first. Intervals are null without draws.

    Raises
    ------
    UsageError
        If there are fewer than two years, they have different numbers of draws, or as `inequality`.

    Examples
    --------
    >>> found = inequality_change({2020: [0.1, 0.2], 2024: [0.1, 0.15]}, [100, 100], [1, 2])
    >>> found.filter(metric="gap").select("year", pl.col("estimate", "change").round(6)).rows()
    [(2020, 0.1, None), (2024, 0.05, -0.05)]
    """
    shapes = {np.shape(value) for value in values.values()}
    if len(values) < 2 or len(shapes) > 1:
        found = number_of(len(values), "year") if len(values) < 2 else "years of different shapes"
        expected = "at least two years, with the same groups and as many draws"
        raise UsageError(Problem(found, expected, "give the values of each year"))
    measurement = Measurement(
        higher_is_worse=higher_is_worse,
        proportion=proportion,
        higher_is_deprived=higher_is_deprived,
        scale=scale,
        level=level,
    )
    drawn = len(next(iter(shapes))) == 2
    years = {year: measurement.measures(values[year], people, deprivation) for year in sorted(values)}
    first = next(iter(years.values()))
    frames = []
    for number, (year, draws) in enumerate(years.items()):
        since = measurement.summary({name: draws[name] - first[name] for name in draws}, drawn=drawn)
        change = since.select(
            pl.when(number > 0).then(pl.col(name)).alias(f"change{end}")
            for name, end in (("estimate", ""), ("lower", "_lower"), ("upper", "_upper"))
        )
        year_column = pl.lit(year, pl.Int64).alias("year")
        frames.append(measurement.summary(draws, drawn=drawn).select(year_column, pl.all()).hstack(change))
    return pl.concat(frames)


@checked
def concentration_curve(
    value: npt.ArrayLike,
    people: npt.ArrayLike,
    deprivation: npt.ArrayLike,
    *,
    higher_is_deprived: bool = True,
    points: int = 10,
    level: float = PUBLISHED_LEVEL,
) -> pl.DataFrame:
    """Show which share of all cases the most deprived part of the population has.

    Parameters
    ----------
    value, people, deprivation, higher_is_deprived, level
        As for `inequality`; the value a risk or rate, at least 0 and not 0 everywhere.
    points
        Steps of the population, 1 to 100: 10 for tenths.

    Returns
    -------
    polars.DataFrame
        ``share_of_people``, from the most deprived down, 0 to 1; ``share_of_cases``, ``lower``, ``upper``. Equal shares
        mean equality; the more deprived have more where the curve lies above. Twice the area between the two is the
        concentration index.

    Raises
    ------
    UsageError
        As `inequality`.

    References
    ----------
    Wagstaff, Paci and van Doorslaer, Social Science and Medicine 1991;33:545 (there from the least deprived up).

    Examples
    --------
    >>> concentration_curve([0.1, 0.3], [100, 100], [1, 2], points=2)["share_of_cases"].round(6).to_list()
    [0.0, 0.75, 1.0]
    """
    values, n, depth = arrays(value, people, deprivation)
    problems = value_problems(values, n, depth, proportion=False, scale="identity")
    if not 1 <= points <= 100:
        problems.append(Problem(number_of(points, "point"), "1 to 100", "use 10 for tenths"))
    if not problems and (values < 0).any():
        problems.append(Problem("values below 0", "risks or rates", "leave such groups out"))
    UsageError.refuse([*problems, *check_level(level)])
    _, level_of = np.unique(-depth if higher_is_deprived else depth, return_inverse=True)
    size = np.bincount(level_of, n)
    cases = np.zeros((len(values), len(size)))
    np.add.at(cases.T, level_of, (values * n).T)
    ends = np.concatenate([[0.0], np.cumsum(size) / size.sum()])
    at = np.linspace(0, 1, points + 1)
    shares = np.array([np.interp(at, ends, np.concatenate([[0.0], np.cumsum(row)]) / row.sum()) for row in cases])
    limits = np.quantile(shares, ((1 - level) / 2, (1 + level) / 2), axis=0)
    lower, upper = limits if np.ndim(value) == 2 else np.full_like(limits, np.nan)
    frame = {"share_of_people": at, "share_of_cases": shares.mean(axis=0), "lower": lower, "upper": upper}
    return pl.DataFrame(frame).with_columns(pl.col("lower", "upper").fill_nan(None))


@checked
def area_inequality(
    areas: AreaEstimates,
    deprivation: pl.DataFrame,
    index: str,
    *,
    higher_is_deprived: bool = True,
    level: float = PUBLISHED_LEVEL,
) -> pl.DataFrame:
    """Measure how the risk of areas differs by deprivation, with intervals from their draws.

    Parameters
    ----------
    areas
        Estimates by area.
    deprivation
        The grouping columns of the areas, each area once, and what they are ranked by; areas without it are left out.
    index
        Its column, such as ``care_need_index``.
    higher_is_deprived
        True for a Care Need Index, false for income or education.
    level
        Of the intervals.

    Returns
    -------
    polars.DataFrame
        As `inequality`.

    Raises
    ------
    UsageError
        If a column is missing, or an area comes twice.
    DesignError
        If fewer than two levels of deprivation are known.

    Examples
    --------
    >>> need = pl.DataFrame({"area_id": ["a", "b"], "care_need_index": [0.5, 2.0]})
    >>> area_inequality(areas, need, "care_need_index").filter(metric="ratio")["estimate"].item() > 10
    True
    """
    people, found = ranked_areas(areas, deprivation, index)
    known = np.flatnonzero(found.is_not_null().to_numpy())
    ranking = found.to_numpy()[known]
    risk = areas.draws.risk[:, known]
    return inequality(risk, people[known], ranking, higher_is_deprived=higher_is_deprived, level=level)


def ranked_areas(areas: AreaEstimates, deprivation: pl.DataFrame, index: str) -> tuple[Floats, pl.Series]:
    """People of today in each area, (groups,), and what it is ranked by, null where that is not known."""
    missing = check_columns((*areas.by, index), deprivation=deprivation)
    twice = 0 if missing else int(deprivation.select(areas.by).is_duplicated().sum())
    once = Problem(f"{number_of(twice, 'row')} of areas that come twice", "each area once", "choose one year")
    UsageError.refuse([*missing, *([once] if twice else [])])
    found = areas.groups.join(deprivation, on=areas.by, how="left", maintain_order="left")[index]
    if found.drop_nulls().n_unique() < 2:
        levels, ranked = number_of(found.drop_nulls().n_unique(), "level"), number_of(found.count(), "area")
        raise DesignError(
            Problem(
                f"{levels} of {index} among {ranked}",
                "at least two",
                "add the index of more areas, or leave inequality out",
            )
        )
    return areas.table["target_people"].to_numpy(), found
