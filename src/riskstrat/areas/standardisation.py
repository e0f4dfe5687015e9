"""Direct and indirect standardisation of rates and proportions.

In: cases and people by group and stratum, and a standard. Out: one row a group, with the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.grouping import as_columns, check_columns
from riskstrat.areas.rates import KINDS, check_kind, check_level, check_unit
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL, poisson_interval, wilson_interval

# A directly standardised rate of fewer cases hangs on single strata (PHEindicatormethods' rule).
FEWEST_FOR_DIRECT = 10
_SHOWN = 5

Floats = NDArray[np.float64]
Complaint: TypeAlias = tuple[pl.Expr, str, str]
"""Which rows are wrong, what is found there, and what is expected."""


@checked
def standardised_rates(
    counts: pl.DataFrame,
    standard: pl.DataFrame,
    by: str | Sequence[str],
    *,
    strata: str | Sequence[str] = ("sex", "age_band"),
    kind: str = "rate",
    level: float = LEVEL,
    per: float = 100_000.0,
) -> pl.DataFrame:
    """Directly standardised rates: what each group's rate would be with the standard's mix of strata.

    Parameters
    ----------
    counts
        One row a group and stratum: the columns of `by` and `strata`, ``cases``, ``people``.
    standard
        One row a stratum: the columns of `strata`, ``people`` (or weights).
    by, strata
        Grouping columns and the columns to standardise for.
    kind
        ``rate``: cases are Poisson counts, ``people`` may be person-time. ``proportion``: cases are some of the people.
    level, per
        Of the interval; unit of the rate.

    Returns
    -------
    polars.DataFrame
        Grouping columns, cases, people, missing_strata, estimate, lower, upper, sorted. Limits are Dobson's of a rate,
        never below 0; those of a proportion, never above 1, are Wilson's at the size of a simple sample of the same
        variance. Null below 10 cases, and where ``missing_strata`` is above 0: in so many strata of the standard the
        group has nobody (no row, or no people) or a null count, so that its rate there is not known.

    Raises
    ------
    UsageError
        If a column is missing, a stratum is not in the standard or is given twice, counts are below 0 or no numbers, or
        there are cases without people; all problems at once, with the groups and strata.

    References
    ----------
    Dobson et al., Statistics in Medicine 1991;10:457. Effective size: Korn and Graubard, Survey Methodology 1998;24:193
    (with half a case and half a non-case added to each stratum, so that the variance is never 0).

    Examples
    --------
    >>> counts = pl.DataFrame({"area": ["a", "a"], "sex": ["f", "m"], "cases": [8, 12], "people": [100, 100]})
    >>> standard = pl.DataFrame({"sex": ["f", "m"], "people": [60, 40]})
    >>> standardised_rates(counts, standard, by="area", strata="sex", per=100).select("estimate").item()
    9.6
    """
    groups, keys = as_columns(by), as_columns(strata)
    UsageError.refuse([*_argument_problems(kind, level, per), *_overlap(groups, keys)])
    UsageError.refuse(
        [*table_problems("counts", counts, (*groups, *keys), kind), *table_problems("standard", standard, keys)]
    )
    UsageError.refuse(_type_problems(counts, standard, keys))
    share = standard.select(*keys, share=pl.col("people") / pl.col("people").sum())
    joined = counts.join(share, on=list(keys), how="left", maintain_order="left")
    UsageError.refuse(_unknown(joined.filter(pl.col("share").is_null()), keys))
    used = ((pl.col("share") > 0) & (pl.col("people") > 0) & pl.col("cases").is_not_null()).fill_null(value=False)
    weight, p = pl.col("share") / pl.col("people"), (pl.col("cases") + 0.5) / (pl.col("people") + 1)
    terms = {
        "rate": weight * pl.col("cases"),
        "variance": weight**2 * pl.col("cases"),
        "likely": pl.col("share") * p,
        "binomial": pl.col("share") ** 2 * p * (1 - p) / pl.col("people"),
    }
    per_group = joined.group_by(groups).agg(
        known_total("cases"),
        known_total("people"),
        missing_strata=(share["share"] > 0).sum() - used.sum().cast(pl.Int64),
        **{name: term.filter(used).sum() for name, term in terms.items()},
    )
    return _with_limits(per_group.sort(groups), list(terms), kind, level, per)


def known_total(name: str) -> pl.Expr:
    """Sum a count over the strata of each group; null where one is not known."""
    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)


def _with_limits(rates: pl.DataFrame, terms: list[str], kind: str, level: float, per: float) -> pl.DataFrame:
    cases = rates["cases"].fill_null(0).to_numpy().astype(float)
    rate, variance, likely, binomial = rates.select(terms).to_numpy().astype(float).T
    if kind == "proportion":
        size = np.divide(likely * (1 - likely), binomial, out=np.ones_like(rate), where=binomial > 0)
        lower, upper = wilson_interval(np.clip(rate, 0, 1), size, level)
    else:
        scale = np.sqrt(variance / np.where(cases > 0, cases, np.nan))
        lower, upper = (np.maximum(rate + scale * (limit - cases), 0) for limit in poisson_interval(cases, level))
    known = (pl.col("cases") >= FEWEST_FOR_DIRECT) & (pl.col("missing_strata") == 0)
    limits = {"estimate": rate * per, "lower": lower * per, "upper": upper * per}
    return rates.drop(terms).with_columns(
        pl.when(known).then(pl.Series(values)).otherwise(None).alias(name) for name, values in limits.items()
    )


@checked
def standardised_ratios(
    counts: pl.DataFrame,
    by: str | Sequence[str],
    strata: str | Sequence[str] = ("sex", "age_band"),
    level: float = LEVEL,
    *,
    standard: pl.DataFrame | None = None,
    kind: str = "rate",
) -> pl.DataFrame:
    """Observed over expected at the rates of a standard (indirect standardisation).

    Parameters
    ----------
    counts
        One row a group and stratum: the columns of `by` and `strata`, ``cases``, ``people``.
    by, strata
        Grouping columns and the columns to standardise for.
    level
        Of the interval.
    standard
        One row a stratum: the columns of `strata`, ``cases``, ``people``. None: all groups together, so that the ratios
        average to 1, weighted by what is expected.
    kind
        ``rate``: exact Poisson limits below 10 cases, else Byar. ``proportion``: Wilson, so that no limit says more
        cases than people.

    Returns
    -------
    polars.DataFrame
        Grouping columns, observed, expected, estimate, lower, upper, sorted. The last three are null where nothing is
        expected (a group without people, or with people only where the standard has no case), and of a group with a
        null count.

    Raises
    ------
    UsageError
        If a column is missing, a stratum with people has no rate in the standard, one is given twice, counts are
        below 0 or no numbers, or there are cases without people; all problems at once, with the groups and strata.

    Examples
    --------
    >>> counts = pl.DataFrame({"area": ["a", "b"], "sex": ["f", "f"], "cases": [8, 12], "people": [100, 100]})
    >>> standardised_ratios(counts, by="area", strata="sex")["estimate"].to_list()
    [0.8, 1.2]
    >>> standard = pl.DataFrame({"sex": ["f"], "cases": [400], "people": [10_000]})
    >>> standardised_ratios(counts, by="area", strata="sex", standard=standard)["estimate"].to_list()
    [2.0, 3.0]
    """
    groups, keys = as_columns(by), as_columns(strata)
    UsageError.refuse([*_argument_problems(kind, level), *_overlap(groups, keys)])
    UsageError.refuse(table_problems("counts", counts, (*groups, *keys), kind))
    if standard is None:
        standard = counts.drop_nulls(["cases", "people"]).group_by(keys).agg(pl.col("cases", "people").sum())
    UsageError.refuse([*table_problems("standard", standard, keys, kind), *_type_problems(counts, standard, keys)])
    reference = standard.filter(pl.col("people") > 0).select(*keys, reference=pl.col("cases") / pl.col("people"))
    joined = counts.join(reference, on=list(keys), how="left", maintain_order="left")
    UsageError.refuse(_unknown(joined.filter(pl.col("reference").is_null(), pl.col("people") > 0), keys))
    summed = (
        joined.with_columns(expected=pl.col("people") * pl.col("reference").fill_null(0))
        .group_by(groups)
        .agg(
            known_total("cases").cast(pl.Float64).alias("observed"),
            known_total("expected"),
            known_total("people"),
        )
        .sort(groups)
    )
    return summed.drop("people").with_columns(_ratio_limits(summed, kind, level))


def _ratio_limits(summed: pl.DataFrame, kind: str, level: float) -> list[pl.Series]:
    observed, expected, people = (summed[name].to_numpy().astype(float) for name in ("observed", "expected", "people"))
    lower, upper = (np.full(len(observed), np.nan) for _ in range(2))
    known = (expected > 0) & ~np.isnan(observed)
    limits = KINDS[kind](observed[known], people[known], level)
    lower[known], upper[known] = (limit * people[known] for limit in limits)
    divisor = np.where(known, expected, np.nan)
    values = {"estimate": observed / divisor, "lower": lower / divisor, "upper": upper / divisor}
    return [pl.Series(name, column).fill_nan(None) for name, column in values.items()]


@checked
def indirectly_standardised_rates(
    counts: pl.DataFrame,
    by: str | Sequence[str],
    strata: str | Sequence[str] = ("sex", "age_band"),
    level: float = LEVEL,
    *,
    standard: pl.DataFrame | None = None,
    kind: str = "rate",
    per: float = 100_000.0,
) -> pl.DataFrame:
    """Indirectly standardised rates: the standard's crude rate times each group's ratio of observed to expected.

    Parameters
    ----------
    counts, by, strata, level, standard, kind
        As for `standardised_ratios`.
    per
        Unit of the rate.

    Returns
    -------
    polars.DataFrame
        As `standardised_ratios`, the last three columns times the crude rate. A limit of a proportion is cut at 1; an
        estimate of one that would be above 1 is null: the ratio does not carry over to a standard of such high risk.

    Raises
    ------
    UsageError
        As for `standardised_ratios`.

    Examples
    --------
    >>> counts = pl.DataFrame({"area": ["a", "b"], "sex": ["f", "f"], "cases": [8, 12], "people": [100, 100]})
    >>> indirectly_standardised_rates(counts, by="area", strata="sex", per=100)["estimate"].round(6).to_list()
    [8.0, 12.0]
    """
    UsageError.refuse(check_unit(per))
    ratios = standardised_ratios(counts, by, strata, level, standard=standard, kind=kind)
    known = (counts if standard is None else standard).drop_nulls(["cases", "people"])
    crude = known.select(pl.col("cases").sum() / pl.col("people").sum()).item()
    found = ratios.with_columns(pl.col("estimate", "lower", "upper") * crude)
    if kind == "proportion":
        within = pl.when(pl.col("estimate") <= 1).then(pl.col("estimate")).alias("estimate")
        found = found.with_columns(within, pl.col("lower", "upper").clip(upper_bound=1))
    return found.with_columns(pl.col("estimate", "lower", "upper") * per)


def _argument_problems(kind: str, level: float, per: float = 1.0) -> list[Problem]:
    return [*check_kind(kind), *check_level(level), *check_unit(per)]


def _overlap(groups: Sequence[str], keys: Sequence[str]) -> list[Problem]:
    if not groups or not keys:
        return [Problem("no column in by, or in strata", "at least one of each", "name them")]
    both = [name for name in groups if name in keys]
    remedy = "group by one set of columns and standardise for another"
    return [Problem("a column of both by and strata", "one", remedy, column=c) for c in both]


def table_problems(table: str, frame: pl.DataFrame, keys: Sequence[str], kind: str | None = None) -> list[Problem]:
    """List what is wrong with a table of strata, with the strata; a standard of people alone has no `kind`."""
    counts = ("people",) if kind is None else ("cases", "people")
    missing = check_columns((*keys, *counts), **{table: frame})
    return missing or [*_count_problems(table, frame, keys, counts, kind)]


def _count_problems(
    table: str, frame: pl.DataFrame, keys: Sequence[str], counts: Sequence[str], kind: str | None
) -> Iterator[Problem]:
    texts = [name for name in counts if not frame[name].dtype.is_numeric()]
    if texts:
        remedy = "convert the column"
        yield from (Problem("text", "numbers", remedy, table=table, column=c) for c in texts)
        return
    for wrong, found, expected in (*_row_complaints(table, keys, counts), *_pair_complaints(counts, kind)):
        rows = frame.filter(wrong.fill_null(value=False))
        if rows.height:
            yield _named(rows, keys, found, expected, table)
    if kind is None and not frame["people"].fill_null(0).sum() > 0:
        yield Problem("no people in the standard", "some", "check the standard", table=table)


def _row_complaints(table: str, keys: Sequence[str], counts: Sequence[str]) -> Iterator[Complaint]:
    unlabelled = pl.any_horizontal(pl.col(keys).is_null())
    yield unlabelled, "rows without a label", "a label in every grouping column"
    yield pl.struct(keys).is_duplicated() & ~unlabelled, "strata given more than once", "one row each"
    for name in counts:
        number = pl.col(name).cast(pl.Float64)
        yield ~number.is_finite().fill_null(value=table == "counts"), f"{name} that are no number", "a number"
        yield number.is_finite() & (number < 0), f"{name} below 0", "0 or more"


def _pair_complaints(counts: Sequence[str], kind: str | None) -> Iterator[Complaint]:
    if "cases" in counts:
        yield (pl.col("people") == 0) & (pl.col("cases") > 0), "cases without people", "people wherever there are cases"
    if kind == "proportion":
        more = (pl.col("cases") > pl.col("people")) & (pl.col("people") > 0)
        yield more, "more cases than people", "some of the people"


def _type_problems(counts: pl.DataFrame, standard: pl.DataFrame, keys: Sequence[str]) -> list[Problem]:
    """List the strata columns whose types differ: as values of different types their strata never meet."""
    return [
        Problem(
            f"{standard[name].dtype} in the standard",
            f"{counts[name].dtype}, as in counts",
            "convert one of them",
            column=name,
        )
        for name in keys
        if standard[name].dtype != counts[name].dtype
    ]


def _unknown(rows: pl.DataFrame, keys: Sequence[str]) -> list[Problem]:
    """Name the strata, each once, that the standard does not hold."""
    strata = rows.unique(keys, maintain_order=True)
    expected = "all strata in the standard, with people"
    return [_named(strata, keys, "strata that the standard does not have", expected, "counts")] if rows.height else []


def _named(rows: pl.DataFrame, keys: Sequence[str], found: str, expected: str, table: str) -> Problem:
    """State a problem of some rows with the labels of the first of them."""
    labels = list(dict.fromkeys(" / ".join(map(str, row)) for row in rows.select(keys).rows()))
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return Problem(
        f"{found}: {', '.join(labels[:_SHOWN])}{more}", expected, "correct the counts, or join strata", table=table
    )
