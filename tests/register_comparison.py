"""Compare registers that intake made of extracts with those that the extracts were written from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from data_errors import FAULTS
from riskstrat.intake.raw_extracts.reporting import IntakeResult
from riskstrat.synthetic.extracts.clean import residences_by_year

DATA_END, FIRST_EVENT = date(2023, 12, 31), date(2009, 1, 1)
BMI_TOLERANCE = 0.06
"""The mother's height and weight are whole numbers; a repaired weight gives its own body mass index."""
VALUE_TOLERANCE = 0.005
NOT_A_CODE = "?7"


def table_after_intake(result: IntakeResult, table: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Read what intake made of a table, since the first day of the clean registers: residence on each 31 December."""
    if not result.registers.has(table):
        return wanted.clear()
    rows = result.registers.scan(table).collect()
    if table == "residences":
        return residences_by_year(rows, DATA_END)
    return rows if table == "persons" else rows.filter(pl.col("date") >= FIRST_EVENT)


def people_who_lost(planted: pl.DataFrame, table: str) -> pl.Series:
    """Name those whose rows in a table cannot be as they were."""
    faults = [fault.name for fault in FAULTS if table in fault.loses]
    return planted.filter(pl.col("fault").is_in(faults))["person_id"].unique()


def without(rows: pl.DataFrame, people: pl.Series) -> pl.DataFrame:
    return rows.filter(~pl.col("person_id").is_in(people.implode()))


def assert_same_rows(table: str, got: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Compare two tables row by row, whatever their order; values to a small tolerance."""
    shape = _SHAPES.get(table, lambda rows: rows)
    keys = [name for name in wanted.columns if name != "value"]
    left, right = shape(got.select(wanted.columns)), shape(wanted)
    joined = left.join(right, on=keys, how="full", nulls_equal=True, coalesce=False)
    both = pl.col("person_id").is_not_null() & pl.col("person_id_right").is_not_null()
    alone = joined.filter(~both)
    assert alone.is_empty(), f"{table}: {alone.height} rows are on one side only, of {right.height}\n{alone.head(4)}"
    if "value" in wanted.columns:
        allowed = pl.when(pl.col("code").str.contains("bmi")).then(BMI_TOLERANCE).otherwise(VALUE_TOLERANCE)
        far = joined.filter((pl.col("value") - pl.col("value_right")).abs() > allowed)
        assert far.is_empty(), f"{table}: {far.height} values differ\n{far.head(4)}"


def _first_four(rows: pl.DataFrame) -> pl.DataFrame:
    """Cut diagnoses to what prefixes match: the fifth character of a Swedish code is a letter of its own."""
    known = rows.filter(pl.col("code") != NOT_A_CODE)
    return known.with_columns(pl.col("code").str.slice(0, 4)).unique()


def _still_going_on(services: pl.DataFrame) -> pl.DataFrame:
    """Give no end to a service of the last month: nobody can tell whether it goes on."""
    return services.with_columns(end_date=pl.when(pl.col("end_date") < DATA_END).then("end_date"))


_SHAPES: Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "diagnoses": _first_four,
    "services": _still_going_on,
}
