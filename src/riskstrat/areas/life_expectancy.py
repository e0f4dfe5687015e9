"""Life expectancy from an abridged life table, with its variance.

In: deaths and person-years by group and age band. Out: expected years to live by group, with intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import as_columns
from riskstrat.areas.rates import check_level
from riskstrat.areas.standardisation import table_problems
from riskstrat.areas.standards import OLDEST, ages_of
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import AGE_BAND
from riskstrat.numerics.intervals import LEVEL, normal_quantile

Floats = NDArray[np.float64]

LIVED_OF_FIRST_YEAR = 0.1
"""Of the year in which they die infants live a tenth, others half of the band (Chiang's a)."""
LIVED = 0.5
FEWEST_PERSON_YEARS = 5000
"""Smaller populations give no life expectancy that holds (Toson and Baker 2003)."""
WIDEST_YEARS = 20.0
"""Nor do estimates whose 95 % interval is wider."""


@checked
def life_expectancy(
    counts: pl.DataFrame,
    by: str | Sequence[str],
    *,
    at_ages: Sequence[int] = (0, 65),
    level: float = LEVEL,
    fewest_person_years: int = FEWEST_PERSON_YEARS,
) -> pl.DataFrame:
    """Life expectancy at some ages, by Chiang's abridged life table.

    Parameters
    ----------
    counts
        One row a group and age band: the columns of `by`, ``age_band`` (from ``"0"`` without a gap to an open one such
        as ``"90+"``), ``cases`` (deaths) and ``people`` (person-years).
    by
        Grouping columns: area, sex, year.
    at_ages
        Ages at which a band begins.
    level
        Of the intervals.
    fewest_person_years
        Groups of fewer give no result. 5000 is the usual rule; pool years where areas are smaller.

    Returns
    -------
    polars.DataFrame
        Grouping columns, ``age_years``, ``people`` and ``cases`` of the group, ``estimate`` (years), ``lower``,
        ``upper``, ``standard_error`` and ``reason``: why the numbers are null, or null. They are for groups that are
        too small, that have nobody in some band or no death in the open one, and where the 95 % interval is wider than
        20 years.

    Raises
    ------
    UsageError
        If a column is missing, labels are no age bands, bands are missing, counts cannot be, or no band begins at an
        age that is asked for; all problems at once.

    Notes
    -----
    In a band of n years with death rate M the share that dies is q = n M / (1 + (1 - a) n M), with a = 0.1 in the first
    year of life and 0.5 later; its variance is q² (1 - q) / deaths, and that of the time lived in the open band
    1 / (deaths M²) (Silcocks). Counts must be exact: noise in twenty bands is more than small areas' life tables carry.

    References
    ----------
    Chiang, Introduction to Stochastic Processes in Biostatistics, 1968. Silcocks, Jenner and Reza, J Epidemiol
    Community Health 2001;55:38. Toson and Baker, National Statistics Methodological Series 33, 2003.

    Examples
    --------
    >>> bands = {"age_band": ["0", "1-64", "65+"], "cases": [4, 300, 1000], "people": [1000, 60_000, 20_000]}
    >>> found = life_expectancy(pl.DataFrame({"sex": ["f"] * 3, **bands}), by="sex", at_ages=[65])
    >>> found.select("estimate", "lower", "upper").row(0)
    (20.0, 18.760409..., 21.239590...)
    """
    groups = as_columns(by)
    UsageError.refuse([*check_level(level), *table_problems("counts", counts, (*groups, AGE_BAND), "rate")])
    counts = counts.with_columns(pl.col(AGE_BAND).cast(pl.String))
    bands = {label: ages_of(label) for label in counts[AGE_BAND].unique().to_list()}
    UsageError.refuse(_band_problems(bands, counts.group_by(groups).len()["len"], at_ages))
    first_age = pl.col(AGE_BAND).replace_strict({label: ages[0] for label, ages in bands.items() if ages})
    tables = counts.with_columns(age_years=first_age).sort(*groups, "age_years").group_by(groups, maintain_order=True)
    rows = []
    for labels, table in tables:
        deaths, people, ages = (table[name].to_numpy().astype(float) for name in ("cases", "people", "age_years"))
        reason = _reason(deaths, people, fewest_person_years)
        years, error = _chiang(deaths, people, ages) if reason is None else (np.full(len(ages), np.nan),) * 2
        for age in at_ages:
            at = int(np.flatnonzero(ages == age)[0])
            wide = reason is None and normal_quantile(LEVEL) * error[at] > WIDEST_YEARS / 2
            why = "an interval of more than 20 years" if wide else reason
            found = (None,) * 4 if why else (years[at], *_limits(years[at], error[at], level), error[at])
            rows.append((*labels, int(age), people.sum(), deaths.sum(), *found, why))
    schema = {name: counts.schema[name] for name in groups} | {"age_years": pl.Int64()}
    schema |= dict.fromkeys(("people", "cases", "estimate", "lower", "upper", "standard_error"), pl.Float64())
    return pl.DataFrame(rows, schema=schema | {"reason": pl.String()}, orient="row")


def _limits(estimate: float, error: float, level: float) -> tuple[float, float]:
    margin = normal_quantile(level) * error
    return max(estimate - margin, 0.0), estimate + margin


def _reason(deaths: Floats, people: Floats, fewest: int) -> str | None:
    """Say why a group has no life expectancy, None where it has."""
    reasons = (
        (bool(np.isnan(deaths + people).any()), "deaths or people that are not known"),
        (people.sum() < fewest, f"fewer than {fewest} person-years"),
        (bool((people == 0).any()), "nobody in some age band"),
        (deaths[-1] == 0, "no death in the open age band"),
    )
    return next((reason for wrong, reason in reasons if wrong), None)


def _chiang(deaths: Floats, people: Floats, ages: Floats) -> tuple[Floats, Floats]:
    """Years to live at the beginning of each band and their standard errors, both (bands,); the last band is open."""
    rate, width = deaths / people, np.diff(ages)
    lived = np.where(ages[:-1] == 0, LIVED_OF_FIRST_YEAR, LIVED)
    closed = rate[:-1] * width
    dying = np.minimum(closed / (1 + (1 - lived) * closed), 1.0)
    alive = np.cumprod(np.concatenate([[1.0], 1 - dying]))
    in_band = np.append(width * (alive[1:] + lived * -np.diff(alive)), alive[-1] / rate[-1])
    to_come = np.cumsum(in_band[::-1])[::-1]
    years = np.divide(to_come, alive, out=np.zeros_like(alive), where=alive > 0)
    variance = np.divide(dying**2 * (1 - dying), deaths[:-1], out=np.zeros_like(dying), where=deaths[:-1] > 0)
    parts = alive[:-1] ** 2 * ((1 - lived) * width + years[1:]) ** 2 * variance
    parts = np.append(parts, alive[-1] ** 2 / (deaths[-1] * rate[-1] ** 2))
    summed = np.cumsum(parts[::-1])[::-1]
    return years, np.sqrt(np.divide(summed, alive**2, out=np.zeros_like(alive), where=alive > 0))


def _band_problems(
    bands: Mapping[str, tuple[int, int] | None], rows: pl.Series, at_ages: Sequence[int]
) -> list[Problem]:
    """List what makes the bands no life table: labels, where they begin and end, gaps, bands that groups lack."""
    remedy, strange = "correct the table, or the ages", sorted(label for label, ages in bands.items() if ages is None)
    if strange:
        wanted = 'labels such as "0", "1-4" and "90+"'
        return [Problem(f"no age bands: {', '.join(strange)}", wanted, remedy, column=AGE_BAND)]
    if not bands:
        return [Problem("no rows", "a row a group and age band", remedy, table="counts")]
    ordered = sorted((*ages, label) for label, ages in bands.items() if ages is not None)
    gaps = [label for (_, end, label), (start, *_) in pairwise(ordered) if end != start]
    starts = [start for start, *_ in ordered]
    absent = [str(age) for age in at_ages if age not in starts]
    lacking = int((rows != len(bands)).sum())
    complaints = (
        (starts[0] != 0, f"a first age band of {ordered[0][2]}", "one that begins at 0"),
        (ordered[-1][1] != OLDEST, f"a last age band of {ordered[-1][2]}", 'an open one, such as "90+"'),
        (bool(gaps), f"a gap or an overlap after {', '.join(gaps)}", "bands that follow each other"),
        (
            lacking > 0,
            f"{number_of(lacking, 'group')} without a row for every age band",
            "one each, with 0 where nobody died",
        ),
        (bool(absent), f"no age band that begins at {', '.join(absent)}", f"ages among {', '.join(map(str, starts))}"),
    )
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]
