"""Rates, proportions and their intervals; direct and indirect standardisation.

In: counts and populations. Out: frames with the rate or ratio and its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from riskstrat.areas.grouping import as_columns, check_columns, raise_if
from riskstrat.errors import Problem
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import wilson_interval

# Byar's approximation is poor for small counts.
EXACT_BELOW = 10
# A directly standardised rate of fewer cases hangs on single strata (PHEindicatormethods' rule).
FEWEST_FOR_DIRECT = 10

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]


def byar_interval(count: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Byar's approximate interval of a Poisson mean (Breslow and Day 1987).

    Examples
    --------
    >>> lower, upper = byar_interval(65)
    >>> round(float(lower), 6), round(float(upper), 6)
    (50.163188, 82.849139)
    """
    x = np.asarray(count, dtype=float)
    z = ndtri((1 + level) / 2)
    safe, above = np.where(x > 0, x, 1.0), x + 1
    lower = np.where(x > 0, safe * (1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe))) ** 3, 0.0)
    return lower, above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3


def exact_interval(count: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Exact interval of a Poisson mean from the chi-squared distribution (Garwood 1936).

    Examples
    --------
    >>> lower, upper = exact_interval(5)
    >>> round(float(lower), 4), round(float(upper), 4)
    (1.6235, 11.6683)
    """
    x = np.asarray(count, dtype=float)
    tail = (1 - level) / 2
    lower = np.where(x > 0, chdtri(2 * np.where(x > 0, x, 1.0), 1 - tail) / 2, 0.0)
    return lower, chdtri(2 * x + 2, tail) / 2


def poisson_interval(count: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Exact below a count of 10, else Byar."""
    x = np.asarray(count, dtype=float)
    chosen = zip(exact_interval(x, level), byar_interval(x, level), strict=True)
    lower, upper = (np.where(x < EXACT_BELOW, exact, byar) for exact, byar in chosen)
    return lower, upper


def _rate_interval(count: Floats, time: Floats, level: float) -> Interval:
    lower, upper = poisson_interval(count, level)
    return lower / time, upper / time


KINDS: dict[str, Callable[[Floats, Floats, float], Interval]] = {
    "rate": _rate_interval,
    "proportion": lambda count, people, level: wilson_interval(count / people, people, level),
}


@checked
def rates(
    count: npt.ArrayLike, denominator: npt.ArrayLike, kind: str = "rate", level: float = 0.95, per: float = 1.0
) -> pl.DataFrame:
    """Rates or proportions with their intervals.

    Parameters
    ----------
    count
        Cases, (n,), at least 0.
    denominator
        Person-time (``rate``) or people (``proportion``: at least the count), (n,), above 0.
    kind
        ``rate``: exact Poisson below 10 cases, else Byar. ``proportion``: Wilson.
    level
        Of the interval, in (0, 1).
    per
        Unit: 100000 gives rates per 100,000.

    Returns
    -------
    polars.DataFrame
        count, denominator, estimate, lower, upper.

    Raises
    ------
    UsageError
        If an argument cannot be used; all problems at once.

    Examples
    --------
    >>> rates([65], [100], kind="proportion").select(pl.all().round(3)).row(0)
    (65.0, 100.0, 0.65, 0.553, 0.736)
    """
    x, n = np.atleast_1d(np.asarray(count, dtype=float)), np.atleast_1d(np.asarray(denominator, dtype=float))
    raise_if([*_check_counts(x, n, kind), *check_level(level)])
    lower, upper = KINDS[kind](x, n, level)
    frame = pl.DataFrame({"count": x, "denominator": n, "estimate": x / n, "lower": lower, "upper": upper})
    return frame.with_columns(pl.col("estimate", "lower", "upper") * per)


@checked
def standardised_rates(
    counts: pl.DataFrame,
    standard: pl.DataFrame,
    by: str | Sequence[str],
    *,
    strata: str | Sequence[str] = ("sex", "age_band"),
    level: float = 0.95,
    per: float = 100_000.0,
) -> pl.DataFrame:
    """Directly standardised rates: what each group's rate would be with the standard's mix of strata.

    Parameters
    ----------
    counts
        One row a group and stratum: the columns of `by` and `strata`, ``cases``, ``people``.
    standard
        One row a stratum: the columns of `strata`, ``people``.
    by, strata
        Grouping columns and the columns to standardise for.
    level, per
        Of the interval; unit of the rate.

    Returns
    -------
    polars.DataFrame
        Grouping columns, cases, people, estimate, lower, upper (Dobson's interval, null below 10 cases), sorted.

    Raises
    ------
    UsageError
        If a column is missing, a stratum is not in the standard, or has no people.

    References
    ----------
    Dobson et al., Statistics in Medicine 1991;10:457.

    Examples
    --------
    >>> counts = pl.DataFrame({"area": ["a", "a"], "sex": ["f", "m"], "cases": [8, 12], "people": [100, 100]})
    >>> standard = pl.DataFrame({"sex": ["f", "m"], "people": [60, 40]})
    >>> standardised_rates(counts, standard, by="area", strata="sex", per=100).select("estimate").item()
    9.6
    """
    groups, keys = as_columns(by), as_columns(strata)
    raise_if(
        [
            *check_columns((*groups, *keys, "cases", "people"), counts=counts),
            *check_columns((*keys, "people"), standard=standard),
            *check_level(level),
        ]
    )
    share = standard.select(*keys, (pl.col("people") / pl.col("people").sum()).alias("share"))
    joined = counts.join(share, on=list(keys), how="left", maintain_order="left")
    raise_if(_check_strata(joined))
    per_group = joined.group_by(groups).agg(
        pl.col("cases").sum(),
        pl.col("people").sum(),
        (pl.col("share") * pl.col("cases") / pl.col("people")).sum().alias("rate"),
        ((pl.col("share") / pl.col("people")) ** 2 * pl.col("cases")).sum().alias("variance"),
    )
    return _dobson(per_group.sort(groups), level, per)


def _dobson(rates_of_groups: pl.DataFrame, level: float, per: float) -> pl.DataFrame:
    cases = rates_of_groups["cases"].to_numpy().astype(float)
    lower, upper = poisson_interval(cases, level)
    scale = np.sqrt(rates_of_groups["variance"].to_numpy() / np.where(cases > 0, cases, np.nan))
    rate = rates_of_groups["rate"].to_numpy()
    limits = {"estimate": rate * per, "lower": (rate + scale * (lower - cases)) * per}
    limits["upper"] = (rate + scale * (upper - cases)) * per
    enough = pl.col("cases") >= FEWEST_FOR_DIRECT
    return rates_of_groups.drop("rate", "variance").with_columns(
        pl.when(enough).then(pl.Series(values)).otherwise(None).alias(name) for name, values in limits.items()
    )


@checked
def standardised_ratios(
    counts: pl.DataFrame,
    by: str | Sequence[str],
    strata: str | Sequence[str] = ("sex", "age_band"),
    level: float = 0.95,
) -> pl.DataFrame:
    """Observed over expected, with the rates of all groups together as the reference (indirect standardisation).

    Parameters
    ----------
    counts
        One row a group and stratum: the columns of `by` and `strata`, ``cases``, ``people``.
    by, strata
        Grouping columns and the columns to standardise for.
    level
        Of the interval.

    Returns
    -------
    polars.DataFrame
        Grouping columns, observed, expected, estimate, lower, upper (exact Poisson below 10, else Byar), sorted. The
        ratios average to 1, weighted by what is expected.

    Raises
    ------
    UsageError
        If a column is missing.

    Examples
    --------
    >>> counts = pl.DataFrame({"area": ["a", "b"], "sex": ["f", "f"], "cases": [8, 12], "people": [100, 100]})
    >>> standardised_ratios(counts, by="area", strata="sex")["estimate"].to_list()
    [0.8, 1.2]
    """
    groups, keys = as_columns(by), as_columns(strata)
    raise_if([*check_columns((*groups, *keys, "cases", "people"), counts=counts), *check_level(level)])
    reference = pl.col("cases").sum().over(keys) / pl.col("people").sum().over(keys)
    summed = (
        counts.with_columns((pl.col("people") * reference).alias("expected"))
        .group_by(groups)
        .agg(pl.col("cases").sum().cast(pl.Float64).alias("observed"), pl.col("expected").sum())
        .sort(groups)
    )
    lower, upper = poisson_interval(summed["observed"].to_numpy(), level)
    return summed.with_columns(
        (pl.col("observed") / pl.col("expected")).alias("estimate"),
        (pl.Series("lower", lower) / pl.col("expected")).alias("lower"),
        (pl.Series("upper", upper) / pl.col("expected")).alias("upper"),
    )


def check_level(level: float) -> list[Problem]:
    """List what is wrong with the level of an interval."""
    if 0 < level < 1:
        return []
    return [Problem(found=f"a level of {level}", expected="between 0 and 1", remedy="use 0.95, say")]


def _check_counts(x: Floats, n: Floats, kind: str) -> list[Problem]:
    if kind not in KINDS:
        return [Problem(found=f"no kind '{kind}'", expected=" or ".join(KINDS), remedy="choose one of these")]
    if x.shape != n.shape:
        return [
            Problem(found="counts and denominators of different lengths", expected="one a group", remedy="align them")
        ]
    complaints = (
        (not np.isfinite(x).all() or bool((x < 0).any()), "counts below 0 or not finite", "counts of at least 0"),
        (not np.isfinite(n).all() or bool((n <= 0).any()), "denominators of 0, below, or not finite", "above 0"),
        (kind == "proportion" and bool((x > n).any()), "more cases than people", "proportions up to 1"),
    )
    return [
        Problem(found=found, expected=wanted, remedy="correct the counts")
        for wrong, found, wanted in complaints
        if wrong
    ]


def _check_strata(joined: pl.DataFrame) -> list[Problem]:
    complaints = (
        (joined["share"].null_count() > 0, "strata that the standard does not have", "all strata in the standard"),
        (bool((joined["people"] <= 0).any()), "strata without people", "people in every stratum"),
    )
    return [
        Problem(found=found, expected=wanted, remedy="join strata or extend the standard", table="counts")
        for wrong, found, wanted in complaints
        if wrong
    ]
