"""An indicator over years, and what is expected of it where nothing is done.

In: an indicator with its registers, table or plan. Out: a `riskstrat.records.follow_up.FollowUp`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from types import UnionType
from typing import cast

import numpy as np
import polars as pl

from riskstrat.declare import (
    CountedIndicator,
    Indicator,
    LocalisedText,
    NetCostIndicator,
    RegisterIndicator,
    SlopeIndicator,
    TableIndicator,
)
from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.indicators.expecting import ASSUMPTIONS, SCHEMA, Assumption, predict
from riskstrat.indicators.measuring import GROUPS, count_years, slope
from riskstrat.indicators.rows import Counted, schema, standardised_rows, table_rows, without_number, year_rows
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.registers import Registers

_SOURCES: Mapping[type[Indicator], tuple[type | UnionType, str]] = {
    RegisterIndicator: (Registers, "registers, from rs.open_registers"),
    TableIndicator: (pl.DataFrame, "a table of counts"),
    NetCostIndicator: (Plan | Omission, "a plan, from rs.prioritise"),
}


def problems(
    indicator: Indicator,
    source: object,
    years: Sequence[int],
    by: tuple[str, ...],
    deprivation: pl.DataFrame | None,
) -> Iterator[Problem]:
    """List what is wrong."""
    behind = indicator.of if isinstance(indicator, SlopeIndicator) else indicator
    wanted, words = _SOURCES[type(behind)]
    if not isinstance(source, wanted):
        yield Problem(f"a {type(source).__name__}", words, f"give what {behind.name} is counted in")
    elif isinstance(source, pl.DataFrame) and isinstance(behind, TableIndicator):
        yield from _table_problems(behind, source, (*by, *(("area_id",) if behind is not indicator else ())))
    if isinstance(behind, RegisterIndicator):
        if behind.standardised and (overlap := {"sex", "age_band"}.intersection(by)):
            found = f"numbers by {' and '.join(sorted(overlap))} that are standardised for sex and age"
            yield Problem(found, "one or the other", "leave out by, or standardised")
        yield from (unknown("grouping column", column, GROUPS) for column in by if column not in GROUPS)
    if not years:
        yield Problem("no year", "one or more", "give years=[2021, 2022, 2023]")
    if by and behind is not indicator:
        yield Problem(f"a slope by {', '.join(by)}", "areas only", "leave out by")
    if behind is not indicator:
        yield from _deprivation_problems(deprivation)


def _deprivation_problems(deprivation: pl.DataFrame | None) -> Iterator[Problem]:
    columns = [] if deprivation is None else deprivation.columns
    for column in ("area_id", "people"):
        if column not in columns:
            yield Problem("no such column", "area_id, index, people", "add it", table="deprivation", column=column)
    if not any(column not in ("area_id", "people") for column in columns):
        yield Problem("no index", "a column where higher is more deprived", "add it", table="deprivation")


def _table_problems(indicator: TableIndicator, table: pl.DataFrame, by: Sequence[str]) -> Iterator[Problem]:
    needed = ("year", *by, indicator.count, indicator.denominator)
    missing = [column for column in needed if column not in table.columns]
    yield from (unknown("column", column, table.columns, table=indicator.name) for column in missing)
    if missing:
        return
    numbers = [table[column].cast(pl.Float64, strict=False) for column in (indicator.count, indicator.denominator)]
    for column, values in zip((indicator.count, indicator.denominator), numbers, strict=True):
        if values.null_count() > table[column].null_count() or bool((~(values >= 0) | values.is_infinite()).any()):
            yield _table_problem(indicator, "numbers below 0 or none at all", "counts of at least 0", column)
    if indicator.measure == "proportion" and bool((numbers[0] > numbers[1]).any()):
        yield _table_problem(indicator, "counts above their denominator", "a part of it", indicator.count)


def _table_problem(indicator: TableIndicator, found: str, expected: str, column: str) -> Problem:
    return Problem(found, expected, "correct the table", table=indicator.name, column=column)


_NO_CASES = LocalisedText(
    en="The plan may avert no case, so that a case has no net cost.",
    sv="Det är inte säkert att planen undviker något fall, så ett fall har ingen nettokostnad.",
)
_ONE_YEAR = LocalisedText(
    en="One year of a plan says nothing of other years: the same is expected again.",
    sv="Ett år av en plan säger inget om andra år: samma värde väntas igen.",
)


@checked
def follow(
    indicator: Indicator,
    source: Registers | pl.DataFrame | Plan | Omission,
    years: Sequence[int],
    *,
    as_of: date,
    by: Sequence[str] = (),
    assumption: Assumption = "level",
    ahead: Sequence[int] | None = None,
    lookup: pl.DataFrame | None = None,
    deprivation: pl.DataFrame | None = None,
    noise: CellNoise | None = None,
    seed: int = 0,
) -> FollowUp:
    """Say what an indicator was, what it is, and what it would be expected to be without action.

    Parameters
    ----------
    indicator
        What is followed.
    source
        Registers of a `RegisterIndicator`, a table of a `TableIndicator` (``year``, the columns of `by`, count and
        denominator), a plan, or why there is none, of a `NetCostIndicator`; of a `SlopeIndicator` what the indicator
        behind it needs.
    years
        To measure.
    as_of
        The day of which registers are read: what was not known before it does not exist.
    by
        Grouping columns; of registers ``area_id``, ``care_centre_id``, ``sex``, ``age_band``, ``birth_region``.
    assumption
        Without action the previous ``"level"`` (the last three years) or the ``"trend"`` (at least four years) goes on.
    ahead
        Years to expect; by default the one after the last measured.
    lookup
        Where areas have changed: old and new codes (`riskstrat.areas.stable_areas`), so that years are one series.
    deprivation
        Of a `SlopeIndicator`: ``area_id``, an index (higher is more deprived) and ``people``.
    noise
        With which counts of registers are protected before anything is computed; a table's are as they are given.
    seed
        Of the draws behind a slope's interval.

    Returns
    -------
    FollowUp
        Where registers or the table lack what is needed there is no number and a sentence that says why.

    Raises
    ------
    UsageError
        If the source is not one of the indicator's, or arguments cannot be used; all problems at once.

    Examples
    --------
    >>> answers = TableIndicator(
    ...     name="understood", title=LocalisedText(en="Understood the plan", sv="Förstod planen"), wanted="higher",
    ...     goal="person_centred", count="yes", denominator="answers",
    ... )
    >>> table = pl.DataFrame({"year": [2021, 2022], "yes": [60, 66], "answers": [100, 100]})
    >>> found = follow(answers, table, [2021, 2022, 2023], as_of="2024-01-01")
    >>> found.measured["estimate"].to_list(), found.measured["missing"].to_list()[-1]
    ([60.0, 66.0, None], 'The table has no row for the year.')
    >>> found.expected.select("year", pl.col("estimate").round(1)).row(0)
    (2024, 63.8)
    """
    columns, asked = tuple(by), sorted(set(years))
    UsageError.refuse(problems(indicator, source, asked, columns, deprivation))
    to_come = list(ahead) if ahead is not None else [asked[-1] + 1]
    if isinstance(indicator, NetCostIndicator) and isinstance(source, Plan | Omission):
        return _of_plan(indicator, source, asked[-1], to_come, as_of)
    counted = cast("CountedIndicator", indicator.of if isinstance(indicator, SlopeIndicator) else indicator)
    groups = ("area_id",) if isinstance(indicator, SlopeIndicator) else columns
    noise = noise if isinstance(source, Registers) else None
    rows = _rows(counted, source, asked, as_of=as_of, by=groups, lookup=lookup, noise=noise)
    if isinstance(indicator, SlopeIndicator):
        ranked = cast("pl.DataFrame", deprivation)
        return slope(indicator, rows, ranked, years=asked, to_come=to_come, as_of=as_of, seed=seed, noise=noise)
    variance = 0.0 if noise is None else noise.variance
    expecting = partial(_expected, years=to_come, assumption=assumption, noise_variance=variance)
    expected = [expecting(counted, part, columns) for part in _groups(rows, columns)]
    return FollowUp(
        indicator=indicator,
        as_of=as_of,
        by=columns,
        measured=rows,
        expected=pl.concat(expected),
        assumption=ASSUMPTIONS[assumption],
        protected=noise is not None,
    )


def _rows(
    indicator: CountedIndicator,
    source: object,
    years: Sequence[int],
    *,
    as_of: date,
    by: tuple[str, ...],
    lookup: pl.DataFrame | None,
    noise: CellNoise | None,
) -> pl.DataFrame:
    """One row a group and year: counts with intervals, or why there are none."""
    found: Mapping[int, Counted]
    if isinstance(indicator, RegisterIndicator) and isinstance(source, Registers):
        found = count_years(indicator, source, years, as_of=as_of, by=by, lookup=lookup, noise=noise)
    elif isinstance(indicator, TableIndicator) and isinstance(source, pl.DataFrame):
        found = {year: table_rows(indicator, source, year, by) for year in years}
    if isinstance(indicator, RegisterIndicator) and indicator.standardised:
        return standardised_rows(indicator, found, by).sort(*by, "year", nulls_last=True)
    parts = [year_rows(indicator, year, each, by, noise) for year, each in found.items()]
    return pl.concat(parts, how="diagonal_relaxed").sort(*by, "year", nulls_last=True)


def _groups(rows: pl.DataFrame, by: tuple[str, ...]) -> list[pl.DataFrame]:
    return rows.drop_nulls(list(by)).partition_by(by, maintain_order=True) or [rows.clear()] if by else [rows]


def _expected(
    indicator: CountedIndicator,
    rows: pl.DataFrame,
    by: tuple[str, ...],
    *,
    years: Sequence[int],
    assumption: Assumption,
    noise_variance: float,
) -> pl.DataFrame:
    highest = 1.0 if indicator.measure == "proportion" else np.inf
    # Of a standardised number the denominator at which its count would give it.
    told = rows.drop_nulls("estimate").with_columns(
        denominator=pl.when(pl.col("estimate") > 0)
        .then(indicator.per * pl.col("count") / pl.col("estimate"))
        .otherwise("denominator")
    )
    predicted = predict(told, years, assumption, highest=highest, noise_variance=noise_variance)
    named = [pl.lit(rows[column].first()).cast(pl.String).alias(column) for column in by]
    numbers = pl.col("estimate", "lower", "upper") * indicator.per
    return predicted.select(*named, "year", numbers)


def _of_plan(
    indicator: NetCostIndicator, plan: Plan | Omission, year: int, to_come: Sequence[int], as_of: date
) -> FollowUp:
    """Net cost of all payers over averted cases, by the limits of the averted cases."""
    costs = None if isinstance(plan, Omission) else _net_costs(plan)
    measured, expected = without_number(year, plan.reason if isinstance(plan, Omission) else _NO_CASES), []
    if costs is not None:
        measured = pl.DataFrame([{"year": year, **costs}], schema=schema(()))
        expected = [{"year": each, **costs} for each in to_come]
    return FollowUp(
        indicator=indicator,
        as_of=as_of,
        measured=measured,
        expected=pl.DataFrame(expected, schema=SCHEMA),
        assumption=_ONE_YEAR,
        protected=isinstance(plan, Omission) or plan.protected,
        disclosure=Disclosure() if isinstance(plan, Omission) else plan.disclosure,
    )


def _net_costs(plan: Plan) -> dict[str, float] | None:
    """Estimate and limits, SEK; none where no averted case can be ruled out."""
    cases = (plan.averted.estimate, plan.averted.upper, plan.averted.lower)
    if min(cases) <= 0:
        return None
    saved = plan.net_cost.filter(payer="all")["saving_sek"].item() / plan.averted.estimate
    return dict(zip(("estimate", "lower", "upper"), (plan.spent_sek / each - saved for each in cases), strict=True))
